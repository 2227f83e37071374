import Foundation
import Logging
import PodpCore
import PodpModel
import PodpServer
import PodpStore
import ServiceLifecycle
import Synchronization

/// The shell around the core: takes events in order, one at a time, and performs the effects.
///
/// `post` never blocks; a service drains the queue. Everything slow (store, planner, authority, history) happens elsewhere and
/// comes back as an event.
final class CoreLoop: CoreMailbox, Service {
    private struct Queue: Sendable {
        var events: [Event] = []
        var isEnded = false
    }

    /// A function alone as a Mutex's value would be wrapped once more at every access (Swift 6.3.1: it is read and written back as another type), until
    /// calling it overflows the stack.
    private struct Performer: Sendable {
        var perform: @Sendable (Effect) -> Void
    }

    private let core: Mutex<CoordinatorCore>
    private let queue = Mutex(Queue())
    private let waiting = Mutex<[RequestID: CheckedContinuation<Answer, Never>]>([:])
    private let lastRequest = Mutex<UInt64>(0)
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let performer = Mutex<Performer?>(nil)
    private let log: Logger
    private let recorder: Recorder?

    /// - Parameter recorder: writes down every event and its effects.
    init(configuration: CoordinatorCore.Configuration, recorder: Recorder? = nil, log: Logger) {
        core = Mutex(CoordinatorCore(configuration: configuration))
        self.recorder = recorder
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.log = log
    }

    /// Who performs effects; set once, before `run`.
    func perform(with body: @escaping @Sendable (Effect) -> Void) {
        performer.withLock { $0 = Performer(perform: body) }
    }

    // MARK: - Mailbox

    func post(_ event: Event) {
        queue.withLock { $0.events.append(event) }
        waker.yield()
    }

    var backlog: Int { queue.withLock(\.events.count) }

    func ask(_ request: Request, by actor: Actor) async -> Answer {
        let id = lastRequest.withLock { last in
            last += 1
            return RequestID(last)
        }
        return await withCheckedContinuation { continuation in
            let isEnded = queue.withLock { queue in
                if queue.isEnded { return true }
                waiting.withLock { $0[id] = continuation }
                queue.events.append(.request(id, request, by: actor))
                return false
            }
            if isEnded {
                continuation.resume(returning: .refused(Refusal(.unavailable, "podp is stopping", remedy: "try again when it is back")))
            } else {
                waker.yield()
            }
        }
    }

    func answer(_ id: RequestID, with answer: Answer) {
        waiting.withLock { $0.removeValue(forKey: id) }?.resume(returning: answer)
    }

    // MARK: - Looking

    func view() -> FleetView {
        core.withLock { $0.view(at: Clock.now) }
    }

    func problemToSurvive() -> Problem? {
        core.withLock { $0.problemToSurvive() }
    }

    func apiTokens() -> [APIToken] {
        core.withLock { $0.committedAPITokens }
    }

    func isFrozen() -> Bool {
        core.withLock { $0.isFrozen }
    }

    func welcome() -> Welcome? {
        core.withLock { $0.welcome(at: Clock.now) }
    }

    // MARK: - Running

    func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in wake { drain() }
        } onGracefulShutdown: {
            self.end()
        }
        drain()
        end()
    }

    /// Handles what has been posted, until nothing is left.
    func drain() {
        guard let perform = performer.withLock({ $0?.perform }) else { return }
        while true {
            let events = queue.withLock { queue in
                let taken = queue.events
                queue.events = []
                return taken
            }
            if events.isEmpty { return }
            for event in events {
                for effect in handle(event) { perform(effect) }
            }
        }
    }

    private func handle(_ event: Event) -> [Effect] {
        let now = Clock.now
        guard let recorder else { return core.withLock { $0.handle(event, at: now) } }
        let needsState = recorder.needsState
        let (effects, before) = core.withLock { core in
            let before = needsState ? core : nil
            return (core.handle(event, at: now), before)
        }
        recorder.take(RecordedEvent(at: now, event: event, effects: effects), before: before)
        return effects
    }

    private func end() {
        recorder?.flush()
        queue.withLock { $0.isEnded = true }
        waker.finish()
        let left = waiting.withLock { waiting in
            let left = waiting
            waiting = [:]
            return left
        }
        for continuation in left.values {
            continuation.resume(returning: .refused(Refusal(.unavailable, "podp is stopping: whether this was done shows when it is back")))
        }
    }
}

/// This host's clocks.
enum Clock {
    static var now: Moment {
        var boot = timespec()
        clock_gettime(CLOCK_BOOTTIME, &boot)
        return Moment(instant: Instant(nanoseconds: Int64(boot.tv_sec) &* 1_000_000_000 &+ Int64(boot.tv_nsec)), wall: wall)
    }

    static var wall: WallTime {
        var real = timespec()
        clock_gettime(CLOCK_REALTIME, &real)
        return WallTime(milliseconds: Int64(real.tv_sec) &* 1000 &+ Int64(real.tv_nsec) / 1_000_000)
    }
}
