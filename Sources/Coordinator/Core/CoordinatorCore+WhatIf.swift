import PodpModel
import PodpRules

extension CoordinatorCore {
    /// Has the planner plan on a fleet that is not there; nothing is kept.
    mutating func consider(_ hypothesis: Hypothesis, request: RequestID) {
        guard planning.count < 16 else {
            return refuse(request, Refusal(.busy, "\(planning.count) plans are being made", remedy: "try again in a moment"))
        }
        let present = problem(.balance)
        let problem: Problem
        var remarks: [String] = []
        switch hypothesis {
        case .lose(let blade):
            guard decided.blades[blade] != nil else { return refuse(request, .noBlade(blade)) }
            var held: [DomainID: String] = [:]
            for domain in decided.domains.values where domain.blade == blade { if let reason = domain.held { held[domain.id] = "held: \(reason)" } }
            problem = WhatIf.losing(blade, in: present, held: held)
            let strangers = (blades[blade]?.inventory?.domains ?? []).filter { decided.domains[$0.id] == nil && $0.state.holdsMemory }.map(\.name).sorted()
            if !strangers.isEmpty {
                remarks.append("not podp's, and started by nobody: \(strangers.prefix(8).joined(separator: ", "))\(strangers.count > 8 ? " and more" : "")")
            }
        case .add(let count, let cpus, let memory):
            guard (1...100).contains(count), (1...4096).contains(cpus), memory >= .gibibytes(1), memory <= .gibibytes(1 << 16) else {
                return refuse(request, Refusal(.invalid, "1 to 100 blades can be added, each with 1 to 4096 cores and 1 GiB to 64 TiB"))
            }
            let dom0 = blades.values.compactMap { $0.inventory?.host.dom0Memory }.max() ?? .zero
            guard memory > dom0 else { return refuse(request, Refusal(.invalid, "dom0 takes \(dom0.mebibytes) MiB on the others: nothing would be left")) }
            problem = WhatIf.adding(count, cpus: cpus, memory: memory - dom0, to: present)
            remarks.append(
                "taken for granted: the others' CPU features, bridges and shared storage; dom0 takes \(dom0.mebibytes) MiB, the rest is for domains")
        case .more(let count, let model):
            guard (1...1000).contains(count) else { return refuse(request, Refusal(.invalid, "1 to 1000 domains can be looked at, not \(count)")) }
            guard let domain = decided.domains[model] else { return refuse(request, .noDomain(model)) }
            guard let template = template(like: domain, in: present) else {
                return refuse(
                    request, Refusal(.conflict, "\(domain.definition.name) is on no blade: what it needs is not known", remedy: "name one that runs"))
            }
            var present = present
            present.rules = rules(on: present.blades.map(\.id), atLeast: 1)
            problem = WhatIf.adding(count, like: template, to: present)
            if windows[model].map({ $0.age == 0 }) ?? true {
                remarks.append("\(template.name) was not measured long enough: what it takes of CPU, disk and network counts as nothing, or little")
            }
            let blade = problem.blades.last?.sharedStorage ?? []
            if !template.storage.allSatisfy(blade.contains) {
                remarks.append("\(template.name) has disks of its own blade: newcomers' are taken to be made where they run")
            }
        }
        let ticket = newTicket()
        planning[ticket] = PlanTicket(receiver: .hypothesis(request, hypothesis, present: present, remarks: remarks), problem: problem)
        emit(.plan(ticket: ticket, problem))
    }

    mutating func finishConsidering(
        _ hypothesis: Hypothesis, _ plan: Plan, on problem: Problem, present: Problem, remarks: [String], request: RequestID
    ) {
        // Whoever the planner leaves tries every blade once more; where the checker objects to that, the planner's own plan is it.
        let legal = [WhatIf.completed(plan, on: problem), plan].first { if case .success = PlanChecker.check(problem, $0) { true } else { false } }
        guard let legal else {
            let why: String = if case .failure(let violations) = PlanChecker.check(problem, plan) { violations.list.first?.sentence ?? "" } else { "" }
            audit("plan-rejected", .critical, "a plan of podp's own planner breaks a rule and is not shown: \(why)")
            return refuse(
                request,
                Refusal(
                    .unavailable, "the planner's plan breaks a rule, so it is not shown: \(why)", remedy: "please report this with `podp status --output json`")
            )
        }
        var outlook = WhatIf.outlook(of: hypothesis, legal, on: problem, present: present)
        outlook.remarks += remarks
        emitAfterCommit(.answer(request, .outlook(outlook)))
    }

    private func template(like domain: ManagedDomain, in present: Problem) -> Problem.Domain? {
        if let running = present.domains.first(where: { $0.id == domain.id }) { return running }
        guard let blade = domain.blade, let position = present.blades.firstIndex(where: { $0.id == blade }) else { return nil }
        return problemDomain(domain, on: blade, at: position, automatic: false)
    }
}
