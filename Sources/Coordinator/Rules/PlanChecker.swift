import PodpModel

/// Replays a plan on its problem and says whether every state of it, between its moves and in the midst of them, keeps every rule.
///
/// It shares no code with any planner. A wave's moves run side by side and end in any order: each is judged as if all of its wave had set off, none ended,
/// which is the worst of all orders, because a domain that is on its way counts at both ends.
public enum PlanChecker {
    /// The checker's word, with what the fleet broke before the plan and still breaks; or every violation that was found, in the order of the plan.
    ///
    /// Malformed problems and plans (indices out of range, lists of wrong length, ids twice, negative or overflowing amounts) are violations; nothing traps.
    public static func check(_ problem: Problem, _ plan: Plan) -> Result<Certificate, Violations> {
        do throws(Violations) {
            return .success(try certificate(for: plan, on: Fleet(problem)))
        } catch {
            return .failure(error)
        }
    }

    /// What the fleet breaks as it stands, by rule; what is wrong with the problem itself if it is malformed.
    public static func presentViolations(in problem: Problem) -> [Violation] {
        do throws(Violations) {
            return broken(in: try Fleet(problem))
        } catch {
            return error.list
        }
    }

    private static func broken(in fleet: Fleet) -> [Violation] {
        RuleBook(fleet).rules.flatMap { rule in rule.broken(in: fleet).map { Violation(step: 0, rule: rule.name, sentence: $0) } }
    }

    private static func brokenWishes(in fleet: Fleet) -> [Violation] {
        fleet.problem.rules.filter { $0.price != nil }.flatMap { rule in
            RuleBook.rule(rule, fleet).broken(in: fleet).map { Violation(step: 0, rule: rule.name, sentence: $0) }
        }
    }

    /// N+1 as a wish, where what a consolidation has emptied counts as off: a fleet at rest does not show that.
    private static func wishesBrokenOff(at end: Occupancy) -> [Violation] {
        end.fleet.problem.rules.filter { if case .survive = $0.kind { $0.price != nil } else { false } }.flatMap { rule in
            RuleBook.rule(rule, end.fleet).leftBroken(at: end).map { Violation(step: 0, rule: rule.name, sentence: $0) }
        }
    }

    private static func certificate(for plan: Plan, on fleet: Fleet) throws(Violations) -> Certificate {
        let faults = PlanShape.faults(of: plan, on: fleet)
        guard faults.isEmpty else { throw Violations(faults) }
        let book = RuleBook(fleet)
        var occupancy = Occupancy(fleet)
        var loads = RunningLoads(fleet)
        var found = loads.faults(in: plan.before, called: "before", step: 0)
        var waves: [[BladeLoad]] = []
        var finished = 0
        for wave in plan.waves {
            var setOff = finished
            var changed: Set<Int> = []
            for index in wave {
                let move = plan.moves[index]
                guard let domain = fleet.domainIndex[move.domain], let from = fleet.bladeIndex[move.from], let target = fleet.bladeIndex[move.to] else {
                    continue
                }
                setOff += 1
                guard !occupancy.isUnderWay(domain) else {
                    found.append(Violation(step: finished, rule: "plan", sentence: "\(move.domainName) moves twice in one wave"))
                    continue
                }
                guard occupancy.at[domain] == from else {
                    let actual = fleet.problem.blades[occupancy.at[domain]].name
                    found.append(
                        Violation(step: finished, rule: "plan", sentence: "\(move.domainName) is to leave \(move.fromName), and runs on \(actual) by then"))
                    continue
                }
                let arrival = Arrival(domain: domain, target: target, live: move.live, downtime: move.downtime)
                found += book.objections(to: arrival, in: occupancy, step: setOff)
                occupancy.start(domain, to: target)
                loads.move(domain, from: from, to: target)
                changed.formUnion([from, target])
            }
            occupancy.settle()
            finished += wave.count
            waves.append(changed.sorted().map { loads.load(of: $0) })
            for rule in book.rules { found += rule.worsened(at: occupancy).map { Violation(step: finished, rule: rule.name, sentence: $0) } }
        }
        for rule in book.rules {
            found += rule.leftBroken(at: occupancy).map { Violation(step: finished, rule: rule.name, sentence: $0) }
        }
        found += loads.faults(in: plan.after, called: "after", step: finished)
        guard found.isEmpty else { throw Violations(found) }
        var certificate = Certificate(states: 1 + 2 * plan.waves.count, rulesChecked: book.rules.count, tolerated: broken(in: fleet))
        var after = fleet.problem
        for domain in after.domains.indices { after.domains[domain].blade = occupancy.at[domain] }
        certificate.waves = waves
        let end = try Fleet(after)
        func atEnd(_ violations: [Violation]) -> [Violation] {
            violations.map { Violation(step: finished, rule: $0.rule, sentence: $0.sentence) }
        }
        certificate.left = atEnd(broken(in: end))
        certificate.wishes = atEnd(brokenWishes(in: end) + wishesBrokenOff(at: occupancy))
        if case .evacuate(let blade) = fleet.problem.goal {
            certificate.whenOff = SurvivalPremise.losses(switchingOff: blade, in: fleet.problem, at: after.domains.map(\.blade))
        }
        return certificate
    }
}

