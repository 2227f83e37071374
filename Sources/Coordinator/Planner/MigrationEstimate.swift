import PodpModel

/// What a move costs the network, the clock and the domain.
struct MigrationEstimate: Equatable {
    var bytes: Bytes
    var duration: Duration
    var downtime: Duration

    /// Rounds in which memory is sent while the domain runs, before it is paused for the rest (Xen: `SPP_MAX_ITERATIONS` in tools/libs/guest/xg_sr_save.c).
    static let rounds = 5
    /// Left to send when Xen pauses a domain early: 50 pages (`SPP_TARGET_DIRTY_COUNT`).
    static let smallRemainder = 50.0 * 4096
    /// Setting up the target, devices and the connection.
    static let overhead = 2.0
    /// Pausing, reconnecting devices, announcing the address: measured migrations of small idle domains are not below it.
    static let shortestPause = 0.1
    /// Shutting down and booting a domain that cannot migrate live.
    static let stopAndGo = 30.0

    /// Pre-copy: each round sends what was written during the one before (Clark et al., Live Migration of Virtual Machines, NSDI 2005).
    init(liveWith memory: Bytes, dirtyBytesPerSecond: UInt64, bytesPerSecond: UInt64) {
        let rate = Double(max(1, bytesPerSecond))
        let size = Double(memory.count)
        var remaining = size
        var sent = 0.0
        var round = 0
        while round < Self.rounds, round == 0 || remaining > Self.smallRemainder {
            sent += remaining
            remaining = min(size, Double(dirtyBytesPerSecond) * remaining / rate)
            round += 1
        }
        let pause = remaining / rate + Self.shortestPause
        bytes = Self.bytes(sent + remaining)
        duration = Self.duration((sent + remaining) / rate + Self.overhead + Self.shortestPause)
        downtime = Self.duration(pause)
    }

    /// Stopped here, started there from the same disks: nothing is sent.
    static let stopAndStart = MigrationEstimate(bytes: .zero, duration: duration(stopAndGo), downtime: duration(stopAndGo))

    private init(bytes: Bytes, duration: Duration, downtime: Duration) {
        self.bytes = bytes
        self.duration = duration
        self.downtime = downtime
    }

    private static func bytes(_ count: Double) -> Bytes { Bytes(UInt64(min(max(0, count), 0x1p62))) }
    /// To the millisecond; at most ten years.
    private static func duration(_ seconds: Double) -> Duration { .milliseconds(Int64(min(max(0, seconds), 3.2e8) * 1000)) }

    func cost(_ weights: Weights) -> Double {
        weights.move + weights.gibibyte * bytes.gibibytes + weights.second * duration.inSeconds + weights.downtimeSecond * downtime.inSeconds
    }
}
