import PodpDefinition
import PodpModel

/// Blade's XML of a domain that an operator waits for.
struct DescribeTicket: Sendable, Codable {
    var request: RequestID
    var link: LinkID
}

extension CoordinatorCore {
    /// Decides an operation and sends it when it is stored. `nil`, with a refusal for people, when its blade cannot be asked.
    mutating func begin(
        _ action: Action, on domain: ManagedDomain, at id: BladeID, by actor: String, plan: String? = nil, resolves: OperationID? = nil,
        clearsCopy: Bool = false
    ) -> Result<OperationID, Refusal> {
        guard let link = blades[id]?.link, let hello = blades[id]?.hello else {
            return .failure(Refusal(.unavailable, "\(name(of: id)) is unknown: no agent answers there", remedy: "look at the blade, or wait for it"))
        }
        if resolves == nil, !clearsCopy {
            if let busy = decided.openOperation(of: domain.id) { return .failure(.busy(domain.definition.name, busy)) }
            // Where an old copy is being undefined, nothing new may begin.
            let ends = [id, action.destination]
            let aside = (decided.open[domain.id] ?? []).sorted().compactMap { decided.operations[$0] }
            if let busy = aside.first(where: { $0.clearsCopy == true && ends.contains($0.blade) }) { return .failure(.busy(domain.definition.name, busy)) }
        }
        guard let term, let operation = newOperationID() else { return .failure(Refusal(.readOnly, "podp has no term")) }
        let command: Command
        do throws(Refusal) {
            command = try self.command(operation, term: term, domain: domain, action: action, hypervisor: hello.hypervisor.kind)
        } catch {
            return .failure(error)
        }
        var record = OperationRecord(
            id: operation, action: action, domain: domain.id, domainName: domain.definition.name, blade: id, state: .running, by: actor, startedAt: now.wall,
            plan: plan, wasPaused: blades[id]?.domain(domain.id)?.state == .paused)
        record.bladeBoot = hello.bootID
        record.resolves = resolves
        if clearsCopy { record.clearsCopy = true }
        put(.operation(record))
        emitAfterCommit(.send(link, .command(command)))
        audit(
            "operation-started", by: actor, blade: id, domain: domain.id, operation: operation,
            record.sentence(at: name(of: id), to: record.destination.map(name(of:))))
        return .success(operation)
    }

    /// The command of an operation; the same every time it is made.
    private func command(_ id: OperationID, term: Term, domain: ManagedDomain, action: Action, hypervisor: HypervisorKind) throws(Refusal) -> Command {
        var action = action
        switch action {
        case .define(let image): action = .define(try rendered(image.definition, for: hypervisor))
        case .start(let image): action = .start(try rendered(image.definition, for: hypervisor))
        default: break
        }
        return Command(operation: id, term: term, domain: domain.id, domainName: domain.definition.name, action: action)
    }

    private func rendered(_ definition: DomainDefinition, for hypervisor: HypervisorKind) throws(Refusal) -> DomainImage {
        do {
            return DomainImage(definition: definition, libvirtXML: try LibvirtXML.render(definition, for: hypervisor).xml)
        } catch {
            throw Refusal(.unsupported, "\(definition.name) cannot run on \(hypervisor.rawValue): \(error)")
        }
    }

    // MARK: - Updates

    mutating func receive(_ update: Update, from id: BladeID, link: LinkID) {
        guard let operation = decided.operations[update.operation] else {
            // Of a time that this store does not know: the agent may forget it; its effect shows in the inventory.
            if case .ended = update.phase { emitAfterCommit(.send(link, .acknowledge(update.operation))) }
            if case .refused = update.phase { emitAfterCommit(.send(link, .acknowledge(update.operation))) }
            return
        }
        guard operation.blade == id else {
            audit(
                "update-refused", .warning, blade: id, operation: update.operation,
                "\(name(of: id)) tells of an operation that is \(name(of: operation.blade))'s")
            return
        }
        switch update.phase {
        case .accepted: break
        case .progress(let progress):
            if !operation.state.isEnded { self.progress[operation.id] = progress }
        case .refused(let reason):
            if isActive, case .running = operation.state { end(operation, as: .failed(reason: reason)) }
            emitAfterCommit(.send(link, .acknowledge(update.operation)))
        case .ended(let outcome):
            guard isActive else { return }
            if case .running = operation.state { end(operation, as: outcome) }
            emitAfterCommit(.send(link, .acknowledge(update.operation)))
        }
    }

