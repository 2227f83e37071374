import NIOCore

/// What the listener takes from peers, at most.
public struct ListenerLimits: Sendable, Hashable {
    /// From the connection to the whole hello or request.
    public var greeting: TimeAmount = .seconds(60)
    /// From there to the core's answer.
    public var answer: TimeAmount = .seconds(30)
    /// From a frame's first byte to its last.
    public var frame: TimeAmount = .seconds(30)
    /// Between two pings.
    public var ping: TimeAmount = .seconds(10)
    /// Without any frame from the peer.
    public var silence: TimeAmount = .seconds(45)
    /// Without the peer reading anything of what waits for it.
    public var drain: TimeAmount = .seconds(30)
    /// What waits for one peer to read it, in bytes.
    public var outbound = 4 << 20
    /// Connections in all.
    public var connections = 4096
    /// Connections that have not said hello.
    public var strangers = 1024
    /// Of these, from one address.
    public var strangersPerSource = 256
    /// Frames of one peer, on average and at once: an agent that comes back sends the reports that it kept.
    public var framesPerSecond = 100
    public var frameBurst = 4096
    /// Enrolments: at once, and then one in each interval; from one address, and in all.
    public var enrolmentBurstPerSource = 32
    public var enrolmentIntervalPerSource: TimeAmount = .seconds(2)
    public var enrolmentBurst = 128
    public var enrolmentInterval: TimeAmount = .milliseconds(250)
    /// Events that may wait for the core before reports are dropped.
    public var backlog = 20_000

    public init() {}
}

/// Counts since the start, for metrics.
public struct ListenerCounts: Sendable, Hashable {
    public var connections: UInt64 = 0
    /// Turned away before TLS: too many.
    public var turnedAway: UInt64 = 0
    public var failedHandshakes: UInt64 = 0
    /// Refused with a message: no certificate, a wrong identity, a wrong version.
    public var refused: UInt64 = 0
    public var enrolments: UInt64 = 0
    public var refusedEnrolments: UInt64 = 0
    public var badFrames: UInt64 = 0
    public var frames: UInt64 = 0
    public var droppedReports: UInt64 = 0
    /// Links closed because the peer was silent, too slow, or did not read.
    public var timedOut: UInt64 = 0

    public init() {}
}
