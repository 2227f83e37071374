import ArgumentParser
import PodpAPI

extension OperationPhase: ExpressibleByArgument {}

struct OperationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations", abstract: "What podp does to domains.", subcommands: [List.self, Show.self, Cancel.self], defaultSubcommand: List.self,
        aliases: ["operation", "ops"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Operations, newest first.", aliases: ["ls"])
        @Option(help: "running, succeeded, failed or indeterminate.") var state: OperationPhase?
        @Option(help: "At most this many.") var limit: Int = 50
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            let query: [(String, String?)] = [("state", state?.rawValue), ("limit", String(limit))]
            try await options.show("/v1/operations", as: Listing<OperationResource>.self, query: query) { OperationsCommand.table($0.items) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One operation.")
        @Argument(help: "Its number, or its whole id.") var operation: String
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try await options.show(OperationsCommand.path(operation), as: OperationResource.self) { operation in
                OperationsCommand.table([operation]) + "id  \(operation.id)\nby  \(SafeText.line(operation.by))\n"
                    + (operation.reason.map { "why \(SafeText.line($0))\n" } ?? "")
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Ask its blade to break an operation off. It ends as the blade says.")
        @Argument(help: "Its number, or its whole id.") var operation: String
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(OperationsCommand.path(operation))/cancel", done: "asked its blade to break it off") }
    }

    /// `#12` is as good as `12`.
    static func path(_ text: String) -> String { "/v1/operations/\(Coordinator.segment(text.hasPrefix("#") ? String(text.dropFirst()) : text))" }

    static func table(_ operations: [OperationResource]) -> String {
        guard !operations.isEmpty else { return "no operations\n" }
        var table = Table(header: ["", "STATE", "ACTION", "DOMAIN", "WHERE", "STARTED (UTC)", "TOOK", "NOTE"])
        for operation in operations {
            let look: Cell.Look =
                switch operation.state {
                case .running: .plain
                case .succeeded: .good
                case .failed: .bad
                case .indeterminate: .warning
                }
            let took = operation.endedAt.map { Double($0.time.millisecondsSince(operation.startedAt.time)) / 1000 } ?? operation.progress?.elapsedSeconds
            let note = operation.reason ?? operation.progress.map { "\(Words.bytes($0.doneBytes)) sent, \(Words.bytes($0.remainingBytes)) left" } ?? ""
            table.rows.append([
                Cell(Words.operation(operation.id), .bold), Cell(operation.state.rawValue, look), Cell(operation.action), Cell(operation.domainName),
                Cell(operation.bladeName + (operation.destinationName.map { " → \($0)" } ?? "")), Cell(Words.time(operation.startedAt)),
                Cell(Words.seconds(took), right: true), Cell(note, .faint),
            ])
        }
        return table.text()
    }
}
