/// Items on blades as the engine asks for them: a `Placement` whose hard resources may be exceeded, while it is searched, at a price by blade and resource.
///
/// Where N+1 is asked for, nothing is exceeded, for nobody could say what the loss of such a blade would do.
struct FleetState: SearchState, ~Copyable {
    private(set) var placement: Placement
    private let board: Board
    private let scope: [Int]
    private let isInScope: [Bool]
    private let maxDisplaced: Int
    private var residents: Residents
    private let hard: [Int]
    /// By blade and resource: what may be used. What was exceeded before is tolerated, but nothing comes there.
    private let limit: [Int64]
    private let isStrict: [Bool]
    /// By blade and resource: what using all of it once more would cost.
    private var price: [Double]
    /// By blade: what its excess costs.
    private var excessCost: [Double]
    /// What broken rules weigh: no move gains more by them.
    private var ruleCost: Double

    /// Per blade's worth of a resource, where nothing was exceeded for long: a hundredth of a blade too much weighs as much as ten moves.
    private static let leastPrice = 2.0
    private static let forbidden = 1e15

    init(_ placement: Placement, scope: [Int], isInScope: [Bool], maxDisplaced: Int) {
        let board = placement.board
        self.board = board
        self.scope = scope
        self.isInScope = isInScope
        self.maxDisplaced = maxDisplaced
        hard = (0..<board.resources).filter { board.isHard[$0] }
        limit = board.room.indices.map { max(board.room[$0], placement.high[$0]) }
        let count = board.resources
        let isPriced = board.cover.isEmpty
        isStrict = (0..<board.blades).map { [hard] blade in !isPriced || hard.contains { placement.high[blade * count + $0] > board.room[blade * count + $0] } }
        price = Array(repeating: Self.leastPrice, count: board.room.count)
        excessCost = Array(repeating: 0, count: board.blades)
        ruleCost = placement.rules.cost
        residents = Residents(placement.at, of: board.blades)
        self.placement = placement
    }

    var movable: Int { scope.count }
    var mayGainByComing: Bool { true }
    var hasEjections: Bool { board.cover.isEmpty }
    var displacementAtMost: Double { 0 }
    var tiedAtMost: Double { ruleCost }

    @inline(__always)
    func item(_ number: Int) -> Int { scope[number] }
    @inline(__always)
    func place(of item: Int) -> Int { placement.at[item] }
    @inline(__always)
    func home(of item: Int) -> Int { board.origin[item] }
    @inline(__always)
    func reach(of item: Int) -> Int { board.bladesOfRow.count > 0 ? board.bladesOfRow.count(board.rowOf[item]) : board.blades }
    @inline(__always)
    func place(_ number: Int, reachedBy item: Int) -> Int {
        board.bladesOfRow.count > 0 ? board.bladesOfRow.value(board.bladesOfRow.range(board.rowOf[item]).lowerBound + number) : number
    }
    @inline(__always)
    func population(of place: Int) -> Int { residents.count(place) }
    @inline(__always)
    func resident(_ number: Int, of place: Int) -> Int { Int(residents.row(place)[number]) }

    // MARK: - The whole

    var places: [Int] { placement.at }
    var objective: Double { placement.objective + excessCost.reduce(0, +) }

    /// In blades' worth of a resource.
    var excess: Double {
        (0..<board.blades).reduce(0) { sum, blade in sum + hard.reduce(0) { $0 + excess(blade * board.resources + $1, 0) } }
    }

    mutating func adopt(_ places: borrowing [Int]) {
        for item in scope where placement.at[item] != places[item] { move(item, to: places[item]) }
    }

    mutating func setPrices(rise: Double, fall: Double, most: Double) {
        for blade in 0..<board.blades {
            for resource in hard {
                let index = blade * board.resources + resource
                let factor = excess(index, 0) > 0 ? rise : fall
                price[index] = min(max(price[index] * factor, Self.leastPrice), Self.leastPrice * most)
            }
            excessCost[blade] = excessCost(of: blade)
        }
        ruleCost = placement.rules.cost
    }

    mutating func forbidExcess() {
        for index in price.indices { price[index] = Self.forbidden }
        for blade in 0..<board.blades { excessCost[blade] = excessCost(of: blade) }
    }

    // MARK: - Evaluation

    /// The share of its capacity that a resource would be exceeded by, with so much more in use.
    @inline(__always)
    private func excess(_ index: Int, _ more: Int64) -> Double {
        let above = placement.high[index] + more - limit[index]
        return above > 0 ? Double(above) * board.inverse[index] : 0
    }

    @inline(__always)
    private func excessCost(of blade: Int, without leaver: Int = -1, with comer: Int = -1) -> Double {
        var cost = 0.0
        let count = board.resources
        for resource in hard {
            var more: Int64 = 0
            if leaver >= 0 { more -= board.high[leaver * count + resource] }
            if comer >= 0 { more += board.high[comer * count + resource] }
            cost += price[blade * count + resource] * excess(blade * count + resource, more)
        }
        return cost
    }

    @inline(__always)
    private func change(of blade: Int, without leaver: Int = -1, with comer: Int = -1) -> Double {
        placement.cost(of: blade, without: leaver, with: comer) - placement.cost[blade]
            + excessCost(of: blade, without: leaver, with: comer) - excessCost[blade]
    }

