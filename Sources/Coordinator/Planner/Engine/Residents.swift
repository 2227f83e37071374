/// Which items are on which place: a row for each place, in no order, and where in it each stands. Rows grow in room, never shrink.
///
/// Memory is reached by pointers without bounds checks: items and places are below the counts that it was made with.
struct Residents: ~Copyable {
    private let count: Int
    private let rows: UnsafeMutablePointer<UnsafeMutablePointer<Int32>>
    private let room: UnsafeMutablePointer<Int32>
    private let counts: UnsafeMutablePointer<Int32>
    private let positions: UnsafeMutablePointer<Int32>

    /// - Parameters:
    ///   - places: by item.
    ///   - count: of places.
    init(_ places: some Collection<Int>, of count: Int) {
        self.count = count
        rows = .allocate(capacity: max(1, count))
        room = .allocate(capacity: max(1, count))
        counts = .allocate(capacity: max(1, count))
        positions = .allocate(capacity: max(1, places.count))
        let usual = 2 * places.count / max(1, count) + 8
        for place in 0..<count {
            (rows + place).initialize(to: .allocate(capacity: usual))
            (room + place).initialize(to: Int32(usual))
            (counts + place).initialize(to: 0)
        }
        for (item, place) in places.enumerated() {
            (positions + item).initialize(to: 0)
            append(item, to: place)
        }
    }

    deinit {
        for place in 0..<count { rows[place].deallocate() }
        rows.deallocate()
        room.deallocate()
        counts.deallocate()
        positions.deallocate()
    }

    @inline(__always)
    func count(_ place: Int) -> Int { Int(counts[place]) }

    @inline(__always)
    func row(_ place: Int) -> UnsafePointer<Int32> { UnsafePointer(rows[place]) }

    mutating func move(_ item: Int, from source: Int, to target: Int) {
        let row = rows[source]
        counts[source] -= 1
        let last = row[Int(counts[source])]
        row[Int(positions[item])] = last
        positions[Int(last)] = positions[item]
        append(item, to: target)
    }

    private mutating func append(_ item: Int, to place: Int) {
        let count = Int(counts[place])
        if count == Int(room[place]) {
            let wider = UnsafeMutablePointer<Int32>.allocate(capacity: 2 * count)
            wider.initialize(from: rows[place], count: count)
            rows[place].deallocate()
            rows[place] = wider
            room[place] = Int32(2 * count)
        }
        (rows[place] + count).initialize(to: Int32(item))
        positions[item] = Int32(count)
        counts[place] += 1
    }
}
