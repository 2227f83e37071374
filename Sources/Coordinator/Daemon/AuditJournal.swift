import Logging
import PodpAPI
import PodpCore
import PodpModel
import PodpStore
import PodpWeb
import ServiceLifecycle

/// The History, as the daemon uses it: every audit entry goes to the log and to the file, every sample to the roll-ups.
struct AuditJournal: Service {
    private let history: History
    private let log: Logger

    init(file: String, log: Logger) throws(StoreError) {
        history = try History(file: file, log: log)
        self.log = log
    }

    func append(_ entry: AuditEntry) {
        let level: Logger.Level =
            switch entry.severity {
            case .info: .info
            case .warning: .warning
            case .critical: .critical
            }
        log.log(level: level, "\(entry.sentence)", metadata: ["kind": "\(entry.kind)", "by": "\(entry.by)"])
        _ = history.append(entry)
    }

    func append(_ report: Report, of blade: BladeID) {
        history.record(report, of: blade, at: Clock.wall)
    }

    func lines(_ query: AuditQuery) async throws(Fault) -> [AuditLine] {
        do {
            return try await history.events(
                History.Query(after: query.after, blade: query.blade, domain: query.domain, kind: query.kind, severity: query.severity, limit: query.limit)
            ).map { AuditLine(id: $0.id, entry: $0.entry) }
        } catch {
            throw Fault(.unavailable, error.message, remedy: error.remedy)
        }
    }

    func growth(of blades: [BladeID]) async -> [Growth] { await history.growth(of: blades, at: Clock.wall) }

    func changes() -> AsyncStream<Int64> { history.eventChanges() }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await history.run(clock: { Clock.wall }) }
            group.addTask { try? await gracefulShutdown() }
            await group.next()
            group.cancelAll()
        }
        await history.flush(at: Clock.wall)
    }
}
