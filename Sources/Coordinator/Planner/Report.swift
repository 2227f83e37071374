import PodpModel

/// Puts a schedule into words and numbers: the plan as people and the coordinator see it.
struct Report {
    private let problem: Problem
    private let board: Board
    private let reach: Reach
    private let schedule: Schedule
    private let words: Words

    init(_ problem: Problem, board: Board, reach: Reach, schedule: Schedule) {
        self.problem = problem
        self.board = board
        self.reach = reach
        self.schedule = schedule
        words = Words(problem: problem)
    }

    func plan(remarks: [String]) -> Plan {
        let start = Placement(board)
        let end = Placement(board, at: (0..<board.items).map { schedule.at[board.domains[$0][board.domains[$0].startIndex]] })
        let before = start.placementCost
        let after = end.placementCost + schedule.steps.reduce(0) { $0 + board.estimates[$1.domain].cost(board.weights) }
        let steps = schedule.steps
        let pays = steps.isEmpty || isWorthwhile(before: before, after: after)
        var plan = Plan(
            revision: problem.revision, goal: problem.goal, moves: [], waves: [], before: loads(start), after: loads(start), costBefore: before,
            costAfter: before, remarks: remarks)
        plan.wattsBefore = BoardWatts.drawn(problem, start)
        plan.wattsAfter = plan.wattsBefore
        if pays, !steps.isEmpty {
            plan.wattsAfter = BoardWatts.drawn(problem, end)
            plan.moves = moves(start)
            plan.waves = schedule.waves
            plan.after = loads(end)
            plan.costAfter = after
        }
        let reached = pays ? end : start
        plan.remarks += Remarks(problem, board: board, reach: reach, start: start, end: reached, words: words)
            .list(found: steps.count, shown: plan.moves.count, before: before, after: after)
        return plan
    }

    /// Hysteresis: a balance gains at least what the limits ask for. Blades that are to be emptied are emptied for any gain.
    private func isWorthwhile(before: Double, after: Double) -> Bool {
        guard after < before else { return false }
        return problem.goal != .balance || (before - after) * 1000 >= before * Double(problem.limits.minimumGainPermille)
    }

    private func loads(_ placement: Placement) -> [BladeLoad] {
        problem.blades.enumerated().map { index, blade in
            let permille = (0..<board.resources).map { resource in
                blade.capacity[resource] == 0 ? 0 : placement.mean[index * board.resources + resource] * 1000 / blade.capacity[resource]
            }
            return BladeLoad(blade: blade.id, name: blade.name, permille: permille, domains: placement.population[index])
        }
    }

    // MARK: - Moves

    private func moves(_ start: Placement) -> [Move] {
        var running = Running(problem)
        var rules = RuleState(board.terms, at: board.origin)
        var itemOf: [Int: Int] = [:]
        for item in 0..<board.items { if let first = board.domains[item].first { itemOf[first] = item } }
        return schedule.steps.map { step in
            let domain = problem.domains[step.domain]
            let estimate = board.estimates[step.domain]
            // A group is told of with its first domain.
            let mended = itemOf[step.domain].map { rules.mended(byMoving: $0, from: step.from, to: step.to) } ?? []
            let reason = reason(for: step, mending: mended, start, running)
            running.move(step.domain, from: step.from, to: step.to)
            return Move(
                domain: domain.id, domainName: domain.name, from: problem.blades[step.from].id, fromName: problem.blades[step.from].name,
                to: problem.blades[step.to].id, toName: problem.blades[step.to].name, live: domain.mobility == .live, bytes: estimate.bytes,
                duration: estimate.duration, downtime: estimate.downtime, reason: reason)
        }
    }

    private func reason(for step: Schedule.Step, mending rules: [String], _ start: Placement, _ running: Running) -> String {
        let reason = reason(for: step, start, running)
        let names = rules.joined(separator: ", ")
        if problem.goal == .restore, step.aside == nil {
            return (rules.isEmpty ? board.cover.isEmpty ? "makes room: " : "for N+1, or to make room: " : "mends \(names): ") + reason
        }
        return rules.isEmpty ? reason : reason + "; it mends \(names)"
    }

    private func reason(for step: Schedule.Step, _ start: Placement, _ running: Running) -> String {
        let domain = problem.domains[step.domain]
        let (source, target) = (problem.blades[step.from], problem.blades[step.to])
        if let other = step.aside {
            return "\(domain.name) steps aside to \(target.name), so that \(problem.domains[other].name) finds room on \(source.name); it goes on from there"
        }
        let resource = problem.goal == .balance ? mostRelieved(step, running) : fullest(step, running)
        let takes = "\(domain.name) takes \(words.amount(domain.mean[resource], resource)) of it"
        let there =
            "\(target.name) is at \(words.percent(running.share(step.to, resource))), "
            + "then \(words.percent(running.share(step.to, resource, plus: step.domain)))"
        let called = "\(source.name)'s \(words.name(resource))"
        let here = running.share(step.from, resource)
        switch problem.goal {
        case .evacuate:
            if step.from == board.evacuated {
                return "\(source.name) is to be emptied; \(domain.name) takes \(demand(step.domain)); \(there) of \(words.name(resource))"
            }
            return "\(domain.name) makes room on \(source.name); \(there) of \(words.name(resource))"
        case .consolidate:
            return "\(source.name) is emptied; \(domain.name) takes \(demand(step.domain)); \(there) of \(words.name(resource))"
        case .restore: return "\(domain.name) takes \(demand(step.domain)); \(there) of \(words.name(resource))"
        case .balance: break
        }
        let size = words.amount(source.capacity[resource], resource)
        let comfort = "comfort \(words.percent(Double(source.comfort[resource]) / 1000))"
        let index = step.from * board.resources + resource
        if !board.isHard[resource], here > board.comfort[index] {
            return "\(called) is at \(words.percent(here)) of \(size) (\(comfort)); \(takes); \(there)"
        }
        let peak = running.peak(step.from, resource)
        if !board.isHard[resource], peak > board.comfort[index] {
            return "\(called) reaches \(words.percent(peak)) of \(size) (\(comfort), mean \(words.percent(here))); \(takes); \(there)"
        }
        if here > board.fleetUtilisation[resource] {
            return "\(called) is at \(words.percent(here)) of \(size), the fleet's at \(words.percent(board.fleetUtilisation[resource])); \(takes); \(there)"
        }
        if let saved = running.watts(saved: step, cpu: board.watts.resource), saved >= 1 {
            return
                "\(target.name) computes with fewer watts: about \(Int(saved.rounded())) W less; \(takes) of \(source.name); \(there) of \(words.name(resource))"
        }
        return "in exchange: \(domain.name) makes room on \(source.name) (\(called) is at \(words.percent(here))); \(there)"
    }

