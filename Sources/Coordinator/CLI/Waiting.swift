import ArgumentParser
import Glibc
import PodpAPI
import PodpModel

/// Whether to wait for the end: an option of every command that begins something.
struct Patience: ParsableArguments {
    @Flag(name: .customLong("no-wait"), help: "Come back when it has begun; follow it with 'podp operations'.")
    var noWait = false
}

/// Follows operations to their ends, with bars where a terminal is.
struct Waiting {
    private let coordinator: Coordinator
    private var drawn = 0
    private var told: Set<OperationID> = []

    init(_ coordinator: Coordinator) { self.coordinator = coordinator }

    /// Waits for a receipt's operations, says how they ended, and throws when one did not succeed.
    static func finish(_ answer: Coordinator.Answer<Receipt>, done: String, options: ConnectionOptions, noWait: Bool, coordinator: Coordinator) async throws {
        let receipt = answer.value
        for warning in receipt.warnings { Terminal.complain("podp: note: " + SafeText.line(warning)) }
        if options.output == .json {
            options.print(answer) { _ in "" }
        }
        guard !receipt.operations.isEmpty else {
            if options.output == .table { print(done) }
            return
        }
        if noWait {
            if options.output == .table { print("begun: \(receipt.operations.map(Words.operation).joined(separator: ", "))") }
            return
        }
        var waiting = Waiting(coordinator)
        try await waiting.follow(receipt.operations)
    }

    /// Follows a plan's moves to its end.
    static func finish(plan id: String, coordinator: Coordinator) async throws {
        var waiting = Waiting(coordinator)
        while true {
            let plan = try await coordinator.get("/v1/plans/\(Coordinator.segment(id))", as: PlanResource.self).value
            let operations = try await waiting.show(plan.moves.compactMap(\.operation))
            switch plan.state {
            case .proposed, .applying: try await Task.sleep(for: .milliseconds(400))
            case .done:
                waiting.clear()
                print("done: \(Words.count(plan.moves.count, "move"))")
                return
            case .stopped:
                waiting.clear()
                let isUnknown = operations.contains { $0.state == .indeterminate }
                throw Trouble(
                    isUnknown ? .indeterminate : .failed, "the plan was stopped: \(plan.reason ?? "nobody said why")",
                    remedy: "see 'podp operations', then make a new plan")
            }
        }
    }

    private mutating func follow(_ ids: [OperationID]) async throws {
        var isUnknownSince: ContinuousClock.Instant?
        while true {
            let operations = try await show(ids)
            let failed = operations.filter { $0.state == .failed }
            let unknown = operations.contains { $0.state == .indeterminate }
            if !operations.contains(where: { $0.state == .running || $0.state == .indeterminate }) {
                clear()
                if let first = failed.first {
                    throw Trouble(.failed, "\(Words.operation(first.id)) \(first.action) \(first.domainName) failed: \(first.reason ?? "nobody said why")")
                }
                return
            }
            // podp resolves it by asking both blades; that is quick when they answer.
            if unknown, !operations.contains(where: { $0.state == .running }) {
                let since = isUnknownSince ?? .now
                isUnknownSince = since
                if .now - since > .seconds(30) {
                    clear()
                    throw Trouble(
                        .indeterminate, "nobody knows yet how it ended",
                        remedy: "podp waits for the blades' word and resolves it; follow it with 'podp operations' and 'podp events --follow'")
                }
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    /// Reads the operations and shows them: bars for those that run, a line for each that has ended.
    private mutating func show(_ ids: [OperationID]) async throws -> [OperationResource] {
        var operations: [OperationResource] = []
        for id in ids { operations.append(try await coordinator.get("/v1/operations/\(id)", as: OperationResource.self).value) }
        clear()
        for operation in operations where operation.endedAt != nil && told.insert(operation.id).inserted { print(Self.ending(operation)) }
        guard Terminal.errors.isTerminal else { return operations }
        let running = operations.filter { $0.endedAt == nil }.prefix(20)
        var text = ""
        for operation in running { text += Self.bar(operation) + "\n" }
        Terminal.write(text, to: STDERR_FILENO)
        drawn = running.count
        return operations
    }

    /// Takes away the bars that were drawn.
    private mutating func clear() {
        if drawn > 0 { Terminal.write("\u{1B}[\(drawn)A\u{1B}[J", to: STDERR_FILENO) }
        drawn = 0
    }

    private static func title(_ operation: OperationResource) -> String {
        let way = operation.destinationName.map { " \(operation.bladeName) → \($0)" } ?? " on \(operation.bladeName)"
        return SafeText.line("\(operation.action) \(operation.domainName)\(way)")
    }

    private static func ending(_ operation: OperationResource) -> String {
        let seconds = operation.endedAt.map { Double($0.time.millisecondsSince(operation.startedAt.time)) / 1000 }
        switch operation.state {
        case .succeeded: return "\(Terminal.output.green("✓")) \(title(operation)) in \(Words.seconds(seconds))"
        default: return "\(Terminal.output.red("✗")) \(title(operation)): \(SafeText.line(operation.reason ?? operation.state.rawValue))"
        }
    }

    private static func bar(_ operation: OperationResource) -> String {
        guard let progress = operation.progress else { return "  \(title(operation)) …" }
        let (sum, overflow) = progress.doneBytes.addingReportingOverflow(progress.remainingBytes)
        let permille = overflow || sum == 0 ? 0 : Int64(Double(progress.doneBytes) / Double(sum) * 1000)
        let state = operation.state == .indeterminate ? "  end unknown, asking" : ""
        return
            "  \(title(operation))  \(Bar.text(permille: permille, width: 24)) \(Words.percent(permille: permille))  \(Words.bytes(progress.doneBytes)), \(Words.seconds(progress.elapsedSeconds))\(state)"
    }
}
