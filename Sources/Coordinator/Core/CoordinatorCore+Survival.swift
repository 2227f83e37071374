import PodpModel
import PodpRules

/// N+1 in operators' own actions: where a loss that can be borne is to be borne (`podp policy survive`, no price), none of them may end that.
extension CoordinatorCore {
    private var mustSurvive: Bool { decided.settings.survive?.contains { $0.price == nil } ?? false }

    /// The fleet that is to survive losses, with that alone for its rules; `nil`: nothing is to be survived. Cheap beside looking at it: `SurvivalOutlook`.
    public func problemToSurvive() -> Problem? {
        guard !(committed.settings.survive ?? []).isEmpty else { return nil }
        return problem(.balance).withSurvivalAlone
    }

    /// Why a blade stays on for others' sake: operators want losses survived (hard N+1) that could not be borne without it, and can be with it.
    func refusal(ofOffBearing id: BladeID) -> Refusal? {
        guard mustSurvive else { return nil }
        // One that is held bears nothing; one that is drained did until then. Another off of it that waits for its agent's word changes nothing.
        guard whyHeld(id) == nil || pendingOffs.values.contains(where: { $0.blade == id }) else { return nil }
        guard let loss = SurvivalPremise.losses(switchingOff: id, in: problemOnceArrived()).first else { return nil }
        return Refusal(
            .conflict, "\(name(of: id)) is not switched off: without it, \(loss)",
            remedy: "`podp policy show` tells what is to be survived; `podp blade off \(name(of: id)) --despite-policy` switches it off nevertheless")
    }

    /// With 250 blades and 10,000 domains each takes some 0.1 s, and nothing else is heard meanwhile.
    private static let mostAskedOfSurvival = 8
    private static let notAsked = "whether N+1 would be kept was not asked: it is not on the \(mostAskedOfSurvival) best ones; name the blade to have it asked"

    /// The best one that N+1 allows, too. Those that it does not allow get that for a reason, as far as they were asked about: it takes the whole fleet.
    func best(of candidates: inout [PlacementChoice.Candidate], for domain: ManagedDomain, from source: BladeID? = nil) -> BladeID? {
        let premise = survivalPremise(of: domain, isMove: source != nil)
        var asked = 0
        while let best = PlacementChoice.best(of: candidates) {
            guard let premise else { return best.blade }
            guard asked < Self.mostAskedOfSurvival else {
                for index in candidates.indices where candidates[index].reason == nil { candidates[index].reason = Self.notAsked }
                return nil
            }
            asked += 1
            guard let reason = survivalProblem(domain, on: best.blade, from: source, by: premise) else { return best.blade }
            for index in candidates.indices where candidates[index].blade == best.blade { candidates[index].reason = reason }
        }
        return nil
    }

    /// Which loss could not be borne any more if the domain started there, or moved there by itself, where operators want N+1 kept.
    func survivalProblem(_ domain: ManagedDomain, on id: BladeID, from source: BladeID?) -> String? {
        survivalPremise(of: domain, isMove: source != nil).flatMap { survivalProblem(domain, on: id, from: source, by: $0) }
    }

    private func survivalProblem(_ domain: ManagedDomain, on id: BladeID, from source: BladeID?, by premise: SurvivalPremise) -> String? {
        if source != nil { return premise.losses(moving: domain.id, to: id).first }
        guard let position = premise.index(of: id) else { return nil }
        return premise.losses(starting: newcomer(domain, as: domain.definition, on: id, at: position)).first
    }

    /// What a domain's start, or its move, is judged by, wherever to; `nil`: nothing is to be survived. It takes the whole fleet.
    private func survivalPremise(of domain: ManagedDomain, isMove: Bool) -> SurvivalPremise? {
        guard mustSurvive else { return nil }
        var present = problemOnceArrived()
        // One that is not podp's yet is to be restarted where its file allows, too.
        if decided.domains[domain.id] == nil { present.rules += bladeRules(of: domain.definition, on: present.blades.map(\.id)) }
        return SurvivalPremise(present, without: isMove ? nil : domain.id)
    }

