import PodpModel

/// A sound problem in flat arrays: all that does not change while a placement is looked for.
///
/// What is placed are items: single domains, and groups that run together and move as one. Arrays by blade and resource are indexed
/// `blade * resources + resource`, those by item and resource `item * resources + resource`.
final class Board: Sendable {
    let resources: Int
    let blades: Int
    let items: Int

    // By blade and resource.
    /// 1 / capacity; 0 where the capacity is unknown and not judged.
    let inverse: [Double]
    /// What items may use of a hard resource; `Int64.max` for any other, -1 where it is unknown.
    let room: [Int64]
    let comfort: [Double]
    let queueAtComfort: [Double]
    let reserved: [Int64]

    // By resource.
    let isHard: [Bool]
    let balanceWeight: [Double]
    /// The fleet's utilisation, which each blade's is compared with.
    let fleetUtilisation: [Double]
    /// One unit of the square root of a spread.
    let spreadUnit: [Double]
    /// 1 / the mean capacity of the blades whose capacity is known.
    let usualInverse: [Double]

    // By item and resource.
    let mean: [Int64]
    let high: [Int64]
    /// Sums of squares of (high - mean) in units of `spreadUnit`: integers, so that adding and taking away leaves no error.
    let spread: [Int64]

    // By item.
    let origin: [Int]
    let isMovable: [Bool]
    let moveCost: [Double]
    let domains: Grouping
    let indexOfDomain: [DomainID: Int]
    /// Groups of items that run apart, by item and by group.
    let groupsOfItem: Grouping
    let itemsOfGroup: Grouping
    /// Where each item may go or stay: its row of bits by blade.
    let words: Int
    let allowed: [UInt64]
    let rowOf: [Int]
    /// By row: its blades. Empty where every row is of a few items; then all blades are every row's.
    let bladesOfRow: Grouping

    /// Blades that hold what podp does not manage: never empty.
    let isNeverEmpty: [Bool]
    let accepts: [Bool]
    /// The blade that is to be emptied; -1: none.
    let evacuated: Int
    let weights: Weights
    let queueWeight: Double
    let watts: BoardWatts
    /// By blade: what it weighs as long as it is not empty.
    let standing: [Double]
    /// Domains that no order of moves could bring where they were to be: they stay.
    let banned: Set<Int>
    let estimates: [MigrationEstimate]
    let terms: RuleTerms
    let cover: Cover
    let domainCount: Int

    init(_ problem: Problem, reach: Reach, weights: Weights, banned: Set<Int>) {
        let count = problem.resources.count
        let consolidating = problem.goal == .consolidate
        // Where rules are mended nothing else is looked at.
        let restoring = problem.goal == .restore
        resources = count
        blades = problem.blades.count
        self.weights = weights
        self.banned = banned
        queueWeight = restoring ? 0 : weights.waiting
        watts = BoardWatts(problem, weights)
        // The watts of those that are to be emptied stand for their number, where that was asked for.
        let occupied = consolidating ? weights.occupied : 0
        standing = problem.blades.indices.map { [watts] blade in
            consolidating && watts.isWeighed ? occupied * watts.share(blade) : occupied + watts.idle[blade]
        }
        isHard = problem.resources.map(\.hard)
        balanceWeight = problem.resources.map { consolidating || restoring ? 0 : $0.hard ? weights.hardBalance : weights.balance }
        if case .evacuate(let id) = problem.goal { evacuated = problem.blades.firstIndex { $0.id == id } ?? -1 } else { evacuated = -1 }
        accepts = problem.blades.map(\.accepts)
        isNeverEmpty = problem.blades.map { $0.reserved.contains { $0 > 0 } }

        // Blades.
        let capacity = problem.blades.flatMap(\.capacity)
        reserved = problem.blades.flatMap(\.reserved)
        inverse = capacity.map { $0 > 0 ? 1 / Double($0) : 0 }
        comfort = problem.blades.flatMap(\.comfort).map { min(Double($0) / 1000, Queue.knee) }
        queueAtComfort = comfort.map(Queue.length)
        usualInverse = (0..<count).map { resource in
            let known = problem.blades.map { $0.capacity[resource] }.filter { $0 > 0 }
            return known.isEmpty ? 0 : Double(known.count) / known.reduce(0.0) { $0 + Double($1) }
        }
        var room = [Int64](repeating: .max, count: capacity.count)
        for index in room.indices where problem.resources[index % count].hard { room[index] = capacity[index] > 0 ? capacity[index] : -1 }
        self.room = room

        // Items.
        let bundles = Bundles(problem, reach: reach, banned: banned)
        words = reach.words
        items = bundles.items.count
        domains = Grouping(bundles.items)
        indexOfDomain = bundles.index
        origin = bundles.items.map { problem.domains[$0[0]].blade }
        isMovable = bundles.isMovable
        allowed = bundles.allowed
        rowOf = bundles.rowOf
        bladesOfRow = Self.blades(of: bundles, words: reach.words, count: problem.blades.count)
        let (mean, high) = Self.demands(problem, bundles.items)
        (self.mean, self.high) = (mean, high)
        (spread, spreadUnit) = Self.spreads(problem, bundles.items)
        let estimates = problem.domains.map { domain in
            domain.mobility == .live
                ? MigrationEstimate(
                    liveWith: domain.memory, dirtyBytesPerSecond: domain.dirtyBytesPerSecond, bytesPerSecond: problem.limits.migrationBytesPerSecond)
                : .stopAndStart
        }
        self.estimates = estimates
        moveCost = bundles.items.map { $0.reduce(0) { $0 + estimates[$1].cost(weights) } }
        terms = RuleTerms(problem, bundles: bundles, weights: weights)
        cover = Cover(problem, weights: weights)
        domainCount = problem.domains.count
        let groups = Self.apartGroups(problem, bundles)
        itemsOfGroup = Grouping(groups)
        var ofItem = [[Int]](repeating: [], count: bundles.items.count)
        for (group, items) in groups.enumerated() { for item in items { ofItem[item].append(group) } }
        groupsOfItem = Grouping(ofItem)
        fleetUtilisation = Self.utilisation(capacity, reserved, mean, origin, resources: count, apartFrom: evacuated)
    }

