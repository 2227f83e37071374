import NIOConcurrencyHelpers
import PodpAPI

/// A token bucket for each caller, in bounded memory.
struct RateLimit: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    private let perSecond: Double
    private let burst: Double
    private let maximumCallers: Int
    private var buckets: [String: Bucket] = [:]

    init(perSecond: Double, burst: Double, maximumCallers: Int = 4096) {
        self.perSecond = max(perSecond, 0.001)
        self.burst = max(burst, 1)
        self.maximumCallers = maximumCallers
    }

    /// Takes one token. `nil`: go on; otherwise when to come again.
    mutating func take(_ caller: String, at now: ContinuousClock.Instant) -> Duration? {
        var bucket = buckets[caller] ?? Bucket(tokens: burst, at: now)
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at).seconds * perSecond)
        bucket.at = now
        guard bucket.tokens >= 1 else {
            buckets[caller] = bucket
            return .seconds((1 - bucket.tokens) / perSecond)
        }
        bucket.tokens -= 1
        if buckets[caller] == nil, buckets.count >= maximumCallers {
            // Full again means: as if it had never been here.
            buckets = buckets.filter { $0.value.tokens + (now - $0.value.at).seconds * perSecond < burst }
            guard buckets.count < maximumCallers else { return .seconds(1) }
        }
        buckets[caller] = bucket
        return nil
    }
}

/// Asked more often than allowed: 429, with the header `Retry-After` (RFC 9110, section 10.2.3: whole seconds).
struct TooOften: Error {
    let fault: Fault
    /// Rounded up: who comes again then is let in.
    let seconds: Int64

    init(_ message: String, remedy: String? = nil, wait: Duration) {
        seconds = max(1, wait.components.seconds + (wait.components.attoseconds > 0 ? 1 : 0))
        fault = Fault(.rateLimited, message, remedy: remedy ?? "come again in \(seconds) s")
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Places for followers of events: bounded together, and for each caller.
final class StreamSlots: Sendable {
    private let total: Int
    private let perCaller: Int
    private let taken = NIOLockedValueBox<[String: Int]>([:])

    init(total: Int, perCaller: Int) {
        self.total = total
        self.perCaller = perCaller
    }

    /// Takes a place; `false` when there is none.
    func take(_ caller: String) -> Bool {
        taken.withLockedValue { taken in
            guard taken.values.reduce(0, +) < total, taken[caller, default: 0] < perCaller else { return false }
            taken[caller, default: 0] += 1
            return true
        }
    }

    func give(_ caller: String) {
        taken.withLockedValue { taken in
            let left = taken[caller, default: 0] - 1
            taken[caller] = left > 0 ? left : nil
        }
    }
}
