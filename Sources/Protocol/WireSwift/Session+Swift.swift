import PodpFrame
import PodpModel

// Identity, handshake, commands and updates, in swift-protobuf's form and back.

extension Podp_V1_Term {
    init(_ term: Term) {
        number = term.number
        id = term.id.data
    }
}

extension Podp_V1_OperationId {
    init(_ operation: OperationID) {
        term = operation.term.data
        sequence = operation.sequence
    }
}

extension Podp_V1_BladeIdentity {
    init(_ blade: BladeIdentity) {
        id = blade.id.uuid.data
        serial = blade.serial
        name = blade.name
    }
}

extension Podp_V1_Hello {
    init(_ hello: Hello) {
        minimumVersion = hello.minimumVersion
        maximumVersion = hello.maximumVersion
        blade = Podp_V1_BladeIdentity(hello.blade)
        bootID = hello.bootID.data
        agentRun = hello.agentRun.data
        agentVersion = hello.agentVersion
        hypervisor = Podp_V1_HypervisorFacts(hello.hypervisor)
        cpu = Podp_V1_CpuModel(hello.cpu)
        if let term = hello.highestTerm { highestTerm = Podp_V1_Term(term) }
        clock = hello.clock.milliseconds
        bootTime = hello.bootTime.nanoseconds
    }
}

extension Podp_V1_Welcome {
    init(_ welcome: Welcome) {
        version = welcome.version
        term = Podp_V1_Term(welcome.term)
        reportInterval = welcome.reportInterval.nanoseconds
        clock = welcome.clock.milliseconds
    }
}

extension Podp_V1_Command {
    init(_ command: Command) {
        operation = Podp_V1_OperationId(command.operation)
        term = Podp_V1_Term(command.term)
        domain = command.domain.uuid.data
        domainName = command.domainName
        switch command.action {
        case .define(let image): define = Podp_V1_DomainImage(image)
        case .start(let image): start = Podp_V1_DomainImage(image)
        case .shutdown(let deadline): shutdown = .with { $0.deadline = deadline.nanoseconds }
        case .destroy: destroy = Podp_V1_Empty()
        case .pause: pause = Podp_V1_Empty()
        case .resume: resume = Podp_V1_Empty()
        case .reboot: reboot = Podp_V1_Empty()
        case .setMemory(let memory): setMemory = .with { $0.memory = memory.count }
        case .setVCPUs(let vcpus): setVcpus = .with { $0.vcpus = Int64(vcpus) }
        case .migrate(let migration):
            migrate = .with {
                $0.destination = migration.destination.uuid.data
                $0.address = migration.address
                $0.hostName = migration.hostName
                $0.live = migration.live
            }
        case .undefine: undefine = Podp_V1_Empty()
        }
    }
}

extension Podp_V1_Update {
    init(_ update: Update) {
        operation = Podp_V1_OperationId(update.operation)
        switch update.phase {
        case .accepted: accepted = Podp_V1_Empty()
        case .progress(let model):
            progress = .with {
                $0.done = model.done.count
                $0.remaining = model.remaining.count
                $0.elapsed = model.elapsed.nanoseconds
            }
        case .ended(let outcome): ended = Podp_V1_Outcome(outcome)
        case .refused(let reason): refused = Podp_V1_Reason(reason)
        }
    }
}

extension Podp_V1_Outcome {
    init(_ outcome: Outcome) {
        switch outcome {
        case .succeeded: succeeded = Podp_V1_Empty()
        case .failed(let reason): failed = Podp_V1_Reason(reason)
        case .indeterminate(let reason): indeterminate = Podp_V1_Reason(reason)
        }
    }
}

extension Podp_V1_Reason {
    init(_ reason: String) { words = fittingWords(reason) }
}

extension Term {
    init(_ raw: Podp_V1_Term) throws(WireError) { self.init(number: raw.number, id: try PodpWireSwift.id(raw.id)) }
}

extension OperationID {
    init(_ raw: Podp_V1_OperationId) throws(WireError) { self.init(term: try id(raw.term), sequence: raw.sequence) }
}

extension BladeIdentity {
    init(_ raw: Podp_V1_BladeIdentity) throws(WireError) {
        self.init(id: BladeID(try PodpWireSwift.id(raw.id)), serial: raw.serial, name: raw.name)
    }
}

extension Hello {
    init(_ raw: Podp_V1_Hello) throws(WireError) {
        self.init(
            minimumVersion: raw.minimumVersion, maximumVersion: raw.maximumVersion, blade: try BladeIdentity(raw.blade), bootID: try id(raw.bootID),
            agentRun: try id(raw.agentRun), agentVersion: raw.agentVersion, hypervisor: try HypervisorFacts(raw.hypervisor), cpu: CPUModel(raw.cpu),
            highestTerm: raw.hasHighestTerm ? try Term(raw.highestTerm) : nil, clock: WallTime(milliseconds: raw.clock),
            bootTime: Instant(nanoseconds: raw.bootTime))
    }
}

extension Welcome {
    init(_ raw: Podp_V1_Welcome) throws(WireError) {
        self.init(
            version: raw.version, term: try Term(raw.term), reportInterval: .nanoseconds(raw.reportInterval), clock: WallTime(milliseconds: raw.clock))
    }
}

extension Command {
    init(_ raw: Podp_V1_Command) throws(WireError) {
        self.init(
            operation: try OperationID(raw.operation), term: try Term(raw.term), domain: DomainID(try id(raw.domain)), domainName: raw.domainName,
            action: try Action(raw.action))
    }
}

extension Action {
    init(_ raw: Podp_V1_Command.OneOf_Action?) throws(WireError) {
        switch raw {
        case .define(let image): self = .define(try DomainImage(image))
        case .start(let image): self = .start(try DomainImage(image))
        case .shutdown(let shutdown): self = .shutdown(deadline: .nanoseconds(shutdown.deadline))
        case .destroy: self = .destroy
        case .pause: self = .pause
        case .resume: self = .resume
        case .reboot: self = .reboot
        case .setMemory(let setMemory): self = .setMemory(Bytes(setMemory.memory))
        case .setVcpus(let setVCPUs): self = .setVCPUs(Int(clamping: setVCPUs.vcpus))
        case .migrate(let migration):
            self = .migrate(
                Migration(
                    destination: BladeID(try id(migration.destination)), address: migration.address, hostName: migration.hostName, live: migration.live))
        case .undefine: self = .undefine
        case nil: throw missing("action")
        }
    }
}

extension Update {
    init(_ raw: Podp_V1_Update) throws(WireError) {
        let phase: Phase
        switch raw.phase {
        case .accepted: phase = .accepted
        case .progress(let progress):
            phase = .progress(Progress(done: Bytes(progress.done), remaining: Bytes(progress.remaining), elapsed: .nanoseconds(progress.elapsed)))
        case .ended(let outcome): phase = .ended(try Outcome(outcome))
        case .refused(let reason): phase = .refused(reason: reason.words)
        case nil: throw missing("phase")
        }
        self.init(operation: try OperationID(raw.operation), phase: phase)
    }
}

extension Outcome {
    init(_ raw: Podp_V1_Outcome) throws(WireError) {
        switch raw.outcome {
        case .succeeded: self = .succeeded
        case .failed(let reason): self = .failed(reason: reason.words)
        case .indeterminate(let reason): self = .indeterminate(reason: reason.words)
        case nil: throw missing("outcome")
        }
    }
}
