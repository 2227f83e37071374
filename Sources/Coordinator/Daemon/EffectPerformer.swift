import Logging
import PodpCore
import PodpModel
import PodpPlanner
import PodpServer
import PodpStore
import ServiceLifecycle
import Synchronization

/// Does what the core wants done, and tells it what came of it.
final class EffectPerformer: Sendable {
    private let loop: CoreLoop
    private let links: LinkTable
    private let authority: CertificateAuthority
    private let log: Logger
    private let journal: AuditJournal
    private let timer: CoreTimer
    private let chassis: ChassisCrew
    private let batches: AsyncStream<Batch>.Continuation
    private let jobs: AsyncStream<Job>.Continuation
    private let fail: @Sendable (String) -> Void

    /// Work that takes long, off the core's loop.
    enum Job: Sendable {
        case plan(ticket: UInt64, Problem)
        case sign(ticket: UInt64, request: String, blade: BladeIdentity, addresses: [String])
        case revocations([LinkID], serials: [String])
    }

    init(
        loop: CoreLoop, links: LinkTable, authority: CertificateAuthority, journal: AuditJournal, timer: CoreTimer, chassis: ChassisCrew,
        batches: AsyncStream<Batch>.Continuation,
        jobs: AsyncStream<Job>.Continuation, log: Logger, fail: @escaping @Sendable (String) -> Void
    ) {
        self.loop = loop
        self.links = links
        self.authority = authority
        self.journal = journal
        self.timer = timer
        self.chassis = chassis
        self.batches = batches
        self.jobs = jobs
        self.log = log
        self.fail = fail
    }

    func perform(_ effect: Effect) {
        switch effect {
        case .send(let link, let message): links.send(message, to: link)
        case .close(let link, let reason): links.close(link, reason: reason)
        case .commit(let batch): batches.yield(batch)
        case .plan(let ticket, let problem): jobs.yield(.plan(ticket: ticket, problem))
        case .sign(let ticket, let request, let blade, let addresses):
            jobs.yield(.sign(ticket: ticket, request: request, blade: blade, addresses: addresses))
        case .revocations(let ends, let serials): jobs.yield(.revocations(ends, serials: serials))
        case .answer(let request, let answer): loop.answer(request, with: answer)
        case .chassis(let name, let order): chassis.perform(order, on: name)
        case .arm(let instant): timer.arm(instant)
        case .audit(let entry): journal.append(entry)
        case .sample(let blade, let report): journal.append(report, of: blade)
        case .stop(let reason): fail(reason)
        }
    }
}

/// Sends batches to the store, in their order, and tells the core how they ended.
struct StoreWriter: Service {
    let store: Store
    let loop: CoreLoop
    let batches: AsyncStream<Batch>
    let log: Logger

    /// A lock or a full disk may pass; for this long the same batch is asked for again.
    static let patience = 20

    func run() async throws {
        // Not ended by a shutdown: what was decided is stored first. The stream ends when the loop has ended.
        for await batch in batches {
            switch await commit(batch) {
            case .committed: loop.post(.committed(batch: batch.id))
            case .superseded(let by): loop.post(.commitFailed(batch: batch.id, reason: "the store belongs to another coordinator: \(by)"))
            case .failed(let error), .unknown(let error): loop.post(.commitFailed(batch: batch.id, reason: error.description))
            }
        }
    }

    private func commit(_ batch: Batch) async -> CommitResult {
        var result = await store.commit(batch)
        for attempt in 0..<Self.patience {
            switch result {
            case .committed, .superseded: return result
            case .failed(let error), .unknown(let error):
                if attempt == 0 { log.error("batch \(batch.id) is not stored yet: \(error)") }
                try? await Task.sleep(for: .milliseconds(500))
                result = await store.commit(batch)
            }
        }
        return result
    }
}

/// Plans and signs, one after the other, off the core's loop.
struct Workshop: Service {
    let loop: CoreLoop
    let links: LinkTable
    let authority: CertificateAuthority
    let jobs: AsyncStream<EffectPerformer.Job>
    let log: Logger

    func run() async throws {
        for await job in jobs.cancelOnGracefulShutdown() {
            switch job {
            case .plan(let ticket, let problem): loop.post(.planned(ticket: ticket, Planner.plan(problem)))
            case .sign(let ticket, let request, let blade, let addresses):
                loop.post(.signed(ticket: ticket, authority.sign(request: request, blade: blade, addresses: addresses, now: Clock.wall)))
            case .revocations(let ends, let serials):
                do throws(ServerError) {
                    let list = try authority.revocationList(of: serials, now: Clock.wall)
                    for end in ends { links.send(.revocations(list: list), to: end) }
                } catch {
                    log.error("the blades' libvirtd do not hear of revoked certificates: \(error)")
                }
            }
        }
    }
}

/// Sends `timer` when the core wants it.
final class CoreTimer: Service {
    private let loop: CoreLoop
    private let wanted: AsyncStream<Instant>
    private let continuation: AsyncStream<Instant>.Continuation

    init(loop: CoreLoop) {
        self.loop = loop
        (wanted, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func arm(_ instant: Instant) { continuation.yield(instant) }

    func run() async throws {
        try? await cancelWhenGracefulShutdown { [self] in
            for await instant in wanted {
                let wait = instant - Clock.now.instant
                if wait > .zero { try await Task.sleep(for: wait) }
                loop.post(.timer)
            }
        }
    }
}
