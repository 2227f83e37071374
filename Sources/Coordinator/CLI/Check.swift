import ArgumentParser
import PodpAPI

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "What is wrong with a blade, before it hurts.", discussion: "Ends with 1 when something is critical.")
    @Argument(help: "The blade; else all of them.") var blade: String?
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await options.withCoordinator { coordinator in
            let blades: [BladeResource]
            if let blade {
                let answer = try await coordinator.get("/v1/blades/\(Coordinator.segment(blade))", as: BladeResource.self)
                options.print(answer, Self.text)
                blades = [answer.value]
            } else {
                let answer = try await coordinator.get("/v1/blades", as: Listing<BladeResource>.self)
                options.print(answer) { $0.items.isEmpty ? "no blades\n" : $0.items.map(Self.text).joined() }
                blades = answer.value.items
            }
            if blades.contains(where: { $0.findings.contains { $0.severity == .critical } }) { throw ExitCode(ExitStatus.failed.rawValue) }
        }
    }

    static func text(_ blade: BladeResource) -> String {
        let name = Terminal.output.bold(SafeText.line(blade.name))
        guard blade.link == .connected else { return "\(name): \(Terminal.output.red(blade.link.rawValue)): its agent does not answer\n" }
        return blade.findings.isEmpty ? "\(name): \(Terminal.output.green("nothing found"))\n" : "\(name)\n\(text(blade.findings))"
    }

    static func text(_ findings: [FindingResource]) -> String {
        findings.map { finding in
            "  \(paint(finding.severity, SafeText.line("\(finding.severity.rawValue): \(finding.what)")))\n"
                + (finding.remedy.isEmpty ? "" : Terminal.output.faint("    → \(SafeText.line(finding.remedy))") + "\n")
        }.joined()
    }
}
