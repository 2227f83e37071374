import PodpModel

/// Why a plan does nothing, or not all that was wanted, in words and numbers.
struct Remarks {
    private let problem: Problem
    private let board: Board
    private let reach: Reach
    private let start: Placement
    private let end: Placement
    private let words: Words

    init(_ problem: Problem, board: Board, reach: Reach, start: Placement, end: Placement, words: Words) {
        self.problem = problem
        self.board = board
        self.reach = reach
        self.start = start
        self.end = end
        self.words = words
    }

    /// - Parameters:
    ///   - found: moves that the search and the schedule came to.
    ///   - shown: moves of them that the plan has.
    func list(found: Int, shown: Int, before: Double, after: Double) -> [String] {
        unknownWatts() + byGoal(found: found, shown: shown, before: before, after: after)
    }

    /// Watts that were to be weighed.
    private func unknownWatts() -> [String] {
        guard problem.limits.weighsWatts, problem.goal != .restore else { return [] }
        let unknown = problem.blades.filter { $0.power == nil }
        guard !unknown.isEmpty else { return [] }
        if unknown.count == problem.blades.count { return ["watts are not weighed: no chassis has measured any blade's for long enough"] }
        let names = unknown.prefix(8).map(\.name).joined(separator: ", ") + (unknown.count > 8 ? " and \(unknown.count - 8) more" : "")
        return ["no chassis has measured the watts of {\(names)} for long enough: they count as a usual blade's"]
    }

    private func byGoal(found: Int, shown: Int, before: Double, after: Double) -> [String] {
        switch problem.goal {
        case .balance: balance(found: found, shown: shown, before: before, after: after)
        case .evacuate: board.evacuated < 0 ? [] : stranded(on: board.evacuated, after: end)
        case .consolidate: consolidation(shown: shown)
        case .restore: broken(shown)
        }
    }

    // MARK: - Balance

    private func balance(found: Int, shown: Int, before: Double, after: Double) -> [String] {
        if problem.blades.count < 2 { return ["nothing to balance: there is one blade, or none"] }
        guard shown == 0 else { return limit(shown) }
        if found > 0 {
            let gain = before > 0 ? (before - after) / before : 0
            return [
                "no move is worth its cost: the best plan found (\(found) \(found == 1 ? "move" : "moves")) gains \(words.tenths(gain * 100)) %, "
                    + "less than the \(words.tenths(Double(problem.limits.minimumGainPermille) / 10)) % that are asked for"
            ]
        }
        let hot = overComfort()
        if hot.isEmpty { return ["nothing to do: no blade is above its comfort level, and no move would gain more than it costs"] }
        return hot.prefix(8).map { blade, resource in
            let index = blade * board.resources + resource
            let share = Double(start.mean[index]) * board.inverse[index]
            return "\(problem.blades[blade].name)'s \(words.name(resource)) reaches \(words.percent(peak(blade, resource))) (mean \(words.percent(share)), "
                + "comfort \(words.percent(board.comfort[index]))), and nothing can be done about it: \(whyStuck(blade))"
        }
    }

    private func limit(_ shown: Int) -> [String] {
        guard shown >= problem.limits.maxMoves, board.isMovable.contains(true) else { return [] }
        return ["stopped at the limit of \(problem.limits.maxMoves) moves: a further plan may gain more"]
    }

    /// Blades above comfort at their peak, and the resource.
    private func overComfort() -> [(blade: Int, resource: Int)] {
        (0..<board.blades).flatMap { blade in
            (0..<board.resources).compactMap { resource in
                let index = blade * board.resources + resource
                return !board.isHard[resource] && board.inverse[index] > 0 && peak(blade, resource) > board.comfort[index] ? (blade, resource) : nil
            }
        }
    }

    private func peak(_ blade: Int, _ resource: Int) -> Double {
        let index = blade * board.resources + resource
        return (Double(start.mean[index]) + Double(start.spread[index]).squareRoot() * board.spreadUnit[resource]) * board.inverse[index]
    }

    private func whyStuck(_ blade: Int) -> String {
        let items = start.items(on: blade)
        if problem.limits.maxMoves == 0 { return "no moves are allowed" }
        if items.isEmpty { return "what runs there is not podp's" }
        let movable = items.filter { board.isMovable[$0] }
        if movable.isEmpty { return whyFixed(board.domains[items[0]].first ?? 0) }
        let fitting = movable.filter { item in (0..<board.blades).contains { $0 != blade && start.fits(item, on: $0) } }
        return fitting.isEmpty ? "no other blade has room for one of its domains" : "every move would gain less than it costs"
    }

    // MARK: - Mending

    private func broken(_ shown: Int) -> [String] {
        let units = (0..<board.terms.count).reduce(0) { $0 + end.rules.units($1) }
        if units == 0, end.coverCost == 0 { return shown == 0 ? ["nothing to mend: every rule is kept"] : [] }
        return limit(shown) + ["not every rule can be kept: what is left would take moves that are not legal, or weighs less than they cost"]
    }

    // MARK: - Emptying

    private func consolidation(shown: Int) -> [String] {
        let emptied = (0..<board.blades).filter { start.population[$0] > 0 && end.population[$0] == 0 }
        var remarks: [String] = []
        if !emptied.isEmpty {
            remarks.append("emptied: \(emptied.map { problem.blades[$0].name }.joined(separator: ", "))")
        }
        let occupied = (0..<board.blades).filter { end.population[$0] > 0 && board.accepts[$0] && !board.isNeverEmpty[$0] }
        guard let easiest = occupied.min(by: { (end.population[$0], $0) < (end.population[$1], $1) }) else { return remarks + limit(shown) }
        return remarks + limit(shown) + stranded(on: easiest, after: end).map { emptied.isEmpty ? $0 : "no further one: \($0)" }
    }

