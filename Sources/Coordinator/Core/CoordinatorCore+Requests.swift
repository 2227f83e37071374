import PodpModel
import PodpRules

extension CoordinatorCore {
    mutating func refuse(_ request: RequestID, _ refusal: Refusal) {
        emitAfterCommit(.answer(request, .refused(refusal)))
    }

    mutating func answer(_ request: Request, id: RequestID, by actor: Actor) {
        if case .recover(let newTermID) = request { return recover(id, newTermID: newTermID, by: actor) }
        switch mode {
        case .active: break
        case .loading: return refuse(id, Refusal(.unavailable, "podp is starting", remedy: "try again in a moment"))
        case .stopped(let reason):
            return refuse(id, Refusal(.unavailable, "podp has stopped deciding: \(reason)", remedy: "it restarts by itself; see its log"))
        case .readOnly where request.onlyTakesAway: break
        case .readOnly(let reason):
            return refuse(id, Refusal(.readOnly, "podp decides nothing: \(reason)", remedy: "when no other coordinator runs: `podp-coordinator recover`"))
        }
        guard commits.count < 256 else { return refuse(id, Refusal(.busy, "the store is behind by \(commits.count) writes", remedy: "try again in a moment")) }
        // A blade's token, or its own certificate, is what lets it ask.
        guard actor.mayOperate || request.isBlades else {
            return refuse(id, Refusal(.forbidden, "\(actor.name) may look, not change", remedy: "use a token with the role `operate`"))
        }
        switch request {
        case .createEnrolmentToken(let token):
            put(.enrolmentToken(token))
            audit("token-created", by: actor.name, "a token to enrol \(token.note.isEmpty ? "a blade" : token.note)")
            emitAfterCommit(.answer(id, .done))
        case .enrol(let secretHash, let certificateRequest, let blade, let addresses):
            enrol(id, secretHash: secretHash, certificateRequest: certificateRequest, blade: blade, addresses: addresses, by: actor)
        case .renew(let blade, let certificate, let certificateRequest, let addresses):
            renew(id, blade: blade, certificate: certificate, certificateRequest: certificateRequest, addresses: addresses, by: actor)
        case .revokeBlade(let blade): revoke(blade, request: id, by: actor)
        case .removeBlade(let blade): remove(blade, request: id, by: actor)
        case .setDraining(let blade, let draining):
            change(blade, id, by: actor, "blade-draining", draining ? "takes no new domains" : "takes domains again") { $0.draining = draining }
        case .releaseBlade(let blade):
            noteReleased(blade)
            change(blade, id, by: actor, "blade-released", "takes part in automation again") { $0.held = nil }
        case .createAPIToken(let token):
            guard decided.apiTokens[token.name] == nil else {
                return refuse(id, Refusal(.conflict, "there is a token \(token.name) already", remedy: "revoke it first, or choose another name"))
            }
            put(.apiToken(token))
            audit("api-token-created", by: actor.name, "token \(token.name) may \(token.role.rawValue)")
            emitAfterCommit(.answer(id, .done))
        case .revokeAPIToken(let name):
            guard let token = decided.apiTokens[name] else { return refuse(id, Refusal(.notFound, "there is no token \(name)")) }
            delete(Record.apiToken(token).key)
            audit("api-token-revoked", by: actor.name, "token \(name) is worth nothing from now on")
            emitAfterCommit(.answer(id, .done))
        case .setBlade(let blade, let disk, let switchModule):
            setBlade(blade, diskMebibytesPerSecond: disk, switchModule: switchModule, request: id, by: actor)
        case .createDomain, .replaceDomain, .startDomain, .stopDomain, .destroyDomain, .pauseDomain, .resumeDomain, .rebootDomain, .setDomain, .migrateDomain,
            .describeDomain,
            .adoptDomain, .releaseDomain, .removeDomain, .clearDomain:
            answerDomain(request, id: id, by: actor)
        case .addChassis(let record): addChassis(record, request: id, by: actor)
        case .removeChassis(let name): removeChassis(name, request: id, by: actor)
        case .noteConsole(let name, let bay, let moment): noteConsole(of: name, bay: bay, moment, request: id, by: actor)
        case .switchBlade(let blade, let wish, let unknownDomains, let escalateAfter, let despitePolicy):
            switchBlade(blade, wish, unknownDomains: unknownDomains, escalateAfter: escalateAfter, despitePolicy: despitePolicy, request: id, by: actor)
        case .plan(let goal, let weighsWatts, let despitePolicy):
            plan(goal, weighsWatts: weighsWatts, despitePolicy: despitePolicy, for: .request(id, actor))
        case .applyPlan(let plan): applyPlan(plan, request: id, by: actor)
        case .rollbackPlan(let plan): rollbackPlan(plan, request: id, by: actor)
        case .whatIf(let hypothesis): consider(hypothesis, request: id)
        case .placeDomain(let definition): showPlace(of: definition, request: id)
        case .setPolicy(let policy, let chassis): setPolicy(policy, chassis: chassis, request: id, by: actor)
        case .setSurvival(let survive): setSurvival(survive, request: id, by: actor)
        case .freeze(let reason):
            decided.settings.frozen = Settings.Freeze(by: actor.name, at: now.wall, reason: reason)
            put(.settings(decided.settings))
            audit("frozen", .warning, by: actor.name, "all automation is frozen\(reason.isEmpty ? "" : ": \(reason)")")
            emitAfterCommit(.answer(id, .done))
        case .thaw:
            decided.settings.frozen = nil
            put(.settings(decided.settings))
            audit("thawed", by: actor.name, "automation goes on")
            emitAfterCommit(.answer(id, .done))
        case .cancelOperation(let operation): cancel(operation, request: id, by: actor)
        case .recover: break
        }
    }

