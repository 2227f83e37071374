import AgentCore
import PodpModel

/// Migrations, phase by phase as libvirt's peer-to-peer protocol has them: prepare, perform and suspend, finish, confirm.
extension Plant {
    func index(of blade: BladeID) -> Int? { blades.firstIndex { $0.host.identity.id == blade } }

    private func target(of job: PlantJob) -> Int? {
        guard case .migrate(let migration) = job.command.action else { return nil }
        return index(of: migration.destination)
    }

    private mutating func proceed(_ job: inout PlantJob, to step: PlantJob.Step, on source: Int, in delay: Duration) {
        job.step = step
        schedule(.job(source, boot: blades[source].host.boot, job.command.operation), in: delay)
    }

    private mutating func end(_ job: inout PlantJob, on source: Int, _ outcome: Outcome) {
        job.outcome = outcome
        proceed(&job, to: .end, on: source, in: random.between(.milliseconds(5), .milliseconds(100)))
    }

    /// The target makes room: the domain is there, holds memory, does not run.
    mutating func prepare(_ job: inout PlantJob, from source: Int) {
        let id = job.command.domain
        guard case .migrate(let migration) = job.command.action, let target = target(of: job), target != source else {
            return end(&job, on: source, .failed(reason: "no such destination"))
        }
        guard var domain = blades[source].host.domains[id], domain.state.holdsMemory else {
            return end(&job, on: source, .failed(reason: "domain is not running"))
        }
        guard blades[target].host.isOn else { return end(&job, on: source, .failed(reason: "unable to connect to \(migration.hostName): no route to host")) }
        if migration.live, domain.definition.type == .pv { return end(&job, on: source, .failed(reason: "shadow paging is not there")) }
        if let there = blades[target].host.domains[id], there.state.holdsMemory {
            return end(&job, on: source, .failed(reason: "domain is already active on \(migration.hostName)"))
        }
        guard blades[target].host.memoryFree >= domain.memory else {
            memoryRefused(job.command, on: target, free: blades[target].host.memoryFree, wanted: domain.memory)
            return end(&job, on: source, .failed(reason: "not enough memory on \(migration.hostName)"))
        }
        if job.fate == .fallsBack(.prepare) { return end(&job, on: source, .failed(reason: "migration was refused by \(migration.hostName)")) }
        domain.pausedByOperator = domain.state == .paused
        blades[source].host.domains[id] = domain
        job.targetBoot = blades[target].host.boot
        blades[target].host.begin(domain.definition, state: .incoming, persistent: false, memory: domain.memory, vcpus: domain.vcpus)
        blades[target].host.domains[id]?.pausedByOperator = domain.pausedByOperator
        hostChanged(target)
        if case .hangs = job.fate { return }
        let seconds = max(1, Int64(domain.memory.count / 100_000_000))
        let run = blades[source].agentRun
        let operation = job.command.operation
        let progress = Progress(done: Bytes(domain.memory.count / 2), remaining: Bytes(domain.memory.count / 2), elapsed: .seconds(seconds / 2))
        schedule(.agent(source, run: run, .progressed(operation, progress)), in: .milliseconds(seconds * 500))
        proceed(&job, to: .suspend, on: source, in: .milliseconds(seconds * 1000 + Int64(random.below(1000))))
    }

    /// The memory is over; the source stops.
    mutating func suspend(_ job: inout PlantJob, from source: Int) {
        let id = job.command.domain
        guard let target = target(of: job), targetIsThere(job, target) else { return rollBack(&job, from: source, "the destination is gone") }
        guard let domain = blades[source].host.domains[id], domain.state == .running || domain.state == .paused else {
            return rollBack(&job, from: source, "domain is not running any more")
        }
        if job.cancelled { return rollBack(&job, from: source, "operation aborted: migration job: canceled by client") }
        if job.fate == .fallsBack(.suspend) { return rollBack(&job, from: source, "unable to read from the stream: connection reset") }
        if case .leaves(let atSource, let atTarget) = job.fate {
            settle(id, on: source, as: atSource)
            settle(id, on: target, as: atTarget)
            return end(&job, on: source, .indeterminate(reason: "the connection to \(name(target)) broke as the domain changed over"))
        }
        blades[source].host.domains[id]?.state = .paused
        hostChanged(source)
        proceed(&job, to: .finish, on: source, in: random.between(.milliseconds(20), .milliseconds(400)))
    }

    /// The target resumes what the source suspended; a domain that an operator had paused stays so.
    mutating func finish(_ job: inout PlantJob, from source: Int) {
        let id = job.command.domain
        guard let target = target(of: job), targetIsThere(job, target) else { return rollBack(&job, from: source, "the destination is gone") }
        if job.fate == .fallsBack(.finish) { return rollBack(&job, from: source, "the destination could not resume the domain") }
        let paused = blades[target].host.domains[id]?.pausedByOperator ?? false
        blades[target].host.domains[id]?.state = paused ? .paused : .running
        blades[target].host.domains[id]?.persistent = true
        hostChanged(target)
        proceed(&job, to: .confirm, on: source, in: random.between(.milliseconds(5), .milliseconds(200)))
    }

    private func targetIsThere(_ job: PlantJob, _ target: Int) -> Bool {
        blades[target].host.isOn && blades[target].host.boot == job.targetBoot && blades[target].host.domains[job.command.domain]?.state == .incoming
    }

    private mutating func rollBack(_ job: inout PlantJob, from source: Int, _ reason: String) {
        let id = job.command.domain
        if let target = target(of: job), targetIsThere(job, target) {
            blades[target].host.domains[id] = nil
            hostChanged(target)
        }
        if let domain = blades[source].host.domains[id], domain.state == .paused, !domain.pausedByOperator {
            blades[source].host.domains[id]?.state = .running
        }
        hostChanged(source)
        end(&job, on: source, .failed(reason: reason))
    }

    /// Makes one end of an unclear migration what the row says.
    private mutating func settle(_ id: DomainID, on blade: Int, as state: DomainState?) {
        if let state {
            blades[blade].host.domains[id]?.state = state
            if state == .running || state == .paused { blades[blade].host.domains[id]?.persistent = true }
        } else {
            blades[blade].host.domains[id] = nil
        }
        hostChanged(blade)
    }

    /// The blade that lost power was a source to somebody: what was coming in to others is left as it was, and cleaned up by nobody.
    mutating func targetDied(_ blade: Int) {
        for other in blades.indices where other != blade { hostChanged(other) }
    }
}
