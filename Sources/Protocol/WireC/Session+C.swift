import CWire
import PodpFrame
import PodpModel

// Identity, handshake, commands and updates, in libprotobuf-c's form and back.

extension Arena {
    func raw(_ term: Term) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Term> {
        let raw = try new(podp__v1__term__init)
        raw.pointee.number = term.number
        raw.pointee.id = try id(term.id)
        return raw
    }

    func raw(_ operation: OperationID) throws(WireError) -> UnsafeMutablePointer<Podp__V1__OperationId> {
        let raw = try new(podp__v1__operation_id__init)
        raw.pointee.term = try id(operation.term)
        raw.pointee.sequence = operation.sequence
        return raw
    }

    func raw(_ blade: BladeIdentity) throws(WireError) -> UnsafeMutablePointer<Podp__V1__BladeIdentity> {
        let raw = try new(podp__v1__blade_identity__init)
        raw.pointee.id = try id(blade.id.uuid)
        raw.pointee.serial = try text(blade.serial)
        raw.pointee.name = try text(blade.name)
        return raw
    }

    func raw(_ hello: Hello) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Hello> {
        let raw = try new(podp__v1__hello__init)
        raw.pointee.minimum_version = hello.minimumVersion
        raw.pointee.maximum_version = hello.maximumVersion
        raw.pointee.blade = try self.raw(hello.blade)
        raw.pointee.boot_id = try id(hello.bootID)
        raw.pointee.agent_run = try id(hello.agentRun)
        raw.pointee.agent_version = try text(hello.agentVersion)
        raw.pointee.hypervisor = try self.raw(hello.hypervisor)
        raw.pointee.cpu = try self.raw(hello.cpu)
        if let term = hello.highestTerm { raw.pointee.highest_term = try self.raw(term) }
        raw.pointee.clock = hello.clock.milliseconds
        raw.pointee.boot_time = hello.bootTime.nanoseconds
        return raw
    }

    func raw(_ welcome: Welcome) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Welcome> {
        let raw = try new(podp__v1__welcome__init)
        raw.pointee.version = welcome.version
        raw.pointee.term = try self.raw(welcome.term)
        raw.pointee.report_interval = welcome.reportInterval.nanoseconds
        raw.pointee.clock = welcome.clock.milliseconds
        return raw
    }

    func raw(_ command: Command) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Command> {
        let raw = try new(podp__v1__command__init)
        raw.pointee.operation = try self.raw(command.operation)
        raw.pointee.term = try self.raw(command.term)
        raw.pointee.domain = try id(command.domain.uuid)
        raw.pointee.domain_name = try text(command.domainName)
        switch command.action {
        case .define(let image):
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_DEFINE
            raw.pointee.define = try self.raw(image)
        case .start(let image):
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_START
            raw.pointee.start = try self.raw(image)
        case .shutdown(let deadline):
            let shutdown = try new(podp__v1__shutdown__init)
            shutdown.pointee.deadline = deadline.nanoseconds
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_SHUTDOWN
            raw.pointee.shutdown = shutdown
        case .destroy:
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_DESTROY
            raw.pointee.destroy = try new(podp__v1__empty__init)
        case .pause:
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_PAUSE
            raw.pointee.pause = try new(podp__v1__empty__init)
        case .resume:
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_RESUME
            raw.pointee.resume = try new(podp__v1__empty__init)
        case .reboot:
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_REBOOT
            raw.pointee.reboot = try new(podp__v1__empty__init)
        case .setMemory(let memory):
            let setMemory = try new(podp__v1__set_memory__init)
            setMemory.pointee.memory = memory.count
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_SET_MEMORY
            raw.pointee.set_memory = setMemory
        case .setVCPUs(let vcpus):
            let setVCPUs = try new(podp__v1__set_vcpus__init)
            setVCPUs.pointee.vcpus = Int64(vcpus)
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_SET_VCPUS
            raw.pointee.set_vcpus = setVCPUs
        case .migrate(let migration):
            let migrate = try new(podp__v1__migration__init)
            migrate.pointee.destination = try id(migration.destination.uuid)
            migrate.pointee.address = try text(migration.address)
            migrate.pointee.host_name = try text(migration.hostName)
            migrate.pointee.live = migration.live ? 1 : 0
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_MIGRATE
            raw.pointee.migrate = migrate
        case .undefine:
            raw.pointee.action_case = PODP__V1__COMMAND__ACTION_UNDEFINE
            raw.pointee.undefine = try new(podp__v1__empty__init)
        }
        return raw
    }

    func raw(_ update: Update) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Update> {
        let raw = try new(podp__v1__update__init)
        raw.pointee.operation = try self.raw(update.operation)
        switch update.phase {
        case .accepted:
            raw.pointee.phase_case = PODP__V1__UPDATE__PHASE_ACCEPTED
            raw.pointee.accepted = try new(podp__v1__empty__init)
        case .progress(let model):
            let progress = try new(podp__v1__progress__init)
            progress.pointee.done = model.done.count
            progress.pointee.remaining = model.remaining.count
            progress.pointee.elapsed = model.elapsed.nanoseconds
            raw.pointee.phase_case = PODP__V1__UPDATE__PHASE_PROGRESS
            raw.pointee.progress = progress
        case .ended(let outcome):
            raw.pointee.phase_case = PODP__V1__UPDATE__PHASE_ENDED
            raw.pointee.ended = try self.raw(outcome)
        case .refused(let reason):
            raw.pointee.phase_case = PODP__V1__UPDATE__PHASE_REFUSED
            raw.pointee.refused = try self.raw(reason: reason)
        }
        return raw
    }

