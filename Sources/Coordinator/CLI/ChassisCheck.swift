import ArgumentParser
import Glibc
import PodpChassis

struct ChassisCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "What would keep fencing from working in a chassis, with remedies.",
        discussion: "Nothing is changed. Ends with 1 when something is critical.")
    @OptionGroup var address: ChassisAddress
    @Option(name: .shortAndLong, help: "table, or json.") var output: OutputFormat = .table

    @Flag(help: "Set some settings to the values that they have, to see whether podp may write.") var tryWrite = false

    func run() async throws {
        let findings = try await address.withDriver { _, driver in try await driver.findings(tryWrite: tryWrite) }
        switch output {
        case .json:
            let list = findings.map { finding in
                JSONTree.object([
                    ("severity", .string(finding.severity.rawValue)), ("code", .string(finding.code)), ("what", .string(finding.what)),
                    ("remedy", .string(finding.remedy)),
                ])
            }
            Terminal.write(JSONTree.array(list).text() + "\n", to: STDOUT_FILENO)
        case .table: Terminal.write(Self.text(findings), to: STDOUT_FILENO)
        }
        if findings.contains(where: { $0.severity == .critical }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    static func text(_ findings: [ChassisFinding]) -> String {
        if findings.isEmpty { return Terminal.output.green("nothing found that would keep fencing from working") + "\n" }
        return findings.sorted { rank($0.severity) < rank($1.severity) }.map { finding in
            let line = SafeText.line("\(finding.severity.rawValue): \(finding.what)")
            let painted =
                switch finding.severity {
                case .critical: Terminal.output.red(line)
                case .warning: Terminal.output.yellow(line)
                case .info: line
                }
            return "\(painted)\n\(Terminal.output.faint("  → \(SafeText.line(finding.remedy))"))\n"
        }.joined()
    }

    private static func rank(_ severity: ChassisFinding.Severity) -> Int {
        switch severity {
        case .critical: 0
        case .warning: 1
        case .info: 2
        }
    }
}
