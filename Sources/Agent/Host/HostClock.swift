import Glibc
import PodpModel

/// The host's clocks.
public enum HostClock {
    /// `CLOCK_BOOTTIME`: monotonic, and goes on while the machine sleeps.
    public static func bootTime() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .zero + (.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }

    /// Sleeps on the calling thread; only for threads of our own.
    public static func block(for duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var wanted = timespec(tv_sec: Int(max(0, seconds)), tv_nsec: Int(max(0, attoseconds / 1_000_000_000)))
        var rest = timespec()
        while nanosleep(&wanted, &rest) != 0 && errno == EINTR { wanted = rest }
    }
}
