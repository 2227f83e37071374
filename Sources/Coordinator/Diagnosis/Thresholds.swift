/// From when on something is short. Everything that is compared with stands here and nowhere else.
public struct Thresholds: Sendable {
    /// Share of a blade's CPUs that is busy on the mean: from here on waiting grows fast (the queue is 2.3 requests long at 70 %, 9 at 90 %).
    public var cpuShare = 0.80
    public var cpuShareCritical = 0.95
    /// CPUs' worth of ready time, as a share of what domains used: they waited a tenth of the time that they ran.
    public var readyShare = 0.10
    public var readyShareCritical = 0.50
    /// Ready time below this many CPUs is noise of the sampling.
    public var readyLeast = 0.2
    /// One domain's own CPUs are the bottleneck when they are this busy while the blade is not.
    public var vcpuShare = 0.95
    /// dom0's share of its own vCPUs: all disks and networks of the blade go through it.
    public var dom0Share = 0.80
    public var dom0ShareCritical = 0.95
    /// Free inside dom0, as a share of its memory; below it dom0 swaps or kills.
    public var dom0FreeShare = 0.05
    public var dom0FreeShareCritical = 0.02
    /// Free memory of a blade, as a share: below it next to nothing can be started or received.
    public var memoryFreeShare = 0.05
    /// The same over the whole fleet.
    public var fleetMemoryFreeShare = 0.10
    /// Times out of requests, as a share of requests: one in fifty found the ring full.
    public var outOfRequestsShare = 0.02
    public var outOfRequestsShareCritical = 0.20
    /// Times out of requests a second below this are chance.
    public var outOfRequestsLeast = 1.0
    /// Share of the link's speed.
    public var networkShare = 0.80
    public var networkShareCritical = 0.95
    /// Blades whose CPU is used less than this could take more.
    public var idleShare = 0.30

    public init() {}
}
