import AgentCore
import PodpModel

/// What hosts do: actions take time, take effect, and fail in every way that they can.
extension Plant {
    mutating func begin(_ command: Command, on blade: Int) {
        figures.executions += 1
        note("\(name(blade)) begins \(command.action.verb) \(command.domainName) (\(command.operation.sequence))")
        var job = PlantJob(command: command, step: .act, startedAt: now, agentRun: blades[blade].agentRun)
        if case .migrate = command.action {
            job.step = .prepare
            job.fate = nextMigration.isEmpty ? drawMigrationFate() : nextMigration.removeFirst()
            figures.migrations += 1
        } else {
            job.fate = nextAction.isEmpty ? drawActionFate() : nextAction.removeFirst()
        }
        if let reason = objection(to: command, on: blade) {
            job.step = .end
            job.outcome = .failed(reason: reason)
        } else if job.fate == .fails {
            job.step = .end
            job.outcome = .failed(reason: "libvirt: internal error: the plant's dice")
        }
        blades[blade].host.jobs[command.operation] = job
        scheduleJob(command.operation, on: blade, in: random.between(.milliseconds(20), .milliseconds(400)))
    }

    private mutating func scheduleJob(_ operation: OperationID, on blade: Int, in delay: Duration) {
        schedule(.job(blade, boot: blades[blade].host.boot, operation), in: delay)
    }

    private mutating func drawActionFate() -> PlantFate {
        guard random.chance(permille: weather.actionFails) else { return .succeeds }
        switch random.below(4) {
        case 0: return .losesAnswer(acted: true)
        case 1: return .losesAnswer(acted: false)
        default: return .fails
        }
    }

    /// Every state that libvirt's protocol can leave behind, but the one with two running copies: that is a scenario of its own.
    static let unclearEnds: [(source: DomainState?, target: DomainState?)] = [
        (.running, nil), (.running, .incoming), (.running, .paused), (.paused, nil), (.paused, .incoming), (.paused, .paused), (.paused, .running),
        (nil, .running), (nil, .paused), (nil, nil), (.shutdown, .running), (nil, .incoming),
    ]

    private mutating func drawMigrationFate() -> PlantFate {
        if random.chance(permille: weather.migrationFails) {
            switch random.below(4) {
            case 0: return .fails
            case 1: return .fallsBack(.prepare)
            case 2: return .fallsBack(.suspend)
            default: return .fallsBack(.finish)
            }
        }
        if random.chance(permille: weather.migrationUnclear) {
            let end = Self.unclearEnds[random.below(Self.unclearEnds.count)]
            return .leaves(source: end.source, target: end.target)
        }
        return .succeeds
    }

    /// Why the hypervisor refuses at once: the domain's state does not allow it, or there is no memory.
    private mutating func objection(to command: Command, on blade: Int) -> String? {
        let host = blades[blade].host
        let domain = host.domains[command.domain]
        switch command.action {
        case .define: return nil
        case .start(let image):
            if let domain, domain.state.holdsMemory { return "domain is already running" }
            if host.memoryFree < image.definition.memory {
                memoryRefused(command, on: blade, free: host.memoryFree, wanted: image.definition.memory)
                return "not enough memory: \(host.memoryFree.mebibytes) MiB free"
            }
            return nil
        case .shutdown, .pause, .resume, .reboot, .destroy, .migrate:
            guard let domain, domain.state.holdsMemory else { return "domain is not running" }
            // As libvirt has it: a domain that is coming in belongs to its migration.
            if domain.state == .incoming, command.action != .destroy { return "domain is being migrated in" }
            return nil
        case .setMemory(let memory):
            guard let domain else { return "no such domain" }
            if domain.state.holdsMemory, memory > domain.memory, host.memoryFree < memory - domain.memory {
                memoryRefused(command, on: blade, free: host.memoryFree, wanted: memory - domain.memory)
                return "not enough memory"
            }
            return nil
        case .setVCPUs: return domain == nil ? "no such domain" : nil
        case .undefine:
            guard let domain else { return "no such domain" }
            return domain.state.holdsMemory ? "domain is running" : nil
        }
    }