    /// An agent is (again) there: what it had been asked for goes on, or is found out.
    mutating func resumeOperations(on id: BladeID, boot: ID128) {
        guard isActive, let term, let link = blades[id]?.link, let hello = blades[id]?.hello else { return }
        for operation in decided.openOperations {
            switch operation.state {
            case .running where operation.blade == id:
                if operation.bladeBoot != boot {
                    end(operation, as: .indeterminate(reason: "\(name(of: id)) was booted before it answered"))
                } else if let domain = decided.domains[operation.domain],
                    let command = try? command(operation.id, term: term, domain: domain, action: operation.action, hypervisor: hello.hypervisor.kind)
                {
                    // At most once: an agent that knows it repeats its answer.
                    emitAfterCommit(.send(link, .command(command)))
                }
            case .indeterminate where operation.blade == id || operation.destination == id:
                observe(operation)
            default: break
            }
        }
    }

    // MARK: - Ends

    mutating func end(_ operation: OperationRecord, as outcome: Outcome) {
        var record = operation
        progress[record.id] = nil
        if record.action.movesDomain {
            for end in [record.blade, record.destination].compactMap(\.self) { blades[end]?.domainMoved(at: now.instant) }
        }
        switch outcome {
        case .succeeded: record.state = .succeeded
        case .failed(let reason): record.state = .failed(reason: reason)
        case .indeterminate(let reason):
            if let parent = record.resolves {
                // Its parent looks again, and finds out.
                record.state = .failed(reason: "it is not known how it ended: \(reason)")
                record.endedAt = now.wall
                put(.operation(record))
                observeAgain(parent)
                return
            }
            record.state = .indeterminate(reason: reason)
            put(.operation(record))
            audit(
                "operation-indeterminate", .warning, by: record.by, blade: record.blade, domain: record.domain, operation: record.id,
                "\(record.sentence(at: name(of: record.blade), to: record.destination.map(name(of:)))): how it ended is not known (\(reason)); both ends are asked"
            )
            resolutions[record.id] = Resolution()
            observe(record)
            return
        }
        record.endedAt = now.wall
        put(.operation(record))
        resolutions[record.id] = nil
        let sentence = record.sentence(at: name(of: record.blade), to: record.destination.map(name(of:)))
        if case .failed(let reason) = record.state {
            audit(
                "operation-ended", .warning, by: record.by, blade: record.blade, domain: record.domain, operation: record.id, "\(sentence): failed: \(reason)")
            if record.destination != nil, var domain = decided.domains[record.domain] {
                domain.moveFailedAt = now.wall
                put(.domain(domain))
            }
        } else {
            audit("operation-ended", by: record.by, blade: record.blade, domain: record.domain, operation: record.id, "\(sentence): done")
            settle(record)
        }
        if let parent = record.resolves { observeAgain(parent) }
        if let plan = record.plan { advancePlan(plan, after: record) }
    }

    /// What a succeeded operation changes in what podp knows of the domain.
    private mutating func settle(_ operation: OperationRecord) {
        guard var domain = decided.domains[operation.domain] else { return }
        patchInventories(operation, domain)
        if operation.clearsCopy == true { goOnTidying(domain.id) }
        guard !operation.isAside else { return }
        switch operation.action {
        case .migrate(let migration):
            domain.blade = migration.destination
            domain.movedAt = now.wall
            expectArrival(of: domain.id, on: migration.destination, after: operation.id)
        case .start:
            domain.wish = .running
            expectArrival(of: domain.id, on: operation.blade, after: operation.id)
        case .shutdown, .destroy:
            domain.wish = .off
            // Its end there is the blade's later word.
            if arrivals[domain.id]?.blade == operation.blade { arrivals[domain.id] = nil }
        case .setMemory(let memory):
            domain.definition.memory = memory
            domain.definition.revision += 1
            // What its balloon has not given back yet is not free.
            measureMemory(of: operation.blade, inFlux: true)
        case .setVCPUs(let vcpus):
            domain.definition.vcpus = vcpus
            domain.definition.revision += 1
        case .undefine: return removeFurther(domain, after: operation)
        case .define, .pause, .resume, .reboot: return
        }
        put(.domain(domain))
    }

