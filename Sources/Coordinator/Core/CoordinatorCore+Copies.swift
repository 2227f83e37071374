import PodpModel

/// A domain that has begun to run on a blade by an operation's word, until that blade has looked and told so itself.
///
/// An inventory that was read before the operation's end may come in after it, and would say that the domain is off there: nothing is
/// started, removed or tidied up on the strength of that.
struct Arrival: Sendable, Codable {
    var blade: BladeID
    var operation: OperationID
    /// When to ask again, if nothing comes.
    var askAgainAt: Instant
}

/// Old copies of a domain that are being undefined: when it is tried again, should it not work.
struct Tidying: Sendable, Codable {
    var againAt: Instant
    /// Doubled every time.
    var wait: Duration
}

extension CoordinatorCore {
    // MARK: - Arrivals

    /// Asks a blade to look anew, and waits for its word.
    mutating func expectArrival(of domain: DomainID, on blade: BladeID, after operation: OperationID) {
        arrivals[domain] = Arrival(blade: blade, operation: operation, askAgainAt: now.instant)
        askForArrival(of: domain)
    }

    private mutating func askForArrival(of domain: DomainID) {
        guard var arrival = arrivals[domain] else { return }
        arrival.askAgainAt = now.instant + .seconds(10)
        arrivals[domain] = arrival
        guard let link = blades[arrival.blade]?.link else { return }
        for (number, observation) in observations where observation.operation == arrival.operation { observations[number] = nil }
        let number = newTicket()
        observations[number] = Observation(blade: arrival.blade, operation: arrival.operation)
        emitAfterCommit(.send(link, .observe(number)))
    }

    /// A blade has looked after the operation's end.
    mutating func confirmArrival(by observation: Observation) {
        guard let operation = decided.operations[observation.operation], let arrival = arrivals[operation.domain],
            arrival.operation == operation.id, arrival.blade == observation.blade
        else { return }
        arrivals[operation.domain] = nil
        if let domain = decided.domains[operation.domain] { tidy(domain) }
    }

    /// The agent is (again) there: what it was asked on an older link is lost.
    mutating func resumeArrivals(on blade: BladeID) {
        for domain in arrivals.keys.sorted() where arrivals[domain]?.blade == blade { askForArrival(of: domain) }
    }

    /// Timer: blades that did not answer are asked again, and what has become void is forgotten.
    mutating func lookForArrivals() {
        for domain in arrivals.keys.sorted() {
            guard let arrival = arrivals[domain] else { continue }
            guard decided.domains[domain]?.blade == arrival.blade, decided.operations[arrival.operation] != nil else {
                arrivals[domain] = nil
                continue
            }
            if now.instant >= arrival.askAgainAt { askForArrival(of: domain) }
        }
    }

    /// Why a domain whose home says that it is off may run all the same; `nil` when it does not.
    func whyMayRun(_ domain: ManagedDomain) -> Refusal? {
        let name = domain.definition.name
        if let arrival = arrivals[domain.id] {
            return Refusal(
                .busy, "\(name) has just begun to run on \(self.name(of: arrival.blade)), which has not said since what it has",
                remedy: "try again in a moment")
        }
        for id in blades.keys.sorted() where id != domain.blade {
            guard let copy = blades[id]?.domain(domain.id), copy.state.holdsMemory else { continue }
            guard blades[id]?.link != nil else {
                return Refusal(
                    .conflict, "\(self.name(of: id)) had \(name) \(copy.state.rawValue) when it was last heard of, and does not answer now",
                    remedy: "wait for the blade; if it is gone for good, `podp blade remove \(self.name(of: id))`")
            }
            return Refusal(.conflict, "\(name) is \(copy.state.rawValue) on \(self.name(of: id)), too", remedy: "look at `podp domain show \(name)` first")
        }
        return nil
    }

    // MARK: - Old copies

    /// A blade that answers, is not the domain's home, and keeps a definition of it that runs nowhere.
    func bladeWithOldCopy(of domain: ManagedDomain) -> BladeID? {
        blades.keys.sorted().first { id in
            id != domain.blade && blades[id]?.link != nil && blades[id]?.implausibleInventory == nil && blades[id]?.domain(domain.id)?.state == .off
        }
    }

    /// Undefines what other blades keep of a domain that is at home elsewhere: only what is off, and only while nothing else is going on.
    mutating func tidy(_ domain: ManagedDomain) {
        guard isActive, domain.held == nil, let home = domain.blade, arrivals[domain.id] == nil, decided.open[domain.id] == nil,
            tidying[domain.id].map({ now.instant >= $0.againAt }) ?? true
        else { return }
        // Where its home does not have it, the old copy may be all there is.
        guard blades[home]?.link != nil, blades[home]?.implausibleInventory == nil, blades[home]?.domain(domain.id) != nil else { return }
        guard !blades.contains(where: { $0.key != home && $0.value.domain(domain.id)?.state.holdsMemory == true }) else { return }
        guard let id = bladeWithOldCopy(of: domain) else { return }
        let wait = min(tidying[domain.id].map { $0.wait * 2 } ?? .seconds(60), .seconds(3600))
        tidying[domain.id] = Tidying(againAt: now.instant + wait, wait: wait)
        _ = begin(.undefine, on: domain, at: id, by: "podp: old copy", clearsCopy: true)
    }