    func raw(_ outcome: Outcome) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Outcome> {
        let raw = try new(podp__v1__outcome__init)
        switch outcome {
        case .succeeded:
            raw.pointee.outcome_case = PODP__V1__OUTCOME__OUTCOME_SUCCEEDED
            raw.pointee.succeeded = try new(podp__v1__empty__init)
        case .failed(let reason):
            raw.pointee.outcome_case = PODP__V1__OUTCOME__OUTCOME_FAILED
            raw.pointee.failed = try self.raw(reason: reason)
        case .indeterminate(let reason):
            raw.pointee.outcome_case = PODP__V1__OUTCOME__OUTCOME_INDETERMINATE
            raw.pointee.indeterminate = try self.raw(reason: reason)
        }
        return raw
    }

    func raw(reason: String) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Reason> {
        let raw = try new(podp__v1__reason__init)
        raw.pointee.words = try words(reason)
        return raw
    }
}

extension Term {
    init(_ raw: Podp__V1__Term) throws(WireError) {
        self.init(number: raw.number, id: try PodpWireC.id(raw.id))
    }
}

extension OperationID {
    init(_ raw: Podp__V1__OperationId) throws(WireError) {
        self.init(term: try id(raw.term), sequence: raw.sequence)
    }
}

extension BladeIdentity {
    init(_ raw: Podp__V1__BladeIdentity) throws(WireError) {
        self.init(id: BladeID(try PodpWireC.id(raw.id)), serial: try text(raw.serial), name: try text(raw.name))
    }
}

extension Hello {
    init(_ raw: Podp__V1__Hello) throws(WireError) {
        var term: Term?
        if raw.highest_term != nil { term = try Term(message(raw.highest_term)) }
        self.init(
            minimumVersion: raw.minimum_version, maximumVersion: raw.maximum_version, blade: try BladeIdentity(message(raw.blade)), bootID: try id(raw.boot_id),
            agentRun: try id(raw.agent_run), agentVersion: try text(raw.agent_version), hypervisor: try HypervisorFacts(message(raw.hypervisor)),
            cpu: try CPUModel(message(raw.cpu)), highestTerm: term, clock: WallTime(milliseconds: raw.clock), bootTime: Instant(nanoseconds: raw.boot_time))
    }
}

extension Welcome {
    init(_ raw: Podp__V1__Welcome) throws(WireError) {
        self.init(
            version: raw.version, term: try Term(message(raw.term)), reportInterval: .nanoseconds(raw.report_interval), clock: WallTime(milliseconds: raw.clock)
        )
    }
}

extension Command {
    init(_ raw: Podp__V1__Command) throws(WireError) {
        self.init(
            operation: try OperationID(message(raw.operation)), term: try Term(message(raw.term)), domain: DomainID(try id(raw.domain)),
            domainName: try text(raw.domain_name), action: try Action(raw))
    }
}

extension Action {
    init(_ raw: Podp__V1__Command) throws(WireError) {
        switch raw.action_case {
        case PODP__V1__COMMAND__ACTION_DEFINE: self = .define(try DomainImage(message(raw.define)))
        case PODP__V1__COMMAND__ACTION_START: self = .start(try DomainImage(message(raw.start)))
        case PODP__V1__COMMAND__ACTION_SHUTDOWN: self = .shutdown(deadline: .nanoseconds(try message(raw.shutdown).deadline))
        case PODP__V1__COMMAND__ACTION_DESTROY: self = .destroy
        case PODP__V1__COMMAND__ACTION_PAUSE: self = .pause
        case PODP__V1__COMMAND__ACTION_RESUME: self = .resume
        case PODP__V1__COMMAND__ACTION_REBOOT: self = .reboot
        case PODP__V1__COMMAND__ACTION_SET_MEMORY: self = .setMemory(Bytes(try message(raw.set_memory).memory))
        case PODP__V1__COMMAND__ACTION_SET_VCPUS: self = .setVCPUs(Int(clamping: try message(raw.set_vcpus).vcpus))
        case PODP__V1__COMMAND__ACTION_MIGRATE:
            let migration = try message(raw.migrate)
            self = .migrate(
                Migration(
                    destination: BladeID(try id(migration.destination)), address: try text(migration.address), hostName: try text(migration.host_name),
                    live: migration.live != 0))
        case PODP__V1__COMMAND__ACTION_UNDEFINE: self = .undefine
        default: throw missing("action")
        }
    }
}

extension Update {
    init(_ raw: Podp__V1__Update) throws(WireError) {
        let phase: Phase
        switch raw.phase_case {
        case PODP__V1__UPDATE__PHASE_ACCEPTED: phase = .accepted
        case PODP__V1__UPDATE__PHASE_PROGRESS:
            let progress = try message(raw.progress)
            phase = .progress(Progress(done: Bytes(progress.done), remaining: Bytes(progress.remaining), elapsed: .nanoseconds(progress.elapsed)))
        case PODP__V1__UPDATE__PHASE_ENDED: phase = .ended(try Outcome(message(raw.ended)))
        case PODP__V1__UPDATE__PHASE_REFUSED: phase = .refused(reason: try text(message(raw.refused).words))
        default: throw missing("phase")
        }
        self.init(operation: try OperationID(message(raw.operation)), phase: phase)
    }
}

extension Outcome {
    init(_ raw: Podp__V1__Outcome) throws(WireError) {
        switch raw.outcome_case {
        case PODP__V1__OUTCOME__OUTCOME_SUCCEEDED: self = .succeeded
        case PODP__V1__OUTCOME__OUTCOME_FAILED: self = .failed(reason: try text(message(raw.failed).words))
        case PODP__V1__OUTCOME__OUTCOME_INDETERMINATE: self = .indeterminate(reason: try text(message(raw.indeterminate).words))
        default: throw missing("outcome")
        }
    }
}
