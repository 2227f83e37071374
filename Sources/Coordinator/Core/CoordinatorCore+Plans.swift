import PodpModel
import PodpRules

/// A plan that is being made, for whom, and on what.
struct PlanTicket: Sendable, Codable {
    enum Receiver: Sendable, Codable {
        case request(RequestID, Actor)
        /// podp's own look at the balance.
        case automation
        /// Somebody who asks what if; `present`: the fleet as it is, `remarks`: what was assumed.
        case hypothesis(RequestID, Hypothesis, present: Problem, remarks: [String])
    }

    var receiver: Receiver
    var problem: Problem
    var despitePolicy: Bool?
}

extension CoordinatorCore {
    // MARK: - Making

    mutating func plan(_ goal: Problem.Goal, weighsWatts: Bool = false, despitePolicy: Bool = false, for receiver: PlanTicket.Receiver) {
        if case .evacuate(let blade) = goal, decided.blades[blade] == nil {
            if case .request(let request, _) = receiver { refuse(request, .noBlade(blade)) }
            return
        }
        guard planning.count < 16 else {
            if case .request(let request, _) = receiver {
                refuse(request, Refusal(.busy, "\(planning.count) plans are being made", remedy: "try again in a moment"))
            }
            return
        }
        let automatic: Bool = if case .automation = receiver { true } else { false }
        let problem = problem(goal, automatic: automatic, weighsWatts: weighsWatts, despitePolicy: despitePolicy)
        let ticket = newTicket()
        planning[ticket] = PlanTicket(receiver: receiver, problem: problem, despitePolicy: despitePolicy ? true : nil)
        emit(.plan(ticket: ticket, problem))
    }

    mutating func finishPlanning(_ number: UInt64, plan: Plan) {
        guard let ticket = planning.removeValue(forKey: number), isActive else { return }
        if case .hypothesis(let request, let hypothesis, let present, let remarks) = ticket.receiver {
            return finishConsidering(hypothesis, plan, on: ticket.problem, present: present, remarks: remarks, request: request)
        }
        let by: String = if case .request(_, let actor) = ticket.receiver { actor.name } else { "podp: balance" }
        switch PlanChecker.check(ticket.problem, plan) {
        case .failure(let violations):
            let sentence = violations.list.first?.sentence ?? "it names no reason"
            audit("plan-rejected", .critical, by: by, "a plan of podp's own planner breaks a rule and is not shown: \(sentence)")
            if case .request(let request, _) = ticket.receiver {
                refuse(
                    request,
                    Refusal(
                        .unavailable, "the planner's plan breaks a rule, so it is not shown: \(sentence)",
                        remedy: "please report this with `podp status --output json`"))
            }
        case .success(let certificate):
            var record = PlanRecord(
                id: plan.contentID(despitePolicy: ticket.despitePolicy == true), plan: plan, certificate: certificate, createdAt: now.wall, by: by)
            record.despitePolicy = ticket.despitePolicy
            switch ticket.receiver {
            case .request(let request, _):
                let kept = keep(record)
                emitAfterCommit(.answer(request, .plan(kept)))
            case .hypothesis: break
            case .automation:
                guard !plan.moves.isEmpty, decided.settings.frozen == nil else { return }
                let mayAct = plan.moves.allSatisfy { isAutomatic($0.from) && isAutomatic($0.to) }
                // The same advice is given once, not at every look.
                guard mayAct || !isProposed(plan, by: by) else { return }
                let isNew = decided.plans[record.id] == nil
                let kept = keep(record)
                // One that is applied at once is told of by its beginning.
                if isNew, !mayAct { audit("plan-proposed", by: by, "plan \(kept.id): \(plan.summary)") }
                guard mayAct else { return }
                if let reason = apply(kept, by: "podp: balance") { audit("plan-not-applied", .warning, by: by, "plan \(kept.id): \(reason)") }
            }
        }
    }