    /// One copy is gone: the next one's turn comes soon. Not at once: a blade may go on telling of what it says it has undefined.
    mutating func goOnTidying(_ domain: DomainID) {
        if tidying[domain] != nil { tidying[domain] = Tidying(againAt: now.instant + .seconds(15), wait: .seconds(30)) }
    }

    /// Timer: copies that came to light by themselves, when their blade came back.
    mutating func tidyIfDue() {
        guard now.instant >= nextTidying else { return }
        nextTidying = now.instant + .seconds(15)
        guard decided.settings.frozen == nil else { return }
        var strays: Set<DomainID> = []
        for (id, blade) in blades where blade.link != nil {
            for found in blade.inventory?.domains ?? [] where found.state == .off {
                if let domain = decided.domains[found.id], domain.blade != id { strays.insert(found.id) }
            }
        }
        tidying = tidying.filter { strays.contains($0.key) || $0.value.againAt > now.instant }
        let due = strays.filter { id in tidying[id].map { now.instant >= $0.againAt } ?? true }
        for id in due.sorted().prefix(16) { if let domain = decided.domains[id] { tidy(domain) } }
    }

    /// An operator ends the one of two copies that the record does not mean.
    mutating func destroyCopy(of domain: ManagedDomain, on id: BladeID, request: RequestID, by actor: Actor) {
        let name = domain.definition.name
        guard decided.blades[id] != nil else { return refuse(request, .noBlade(id)) }
        guard let home = domain.blade, id != home else {
            return refuse(
                request,
                Refusal(.conflict, "\(self.name(of: id)) is the home of \(name)", remedy: "`podp domain destroy \(name)` without --on ends its copy there"))
        }
        let copies = blades.keys.sorted().filter { blades[$0]?.domain(domain.id)?.state.holdsMemory == true }
        guard copies.contains(id), copies.contains(home) else {
            let places = copies.isEmpty ? "nowhere" : "on \(copies.map(self.name(of:)).joined(separator: ", ")) alone"
            return refuse(
                request, Refusal(.conflict, "\(name) holds memory \(places): --on is for one of two copies", remedy: "look at `podp domain show \(name)`"))
        }
        if let busy = decided.openOperation(of: domain.id), domain.held == nil { return refuse(request, .busy(name, busy)) }
        switch begin(.destroy, on: domain, at: id, by: actor.name, clearsCopy: true) {
        case .success(let operation):
            audit(
                "copy-destroyed", .warning, by: actor.name, blade: id, domain: domain.id, operation: operation,
                "\(actor.name) ends the copy of \(name) on \(self.name(of: id)); the one on \(self.name(of: home)) stays")
            emitAfterCommit(.answer(request, .operation(operation)))
        case .failure(let refusal): refuse(request, refusal)
        }
    }

    // MARK: - Removing

    /// Undefines a domain on every blade that has it, one after the other, then forgets it.
    mutating func remove(_ domain: ManagedDomain, request: RequestID, by actor: Actor) {
        let name = domain.definition.name
        if let busy = decided.openOperation(of: domain.id) { return refuse(request, .busy(name, busy)) }
        let state = state(of: domain)
        guard !state.holdsMemory else {
            let place = domain.blade.map(self.name(of:)) ?? "no blade"
            let remedy = state == .unknown ? "wait for the blade, or `podp domain release \(name)`" : "`podp domain stop \(name)` first"
            return refuse(request, Refusal(.conflict, "\(name) is \(state.rawValue) on \(place)", remedy: remedy))
        }
        if let refusal = whyMayRun(domain) { return refuse(request, refusal) }
        switch undefineNext(domain, by: actor.name) {
        case .success(let operation): emitAfterCommit(.answer(request, .operation(operation)))
        case .failure(let refusal): refuse(request, refusal)
        case nil:
            forget(domain)
            audit("domain-removed", by: actor.name, domain: domain.id, "\(name) is forgotten; no blade had it")
            emitAfterCommit(.answer(request, .done))
        }
    }

    /// One copy of the domain was undefined because an operator removes it: the next one, or the end.
    mutating func removeFurther(_ domain: ManagedDomain, after operation: OperationRecord) {
        switch undefineNext(domain, by: operation.by) {
        case .success: return
        case .failure(let refusal):
            audit(
                "domain-copy-left", .warning, by: operation.by, domain: domain.id,
                "an old definition of \(domain.definition.name) stays behind: \(refusal)")
        case nil: break
        }
        let silent = blades.keys.sorted().filter { blades[$0]?.link == nil && blades[$0]?.domain(domain.id) != nil }
        if !silent.isEmpty {
            audit(
                "domain-copy-left", .warning, by: operation.by, domain: domain.id,
                "an old definition of \(domain.definition.name) stays on \(silent.map(name(of:)).joined(separator: ", ")), which does not answer")
        }
        forget(domain)
    }

    private mutating func undefineNext(_ domain: ManagedDomain, by actor: String) -> Result<OperationID, Refusal>? {
        var domain = domain
        if domain.blade.flatMap({ blades[$0]?.domain(domain.id) }) == nil {
            guard let other = bladeWithOldCopy(of: domain) else { return nil }
            domain.blade = other
            put(.domain(domain))
        }
        guard let place = domain.blade else { return nil }
        return begin(.undefine, on: domain, at: place, by: actor)
    }

    private mutating func forget(_ domain: ManagedDomain) {
        delete(Record.domain(domain).key)
        windows[domain.id] = nil
        arrivals[domain.id] = nil
        tidying[domain.id] = nil
    }
}
