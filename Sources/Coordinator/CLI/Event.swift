import ArgumentParser
import Glibc
import PodpAPI

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "The audit log: every decision and every operator's action.", aliases: ["event", "log"])
    @Flag(name: .shortAndLong, help: "Stay, and show events as they come.") var follow = false
    @Option(name: .shortAndLong, help: "At most this many.") var limit: Int = 50
    @Option(help: "Only those after the event with this id.") var after: Int64?
    @Option(help: "Only those about this blade.") var blade: String?
    @Option(help: "Only those about this domain.") var domain: String?
    @Option(help: "Only those of this kind.") var kind: String?
    @Option(help: "Only those as bad as this, or worse: info, warning, critical.") var severity: String?
    @OptionGroup var options: ConnectionOptions

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is 1 to 1000") }
    }

    func run() async throws {
        let filters: [(String, String?)] = [("blade", blade), ("domain", domain), ("kind", kind), ("severity", severity)]
        try await options.withCoordinator { coordinator in
            let past = try await coordinator.get(
                "/v1/events", as: Listing<EventResource>.self, query: filters + [("limit", String(limit)), ("after", after.map { String($0) })])
            if follow {
                for event in past.value.items { show(event, json: nil) }
            } else {
                options.print(past) { $0.items.isEmpty ? "no events\n" : $0.items.map { Self.line($0) }.joined() }
                return
            }
            let last = past.value.items.last?.id ?? after
            try await coordinator.follow(query: filters + [("after", last.map { String($0) })]) { show($0, json: $1) }
        }
    }

    /// A line for people, or the event's JSON on a line of its own.
    private func show(_ event: EventResource, json: String?) {
        switch options.output {
        case .table: Terminal.write(Self.line(event), to: STDOUT_FILENO)
        case .json: Terminal.write((json ?? JSONLine.text(event)) + "\n", to: STDOUT_FILENO)
        }
    }

    static func line(_ event: EventResource) -> String {
        let sentence = paint(event.severity, SafeText.line(event.sentence))
        let by = event.by == "podp" ? "" : Terminal.output.faint("  \(SafeText.line(event.by))")
        return "\(Terminal.output.faint(Words.time(event.at)))  \(sentence)\(by)\n"
    }
}