    private func isAutomatic(_ blade: BladeID) -> Bool { decided.blades[blade].map { policy(of: $0.chassis) == .automatic } ?? false }

    /// Whether an open proposal of the last hour has the same moves; its numbers may differ a little.
    private func isProposed(_ plan: Plan, by: String) -> Bool {
        let hourAgo = WallTime(milliseconds: now.wall.milliseconds - 3_600_000)
        return decided.plans.values.contains { record in
            record.state == .proposed && record.by == by && record.createdAt > hourAgo && record.plan.goal == plan.goal
                && record.plan.moves.elementsEqual(plan.moves) { $0.domain == $1.domain && $0.from == $1.from && $0.to == $1.to && $0.live == $1.live }
        }
    }

    /// Stores a plan; one with the same content that is under way or was carried out stays what it is.
    private mutating func keep(_ record: PlanRecord) -> PlanRecord {
        if let known = decided.plans[record.id], known.state != .proposed, known.plan == record.plan { return known }
        put(.plan(record))
        return record
    }

    // MARK: - Automation

    mutating func balanceIfDue() {
        guard let due = nextBalance, now.instant >= due else { return }
        nextBalance = now.instant + configuration.balanceInterval
        guard decided.settings.frozen == nil, planning.isEmpty else { return }
        guard decided.blades.values.contains(where: { policy(of: $0.chassis) != .manual }) else { return }
        // A state that is changing is no state to judge.
        guard decided.open.isEmpty, !decided.plans.values.contains(where: \.isApplying) else { return }
        let hourAgo = WallTime(milliseconds: now.wall.milliseconds - 3_600_000)
        guard decided.domains.values.count(where: { $0.movedAt.map { $0 > hourAgo } ?? false }) < decided.settings.maxMovesPerHour else { return }
        plan(.balance, for: .automation)
    }

    // MARK: - Applying

    mutating func applyPlan(_ id: String, request: RequestID, by actor: Actor) {
        let record: PlanRecord
        switch storedPlan(id) {
        case .success(let found): record = found
        case .failure(let refusal): return refuse(request, refusal)
        }
        guard record.state == .proposed else {
            return refuse(
                request, Refusal(.conflict, "plan \(record.id) is not to be applied: it is \(record.state.word)", remedy: "make a new one: `podp plan`"))
        }
        guard !record.plan.moves.isEmpty else { return refuse(request, Refusal(.conflict, "plan \(record.id) has no moves")) }
        if let reason = apply(record, by: actor.name) {
            refuse(request, Refusal(.planStale, "plan \(record.id) is not applied: \(reason)", remedy: "make a new one: `podp plan`"))
            return
        }
        emitAfterCommit(.answer(request, .plan(decided.plans[record.id] ?? record)))
    }

    private func storedPlan(_ id: String) -> Result<PlanRecord, Refusal> {
        let matches = decided.plans.values.filter { $0.id.hasPrefix(id) }.sorted { $0.id < $1.id }
        guard let record = matches.first, !id.isEmpty else {
            return .failure(Refusal(.notFound, "there is no plan \(id)", remedy: "`podp plan list` shows them; `podp plan` makes one"))
        }
        guard matches.count == 1 else { return .failure(Refusal(.conflict, "\(id) begins the names of \(matches.count) plans", remedy: "write more of it")) }
        return .success(record)
    }