    /// A domain that starts, by its definition: what a blade tells of it is of a run before.
    private func newcomer(_ domain: ManagedDomain, as definition: DomainDefinition, on id: BladeID, at position: Int) -> Problem.Domain {
        var newcomer = problemDomain(domain, on: id, at: position, automatic: false)
        newcomer.mean[1] = Self.memoryNeeded(definition.memory)
        newcomer.high[1] = newcomer.mean[1]
        newcomer.bridges = Set(definition.nics.map(\.bridge)).sorted()
        newcomer.storage = storage(of: definition.disks, on: id)
        return newcomer
    }

    /// Which loss could not be borne any more if a running domain had so much memory.
    func survivalProblem(_ domain: ManagedDomain, growingTo memory: Bytes) -> String? {
        guard mustSurvive else { return nil }
        let present = problemOnceArrived()
        guard var grown = present.domains.first(where: { $0.id == domain.id }) else { return nil }
        grown.mean[1] = Self.memoryNeeded(memory)
        grown.high[1] = grown.mean[1]
        return SurvivalPremise(present).losses(changing: grown).first
    }

    /// The fleet once what is on its way has arrived: several starts or moves that are begun one after the other are not to lose N+1 together. What a mover has
    /// where it leaves stays taken, for its move may fail.
    func problemOnceArrived() -> Problem {
        var problem = problem(.balance)
        let position = Dictionary(uniqueKeysWithValues: problem.blades.enumerated().map { ($1.id, $0) })
        func arrive(_ domain: ManagedDomain, as definition: DomainDefinition, on id: BladeID) {
            guard let target = position[id] else { return }
            let newcomer = newcomer(domain, as: definition, on: id, at: target)
            problem.blades[target].reserved[1] = max(0, problem.blades[target].reserved[1] - newcomer.high[1])
            problem.domains.append(newcomer)
        }
        for id in decided.open.keys.sorted() {
            guard let domain = decided.domains[id], let operation = decided.openOperation(of: id) else { continue }
            let known = problem.domains.firstIndex { $0.id == id }
            switch operation.action {
            case .start(let image):
                if known == nil { arrive(domain, as: image.definition, on: operation.blade) }
            case .migrate(let migration):
                // It has left, and its end has not been told.
                guard let known else {
                    arrive(domain, as: domain.definition, on: migration.destination)
                    continue
                }
                guard let target = position[migration.destination], problem.domains[known].blade != target else { continue }
                let memory = problem.domains[known].high[1]
                problem.blades[target].reserved[1] = max(0, problem.blades[target].reserved[1] - memory)
                problem.blades[problem.domains[known].blade].reserved[1] += memory
                problem.domains[known].blade = target
            case .setMemory(let wanted):
                // What is to shrink may not.
                guard let known, case let more = Self.memoryNeeded(wanted) - problem.domains[known].high[1], more > 0 else { continue }
                let target = problem.domains[known].blade
                problem.blades[target].reserved[1] = max(0, problem.blades[target].reserved[1] - more)
                problem.domains[known].mean[1] += more
                problem.domains[known].high[1] += more
            default: continue
            }
        }
        return problem
    }

    /// Of those that were not asked about, as a remedy of a refusal that tells of the first ones alone; empty: there are none.
    func remedy(forNotAsked candidates: [PlacementChoice.Candidate], isMove: Bool) -> String {
        let count = candidates.count { $0.reason == Self.notAsked }
        guard count > 0 else { return "" }
        return "\(count) blade\(count == 1 ? " was" : "s were") not asked: name one\(isMove ? "" : " with --on"); "
    }

    /// - Parameter options: others that the operator gave: without them it would be refused for another reason.
    func survivalRemedy(_ domain: ManagedDomain, to target: String?, isMove: Bool, options: String) -> String {
        let name = domain.definition.name
        if isMove { return "`podp domain migrate \(name)\(target.map { " \($0)" } ?? "")\(options) --despite-policy` moves it nevertheless" }
        let place = target.map { " --on \($0)" } ?? ""
        guard decided.domains[domain.id] == nil else { return "`podp domain start \(name)\(place)\(options) --despite-policy` starts it nevertheless" }
        // Its disks are where it is created: it is started there.
        return "`podp domain create FILE --no-start\(place)`, then `podp domain start \(name) --despite-policy` starts it nevertheless"
    }
}
