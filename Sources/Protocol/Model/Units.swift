/// An amount of memory, disk or traffic, in bytes.
///
/// Arithmetic saturates at 0 and `UInt64.max`: amounts come from the network and must never trap.
public struct Bytes: Hashable, Comparable, Sendable, Codable {
    public var count: UInt64

    public init(_ count: UInt64) { self.count = count }
    public init(from decoder: any Decoder) throws { count = try decoder.singleValueContainer().decode(UInt64.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }

    public static let zero = Bytes(0)
    public static func kibibytes(_ n: UInt64) -> Bytes { Bytes(n).times(1 << 10) }
    public static func mebibytes(_ n: UInt64) -> Bytes { Bytes(n).times(1 << 20) }
    public static func gibibytes(_ n: UInt64) -> Bytes { Bytes(n).times(1 << 30) }

    public var kibibytes: UInt64 { count >> 10 }
    public var mebibytes: UInt64 { count >> 20 }
    public var gibibytes: Double { Double(count) / 1_073_741_824 }

    public func times(_ factor: UInt64) -> Bytes {
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return Bytes(overflow ? .max : product)
    }

    public static func < (a: Bytes, b: Bytes) -> Bool { a.count < b.count }
    public static func + (a: Bytes, b: Bytes) -> Bytes {
        let (sum, overflow) = a.count.addingReportingOverflow(b.count)
        return Bytes(overflow ? .max : sum)
    }
    public static func - (a: Bytes, b: Bytes) -> Bytes { Bytes(a.count > b.count ? a.count - b.count : 0) }
    public static func += (a: inout Bytes, b: Bytes) { a = a + b }
    public static func -= (a: inout Bytes, b: Bytes) { a = a - b }
}

/// A point on one machine's monotonic clock, in nanoseconds since an origin of its own.
///
/// Two instants of different machines, or of different boots, are never compared. Arithmetic saturates.
public struct Instant: Hashable, Comparable, Sendable, Codable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public init(from decoder: any Decoder) throws { nanoseconds = try decoder.singleValueContainer().decode(Int64.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(nanoseconds)
    }

    public static let zero = Instant(nanoseconds: 0)

    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func + (a: Instant, b: Duration) -> Instant { Instant(nanoseconds: saturatingSum(a.nanoseconds, b.nanoseconds)) }
    public static func - (a: Instant, b: Duration) -> Instant { Instant(nanoseconds: saturatingSum(a.nanoseconds, -b.nanoseconds)) }
    public static func - (a: Instant, b: Instant) -> Duration {
        let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return .nanoseconds(overflow ? (a < b ? Int64.min : .max) : difference)
    }

    private static func saturatingSum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b < 0 ? .min : .max) : sum
    }
}

extension Duration {
    /// The whole duration in nanoseconds, saturated to ±292 years.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? -Int64.max : .max }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? -Int64.max : .max) : sum
    }

    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// A wall clock's reading, in milliseconds since 1970-01-01 UTC. For people and certificates; never for deciding an order.
public struct WallTime: Hashable, Comparable, Sendable, Codable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    public init(from decoder: any Decoder) throws { milliseconds = try decoder.singleValueContainer().decode(Int64.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    public static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }

    /// Whole milliseconds from `other` to this, saturated.
    public func millisecondsSince(_ other: WallTime) -> Int64 {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(other.milliseconds)
        return overflow ? (milliseconds < 0 ? .min : .max) : difference
    }
}

/// Processor time used or owned per second, in thousandths of one physical CPU: 1000 is one CPU fully used.
public typealias MilliCPU = UInt32
