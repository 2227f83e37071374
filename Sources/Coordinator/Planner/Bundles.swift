import PodpModel

/// Domains bundled into items that move as one, and where each item may go.
///
/// A group that runs together and is together now is one item. One that is split is gathered: its members may go to one blade of those that hold
/// them now, and nowhere else, so that no plan splits it further. Where several rules tie a split group, its members stay.
struct Bundles {
    /// Domains by item, sorted.
    private(set) var items: [[Int]] = []
    private(set) var itemOf: [Int]
    private(set) var isMovable: [Bool] = []
    /// By item: its row in `allowed`.
    private(set) var rowOf: [Int] = []
    /// Bits by blade, `words` a row; items that may be on the same blades share one.
    private(set) var allowed: [UInt64] = []
    let index: [DomainID: Int]

    init(_ problem: Problem, reach: Reach, banned: Set<Int>) {
        let index = Dictionary(uniqueKeysWithValues: problem.domains.enumerated().map { ($1.id, $0) })
        self.index = index
        itemOf = Array(repeating: 0, count: problem.domains.count)
        var anchors: [Int: Int] = [:]
        var tangled: Set<Int> = []
        var bundled = [Bool](repeating: false, count: problem.domains.count)
        for (group, rules) in Self.groups(problem, index) {
            let blades = Set(group.map { problem.domains[$0].blade })
            if blades.count == 1 {
                items.append(group)
                for domain in group { bundled[domain] = true }
            } else if rules > 1 {
                tangled.formUnion(group)
            } else {
                let anchor = Self.anchor(of: group, problem, reach)
                for domain in group { anchors[domain] = anchor }
            }
        }
        for domain in problem.domains.indices where !bundled[domain] { items.append([domain]) }
        items.sort { $0[0] < $1[0] }
        var known: [[Int]: Int] = [:]
        let words = reach.words
        for (item, members) in items.enumerated() {
            for domain in members { itemOf[domain] = item }
            let origin = problem.domains[members[0]].blade
            // Staying is always allowed.
            let mayReturn = (anchors[members[0]] ?? origin) == origin && members.allSatisfy { reach.allows($0, origin) }
            let sources = members.count == 1 ? [reach.rowOf[members[0]]] : Set(members.map { reach.rowOf[$0] }).sorted()
            let key = [anchors[members[0]] ?? -1, mayReturn ? -1 : origin] + sources
            if known[key] == nil {
                var row = [UInt64](repeating: .max, count: words)
                for source in sources { for word in 0..<words { row[word] &= reach.rows[source * words + word] } }
                if let anchor = anchors[members[0]] {
                    for word in 0..<words { row[word] &= anchor >> 6 == word ? 1 << UInt64(anchor & 63) : 0 }
                }
                if !mayReturn { row[origin >> 6] |= 1 << UInt64(origin & 63) }
                known[key] = known.count
                allowed += row
            }
            let row = known[key] ?? 0
            rowOf.append(row)
            let elsewhere = (0..<words).contains { word in
                allowed[row * words + word] & ~(origin >> 6 == word ? 1 << UInt64(origin & 63) : 0) != 0
            }
            isMovable.append(elsewhere && members.allSatisfy { !banned.contains($0) && !tangled.contains($0) && Self.canMove(problem.domains[$0]) })
        }
    }

    static func canMove(_ domain: Problem.Domain) -> Bool {
        switch domain.mobility {
        case .live: true
        case .stopAndGo(let allowed): allowed >= MigrationEstimate.stopAndStart.downtime
        case .fixed: false
        }
    }

    /// Groups of two and more that rules tie together, however many rules that takes; members sorted.
    private static func groups(_ problem: Problem, _ index: [DomainID: Int]) -> [(members: [Int], rules: Int)] {
        var parent = Array(problem.domains.indices)
        func root(_ domain: Int) -> Int {
            var domain = domain
            while parent[domain] != domain {
                parent[domain] = parent[parent[domain]]
                domain = parent[domain]
            }
            return domain
        }
        var touched: Set<Int> = []
        var firsts: [Int] = []
        for case .together(let ids) in problem.rules.filter({ $0.price == nil }).map(\.kind) {
            let members = Set(ids.compactMap { index[$0] }).sorted()
            guard members.count > 1 else { continue }
            touched.formUnion(members)
            firsts.append(members[0])
            for member in members.dropFirst() {
                let (a, b) = (root(members[0]), root(member))
                parent[max(a, b)] = min(a, b)
            }
        }
        let rules = Dictionary(grouping: firsts, by: root)
        return Dictionary(grouping: touched, by: root).map { (members: $1.sorted(), rules: rules[$0]?.count ?? 0) }.sorted { $0.members[0] < $1.members[0] }
    }

    /// The blade that a split group is gathered on: one that accepts and holds the most of it already.
    private static func anchor(of group: [Int], _ problem: Problem, _ reach: Reach) -> Int {
        let blades = Set(group.map { problem.domains[$0].blade }).sorted()
        let score = { (blade: Int) in
            group.count { domain in
                problem.domains[domain].blade == blade || (canMove(problem.domains[domain]) && reach.allows(domain, blade))
            } * (group.count + 1) + group.count { problem.domains[$0].blade == blade }
        }
        let usable = blades.filter { problem.blades[$0].accepts && problem.goal != .evacuate(problem.blades[$0].id) }
        return (usable.isEmpty ? blades : usable).max { (score($0), -$0) < (score($1), -$1) } ?? blades[0]
    }
}
