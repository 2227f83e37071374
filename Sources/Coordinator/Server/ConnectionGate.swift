import NIOCore

/// Who may come in: how many connections there are, how many of them are strangers, and how fast blades enrol. Pure.
struct ConnectionGate: Sendable {
    private let limits: ListenerLimits
    private(set) var connections = 0
    private(set) var strangers: [String: Int] = [:]
    private(set) var strangersInAll = 0
    private var enrolments: [String: Bucket] = [:]
    private var allEnrolments: Bucket?
    static let sources = 4096

    init(limits: ListenerLimits) { self.limits = limits }

    /// A connection from `source`; `nil`: it may come in, as a stranger. Otherwise why not.
    mutating func admit(_ source: String) -> String? {
        if connections >= limits.connections { return "there are \(connections) connections" }
        if strangersInAll >= limits.strangers { return "\(strangersInAll) connections have not said hello yet" }
        if strangers[source, default: 0] >= limits.strangersPerSource {
            return "\(strangers[source, default: 0]) connections from there have not said hello yet"
        }
        connections += 1
        strangersInAll += 1
        strangers[source, default: 0] += 1
        return nil
    }

    /// A stranger was accepted.
    mutating func introduce(_ source: String) {
        strangersInAll -= 1
        guard let count = strangers[source], count > 1 else {
            strangers[source] = nil
            return
        }
        strangers[source] = count - 1
    }

    mutating func leave(_ source: String, wasStranger: Bool) {
        connections -= 1
        if wasStranger { introduce(source) }
    }

    /// Whether `source` may try to enrol a blade now.
    mutating func mayEnrol(_ source: String, at now: NIODeadline) -> Bool {
        var all = allEnrolments ?? Bucket(full: limits.enrolmentBurst, at: now)
        guard all.isOpen(at: now, burst: limits.enrolmentBurst, interval: limits.enrolmentInterval) else { return false }
        if enrolments.count >= Self.sources, enrolments[source] == nil {
            // Whoever has a full bucket again is as good as forgotten.
            enrolments = enrolments.filter { !$0.value.isFull(at: now, burst: limits.enrolmentBurstPerSource, interval: limits.enrolmentIntervalPerSource) }
            guard enrolments.count < Self.sources else { return false }
        }
        var own = enrolments[source] ?? Bucket(full: limits.enrolmentBurstPerSource, at: now)
        guard own.isOpen(at: now, burst: limits.enrolmentBurstPerSource, interval: limits.enrolmentIntervalPerSource) else { return false }
        all.tokens -= 1
        own.tokens -= 1
        allEnrolments = all
        enrolments[source] = own
        return true
    }
}

/// A token bucket: `burst` at once, then one in each interval.
struct Bucket: Sendable {
    var tokens: Int
    private var since: NIODeadline

    init(full tokens: Int, at now: NIODeadline) {
        self.tokens = tokens
        since = now
    }

    mutating func isOpen(at now: NIODeadline, burst: Int, interval: TimeAmount) -> Bool {
        refill(at: now, burst: burst, interval: interval)
        return tokens > 0
    }

    func isFull(at now: NIODeadline, burst: Int, interval: TimeAmount) -> Bool {
        var copy = self
        copy.refill(at: now, burst: burst, interval: interval)
        return copy.tokens >= burst
    }

    private mutating func refill(at now: NIODeadline, burst: Int, interval: TimeAmount) {
        let passed = max(0, (now - since).nanoseconds)
        let new = passed / max(1, interval.nanoseconds)
        guard new > 0 else { return }
        if new >= Int64(burst - min(tokens, burst)) {
            tokens = burst
            since = now
        } else {
            tokens += Int(new)
            since = since + .nanoseconds(new * interval.nanoseconds)
        }
    }
}
