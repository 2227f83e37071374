import PodpCore
import PodpModel
import PodpServer
import PodpStore
import Synchronization

/// The core and its effects, as the daemon runs them; batches count as stored at once, and the core's own processor time is measured.
final class MeasuredLoop: CoreMailbox {
    private struct State: Sendable {
        var events: [Event] = []
        var mostBacklog = 0
        var coreNanoseconds: Int64 = 0
        var links: LinkTable?
    }

    private let state = Mutex(State())
    private let history: History
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    init(history: History) {
        self.history = history
        (wake, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    var links: LinkTable? {
        get { state.withLock { $0.links } }
        set { state.withLock { $0.links = newValue } }
    }

    var backlog: Int { state.withLock { $0.events.count } }
    var mostBacklog: Int { state.withLock { $0.mostBacklog } }
    var coreSeconds: Double { Double(state.withLock { $0.coreNanoseconds }) / 1e9 }

    func post(_ event: Event) {
        state.withLock { state in
            state.events.append(event)
            state.mostBacklog = max(state.mostBacklog, state.events.count)
        }
        waker.yield()
    }

    func ask(_ request: Request, by actor: Actor) async -> Answer { .refused(Refusal(.unsupported, "not in the benchmark")) }

    func end() { waker.finish() }

    func run() async {
        var core = CoordinatorCore()
        var timer = ContinuousClock.now
        for await _ in wake {
            let (events, links) = state.withLock { state in
                defer { state.events = [] }
                return (state.events, state.links)
            }
            let begin = Clocks.threadNanoseconds
            var all = events
            if ContinuousClock.now - timer >= .seconds(1) {
                timer = .now
                all.append(.timer)
            }
            for event in all { perform(core.handle(event, at: Clocks.now), links) }
            // No await in between: it is one thread's time.
            let used = Clocks.threadNanoseconds - begin
            state.withLock { $0.coreNanoseconds += used }
        }
    }

    private func perform(_ effects: [Effect], _ links: LinkTable?) {
        for effect in effects {
            switch effect {
            case .send(let link, let message): links?.send(message, to: link)
            case .close(let link, let reason): links?.close(link, reason: reason)
            case .commit(let batch): post(.committed(batch: batch.id))
            case .audit(let entry): history.append(entry)
            case .sample(let blade, let report): history.record(report, of: blade, at: Clocks.wall)
            case .plan, .sign, .revocations, .answer, .arm, .stop, .chassis: break
            }
        }
    }
}