    /// A plan that undoes another, checked like any other and kept as a proposal.
    mutating func rollbackPlan(_ id: String, request: RequestID, by actor: Actor) {
        let record: PlanRecord
        switch storedPlan(id) {
        case .success(let found): record = found
        case .failure(let refusal): return refuse(request, refusal)
        }
        let done: Set<Int>
        switch record.state {
        case .proposed: return refuse(request, Refusal(.conflict, "plan \(record.id) was not carried out: there is nothing to undo"))
        case .applying:
            return refuse(request, Refusal(.conflict, "plan \(record.id) is being applied", remedy: "undo it when it has ended"))
        case .done: done = Set(record.plan.moves.indices)
        case .stopped:
            let begun = record.operations.enumerated().compactMap { index, id in id.map { (index, decided.operations[$0]) } }
            if let open = begun.compactMap(\.1).first(where: { !$0.state.isEnded }) {
                return refuse(
                    request,
                    Refusal(
                        .busy, "plan \(record.id) was stopped, and the move of \(open.domainName) that it began has not ended (#\(open.id.sequence))",
                        remedy: "undo it when that has ended"))
            }
            // One whose record is forgotten is undone if its domain is where it was sent: `Rollback` looks.
            done = Set(begun.filter { $0.1.map { $0.state == .succeeded } ?? true }.map(\.0))
        }
        var problem = problem(.balance)
        // The way back may take as many moves as the way there.
        problem.limits.maxMoves = max(problem.limits.maxMoves, record.plan.moves.count)
        let plan = Rollback.plan(undoing: record.plan, called: record.id, done: done, on: problem)
        guard !plan.moves.isEmpty else {
            let why = plan.remarks.isEmpty ? "none of its moves was made" : plan.remarks.joined(separator: "; ")
            return refuse(request, Refusal(.conflict, "plan \(record.id) cannot be undone: \(why)"))
        }
        switch PlanChecker.check(problem, plan) {
        case .failure(let violations):
            let why = violations.list.prefix(4).map(\.sentence).joined(separator: "; ")
            refuse(request, Refusal(.conflict, "plan \(record.id) cannot be undone as it was done: \(why)", remedy: "`podp plan` looks for other moves"))
        case .success(let certificate):
            let kept = keep(PlanRecord(id: plan.contentID(), plan: plan, certificate: certificate, createdAt: now.wall, by: actor.name))
            emitAfterCommit(.answer(request, .plan(kept)))
        }
    }

    /// Begins the first wave. Returns why it cannot, in words; then nothing was begun.
    private mutating func apply(_ record: PlanRecord, by actor: String) -> String? {
        if let running = decided.plans.values.filter(\.isApplying).min(by: { $0.id < $1.id }) { return "plan \(running.id) is being applied" }
        guard let wave = record.plan.waves.first else { return "it has no moves" }
        if let changed = changes(in: wave, of: record) { return changed }
        var record = record
        record.by = actor
        record.state = .applying(wave: 0)
        put(.plan(record))
        audit("plan-started", by: actor, "plan \(record.id) is being applied: \(record.plan.summary)")
        beginWave(0, of: record)
        return nil
    }

    /// What has changed since the plan was made, so that a wave's steps are not to be done.
    private func changes(in wave: [Int], of record: PlanRecord) -> String? {
        let present = problem(record.plan.goal, despitePolicy: record.despitePolicy == true)
        var inFlight: [Move] = []
        for index in wave {
            guard record.plan.moves.indices.contains(index) else { return "the plan is damaged: it has no move \(index + 1)" }
            let move = record.plan.moves[index]
            if let domain = decided.domains[move.domain], !present.domains.contains(where: { $0.id == move.domain }) {
                return "move \(index + 1): \(move.domainName) does not run any more: it is \(state(of: domain).rawValue)"
            }
            let changes = StepPremise.changes(for: move, in: present, inFlight: inFlight)
            if !changes.isEmpty { return "move \(index + 1) (\(move.domainName) to \(move.toName)): \(changes.joined(separator: "; "))" }
            inFlight.append(move)
        }
        return nil
    }