    /// Why a blade is not empty: what stays by its nature, what no blade may take, and what finds no room.
    private func stranded(on blade: Int, after end: Placement) -> [String] {
        let left = end.items(on: blade)
        guard !left.isEmpty else { return [] }
        let name = problem.blades[blade].name
        var remarks: [String] = []
        var homeless: [Int] = []
        for item in left {
            if board.isMovable[item] {
                homeless.append(item)
            } else if remarks.count < 8 {
                remarks.append("\(name) cannot be emptied: \(whyFixed(board.domains[item].first ?? 0))")
            }
        }
        guard !homeless.isEmpty else { return remarks }
        return remarks + [short(of: homeless, on: blade, end)]
    }

    private func short(of items: [Int], on blade: Int, _ end: Placement) -> String {
        let domains = items.flatMap { Array(board.domains[$0]) }
        let name = problem.blades[blade].name
        for resource in 0..<board.resources where board.isHard[resource] {
            let count = board.resources
            let needed = items.reduce(Int64(0)) { $0 + board.high[$1 * count + resource] }
            let free = (0..<board.blades).filter { target in
                target != blade && items.contains { board.allows($0, target) } && board.room[target * count + resource] >= 0
            }
            .map { max(0, board.room[$0 * count + resource] - end.high[$0 * count + resource]) }
            let total = free.reduce(0) { min($0 + $1, Soundness.largest) }
            let verb = domains.count == 1 ? "needs" : "need"
            if needed > total {
                return
                    "\(name) cannot be emptied: \(words.set(domains)) \(verb) \(words.amount(needed, resource)), "
                    + "\(words.amount(total, resource)) is free elsewhere"
            }
            let largest = items.map { board.high[$0 * count + resource] }.max() ?? 0
            if let piece = free.max(), largest > piece {
                return
                    "\(name) cannot be emptied: \(words.set(domains)) \(verb) \(words.amount(needed, resource)), "
                    + "\(words.amount(total, resource)) is free elsewhere "
                    + "in pieces of \(words.amount(piece, resource)) at most"
            }
        }
        let present = start.population[blade]
        if problem.limits.maxMoves < present {
            return "\(name) cannot be emptied: \(present) domains are on it, \(problem.limits.maxMoves) moves are allowed"
        }
        if problem.goal == .consolidate { return "\(name) is not emptied: \(Obstacles(board, end, words).sentence(items, on: blade))" }
        return "\(name) cannot be emptied: no legal way was found to place \(words.set(domains)) elsewhere"
    }

    /// Its disks, or the rules that name blades, keep it from all of the others.
    private func whyNowhere(_ domain: Int, _ others: [Int]) -> String {
        var alone = problem
        alone.domains = [problem.domains[domain]]
        alone.rules = []
        func isAllowed() -> Bool {
            let reach = Reach(alone)
            return others.contains { reach.allows(0, $0) }
        }
        guard !isAllowed() else {
            let rules = problem.rules.filter { rule in
                switch rule.kind {
                case .onlyOn(let members, _), .neverOn(let members, _): rule.price == nil && members.contains(problem.domains[domain].id)
                default: false
                }
            }
            return rules.isEmpty ? "what it is tied to may not" : "by its rules (\(rules.prefix(4).map(\.name).joined(separator: "; ")))"
        }
        let local = problem.domains[domain].storage.filter { path in
            alone.domains[0].storage = [path]
            return !isAllowed()
        }
        guard !local.isEmpty else { return "no other blade shares all of its disks" }
        let names = local.prefix(3).map { Self.path(of: $0) }.joined(separator: ", ") + (local.count > 3 ? " and \(local.count - 3) more" : "")
        return "no other blade shares \(local.count == 1 ? "its disk" : "its disks") \(names)"
    }

    /// Storage is named by path and serial number, in brackets.
    private static func path(of name: String) -> String {
        guard name.hasSuffix(")"), let bracket = name.lastIndex(of: "(") else { return name }
        var path = name[..<bracket]
        while path.hasSuffix(" ") { path.removeLast() }
        return String(path)
    }

    private func whyFixed(_ domain: Int) -> String {
        let facts = problem.domains[domain]
        switch facts.mobility {
        case .fixed(let reason): return "\(facts.name) stays: \(reason)"
        case .stopAndGo(let allowed) where !Bundles.canMove(facts):
            return "\(facts.name) cannot migrate live and may be stopped for \(words.tenths(allowed.inSeconds)) s, "
                + "\(words.tenths(MigrationEstimate.stopAndGo)) s are needed"
        default: break
        }
        let others = (0..<board.blades).filter { $0 != facts.blade }
        let obstacles = others.compactMap { words.obstacle(domain, $0) }
        if others.allSatisfy({ !reach.allows(domain, $0) }) {
            guard !obstacles.isEmpty else { return "\(facts.name) may go nowhere: \(whyNowhere(domain, others))" }
            return "\(facts.name) may go nowhere: \(obstacles.prefix(4).joined(separator: "; "))" + (obstacles.count > 4 ? " and so on" : "")
        }
        if board.banned.contains(domain) { return "\(facts.name) has room elsewhere, but no order of moves was found that is legal at every step" }
        return "\(facts.name) is tied by its rules"
    }
}
