import PodpModel

/// What something used over the last while: a ring of buckets, each the mean of its time, by `Resource.usual`.
///
/// Mean and 95th percentile are made when a bucket closes, so that reading them costs nothing. Values are in the units of
/// `Resource.usual` (mCPU, KiB, KiB/s).
struct DemandWindow: Sendable, Codable {
    static let buckets = 30
    static let resources = Resource.usual.count

    private var ring: [Int32] = []
    private var filled = 0
    private var next = 0
    private var sum: [Int64] = Array(repeating: 0, count: resources)
    private var samples: Int64 = 0
    private var bucketEnd: Instant?
    private(set) var mean: [Int64] = Array(repeating: 0, count: resources)
    private(set) var high: [Int64] = Array(repeating: 0, count: resources)
    private(set) var lastAt: Instant?

    /// Buckets that were closed; a window with none is too young to plan on.
    var age: Int { filled }

    /// Adds one sample. `bucket` is the length of a bucket.
    mutating func add(cpu: Int64, memory: Int64, disk: Int64, network: Int64, at now: Instant, bucket: Duration) {
        if let end = bucketEnd, now >= end { close() }
        if bucketEnd == nil || samples == 0 { bucketEnd = now + bucket }
        sum[0] &+= Self.bounded(cpu)
        sum[1] &+= Self.bounded(memory)
        sum[2] &+= Self.bounded(disk)
        sum[3] &+= Self.bounded(network)
        samples += 1
        lastAt = now
        if filled == 0 {
            for resource in 0..<Self.resources {
                mean[resource] = sum[resource] / samples
                high[resource] = max(high[resource], mean[resource])
            }
        }
    }

    private static func bounded(_ value: Int64) -> Int64 { min(max(value, 0), Int64(Int32.max)) }

    private mutating func close() {
        guard samples > 0 else { return }
        if ring.isEmpty { ring = Array(repeating: 0, count: Self.buckets * Self.resources) }
        for resource in 0..<Self.resources {
            ring[resource * Self.buckets + next] = Int32(truncatingIfNeeded: sum[resource] / samples)
            sum[resource] = 0
        }
        samples = 0
        next = (next + 1) % Self.buckets
        filled = min(filled + 1, Self.buckets)
        for resource in 0..<Self.resources {
            let values = ring[resource * Self.buckets..<resource * Self.buckets + filled].sorted()
            mean[resource] = values.reduce(Int64(0)) { $0 + Int64($1) } / Int64(filled)
            high[resource] = max(Int64(values[(filled * 95 - 1) / 100]), mean[resource])
        }
    }
}
