import PodpModel

/// What would let a blade be emptied that cannot be: the smallest changes of the problem, each found by planning again with it.
struct Relaxations {
    private let problem: Problem
    private let evacuated: Int
    private let weights: Weights
    private let words: Words
    /// Plans that may still be made.
    private var left: Int

    init?(_ problem: Problem, weights: Weights) {
        guard case .evacuate(let id) = problem.goal, let evacuated = problem.blades.firstIndex(where: { $0.id == id }) else { return nil }
        self.problem = problem
        self.evacuated = evacuated
        self.weights = weights
        words = Words(problem: problem)
        // A plan for a large fleet takes a while: fewer are tried.
        left = problem.blades.count * problem.domains.count < 1 << 16 ? 40 : 8
    }

    /// What would let a consolidation go on: the blade that has the fewest domains after it, as one that is to be emptied; `nil` where there is none.
    static func afterConsolidation(_ problem: Problem, _ plan: Plan) -> Problem? {
        guard problem.goal == .consolidate, problem.blades.count * problem.domains.count < 1 << 20 else { return nil }
        var next = problem
        let domain = Dictionary(uniqueKeysWithValues: problem.domains.enumerated().map { ($1.id, $0) })
        let blade = Dictionary(uniqueKeysWithValues: problem.blades.enumerated().map { ($1.id, $0) })
        for move in plan.waves.joined().compactMap({ plan.moves.indices.contains($0) ? plan.moves[$0] : nil }) {
            if let domain = domain[move.domain], let target = blade[move.to] { next.domains[domain].blade = target }
        }
        // Nobody would be asked to an empty blade.
        var population = [Int](repeating: 0, count: problem.blades.count)
        for domain in next.domains { population[domain.blade] += 1 }
        let isStranger = problem.blades.map { $0.reserved.contains { $0 > 0 } }
        for index in next.blades.indices where population[index] == 0 && !isStranger[index] { next.blades[index].accepts = false }
        let occupied = problem.blades.indices.filter { population[$0] > 0 && problem.blades[$0].accepts && !isStranger[$0] }
        guard let easiest = occupied.min(by: { (population[$0], $0) < (population[$1], $1) }) else { return nil }
        next.goal = .evacuate(problem.blades[easiest].id)
        next.limits.maxMoves = max(problem.limits.maxMoves, population[easiest])
        return next
    }

    /// `it could be emptied without the rule 'apart: db', or with 2 GiB more memory on blade-3`; `nil` where nothing that was tried helps.
    mutating func sentence(for plan: Plan) -> String? {
        let stranded = strandedDomains(plan)
        guard !stranded.isEmpty else { return nil }
        var helps: [String] = []
        if let moves = moves(plan) { helps.append(moves) }
        for (index, rule) in problem.rules.enumerated() where rule.price == nil && left > 0 && helps.count < 4 {
            var changed = problem
            changed.rules.remove(at: index)
            if isEmptied(changed) { helps.append("without the rule '\(rule.name)'") }
        }
        if let room = room(stranded) { helps.append(room) }
        let fixed = stranded.filter { !Bundles.canMove(problem.domains[$0]) }
        if !fixed.isEmpty, helps.count < 4 {
            var changed = problem
            for domain in fixed { changed.domains[domain].mobility = .live }
            if isEmptied(changed) { helps.append("if \(words.set(fixed)) might move") }
        }
        guard !helps.isEmpty else { return nil }
        return "\(problem.blades[evacuated].name) could be emptied \(helps.joined(separator: ", or "))"
    }

    private func strandedDomains(_ plan: Plan) -> [Int] {
        let gone = Set(plan.moves.filter { $0.from == problem.blades[evacuated].id }.map(\.domain))
        return problem.domains.indices.filter { problem.domains[$0].blade == evacuated && !gone.contains(problem.domains[$0].id) }
    }

    private mutating func isEmptied(_ changed: Problem) -> Bool {
        guard left > 0 else { return false }
        left -= 1
        var changed = changed
        changed.limits.steps = min(changed.limits.steps, 50_000)
        guard Soundness.faults(of: changed).isEmpty else { return false }
        return strandedDomains(Attempt(changed, weights: weights, emptiesOrNothing: true).best()).isEmpty
    }

    /// The fewest moves that would do, where their number is what is in the way.
    private mutating func moves(_ plan: Plan) -> String? {
        let most = problem.limits.maxMoves
        guard most < problem.domains.count else { return nil }
        var (low, high) = (most, problem.domains.count)
        func with(_ count: Int) -> Problem {
            var changed = problem
            changed.limits.maxMoves = count
            return changed
        }
        guard isEmptied(with(high)) else { return nil }
        while high - low > 1, left > 28 {
            let middle = (low + high) / 2
            if isEmptied(with(middle)) { high = middle } else { low = middle }
        }
        return "with \(high) moves allowed instead of \(most)"
    }

    /// The least that one more blade's hard resource would have to be, on the blade where that is least; to a thirty-second of what is stranded.
    private mutating func room(_ stranded: [Int]) -> String? {
        var best: (amount: Int64, resource: Int, blade: Int)?
        for resource in problem.resources.indices where problem.resources[resource].hard {
            let needed = stranded.reduce(Int64(0)) { $0 + problem.domains[$1].high[resource] }
            guard needed > 0 else { continue }
            let unit = max(1, needed / 32)
            var used = problem.blades.map { $0.reserved[resource] }
            for domain in problem.domains { used[domain.blade] += domain.high[resource] }
            let targets = problem.blades.indices
                .filter { $0 != evacuated && problem.blades[$0].accepts && problem.blades[$0].capacity[resource] > 0 }
                .sorted { (problem.blades[$1].capacity[resource] - used[$1], $0) < (problem.blades[$0].capacity[resource] - used[$0], $1) }
            for blade in targets.prefix(3) where left > 0 {
                func with(_ units: Int64) -> Problem {
                    var changed = problem
                    changed.blades[blade].capacity[resource] += units * unit
                    return changed
                }
                var (low, high): (Int64, Int64) = (0, 33)
                guard isEmptied(with(high)) else { continue }
                while high - low > 1, left > 0 {
                    let middle = (low + high) / 2
                    if isEmptied(with(middle)) { high = middle } else { low = middle }
                }
                if high * unit < best?.amount ?? .max { best = (high * unit, resource, blade) }
            }
        }
        return best.map { "with \(words.amount($0.amount, $0.resource)) more \(words.name($0.resource)) on \(problem.blades[$0.blade].name)" }
    }
}
