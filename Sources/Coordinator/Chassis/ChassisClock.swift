import Glibc
import PodpModel

/// The reader's monotonic clock, `CLOCK_BOOTTIME` as everywhere in podp; another one in tests.
public struct ChassisClock: Sendable {
    public var now: @Sendable () -> Instant
    /// Returns at the instant, or throws when the task is cancelled.
    public var sleep: @Sendable (_ until: Instant) async throws -> Void

    /// Whether time passes while nobody sleeps: then a look that does not come back is not waited for beyond its deadline.
    public var passesByItself: Bool

    public init(
        now: @escaping @Sendable () -> Instant, passesByItself: Bool = true, sleep: @escaping @Sendable (_ until: Instant) async throws -> Void
    ) {
        self.now = now
        self.passesByItself = passesByItself
        self.sleep = sleep
    }

    /// The body's result; `nil` when the instant comes first, or the task is cancelled. The body then goes on by itself, and nobody hears of it.
    public func within<Result: Sendable>(_ until: Instant?, _ body: @escaping @Sendable () async -> Result) async -> Result? {
        guard let until, passesByItself else { return await body() }
        let (ends, feed) = AsyncStream.makeStream(of: Result?.self, bufferingPolicy: .bufferingOldest(1))
        // Not a group's: a group waits for all of its tasks, and that is what this is against.
        Task {
            feed.yield(await body())
            feed.finish()
        }
        let timer = Task { [sleep] in
            do { try await sleep(until) } catch { return }
            feed.yield(nil)
            feed.finish()
        }
        defer { timer.cancel() }
        for await end in ends { return end }
        return nil
    }

    public static let system = ChassisClock(now: bootTime) { until in
        let rest = until - bootTime()
        if rest > .zero { try await Task.sleep(for: rest) }
    }

    private static func bootTime() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }
}
