/// How many more of each size that was asked for lately would fit, blade by blade, and how many fewer after a newcomer.
struct SlotTable: Sendable {
    private struct Size: Sendable {
        var shapes: [[Int64]]
        /// Shapes that share no resource have room each for its own.
        var isDisjoint: Bool
        var seen: Int
        /// By shape, blade and size: places of that size that one more of this size takes.
        var taken: [Int32]
        /// By blade: of which state `taken` is.
        var stamp: [UInt32]
    }

    private static let most = 32
    /// Nobody looks at more.
    private static let plenty = 1 << 20

    private let blades: Int
    private let isHard: [Bool]
    private let accepts: [Bool]
    private var sizes: [Size] = []
    private var index: [[[Int64]]: Int] = [:]
    private var seen = 0
    /// By size and blade.
    private var slots: [Int]
    private var totals: [Int]
    private var stamp: [UInt32]
    /// A usual amount of each resource, so that sizes can be compared: the largest free on any blade.
    private(set) var unit: [Double]

    init(blades: Int, isHard: [Bool], accepts: [Bool]) {
        self.blades = blades
        self.isHard = isHard
        self.accepts = accepts
        slots = Array(repeating: 0, count: Self.most * blades)
        totals = Array(repeating: 0, count: Self.most)
        stamp = Array(repeating: 1, count: blades)
        unit = []
    }

    /// Counts one more that was asked for; its size's index. Of too many sizes the least seen is forgotten.
    mutating func note(_ shapes: [[Int64]], free: [Int64]) -> Int {
        if unit.isEmpty {
            unit = isHard.indices.map { resource in max(1, (0..<blades).reduce(0) { max($0, Double(free[$1 * isHard.count + resource])) }) }
        }
        seen += 1
        if let known = index[shapes] {
            sizes[known].seen += 1
            return known
        }
        let size = Size(
            shapes: shapes, isDisjoint: areDisjoint(shapes), seen: 1, taken: Array(repeating: 0, count: shapes.count * blades * Self.most),
            stamp: Array(repeating: 0, count: blades))
        let position: Int
        if sizes.count < Self.most {
            position = sizes.count
            sizes.append(size)
        } else {
            position = sizes.indices.min { (sizes[$0].seen, $0) < (sizes[$1].seen, $1) } ?? 0
            seen -= sizes[position].seen
            index[sizes[position].shapes] = nil
            sizes[position] = size
        }
        index[shapes] = position
        totals[position] = 0
        for blade in 0..<blades {
            slots[position * blades + blade] = count(size, on: blade, free: free, less: nil)
            totals[position] += slots[position * blades + blade]
            // What everybody takes of the new size is not known yet.
            stamp[blade] &+= 1
        }
        return position
    }

    /// The blade has less free, or more.
    mutating func changed(_ blade: Int, free: [Int64]) {
        stamp[blade] &+= 1
        for position in sizes.indices {
            let now = count(sizes[position], on: blade, free: free, less: nil)
            totals[position] += now - slots[position * blades + blade]
            slots[position * blades + blade] = now
        }
    }

    /// Makes `taken` and `loss` of the size right for the blade.
    mutating func refresh(_ position: Int, blade: Int, free: [Int64]) {
        guard sizes[position].stamp[blade] != stamp[blade] else { return }
        sizes[position].stamp[blade] = stamp[blade]
        for shape in sizes[position].shapes.indices {
            let row = (shape * blades + blade) * Self.most
            for other in sizes.indices {
                let after = count(sizes[other], on: blade, free: free, less: sizes[position].shapes[shape])
                sizes[position].taken[row + other] = Int32(clamping: slots[other * blades + blade] - after)
            }
        }
    }

    /// By size: what one place of it is worth. The whole is the sum of (share of what is asked for) x sqrt(places), so that places of a scarce size are dear.
    func worth() -> [Double] {
        sizes.indices.map { position in
            let total = Double(totals[position])
            guard total > 0 else { return 0 }
            return Double(sizes[position].seen) / Double(max(1, seen)) * (total.squareRoot() - (total - 1).squareRoot())
        }
    }

    func loss(_ position: Int, shape: Int, blade: Int, worth: [Double]) -> Double {
        let row = (shape * blades + blade) * Self.most
        var sum = 0.0
        for other in worth.indices { sum += worth[other] * Double(sizes[position].taken[row + other]) }
        return sum
    }

    func taken(of other: Int, by position: Int, shape: Int, blade: Int) -> Int {
        Int(sizes[position].taken[(shape * blades + blade) * Self.most + other])
    }

    func total(_ position: Int, of members: [Int]) -> Int { members.reduce(0) { $0 + slots[position * blades + $1] } }

    func isLarger(_ a: Int, than b: Int) -> Bool { extent(a) > extent(b) }

    private func extent(_ position: Int) -> Double {
        guard let shape = sizes[position].shapes.first else { return 0 }
        return shape.indices.reduce(0) { isHard[$1] && !unit.isEmpty ? max($0, Double(shape[$1]) / unit[$1]) : $0 }
    }

    private func areDisjoint(_ shapes: [[Int64]]) -> Bool {
        isHard.indices.allSatisfy { resource in !isHard[resource] || shapes.count { $0[resource] > 0 } < 2 }
    }

    /// How many fit on the blade, after `less` was taken from what is free.
    private func count(_ size: Size, on blade: Int, free: [Int64], less: [Int64]?) -> Int {
        guard accepts[blade] else { return 0 }
        var sum = 0
        for shape in size.shapes {
            var least = Self.plenty
            for resource in isHard.indices where isHard[resource] && shape[resource] > 0 {
                let left = free[blade * isHard.count + resource] - (less?[resource] ?? 0)
                least = left < shape[resource] ? 0 : min(least, Int(clamping: left / shape[resource]))
                if least == 0 { break }
            }
            sum = size.isDisjoint ? min(Self.plenty, sum + least) : max(sum, least)
        }
        return sum
    }
}