    mutating func advance(_ operation: OperationID, on blade: Int) {
        guard var job = blades[blade].host.jobs[operation] else { return }
        let source = blade
        switch job.step {
        case .act: act(&job, on: blade)
        case .prepare: prepare(&job, from: source)
        case .suspend: suspend(&job, from: source)
        case .finish: finish(&job, from: source)
        case .confirm:
            blades[source].host.domains[job.command.domain] = nil
            job.outcome = .succeeded
            job.step = .end
            hostChanged(source)
            scheduleJob(operation, on: source, in: random.between(.milliseconds(1), .milliseconds(50)))
        case .end:
            blades[blade].host.jobs[operation] = nil
            let outcome = job.outcome ?? .indeterminate(reason: "the connection to libvirtd broke")
            note("\(name(blade)) ends \(job.command.action.verb) \(job.command.domainName) (\(operation.sequence)): \(outcome)")
            if case .indeterminate = outcome { figures.migrationsUnclear += 1 }
            if blades[blade].agentRun == job.agentRun {
                tell(blade, .executed(operation, outcome))
            } else if blades[blade].agent != nil {
                // A later process asked what became of it, and waited.
                tell(blade, .observed(operation, observation(of: job.command, on: blade)))
            }
            return
        }
        if blades[blade].host.jobs[operation] != nil { blades[blade].host.jobs[operation] = job }
    }

    /// An action that is no migration takes effect.
    private mutating func act(_ job: inout PlantJob, on blade: Int) {
        let id = job.command.domain
        var acts = true
        switch job.fate {
        case .hangs: return
        case .losesAnswer(let acted):
            acts = acted
            job.outcome = .indeterminate(reason: "libvirt: end of file while reading data")
        default: job.outcome = .succeeded
        }
        var length = random.between(.milliseconds(10), .milliseconds(300))
        if acts {
            switch job.command.action {
            case .define(let image):
                if blades[blade].host.domains[id] == nil {
                    blades[blade].host.begin(image.definition, state: .off, persistent: true)
                    blades[blade].host.domains[id]?.number = nil
                } else {
                    blades[blade].host.domains[id]?.definition = image.definition
                    blades[blade].host.domains[id]?.persistent = true
                }
            case .start(let image): blades[blade].host.begin(image.definition, state: .running, persistent: true)
            case .shutdown(let deadline):
                length = random.between(.milliseconds(500), .seconds(20))
                if length > deadline || random.chance(permille: 50) {
                    job.outcome = .failed(reason: "the guest did not shut down within \(deadline)")
                    length = min(length, deadline)
                } else {
                    blades[blade].host.end(id)
                }
            case .destroy: blades[blade].host.end(id)
            case .pause: blades[blade].host.domains[id]?.state = .paused
            case .resume: if !blades[blade].host.resumesNothing { blades[blade].host.domains[id]?.state = .running }
            case .reboot: blades[blade].host.domains[id]?.cpuNanoseconds = 0
            case .setMemory(let memory): blades[blade].host.domains[id]?.memory = memory
            case .setVCPUs(let count): blades[blade].host.domains[id]?.vcpus = count
            case .undefine: blades[blade].host.domains[id] = nil
            case .migrate: break
            }
            hostChanged(blade)
        }
        job.step = .end
        scheduleJob(job.command.operation, on: blade, in: length)
    }

    mutating func cancel(_ operation: OperationID, on blade: Int) {
        guard let job = blades[blade].host.jobs[operation], case .migrate = job.command.action else { return }
        note("\(name(blade)) is asked to cancel \(operation.sequence)")
        blades[blade].host.jobs[operation]?.cancelled = true
    }

    /// A restarted agent looks: at the end of what still goes on, or at what is left.
    mutating func observe(_ command: Command, on blade: Int) {
        if let job = blades[blade].host.jobs[command.operation], job.fate != .hangs { return }
        blades[blade].host.jobs[command.operation] = nil
        let outcome = observation(of: command, on: blade)
        schedule(.agent(blade, run: blades[blade].agentRun, .observed(command.operation, outcome)), in: random.between(.milliseconds(5), .milliseconds(200)))
    }

    private func observation(of command: Command, on blade: Int) -> Outcome {
        let domain = blades[blade].host.domains[command.domain]
        let state = domain?.state
        let seen: Bool
        switch command.action {
        case .define: seen = domain != nil
        case .start: seen = state?.holdsMemory ?? false
        case .shutdown, .destroy: seen = !(state?.holdsMemory ?? false)
        case .pause: seen = state == .paused
        case .resume: seen = state == .running
        case .reboot: return .indeterminate(reason: "nobody saw whether it rebooted")
        case .setMemory(let memory): seen = domain?.memory == memory
        case .setVCPUs(let count): seen = domain?.vcpus == count
        case .undefine: seen = domain == nil
        case .migrate: return .indeterminate(reason: "the agent ended while it migrated; here it is \(state?.rawValue ?? "not defined")")
        }
        return seen ? .succeeded : .failed(reason: "it did not happen before the agent ended")
    }
}
