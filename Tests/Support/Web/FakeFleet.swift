import NIOConcurrencyHelpers
import PodpAPI
import PodpCore
import PodpDefinition
import PodpModel
import PodpWeb

/// A fleet in memory: shows what it is given, and answers as it is told.
public final class FakeFleet: Fleet {
    public struct State: Sendable {
        public var view: FleetView
        public var verdicts: [Verdict] = []
        public var tokens: [APIToken] = []
        public var lines: [AuditLine] = []
        public var growth: [Growth] = []
        /// What was asked, and by whom.
        public var asked: [(PodpCore.Request, Actor)] = []
        /// Answers for requests to come; when there is none left, `done`.
        public var answers: [Answer] = []
        /// Set: no question is answered before it is cancelled.
        public var isStuck = false
        fileprivate var followers: [Int: AsyncStream<Int64>.Continuation] = [:]
        fileprivate var nextFollower = 0
    }

    private let box: NIOLockedValueBox<State>

    public init(_ view: FleetView) { box = NIOLockedValueBox(State(view: view)) }

    /// Reads and changes all of it at once.
    @discardableResult
    public func with<Result>(_ change: (inout State) throws -> Result) rethrows -> Result { try box.withLockedValue(change) }

    /// Adds a line to the audit log, and wakes its followers.
    public func log(_ entry: AuditEntry) {
        box.withLockedValue { state in
            let id = (state.lines.last?.id ?? 0) + 1
            state.lines.append(AuditLine(id: id, entry: entry))
            for follower in state.followers.values { follower.yield(id) }
        }
    }

    public var followers: Int { with { $0.followers.count } }

    public func view() async -> FleetView { with { $0.view } }
    public func verdicts(of view: FleetView) async -> [Verdict] { with { $0.verdicts } }
    public func growth() async -> [Growth] { with { $0.growth } }
    public func isFrozen() async -> Bool { await view().settings.frozen != nil }
    public func apiTokens() async -> [APIToken] { with { $0.tokens } }

    public func ask(_ request: PodpCore.Request, by actor: Actor) async -> Answer {
        if with({ $0.isStuck }) {
            try? await Task.sleep(for: .seconds(600))
            return .refused(Refusal(.unavailable, "cancelled"))
        }
        return with { state in
            state.asked.append((request, actor))
            switch request {
            case .createAPIToken(let token): state.tokens.append(token)
            case .revokeAPIToken(let name): state.tokens.removeAll { $0.name == name }
            default: break
            }
            return state.answers.isEmpty ? .done : state.answers.removeFirst()
        }
    }

    public func definition(flatFile text: String, file: String, replaces: Bool) async throws(Fault) -> ReadDefinition {
        do {
            let (definition, warnings) = try FlatFile.parse(text, file: file, newID: ID128(high: 0xD0, low: 0xFE))
            return ReadDefinition(definition, warnings: warnings.map(\.description))
        } catch {
            let place = error.location
            throw Fault(
                at: .init(file: place?.file ?? file, line: place?.line ?? 0, column: place?.column ?? 0, message: error.message, remedy: error.remedy))
        }
    }

    public func adopt(_ domain: DomainID, on blade: BladeID, by actor: Actor) async -> Answer {
        await ask(.describeDomain(domain, on: blade), by: actor)
    }

    public func makeBladeToken(_ order: BladeTokenOrder, lifetime: Duration, by actor: Actor) async throws(Fault) -> BladeTokenSecret {
        BladeTokenSecret(token: "podp-enrol-example", expires: Timestamp(WallTime(milliseconds: 1_800_000_000_000)))
    }

    public func chassis(_ addition: ChassisAddition, by actor: Actor) async throws(Fault) -> ChassisRecord {
        if addition.url.isEmpty { throw Fault(.invalid, "a chassis has a URL") }
        return ChassisRecord(
            name: addition.name ?? "example", url: addition.url, address: addition.url, secretFile: addition.secretFile, addedAt: ExampleFleet.now,
            addedBy: actor.name)
    }

    public func audit(_ query: AuditQuery) async throws(Fault) -> [AuditLine] {
        with { state in
            let order = AuditEntry.Severity.allCases
            let fitting = state.lines.filter { line in
                (query.after.map { line.id > $0 } ?? true) && (query.blade == nil || line.entry.blade == query.blade)
                    && (query.domain == nil || line.entry.domain == query.domain) && (query.kind == nil || line.entry.kind == query.kind)
                    && (query.severity.map { (order.firstIndex(of: line.entry.severity) ?? 0) >= (order.firstIndex(of: $0) ?? 0) } ?? true)
            }
            return Array(query.after == nil ? fitting.suffix(query.limit) : fitting.prefix(query.limit))
        }
    }

    public func auditChanges() async -> AsyncStream<Int64> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
        let number = with { state in
            state.nextFollower += 1
            state.followers[state.nextFollower] = continuation
            return state.nextFollower
        }
        continuation.onTermination = { [box] _ in box.withLockedValue { _ = $0.followers.removeValue(forKey: number) } }
        return stream
    }
}