    // MARK: - Cancelling, describing

    mutating func cancel(_ id: OperationID, request: RequestID, by actor: Actor) {
        guard let operation = decided.operations[id] else {
            return refuse(request, Refusal(.notFound, "there is no operation \(id)", remedy: "`podp operations` lists them"))
        }
        guard case .running = operation.state else { return refuse(request, Refusal(.conflict, "the operation is not running: it is \(operation.state.word)")) }
        guard let link = blades[operation.blade]?.link else {
            return refuse(
                request,
                Refusal(
                    .unavailable, "\(name(of: operation.blade)) is unknown: nobody can be told to stop", remedy: "it is found out when the blade answers again")
            )
        }
        emit(.send(link, .cancel(id)))
        audit("operation-cancel", by: actor.name, blade: operation.blade, domain: operation.domain, operation: id, "\(actor.name) asked for it to be cancelled")
        emitAfterCommit(.answer(request, .done))
    }

    mutating func describe(_ domain: DomainID, on id: BladeID, request: RequestID) {
        guard let link = blades[id]?.link else { return refuse(request, Refusal(.unavailable, "\(name(of: id)) is unknown: no agent answers there")) }
        let ticket = newTicket()
        describing[ticket] = DescribeTicket(request: request, link: link)
        emit(.send(link, .describe(number: ticket, domain)))
    }

    mutating func finishDescribing(_ number: UInt64, xml: String?, reason: String) {
        guard let ticket = describing.removeValue(forKey: number) else { return }
        if let xml {
            emit(.answer(ticket.request, .description(xml: xml)))
        } else {
            refuse(ticket.request, Refusal(.notFound, "the blade does not describe the domain: \(reason)"))
        }
    }
}

extension OperationRecord.State {
    /// `running`, `succeeded`, `failed`, `indeterminate`.
    public var word: String {
        switch self {
        case .running: "running"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .indeterminate: "indeterminate"
        }
    }
}

extension Action {
    /// `start`, `migrate live`, …
    public var word: String {
        switch self {
        case .define: "define"
        case .start: "start"
        case .shutdown: "stop"
        case .destroy: "destroy"
        case .pause: "pause"
        case .resume: "resume"
        case .reboot: "reboot"
        case .setMemory(let memory): "set memory to \(memory.mebibytes) MiB of"
        case .setVCPUs(let vcpus): "set \(vcpus) vCPUs of"
        case .migrate(let migration): migration.live ? "migrate live" : "stop and move"
        case .undefine: "remove"
        }
    }

    /// Whether a domain is on a blade by it that was not there, or is not that was: with its memory.
    var movesDomain: Bool {
        switch self {
        case .start, .shutdown, .destroy, .reboot, .migrate: true
        case .define, .pause, .resume, .setMemory, .setVCPUs, .undefine: false
        }
    }

    /// Whether memory changes hands by it.
    var movesMemory: Bool { if case .setMemory = self { true } else { movesDomain } }

    /// The other blade of a migration.
    var destination: BladeID? { if case .migrate(let migration) = self { migration.destination } else { nil } }
}

extension OperationRecord {
    func sentence(at blade: String, to destination: String?) -> String {
        let way = destination.map { "from \(blade) to \($0)" } ?? "on \(blade)"
        let copy = action == .destroy ? "destroy the other copy of" : "undefine the old copy of"
        return "\(clearsCopy == true ? copy : action.word) \(domainName) \(way)"
    }
}
