import PodpModel

/// What is measured over time: a blade, or a domain wherever it runs.
public enum SeriesKey: Hashable, Sendable {
    case blade(BladeID)
    case domain(DomainID)

    /// As the file names it.
    var text: String {
        switch self {
        case .blade(let id): "b/\(id)"
        case .domain(let id): "d/\(id)"
        }
    }
}

/// What History keeps of each series. The raw values are places in the file's format: never changed.
public enum Metric: Int, Hashable, Sendable, CaseIterable {
    /// Used, in thousandths of a CPU; of a blade all of it.
    case cpu = 0
    /// Wanted and not had, in thousandths of a CPU; of a blade its domains' sum.
    case ready = 1
    /// Of a domain what it holds, of a blade what is free for new domains; bytes.
    case memory = 2
    /// Bytes per second.
    case diskRead = 3
    case diskWritten = 4
    /// Requests per second, both ways.
    case diskRequests = 5
    /// Bytes per second, from its own point of view.
    case received = 6
    case sent = 7
}

/// How fine the points of a chart are, and how long they are kept.
public enum Resolution: Int, Hashable, Sendable, CaseIterable {
    case tenSeconds = 0
    case fiveMinutes = 1
    case hour = 2

    /// Of one point, in milliseconds.
    public var length: Int64 {
        switch self {
        case .tenSeconds: 10_000
        case .fiveMinutes: 300_000
        case .hour: 3_600_000
        }
    }

    /// Points in one row of the file.
    var pointsPerChunk: Int64 {
        switch self {
        case .tenSeconds: 30
        case .fiveMinutes: 72
        case .hour: 168
        }
    }
}

/// One interval of a chart.
public struct ChartPoint: Hashable, Sendable {
    /// The interval's begin.
    public var at: WallTime
    public var minimum: UInt64
    public var mean: UInt64
    public var maximum: UInt64
    /// Reports that it is made of.
    public var samples: UInt64
}

/// Minimum, sum and maximum of what came in one interval.
struct Cell: Hashable, Sendable {
    var minimum: UInt64 = .max
    var maximum: UInt64 = 0
    var sum: UInt64 = 0
    var count: UInt64 = 0

    mutating func add(_ value: UInt64) {
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        sum = sum.addingSaturated(value)
        count += 1
    }

    mutating func merge(_ other: Cell) {
        guard other.count > 0 else { return }
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        sum = sum.addingSaturated(other.sum)
        count = count.addingSaturated(other.count)
    }

    var mean: UInt64 { count == 0 ? 0 : sum / count }
}

/// One interval's cells, by `Metric`.
struct Cells: Sendable {
    var cells = InlineArray<8, Cell>(repeating: Cell())

    mutating func add(_ metric: Metric, _ value: UInt64?) {
        if let value { cells[metric.rawValue].add(value) }
    }

    mutating func merge(_ other: Cells) {
        for index in cells.indices { cells[index].merge(other.cells[index]) }
    }

    var isEmpty: Bool {
        for index in cells.indices where cells[index].count > 0 { return false }
        return true
    }
}

extension UInt64 {
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// Points as bytes, one after the other: place in the chunk, which metrics there are, which of them did not vary, then for each of the first
/// its count and mean and, when it varied, how far minimum and maximum are from the mean. All numbers in base 128 but the two masks.
/// The same place may come again (a restart within the interval): readers merge.
enum PointCoding {
    static func append(_ cells: Cells, place: Int64, to bytes: inout [UInt8]) {
        var present: UInt8 = 0
        var flat: UInt8 = 0
        for index in cells.cells.indices where cells.cells[index].count > 0 {
            present |= 1 << UInt8(index)
            if cells.cells[index].minimum == cells.cells[index].maximum { flat |= 1 << UInt8(index) }
        }
        guard present != 0 else { return }
        append(UInt64(clamping: place), to: &bytes)
        bytes.append(present)
        bytes.append(flat)
        for index in cells.cells.indices where present & 1 << UInt8(index) != 0 {
            let cell = cells.cells[index]
            append(cell.count, to: &bytes)
            append(cell.mean, to: &bytes)
            if flat & 1 << UInt8(index) == 0 {
                append(cell.mean - min(cell.mean, cell.minimum), to: &bytes)
                append(cell.maximum - min(cell.maximum, cell.mean), to: &bytes)
            }
        }
    }

    /// Reads until the end, or until what does not make sense.
    static func read(_ bytes: some Sequence<UInt8>, _ point: (_ place: Int64, Cells) -> Void) {
        var iterator = bytes.makeIterator()
        func number() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = iterator.next() else { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        while let place = number(), let present = iterator.next(), let flat = iterator.next() {
            var cells = Cells()
            for index in cells.cells.indices where present & 1 << UInt8(index) != 0 {
                guard let count = number(), let mean = number() else { return }
                var low: UInt64 = 0
                var high: UInt64 = 0
                if flat & 1 << UInt8(index) == 0 {
                    guard let below = number(), let above = number() else { return }
                    (low, high) = (below, above)
                }
                let (sum, overflow) = mean.multipliedReportingOverflow(by: count)
                cells.cells[index] = Cell(minimum: mean - min(low, mean), maximum: mean.addingSaturated(high), sum: overflow ? .max : sum, count: count)
            }
            point(Int64(clamping: place), cells)
        }
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
