import Logging
import PodpAPI
import PodpCore
import PodpModel
import PodpWeb
import ServiceLifecycle
import Synchronization

/// The audit log's newest lines, for those who ask and those who follow.
final class AuditJournal: Service {
    private struct State: Sendable {
        var lines: [AuditLine] = []
        var last: Int64 = 0
        var followers: [Int: AsyncStream<Int64>.Continuation] = [:]
        var nextFollower = 0
    }

    private static let kept = 10_000
    private let state = Mutex(State())
    private let log: Logger

    init(file: String, log: Logger) throws { self.log = log }

    func append(_ entry: AuditEntry) {
        switch entry.severity {
        case .info: log.info("\(entry.sentence)", metadata: ["kind": "\(entry.kind)", "by": "\(entry.by)"])
        case .warning: log.warning("\(entry.sentence)", metadata: ["kind": "\(entry.kind)", "by": "\(entry.by)"])
        case .critical: log.critical("\(entry.sentence)", metadata: ["kind": "\(entry.kind)", "by": "\(entry.by)"])
        }
        state.withLock { state in
            state.last += 1
            state.lines.append(AuditLine(id: state.last, entry: entry))
            if state.lines.count > Self.kept + 1000 { state.lines.removeFirst(1000) }
            for follower in state.followers.values { follower.yield(state.last) }
        }
    }

    func append(_ report: Report, of blade: BladeID) {}

    func lines(_ query: AuditQuery) async throws(Fault) -> [AuditLine] {
        state.withLock { state in
            let fitting = state.lines.filter { line in
                (query.after.map { line.id > $0 } ?? true) && (query.blade.map { line.entry.blade == $0 } ?? true)
                    && (query.domain.map { line.entry.domain == $0 } ?? true) && (query.kind.map { line.entry.kind == $0 } ?? true)
                    && (query.severity.map { line.entry.severity.rank >= $0.rank } ?? true)
            }
            return Array(query.after == nil ? fitting.suffix(query.limit) : fitting.prefix(query.limit))
        }
    }

    func changes() -> AsyncStream<Int64> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.nextFollower += 1
            state.followers[state.nextFollower] = continuation
            return state.nextFollower
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.followers.removeValue(forKey: number) } }
        return stream
    }

    func run() async throws {
        try? await gracefulShutdown()
        let followers = state.withLock { Array($0.followers.values) }
        for follower in followers { follower.finish() }
    }
}

extension AuditEntry.Severity {
    var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }
}