/// Whether a plan is one at all: known domains and blades, waves that hold every move once, limits kept.
enum PlanShape {
    static func faults(of plan: Plan, on fleet: Fleet) -> [Violation] {
        var faults: [String] = []
        let problem = fleet.problem
        if plan.revision != problem.revision { faults.append("the plan answers revision \(plan.revision), and this is revision \(problem.revision)") }
        if plan.goal != problem.goal { faults.append("the plan was made for another goal") }
        if plan.moves.count > problem.limits.maxMoves { faults.append("the plan has \(plan.moves.count) moves, \(problem.limits.maxMoves) are allowed") }
        if !plan.costBefore.isFinite || !plan.costAfter.isFinite { faults.append("the plan's cost is no number") }
        for (index, move) in plan.moves.enumerated() { check(move, at: index, fleet, into: &faults) }
        checkWaves(plan, fleet, into: &faults)
        return faults.map { Violation(step: 0, rule: "plan", sentence: $0) }
    }

    private static func check(_ move: Move, at index: Int, _ fleet: Fleet, into faults: inout [String]) {
        let problem = fleet.problem
        func compare(_ name: String, _ actual: String?, _ what: String, _ id: String) {
            guard let actual else { return faults.append("move \(index + 1) speaks of the \(what) \(name) (\(id)), which the problem does not know") }
            if actual != name { faults.append("move \(index + 1) calls \(actual) \(name)") }
        }
        compare(move.domainName, fleet.domainIndex[move.domain].map { problem.domains[$0].name }, "domain", move.domain.description)
        compare(move.fromName, fleet.bladeIndex[move.from].map { problem.blades[$0].name }, "blade", move.from.description)
        compare(move.toName, fleet.bladeIndex[move.to].map { problem.blades[$0].name }, "blade", move.to.description)
        if move.from == move.to { faults.append("move \(index + 1) sends \(move.domainName) to where it is") }
        if move.downtime < .zero || move.duration < .zero { faults.append("move \(index + 1) takes less than no time") }
    }

    private static func checkWaves(_ plan: Plan, _ fleet: Fleet, into faults: inout [String]) {
        var seen = [Bool](repeating: false, count: plan.moves.count)
        for (number, wave) in plan.waves.enumerated() {
            if wave.isEmpty { faults.append("wave \(number + 1) is empty") }
            var taking: [BladeID: Int] = [:]
            for index in wave {
                guard plan.moves.indices.contains(index) else {
                    faults.append("wave \(number + 1) speaks of move \(index) of \(plan.moves.count)")
                    continue
                }
                if seen[index] { faults.append("move \(index + 1) stands in the waves twice") }
                seen[index] = true
                taking[plan.moves[index].from, default: 0] += 1
                taking[plan.moves[index].to, default: 0] += 1
            }
            for (chassis, count) in crossing(wave, of: plan, fleet).sorted(by: { $0.key < $1.key }) where count > fleet.problem.limits.movesPerUplink {
                let sentence = "\(count) moves of wave \(number + 1) leave or enter \(chassis), \(fleet.problem.limits.movesPerUplink) are allowed"
                faults.append(sentence)
            }
            for (id, count) in taking.sorted(by: { $0.key < $1.key }) where count > fleet.problem.limits.movesPerBlade {
                let name = fleet.bladeIndex[id].map { fleet.problem.blades[$0].name } ?? id.description
                faults.append("\(name) takes part in \(count) moves of wave \(number + 1), \(fleet.problem.limits.movesPerBlade) are allowed")
            }
        }
        for index in seen.indices where !seen[index] { faults.append("move \(index + 1) stands in no wave") }
    }

    /// By chassis: moves of the wave that leave or enter it.
    private static func crossing(_ wave: [Int], of plan: Plan, _ fleet: Fleet) -> [String: Int] {
        var crossing: [String: Int] = [:]
        for index in wave where plan.moves.indices.contains(index) {
            guard let from = fleet.bladeIndex[plan.moves[index].from], let target = fleet.bladeIndex[plan.moves[index].to] else { continue }
            let (here, there) = (fleet.problem.blades[from].chassis, fleet.problem.blades[target].chassis)
            // Nobody knows what is between blades of no chassis.
            guard here != there, !here.isEmpty, !there.isEmpty else { continue }
            crossing[here, default: 0] += 1
            crossing[there, default: 0] += 1
        }
        return crossing
    }
}
