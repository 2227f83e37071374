import PodpModel

/// How far finding out about an indeterminate operation is.
struct Resolution: Sendable, Codable {
    /// What each end told after the operation's end.
    var seen: [BladeID: UnclearMigration.End] = [:]
    /// When to ask again, if nothing comes.
    var askAgainAt: Instant?
    /// An operation that was sent to bring an end in order.
    var acting = false
    /// An operator has to decide; then nothing is done until the operator did.
    var incident = false
    /// The last step that was taken, and how often in a row: a step that changes nothing is not taken for ever.
    var lastStep: Step?
    var stepsInARow = 0

    struct Step: Sendable, Codable, Equatable {
        var blade: BladeID
        var action: UnclearMigration.Step
    }

    /// What is known anew after a step: nothing, but which step it was.
    var afterStep: Resolution { Resolution(lastStep: lastStep, stepsInARow: stepsInARow) }

    static let sameStepLimit = 3
}

extension CoordinatorCore {
    /// Asks every end of an indeterminate operation that answers, and has not been asked, to look anew.
    mutating func observe(_ operation: OperationRecord) {
        guard isActive, var resolution = resolutions[operation.id], !resolution.acting, !resolution.incident else { return }
        resolution.askAgainAt = now.instant + .seconds(30)
        resolutions[operation.id] = resolution
        for end in [operation.blade, operation.destination].compactMap({ $0 }) where resolution.seen[end] == nil {
            guard let link = blades[end]?.link else { continue }
            guard !observations.values.contains(where: { $0.blade == end && $0.operation == operation.id }) else { continue }
            let number = newTicket()
            observations[number] = Observation(blade: end, operation: operation.id)
            emitAfterCommit(.send(link, .observe(number)))
        }
    }

    /// After something was done at one end: what both ends said before is worth nothing.
    mutating func observeAgain(_ id: OperationID) {
        guard let operation = decided.operations[id], !operation.state.isEnded else { return }
        resolutions[id] = resolutions[id]?.afterStep ?? Resolution()
        observe(operation)
    }

    /// Timer: ends that did not answer are asked again.
    mutating func lookAgain() {
        for id in resolutions.keys.sorted() {
            guard let operation = decided.operations[id], !operation.state.isEnded else {
                resolutions[id] = nil
                continue
            }
            guard let resolution = resolutions[id] else { continue }
            if resolution.askAgainAt.map({ now.instant >= $0 }) ?? true {
                for (number, observation) in observations where observation.operation == id { observations[number] = nil }
                resolutions[id]?.seen = [:]
                observe(operation)
            }
        }
    }

    /// An end has told what it has, after the operation's end.
    mutating func observed(_ id: OperationID, at blade: BladeID) {
        guard let operation = decided.operations[id], case .indeterminate(let reason) = operation.state, var resolution = resolutions[id], !resolution.acting
        else {
            return
        }
        resolution.seen[blade] = UnclearMigration.End(blades[blade]?.domain(operation.domain))
        resolutions[id] = resolution
        guard let source = resolution.seen[operation.blade] else { return }
        guard let destination = operation.destination else {
            conclude(operation, found: blades[operation.blade]?.domain(operation.domain), reason: reason)
            return
        }
        guard let target = resolution.seen[destination] else { return }
        switch UnclearMigration.resolve(source: source, target: target, wasPaused: operation.wasPaused) {
        case .succeeded: end(operation, as: .succeeded)
        case .failed: end(operation, as: .failed(reason: "it stayed at \(name(of: operation.blade)): \(reason)"))
        case .lost:
            end(operation, as: .failed(reason: "it is off at both ends: \(reason)"))
            audit(
                "domain-lost", .critical, domain: operation.domain, operation: id,
                "\(operation.domainName) is off at both ends of its migration: start it where it should be")
        case .incident(let sentence): giveUp(operation, to: destination, because: sentence)
        case .act(let place, let action):
            let step = Resolution.Step(blade: place == .source ? operation.blade : destination, action: action)
            take(step, for: operation, to: destination)
        }
    }

    /// Brings one end in order by an operation of its own, unless that has been done over and over and the ends are as they were.
    private mutating func take(_ step: Resolution.Step, for operation: OperationRecord, to destination: BladeID) {
        guard var resolution = resolutions[operation.id], let domain = decided.domains[operation.domain] else { return }
        let timesBefore = resolution.lastStep == step ? resolution.stepsInARow : 0
        guard timesBefore < Resolution.sameStepLimit else {
            return giveUp(
                operation, to: destination,
                because: "\(timesBefore) times it was told to \(step.action) at \(name(of: step.blade)), and both ends are as they were: "
                    + "look at it there, put it right, then `podp domain clear \(operation.domainName)`")
        }
        let action: Action =
            switch step.action {
            case .destroy: .destroy
            case .resume: .resume
            case .undefine: .undefine
            }
        guard case .success = begin(action, on: domain, at: step.blade, by: "podp: resolves \(operation.id)", resolves: operation.id) else { return }
        resolution.acting = true
        resolution.lastStep = step
        resolution.stepsInARow = timesBefore + 1
        resolutions[operation.id] = resolution
    }

    private mutating func giveUp(_ operation: OperationRecord, to destination: BladeID, because sentence: String) {
        resolutions[operation.id]?.incident = true
        holdDomain(
            operation.domain, because: "after its migration from \(name(of: operation.blade)) to \(name(of: destination)): \(sentence)", operation: operation.id
        )
    }

    /// What an indeterminate operation of one blade came to.
    private mutating func conclude(_ operation: OperationRecord, found: DomainInventory?, reason: String) {
        let state = found?.state ?? .off
        let isDone: Bool =
            switch operation.action {
            case .define: found != nil
            case .start, .reboot: state == .running || state == .paused
            case .shutdown, .destroy: !state.holdsMemory
            case .pause: state == .paused
            case .resume: state == .running
            case .setMemory(let memory): found?.memory == memory
            case .setVCPUs(let vcpus): found?.vcpus == vcpus
            case .undefine: found == nil
            case .migrate: false
            }
        end(operation, as: isDone ? .succeeded : .failed(reason: "it was not done: \(reason)"))
    }

    mutating func holdDomain(_ id: DomainID, because reason: String, operation: OperationID? = nil) {
        guard var domain = decided.domains[id], domain.held != reason else { return }
        domain.held = reason
        put(.domain(domain))
        audit("domain-held", .critical, domain: id, operation: operation, "automation leaves \(domain.definition.name) alone: \(reason)")
    }

    /// An operator has looked, and says that podp may go on.
    mutating func clear(_ id: DomainID, request: RequestID, by actor: Actor) {
        guard var domain = decided.domains[id] else { return refuse(request, .noDomain(id)) }
        domain.held = nil
        put(.domain(domain))
        audit("domain-cleared", by: actor.name, domain: id, "\(domain.definition.name) is podp's to manage again")
        if let operation = decided.openOperation(of: id), case .indeterminate = operation.state {
            resolutions[operation.id] = nil
            observeAgain(operation.id)
        }
        emitAfterCommit(.answer(request, .done))
    }
}