    /// `1.4 cores and 2 GiB`.
    private func demand(_ domain: Int) -> String {
        let parts = (0..<board.resources).filter { problem.domains[domain].mean[$0] > 0 }.prefix(2).map { words.amount(problem.domains[domain].mean[$0], $0) }
        return parts.isEmpty ? "next to nothing" : parts.joined(separator: " and ")
    }

    /// The resource that the target has least left of.
    private func fullest(_ step: Schedule.Step, _ running: Running) -> Int {
        (0..<board.resources).max { (running.share(step.to, $0, plus: step.domain), -$0) < (running.share(step.to, $1, plus: step.domain), -$1) } ?? 0
    }

    /// The resource for whose sake the move pays most at its source; hard ones where nothing else is wanted.
    private func mostRelieved(_ step: Schedule.Step, _ running: Running) -> Int {
        var best = (resource: 0, relief: -Double.infinity)
        for resource in 0..<board.resources {
            let index = step.from * board.resources + resource
            guard board.inverse[index] > 0, problem.domains[step.domain].mean[resource] > 0 else { continue }
            let before = running.peak(step.from, resource)
            let after = running.peak(step.from, resource, minus: step.domain)
            let waits = { (peak: Double) in board.isHard[resource] ? 0 : max(0, Queue.length(peak) - board.queueAtComfort[index]) }
            let distance = { (share: Double) in (share - board.fleetUtilisation[resource]) * (share - board.fleetUtilisation[resource]) }
            let relief =
                waits(before) - waits(after) + board.balanceWeight[resource]
                * (distance(running.share(step.from, resource)) - distance(running.share(step.from, resource, minus: step.domain)))
            if relief > best.relief { best = (resource, relief) }
        }
        return best.resource
    }
}

/// Loads as the moves of a plan are told one by one.
private struct Running {
    private let problem: Problem
    private var mean: [Int64]
    private var squares: [Double]

    init(_ problem: Problem) {
        let count = problem.resources.count
        self.problem = problem
        mean = problem.blades.flatMap(\.reserved)
        squares = Array(repeating: 0, count: mean.count)
        for (index, domain) in problem.domains.enumerated() {
            for resource in 0..<count {
                mean[domain.blade * count + resource] += domain.mean[resource]
                squares[domain.blade * count + resource] += square(index, resource)
            }
        }
    }

    private func square(_ domain: Int, _ resource: Int) -> Double {
        let deviation = Double(problem.domains[domain].high[resource] - problem.domains[domain].mean[resource])
        return deviation * deviation
    }

    mutating func move(_ domain: Int, from: Int, to: Int) {
        let count = problem.resources.count
        for resource in 0..<count {
            mean[from * count + resource] -= problem.domains[domain].mean[resource]
            mean[to * count + resource] += problem.domains[domain].mean[resource]
            squares[from * count + resource] -= square(domain, resource)
            squares[to * count + resource] += square(domain, resource)
        }
    }

    func share(_ blade: Int, _ resource: Int, plus comer: Int? = nil, minus leaver: Int? = nil) -> Double {
        let capacity = problem.blades[blade].capacity[resource]
        guard capacity > 0 else { return 0 }
        var used = mean[blade * problem.resources.count + resource]
        if let comer { used += problem.domains[comer].mean[resource] }
        if let leaver { used -= problem.domains[leaver].mean[resource] }
        return Double(used) / Double(capacity)
    }

    /// What moving it saves, by the processors' use alone; `nil`: not weighed, or not known.
    func watts(saved step: Schedule.Step, cpu: Int) -> Double? {
        guard cpu >= 0, let here = problem.blades[step.from].power, let there = problem.blades[step.to].power else { return nil }
        func drawn(_ power: BladePower, _ blade: Int) -> Double {
            let capacity = problem.blades[blade].capacity[cpu]
            return capacity > 0 ? Double(power.busyWatts - power.idleWatts) * Double(problem.domains[step.domain].mean[cpu]) / Double(capacity) : 0
        }
        return drawn(here, step.from) - drawn(there, step.to)
    }

    func peak(_ blade: Int, _ resource: Int, minus leaver: Int? = nil) -> Double {
        let capacity = problem.blades[blade].capacity[resource]
        guard capacity > 0 else { return 0 }
        let left = squares[blade * problem.resources.count + resource] - (leaver.map { square($0, resource) } ?? 0)
        return share(blade, resource, minus: leaver) + max(0, left).squareRoot() / Double(capacity)
    }
}
