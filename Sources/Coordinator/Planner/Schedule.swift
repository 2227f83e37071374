import PodpModel

/// Brings the moves from one placement to another into an order in which every step is legal, as waves that may run side by side.
///
/// A move of a wave is legal if it would be even when all of its wave have set off and none has arrived, so any order of ends is.
/// Where nothing can set off because each waits for another, one domain steps aside to a third blade.
struct Schedule {
    struct Step: Equatable {
        var domain: Int
        var from: Int
        var to: Int
        /// For whom it steps aside; `nil` when it goes where it is to be.
        var aside: Int?
    }

    private(set) var steps: [Step] = []
    private(set) var waves: [[Int]] = []
    /// Domains that could not be brought where they were to be; none of their group has been moved, or some have (`at` says).
    private(set) var left: [Int] = []
    /// By domain.
    private(set) var at: [Int]

    private let problem: Problem
    private let board: Board
    private let reach: Reach
    private let limits: PlanLimits
    private let partners: [[Int]]
    private let guards: Guards
    private var claim: [Int]
    private var high: [Int64]
    private var stepsAside: Set<Int> = []
    /// Moves that groups which have set off still need.
    private var promised = 0
    private let itemOf: [Int]

    /// - Parameters:
    ///   - places: by item, where it is to be.
    ///   - priority: by item; higher goes first.
    init(_ problem: Problem, board: Board, reach: Reach, to places: [Int], priority: [Double]) {
        self.problem = problem
        self.board = board
        self.reach = reach
        limits = problem.limits
        at = problem.domains.map(\.blade)
        claim = Array(repeating: -1, count: at.count)
        high = problem.blades.flatMap(\.reserved)
        let count = board.resources
        for domain in problem.domains { for resource in 0..<count { high[domain.blade * count + resource] += domain.high[resource] } }
        var itemOf = [Int](repeating: 0, count: at.count)
        for item in 0..<board.items { for domain in board.domains[item] { itemOf[domain] = item } }
        self.itemOf = itemOf
        partners = Self.partners(problem, board.indexOfDomain)
        guards = Guards(problem, index: board.indexOfDomain)
        run(to: places, priority: priority)
    }

    private static func partners(_ problem: Problem, _ index: [DomainID: Int]) -> [[Int]] {
        var groups = [[Int]](repeating: [], count: problem.domains.count)
        for (number, rule) in problem.rules.enumerated() {
            guard case .apart(let members) = rule.kind, rule.price == nil else { continue }
            for member in members { if let domain = index[member] { groups[domain].append(number) } }
        }
        return groups
    }

    // MARK: - Waves

    private mutating func run(to places: [Int], priority: [Double]) {
        var pending = (0..<board.items).filter { places[$0] != board.origin[$0] }
            .sorted { (priority[$1], $0) < (priority[$0], $1) }
            .map { (item: $0, domains: Array(board.domains[$0])) }
        // Who was refused is asked again when somebody has left that blade: zones and N+1 apart, nothing else can have changed it.
        let mayForget = guards.isEmpty && board.cover.isEmpty
        var isRefused = [Bool](repeating: false, count: board.items)
        var hasGiven = [Bool](repeating: false, count: board.blades)
        var links = LinkUse(problem)
        while !pending.isEmpty, steps.count < limits.maxMoves {
            var wave: [Int] = []
            links.clear()
            for position in pending.indices {
                let target = places[pending[position].item]
                // A group sets off only if all of it can follow; from then on its room is kept.
                let started = pending[position].domains.contains { claim[$0] >= 0 }
                let size = pending[position].domains.count
                if !started {
                    let item = pending[position].item
                    if hasGiven[target] || !mayForget { isRefused[item] = false }
                    guard !isRefused[item] else { continue }
                    guard steps.count + promised + size <= limits.maxMoves else { continue }
                    isRefused[item] = !mayEnter(pending[position].domains, target)
                    guard !isRefused[item] else { continue }
                }
                var waiting: [Int] = []
                for domain in pending[position].domains {
                    let source = at[domain]
                    guard links.mayMove(from: source, to: target) else {
                        waiting.append(domain)
                        continue
                    }
                    // The first to set off claims the room for all of its group.
                    for member in pending[position].domains where claim[member] < 0 { enter(member, target) }
                    links.move(from: source, to: target)
                    wave.append(steps.count)
                    steps.append(Step(domain: domain, from: source, to: target, aside: nil))
                }
                if started { promised -= size - waiting.count } else if waiting.count < size { promised += waiting.count }
                pending[position].domains = waiting
            }
            if wave.isEmpty {
                let aside = stepAside(pending.map { (domain: $0.domains[0], target: places[$0.item]) })
                guard !aside.isEmpty else { break }
                wave = Array(steps.count..<steps.count + aside.count)
                steps += aside
            }
            for blade in hasGiven.indices { hasGiven[blade] = false }
            for index in wave {
                arrive(steps[index])
                hasGiven[steps[index].from] = true
            }
            waves.append(wave)
            pending.removeAll { $0.domains.isEmpty }
        }
        left = pending.flatMap(\.domains)
    }

    // MARK: - Legality

    /// Whether all of them may set off for the blade now, with everything that has set off counted at both ends.
    private func mayEnter(_ domains: [Int], _ blade: Int) -> Bool {
        let count = board.resources
        for resource in 0..<count where board.isHard[resource] {
            let needed = domains.reduce(Int64(0)) { $0 + problem.domains[$1].high[resource] }
            if needed > 0, high[blade * count + resource] + needed > board.room[blade * count + resource] { return false }
        }
        guard domains.allSatisfy({ reach.allows($0, blade) && !meets($0, blade) }) else { return false }
        return guards.allow(domains, on: blade, at: at, claim: claim) && keepsCover(domains, blade)
    }