    func cost(of place: Int) -> Double { placement.cost[place] + excessCost[place] }
    @inline(__always)
    func relief(_ item: Int) -> Double { change(of: placement.at[item], without: item) }
    @inline(__always)
    func burden(_ item: Int, on place: Int) -> Double { change(of: place, with: item) }
    @inline(__always)
    func exchange(_ leaver: Int, for comer: Int, on place: Int) -> Double { change(of: place, without: leaver, with: comer) }
    @inline(__always)
    func displacement(_ item: Int, on place: Int) -> Double { place == board.origin[item] ? 0 : board.moveCost[item] }

    @inline(__always)
    func tied(_ item: Int, to place: Int) -> Double {
        guard placement.displaced + placement.displacedChange(item, to: place) <= maxDisplaced else { return .infinity }
        return placement.ruleChange(item, to: place) ?? .infinity
    }

    mutating func tied(exchanging a: Int, _ b: Int) -> Double {
        let (placeOfA, placeOfB) = (placement.at[a], placement.at[b])
        let displaced = placement.displaced + placement.displacedChange(a, to: placeOfB) + placement.displacedChange(b, to: placeOfA)
        return displaced <= maxDisplaced ? placement.ruleChange(exchanging: a, b) ?? .infinity : .infinity
    }

    mutating func tied(_ a: Int, ejecting b: Int) -> Double {
        let (target, home) = (placement.at[b], board.origin[b])
        let displaced = placement.displaced + placement.displacedChange(a, to: target) + placement.displacedChange(b, to: home)
        return displaced <= maxDisplaced ? placement.ruleChange(a, ejecting: b) ?? .infinity : .infinity
    }

    // MARK: - What is allowed

    /// Whether the item may come if `leaver` (-1: nobody) leaves at the same time.
    @inline(__always)
    private func mayCome(_ item: Int, to blade: Int, without leaver: Int = -1) -> Bool {
        guard !isStrict[blade] else { return placement.fits(item, on: blade, without: leaver) }
        guard board.allows(item, blade) else { return false }
        for resource in hard where board.high[item * board.resources + resource] > max(0, board.room[blade * board.resources + resource]) { return false }
        return !placement.meets(item, on: blade, without: leaver)
    }

    @inline(__always)
    func isBarred(_ item: Int, from place: Int) -> Bool { !mayCome(item, to: place) }
    @inline(__always)
    func isBarred(_ item: Int, fromExchangesOn place: Int) -> Bool { !board.allows(item, place) }

    func permits(_ item: Int, to place: Int, slack: Double) -> Bool { placement.coverChange(item, to: place).map { $0 <= slack } ?? false }

    func permits(exchanging a: Int, _ b: Int, slack: Double) -> Bool {
        guard mayCome(a, to: placement.at[b], without: b), mayCome(b, to: placement.at[a], without: a) else { return false }
        return placement.coverChange(a, to: placement.at[b], exchanging: b).map { $0 <= slack } ?? false
    }

    func permits(_ a: Int, ejecting b: Int, slack: Double) -> Bool { mayCome(b, to: board.origin[b]) && mayCome(a, to: placement.at[b], without: b) }

    // MARK: - Rows

    func landing(_ item: Int, in numbers: Range<Int>, allowance: Float) -> Int {
        for number in numbers {
            let blade = place(number, reachedBy: item)
            if blade != placement.at[item], mayCome(item, to: blade), Float(burden(item, on: blade) + displacement(item, on: blade)) <= allowance {
                return number
            }
        }
        return numbers.upperBound
    }

    func partner(of item: Int, on place: Int, from number: Int, allowance: Float) -> Int {
        let source = placement.at[item]
        for number in number..<max(number, residents.count(place)) {
            let other = resident(number, of: place)
            guard isInScope[other], board.allows(other, source) else { continue }
            let change = exchange(item, for: other, on: source) + displacement(other, on: source) - displacement(other, on: place)
            if Float(change + exchange(other, for: item, on: place)) <= allowance { return number }
        }
        return residents.count(place)
    }

    func ejected(by item: Int, on place: Int, from number: Int, allowance: Float) -> Int {
        for number in number..<max(number, residents.count(place)) {
            let other = resident(number, of: place)
            let home = board.origin[other]
            guard home != place, isInScope[other] else { continue }
            if Float(burden(other, on: home) - board.moveCost[other] + exchange(other, for: item, on: place)) <= allowance { return number }
        }
        return residents.count(place)
    }

    // MARK: - Change

    mutating func move(_ item: Int, to place: Int) {
        let source = placement.at[item]
        guard source != place else { return }
        ruleCost = max(0, ruleCost + (placement.ruleChange(item, to: place) ?? 0))
        placement.move(item, to: place)
        residents.move(item, from: source, to: place)
        excessCost[source] = excessCost(of: source)
        excessCost[place] = excessCost(of: place)
    }

    mutating func swap(_ a: Int, _ b: Int) {
        let (placeOfA, placeOfB) = (placement.at[a], placement.at[b])
        move(a, to: placeOfB)
        move(b, to: placeOfA)
    }

    mutating func eject(_ a: Int, _ b: Int) {
        let target = placement.at[b]
        move(b, to: board.origin[b])
        move(a, to: target)
    }
}