    @inline(__always)
    func allows(_ item: Int, _ blade: Int) -> Bool { allowed[rowOf[item] * words + (blade >> 6)] >> UInt64(blade & 63) & 1 == 1 }

    /// More rows than this are not kept as lists.
    private static let listedRows = 256

    private static func blades(of bundles: Bundles, words: Int, count: Int) -> Grouping {
        let rows = words > 0 ? bundles.allowed.count / words : 0
        guard rows <= listedRows else { return Grouping([]) }
        return Grouping((0..<rows).map { row in (0..<count).filter { bundles.allowed[row * words + ($0 >> 6)] >> UInt64($0 & 63) & 1 == 1 } })
    }

    private static func demands(_ problem: Problem, _ items: [[Int]]) -> (mean: [Int64], high: [Int64]) {
        let count = problem.resources.count
        var mean = [Int64](repeating: 0, count: items.count * count)
        var high = mean
        for (item, members) in items.enumerated() {
            for domain in members {
                for resource in 0..<count {
                    mean[item * count + resource] += problem.domains[domain].mean[resource]
                    high[item * count + resource] += problem.domains[domain].high[resource]
                }
            }
        }
        return (mean, high)
    }

    /// Deviations are scaled by a power of two to at most 20 bits: squares of 40 bits, and 2^22 of them can be added.
    private static func spreads(_ problem: Problem, _ items: [[Int]]) -> (spread: [Int64], unit: [Double]) {
        let count = problem.resources.count
        var shift = [Int64](repeating: 0, count: count)
        for domain in problem.domains {
            for resource in 0..<count { while (domain.high[resource] - domain.mean[resource]) >> shift[resource] >= 1 << 20 { shift[resource] += 1 } }
        }
        var spread = [Int64](repeating: 0, count: items.count * count)
        for (item, members) in items.enumerated() {
            for domain in members {
                for resource in 0..<count {
                    let deviation = (problem.domains[domain].high[resource] - problem.domains[domain].mean[resource]) >> shift[resource]
                    spread[item * count + resource] += deviation * deviation
                }
            }
        }
        return (spread, shift.map { Double(Int64(1) << $0) })
    }

    private static func apartGroups(_ problem: Problem, _ bundles: Bundles) -> [[Int]] {
        problem.rules.compactMap { rule in
            guard case .apart(let members) = rule.kind, rule.price == nil else { return nil }
            let items = Set(members.compactMap { bundles.index[$0].map { bundles.itemOf[$0] } })
            return items.count > 1 ? items.sorted() : nil
        }
    }

    private static func utilisation(
        _ capacity: [Int64], _ reserved: [Int64], _ mean: [Int64], _ origin: [Int], resources count: Int, apartFrom evacuated: Int
    ) -> [Double] {
        guard count > 0 else { return [] }
        var used = [Double](repeating: 0, count: count)
        var owned = used
        for index in capacity.indices where capacity[index] > 0 {
            used[index % count] += Double(reserved[index])
            if index / count != evacuated { owned[index % count] += Double(capacity[index]) }
        }
        for (item, blade) in origin.enumerated() {
            for resource in 0..<count where capacity[blade * count + resource] > 0 { used[resource] += Double(mean[item * count + resource]) }
        }
        return zip(used, owned).map { $1 > 0 ? $0 / $1 : 0 }
    }
}

/// Lists of indices by index, in two flat arrays.
struct Grouping: Sendable {
    private let starts: [Int]
    private let values: [Int]

    init(_ lists: [[Int]]) {
        var starts = [0]
        starts.reserveCapacity(lists.count + 1)
        for list in lists { starts.append(starts[starts.count - 1] + list.count) }
        self.starts = starts
        values = lists.flatMap { $0 }
    }

    @inline(__always)
    func range(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }
    @inline(__always)
    func value(_ position: Int) -> Int { values[position] }
    subscript(_ index: Int) -> ArraySlice<Int> { values[range(index)] }
    func count(_ index: Int) -> Int { starts[index + 1] - starts[index] }
    var count: Int { starts.count - 1 }
}
