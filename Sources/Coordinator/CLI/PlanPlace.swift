import ArgumentParser
import PodpAPI

extension PlanCommand {
    struct Place: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show on which blade 'podp domain create FILE' would put a domain, and why not on the others. Nothing is created.",
            discussion: "Exit code 4: no blade can take it.")
        @Argument(help: "A file as 'xl create' reads it, with podp's own podp_ keys; '-' is standard input.") var file: String
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            let order = PlacementOrder(flatFile: String(decoding: try DomainCommand.bytes(file), as: UTF8.self), fileName: DomainCommand.title(file))
            try await options.withCoordinator { coordinator in
                let answer = try await coordinator.send(.POST, "/v1/placement", order, as: PlacementResource.self)
                options.print(answer, PlanCommand.text)
                if answer.value.blade == nil { throw Trouble(.refused, "no blade can take \(answer.value.domainName)") }
            }
        }
    }

    /// Which resource would be the fullest, and how full.
    private static func fullness(_ candidate: CandidateResource) -> String {
        let percent = max(0, min(candidate.fullestRatio * 100, 100_000)).rounded()
        return "\(SafeText.line(candidate.fullest)) \(percent.isFinite ? Int(percent) : 0) %"
    }

    static func text(_ placement: PlacementResource) -> String {
        let out = Terminal.output
        let name = out.bold(SafeText.line(placement.domainName))
        var text = ""
        if let blade = placement.bladeName {
            text += "\(name) would run on \(out.bold(SafeText.line(blade)))"
            if let chosen = placement.candidates.first(where: { $0.blade == placement.blade }) {
                text += ", which would be the least full with it: \(fullness(chosen)); \(Words.bytes(chosen.freeBytes)) of memory are free there"
            }
            text += ", \(Words.bytes(placement.neededBytes)) are needed\n\n"
        } else {
            text += "\(name) would run nowhere: \(Words.bytes(placement.neededBytes)) are needed\n\n"
        }
        var table = Table(header: ["BLADE", "MEMORY FREE", "FULLEST, OF COMFORT", ""])
        for candidate in placement.candidates {
            let note: Cell =
                if candidate.blade == placement.blade { Cell("here", .good) } else if let reason = candidate.reason { Cell("no: \(reason)", .warning) } else {
                    Cell("would do, too")
                }
            table.rows.append([Cell(candidate.name), Cell(Words.bytes(candidate.freeBytes), right: true), Cell(fullness(candidate)), note])
        }
        text += table.text()
        for warning in placement.warnings { text += out.yellow(SafeText.line(warning)) + "\n" }
        return text
    }
}
