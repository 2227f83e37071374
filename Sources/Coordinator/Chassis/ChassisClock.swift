import Glibc
import PodpModel

/// The reader's monotonic clock, `CLOCK_BOOTTIME` as everywhere in podp; another one in tests.
public struct ChassisClock: Sendable {
    public var now: @Sendable () -> Instant
    /// Returns at the instant, or throws when the task is cancelled.
    public var sleep: @Sendable (_ until: Instant) async throws -> Void

    public init(now: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (_ until: Instant) async throws -> Void) {
        self.now = now
        self.sleep = sleep
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