    private mutating func beginWave(_ number: Int, of record: PlanRecord) {
        var record = record
        record.state = .applying(wave: number)
        var failure: String?
        for index in record.plan.waves[number] {
            let move = record.plan.moves[index]
            guard let domain = decided.domains[move.domain] else {
                failure = "\(move.domainName) is not podp's any more"
                break
            }
            // Where a domain may be stopped was weighed when the plan was made, and checked.
            switch self.move(domain, from: move.from, to: move.to, allowStop: !move.live, by: record.by, plan: record.id) {
            case .success(let operation): record.operations[index] = operation
            case .failure(let refusal): failure = "move \(index + 1) (\(move.domainName) to \(move.toName)): \(refusal)"
            }
            if failure != nil { break }
        }
        put(.plan(record))
        if let failure { stopPlan(record.id, reason: failure) }
    }

    /// One of a plan's operations has ended.
    mutating func advancePlan(_ id: String, after operation: OperationRecord) {
        guard let record = decided.plans[id], case .applying(let wave) = record.state, record.plan.waves.indices.contains(wave) else { return }
        if case .failed(let reason) = operation.state {
            stopPlan(id, reason: "\(operation.domainName): \(reason)")
            return
        }
        let states = record.plan.waves[wave].map { index in record.operations[index].flatMap { decided.operations[$0]?.state } }
        guard states.allSatisfy({ $0 == .succeeded }) else { return }
        guard record.plan.waves.indices.contains(wave + 1) else {
            var done = record
            done.state = .done
            put(.plan(done))
            audit("plan-done", by: record.by, "plan \(id) is done: \(record.plan.moves.count) moves")
            // What it brought is judged when the load has settled.
            nextBalance = now.instant + configuration.balanceInterval
            return
        }
        if decided.settings.frozen != nil, record.by == "podp: balance" {
            stopPlan(id, reason: "automation was frozen")
        } else if let changed = changes(in: record.plan.waves[wave + 1], of: record) {
            stopPlan(id, reason: changed)
        } else {
            beginWave(wave + 1, of: record)
        }
    }

    mutating func stopPlan(_ id: String, reason: String) {
        guard var record = decided.plans[id], record.isApplying else { return }
        record.state = .stopped(reason: reason)
        put(.plan(record))
        audit("plan-stopped", .warning, by: record.by, "plan \(id) is stopped: \(reason)")
    }
}

extension PlanRecord {
    public var isApplying: Bool { if case .applying = state { true } else { false } }
}

extension PlanRecord.State {
    /// `proposed`, `applying`, `done`, `stopped`.
    public var word: String {
        switch self {
        case .proposed: "proposed"
        case .applying: "applying"
        case .done: "done"
        case .stopped: "stopped"
        }
    }
}

extension Plan {
    /// `3 moves, 6 GiB, worst CPU 93 % to 61 %`.
    public var summary: String {
        let bytes = moves.reduce(Bytes.zero) { $0 + $1.bytes }
        let worstBefore = before.compactMap(\.permille.first).max() ?? 0
        let worstAfter = after.compactMap(\.permille.first).max() ?? 0
        return
            "\(moves.count) move\(moves.count == 1 ? "" : "s"), \(bytes.mebibytes) MiB to send, fullest CPU \(worstBefore / 10) % before, \(worstAfter / 10) % after"
    }

    /// Twelve hexadecimal digits of the content's FNV-1a hash (Fowler, Noll, Vo, 64 bits): the same moves in the same state have the same name.
    public func contentID(despitePolicy: Bool = false) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        switch goal {
        case .balance: mix("balance")
        case .consolidate: mix("consolidate")
        case .restore: mix("restore")
        case .evacuate(let blade): mix("evacuate \(blade)")
        }
        if despitePolicy { mix("despite policy") }
        if let undoes { mix("undoes \(undoes)") }
        for move in moves { mix("\(move.domain) \(move.from) \(move.to) \(move.live)") }
        for wave in waves { mix("\(wave)") }
        for load in before { mix("\(load.blade) \(load.permille)") }
        let text = String(hash, radix: 16)
        return String((String(repeating: "0", count: max(0, 16 - text.utf8.count)) + text).prefix(12))
    }
}
