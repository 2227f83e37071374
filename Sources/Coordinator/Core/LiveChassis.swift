import PodpModel
import PodpPower

/// What is known of a chassis only while this process lives.
struct LiveChassis: Sendable, Codable {
    /// A poll that was asked for and not answered.
    var pollAsked: Instant?
    var nextPoll: Instant
    var nextInventory: Instant
    var inventory: ChassisInventory?
    var inventoryAt: Instant?
    var capabilities: ChassisCapabilities?
    var readings: ChassisReadings?
    /// When the readings came in, on the core's clock.
    var readingsAt: Instant?
    /// Polls in a row that nothing answered, and why the last one was not.
    var silentPolls = 0
    var silence: String?
    var silentSince: WallTime?
    /// Nobody looked for a while, or another module leads: who sits where is read anew before anything is switched.
    var labelsAreOld = false
    /// The next blade is switched on then at the earliest: many at once draw more than they do later.
    var nextStart: Instant
    /// Whose look or request is out, and since when.
    var asking: OperationID?
    var askedAt: Instant?
    /// Nothing answered the last look.
    var isMute = false
    /// By bay that it had before: how many inventories in a row have left it out.
    var leftOut: [Int: Int] = [:]
    /// Second sources that it was said not to have.
    var missingSourcesTold: [PowerSource.Kind] = []

    /// Those that are to say off, and that it does not have; none, as long as it has not said what it can do.
    func missingSources(of record: ChassisRecord) -> [PowerSource.Kind] {
        guard let capabilities else { return [] }
        return record.secondSources.filter { !capabilities.secondSources.contains($0) }
    }

    static func sentence(missing: [PowerSource.Kind]) -> String {
        let names = missing.map(\.rawValue).joined(separator: " and ")
        return "\(names) must say off, too, and \(missing.count == 1 ? "this chassis has it not" : "this chassis has them not"): no blade in it can be "
            + "confirmed off"
    }

    init(at now: Instant) {
        nextPoll = now
        nextInventory = now
        nextStart = now
    }
}

/// A request for power that is under way.
struct LivePower: Sendable, Codable {
    var confirmation: PowerConfirmation
    var hasBegun = false
    /// It was begun by a run of podp that did not see its end: it goes on when the chassis has told who sits where, or ends here.
    var resumesUntil: Instant?
    var begunAt: Instant
    /// When the confirmation wants to be woken.
    var wakeAt: Instant?
    var readings: [PowerReading] = []
    /// What it waits to ask of the chassis, and which one that was of all.
    var turn: CoordinatorCore.Turn?
    var turnNumber: UInt64 = 0
    /// When the blade was asked to start, before this one asked for it last.
    var startBefore: Instant?
}

/// What requests for power came to since the start; for metrics.
public struct PowerFigures: Hashable, Sendable, Codable {
    public enum Result: String, Hashable, Sendable, Codable, CaseIterable { case confirmed, refused, unknown }

    public struct Count: Hashable, Sendable, Codable {
        public var chassis: String
        public var request: PowerRequest
        public var result: Result
    }

    /// Upper bounds of the histogram's buckets, in seconds; one more is unbounded.
    public static let bounds: [Double] = [2, 3, 5, 8, 12, 20, 30, 60, 120, 180]

    public struct Histogram: Hashable, Sendable, Codable {
        /// Not cumulative; one more than `bounds`.
        public var counts = [UInt64](repeating: 0, count: PowerFigures.bounds.count + 1)
        public var sum: Double = 0
        public var count: UInt64 { counts.reduce(0, &+) }

        mutating func add(_ seconds: Double) {
            let index = PowerFigures.bounds.firstIndex { seconds <= $0 } ?? PowerFigures.bounds.count
            counts[index] &+= 1
            sum += seconds
        }
    }

    public private(set) var ended: [Count: UInt64] = [:]
    /// From an operator's wish to its confirmation, by chassis and request, in seconds.
    public private(set) var confirmation: [String: [PowerRequest: Histogram]] = [:]

    public init() {}

    mutating func add(_ result: Result, _ request: PowerRequest, chassis: String, after time: Duration) {
        ended[Count(chassis: chassis, request: request, result: result), default: 0] &+= 1
        if result == .confirmed { confirmation[chassis, default: [:]][request, default: Histogram()].add(time.inSeconds) }
    }
}