    /// N+1 with everything on its way counted at both ends (who is alone: while neither end is lost), and once it has arrived.
    private func keepsCover(_ domains: [Int], _ blade: Int) -> Bool {
        guard !board.cover.isEmpty else { return true }
        let count = board.resources
        var both = high
        for domain in domains { for resource in 0..<count { both[blade * count + resource] += problem.domains[domain].high[resource] } }
        var also = claim.indices.filter { claim[$0] >= 0 && at[$0] >= 0 }.map { (domain: $0, blade: claim[$0]) }
        let mover = also.isEmpty && domains.count == 1 ? domains.first.map { (from: at[$0], to: blade) } : nil
        also += domains.map { (domain: $0, blade: blade) }
        let places = at.indices.map { at[$0] >= 0 ? at[$0] : problem.domains[$0].blade }
        guard board.cover.cost(at: places, also: also, used: both, onTheWay: true, mover: mover) != nil else { return false }
        var (rest, used) = (places, both)
        for (domain, target) in also {
            for resource in 0..<count { used[rest[domain] * count + resource] -= problem.domains[domain].high[resource] }
            rest[domain] = target
        }
        return board.cover.cost(at: rest, used: used, onTheWay: true) != nil
    }

    private func meets(_ domain: Int, _ blade: Int) -> Bool {
        for group in partners[domain] {
            for other in members(of: group) where other != domain && (at[other] == blade || claim[other] == blade) { return true }
        }
        return false
    }

    private func members(of rule: Int) -> [Int] {
        guard case .apart(let ids) = problem.rules[rule].kind else { return [] }
        return ids.compactMap { board.indexOfDomain[$0] }
    }

    private mutating func enter(_ domain: Int, _ blade: Int) {
        claim[domain] = blade
        for resource in 0..<board.resources { high[blade * board.resources + resource] += problem.domains[domain].high[resource] }
    }

    private mutating func arrive(_ step: Step) {
        for resource in 0..<board.resources { high[step.from * board.resources + resource] -= problem.domains[step.domain].high[resource] }
        at[step.domain] = step.to
        claim[step.domain] = -1
    }

    // MARK: - Cycles

    /// The cheapest single domain among those that wait whose stepping aside lets another one of them go; each steps aside once. Where very many wait, one of
    /// fifty at a time, so that long plans do not take a round for each.
    private mutating func stepAside(_ waiting: [(domain: Int, target: Int)]) -> [Step] {
        // Their own moves and those that they make possible must be allowed still.
        let most = min(max(1, waiting.count / 50), limits.maxMoves - steps.count - waiting.count)
        guard most > 0 else { return [] }
        let arriving = Dictionary(grouping: waiting, by: \.target)
        let candidates = waiting.indices
            .filter { position in
                let domain = waiting[position].domain
                return board.domains.count(itemOf[domain]) == 1 && !stepsAside.contains(domain) && claim[domain] < 0 && arriving[at[domain]] != nil
            }
            .map { (cost: board.moveCost[itemOf[waiting[$0].domain]], position: $0) }
            .sorted { ($0.cost, $0.position) < ($1.cost, $1.position) }
        var found: [Step] = []
        var links = LinkUse(problem)
        var fullFor: [Int: Int64] = [:]
        for (_, position) in candidates where found.count < most {
            let domain = waiting[position].domain
            let source = at[domain]
            guard links.mayMove(from: source, to: source) else { continue }
            var waitsForIt: Int?
            for other in arriving[source] ?? [] where other.domain != domain {
                if mayEnterAfter(leaving: domain, other.domain, source) {
                    waitsForIt = other.domain
                    break
                }
            }
            guard let waitsForIt else { continue }
            // In large fleets one that is no smaller than one that found no room is not tried.
            let (row, size) = (board.rowOf[itemOf[domain]], problem.domains[domain].high.max() ?? 0)
            guard size < fullFor[row] ?? .max else { continue }
            guard let third = thirdBlade(for: domain, from: source, wanted: arriving) else {
                if board.blades > 64 { fullFor[row] = size }
                continue
            }
            guard links.mayMove(from: source, to: third) else { continue }
            stepsAside.insert(domain)
            enter(domain, third)
            links.move(from: source, to: third)
            found.append(Step(domain: domain, from: source, to: third, aside: waitsForIt))
        }
        return found
    }

    /// The first that it may enter, if there is one of them that nobody waits for.
    private func thirdBlade(for domain: Int, from source: Int, wanted: [Int: [(domain: Int, target: Int)]]) -> Int? {
        var third: Int?
        func isFree(_ blade: Int) -> Bool {
            guard blade != source, board.allows(itemOf[domain], blade), mayEnter([domain], blade) else { return false }
            if third == nil { third = blade }
            return wanted[blade] == nil
        }
        let found = board.bladesOfRow.count > 0 ? board.bladesOfRow[board.rowOf[itemOf[domain]]].first(where: isFree) : (0..<board.blades).first(where: isFree)
        return found ?? third
    }

    private mutating func mayEnterAfter(leaving: Int, _ domain: Int, _ blade: Int) -> Bool {
        let source = at[leaving]
        for resource in 0..<board.resources { high[blade * board.resources + resource] -= problem.domains[leaving].high[resource] }
        at[leaving] = -1
        defer {
            for resource in 0..<board.resources { high[blade * board.resources + resource] += problem.domains[leaving].high[resource] }
            at[leaving] = source
        }
        return mayEnter([domain], blade)
    }
}