    private mutating func change(_ blade: BladeID, _ id: RequestID, by actor: Actor, _ kind: String, _ sentence: String, _ body: (inout BladeRecord) -> Void) {
        guard var record = decided.blades[blade] else { return refuse(id, .noBlade(blade)) }
        body(&record)
        put(.blade(record))
        audit(kind, by: actor.name, blade: blade, "\(record.identity.name) \(sentence)")
        emitAfterCommit(.answer(id, .done))
    }

    /// What podp cannot measure. `nil` leaves a value; 0 and "" are not known.
    private mutating func setBlade(
        _ blade: BladeID, diskMebibytesPerSecond disk: Int?, switchModule: String?, request: RequestID, by actor: Actor
    ) {
        if let disk, !(0...1_000_000).contains(disk) {
            return refuse(request, Refusal(.invalid, "a disk does 0 (not known) to 1000000 MiB/s, not \(disk)"))
        }
        if let switchModule, switchModule.utf8.count > 64 || switchModule.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            return refuse(request, Refusal(.invalid, "a switch module's name has at most 64 bytes, and no control characters"))
        }
        var said: [String] = []
        if let disk { said.append(disk == 0 ? "has no known limit of its disks" : "has disks that do \(disk) MiB/s") }
        if let switchModule { said.append(switchModule.isEmpty ? "hangs on a switch module that is not known" : "hangs on switch module \(switchModule)") }
        guard !said.isEmpty else { return refuse(request, Refusal(.invalid, "nothing to set")) }
        change(blade, request, by: actor, "blade-set", said.joined(separator: ", and ")) {
            if let disk { $0.diskMebibytesPerSecond = disk == 0 ? nil : disk }
            if let switchModule { $0.switchModule = switchModule.isEmpty ? nil : switchModule }
        }
    }

    private mutating func setPolicy(_ policy: BalancePolicy, chassis: String?, request: RequestID, by actor: Actor) {
        var settings = decided.settings
        var dropped = ""
        if let chassis {
            let known = Set(decided.blades.values.map(\.chassis)).union(decided.chassis.keys).sorted()
            guard known.contains(chassis) else {
                let names = known.isEmpty ? "none is known" : "known: \(known.prefix(10).joined(separator: ", "))"
                return refuse(request, Refusal(.notFound, "there is no chassis \(chassis), and no blade of one", remedy: names))
            }
            settings.chassis.removeAll { $0.chassis == chassis }
            settings.chassis.append(Settings.ChassisPolicy(chassis: chassis, balance: policy))
            settings.chassis.sort { $0.chassis < $1.chassis }
        } else {
            settings.balance = policy
            if !settings.chassis.isEmpty {
                dropped = "; what was set apart is dropped: " + settings.chassis.map { "\($0.chassis) \($0.balance.rawValue)" }.joined(separator: ", ")
            }
            settings.chassis = []
        }
        put(.settings(settings))
        audit("policy-set", by: actor.name, "balance is \(policy.rawValue)\(chassis.map { " on \($0)" } ?? "")\(dropped)")
        emitAfterCommit(.answer(request, .done))
    }

    private mutating func setSurvival(_ survive: [Settings.Survive], request: RequestID, by actor: Actor) {
        guard Set(survive.map(\.zone)).count == survive.count else { return refuse(request, Refusal(.invalid, "one kind of zone stands twice")) }
        guard survive.allSatisfy({ $0.price.map { (0...1_000_000).contains($0) } ?? true }) else {
            return refuse(request, Refusal(.invalid, "a price is from 0 to 1000000 requests that wait"))
        }
        var settings = decided.settings
        settings.survive = survive.isEmpty ? nil : survive.sorted { $0.zone.rawValue < $1.zone.rawValue }
        put(.settings(settings))
        let words = survive.map { "any one \($0.zone.words)\($0.price.map { " (a wish: \($0))" } ?? "")" }.joined(separator: ", ")
        audit("policy-set", by: actor.name, words.isEmpty ? "no loss is planned for (no N+1)" : "the fleet is to survive the loss of \(words)")
        for zone in survive.map(\.zone) { warnOfUnknown(zone, by: actor) }
        emitAfterCommit(.answer(request, .done))
    }

    private mutating func warnOfUnknown(_ zone: Zone, by actor: Actor) {
        let unknown = decided.blades.keys.filter { zoneName(zone, of: $0) == nil }.map(name(of:)).sorted()
        if let sentence = SurvivalOutlook.unknown(zone, of: unknown) { audit("zone-unknown", .warning, by: actor.name, sentence) }
    }

    /// Adopts what the agents observe, under a term above every one that was seen.
    private mutating func recover(_ id: RequestID, newTermID: ID128, by actor: Actor) {
        guard actor.mayOperate else { return refuse(id, Refusal(.forbidden, "\(actor.name) may look, not change")) }
        guard case .readOnly = mode else { return refuse(id, Refusal(.conflict, "there is nothing to recover from: podp decides as it should")) }
        takeTerm(above: highestTermSeen, id: newTermID)
        guard isActive, let term else { return refuse(id, Refusal(.unavailable, "no higher term can be taken")) }
        if let mark = decided.restored {
            delete(Record.restored(mark).key)
            resumeWork()
        }
        // Freezes, policies and revocations that this store does not know of may have been: an operator looks before automation goes on.
        var settings = decided.settings
        settings.frozen = Settings.Freeze(
            by: actor.name, at: now.wall,
            reason: "podp was recovered: look at `podp events` for what was frozen, revoked or set that its store does not know, then `podp thaw`")
        put(.settings(settings))
        // What an older store has as running may have ended long ago, and be forgotten by its agent: it is found out, not asked for again.
        for operation in decided.openOperations where operation.state == .running {
            end(operation, as: .indeterminate(reason: "the coordinator recovered"))
        }
        audit("recovered", .warning, by: actor.name, "took term \(term.number) and adopts what the blades observe")
        for blade in blades.keys.sorted() {
            guard let live = blades[blade], let link = live.link, let hello = live.hello else { continue }
            if decided.blades[blade] == nil {
                put(.blade(BladeRecord(id: blade, identity: hello.blade, chassis: configuration.chassis, enrolledAt: now.wall)))
            }
            // An agent takes one welcome a link: it comes back, and is greeted under the new term.
            close(link, reason: "the coordinator recovered and has a new term")
        }
        for operation in decided.openOperations where resolutions[operation.id] == nil {
            if case .indeterminate = operation.state { resolutions[operation.id] = Resolution() }
        }
        emitAfterCommit(.answer(id, .done))
    }
}

extension Refusal {
    static func noBlade(_ id: BladeID) -> Refusal { Refusal(.notFound, "there is no blade \(id)", remedy: "`podp blade list` lists them") }
    static func noDomain(_ id: DomainID) -> Refusal {
        Refusal(.notFound, "podp does not manage a domain \(id)", remedy: "`podp domain list` lists them; `podp domain adopt` takes one over")
    }
    static func busy(_ name: String, _ operation: OperationRecord) -> Refusal {
        Refusal(
            .busy, "\(name) is busy: \(operation.action.word) is \(operation.state.word) (\(operation.id), by \(operation.by))",
            remedy: "wait for it, or `podp operations cancel \(operation.id)`")
    }
}

extension Request {
    /// Asked by a blade, not by an operator.
    var isBlades: Bool {
        switch self {
        case .enrol, .renew: true
        default: false
        }
    }

    /// It gives nobody anything: it can be asked of a coordinator that decides nothing, also before an operator recovers an older store.
    var onlyTakesAway: Bool {
        switch self {
        case .freeze, .revokeBlade, .revokeAPIToken: true
        default: false
        }
    }
}
