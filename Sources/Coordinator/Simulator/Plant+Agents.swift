import AgentCore
import PodpModel

/// The shell around each agent's core: journal, hypervisor, clock, and the process that dies.
extension Plant {
    func facts(of blade: Int) -> HostFacts {
        let host = blades[blade].host
        return HostFacts(
            identity: host.identity, bootID: host.bootID,
            hypervisor: HypervisorFacts(
                kind: .simulated, version: "4.17", liveMigration: [.pvh: .yes, .hvm: .yes, .pv: .no(reason: "no shadow paging in this hypervisor")]),
            cpu: CPUModel(vendor: "GenuineIntel", model: "Xeon X5650", features: ["aes", "sse4_1", "sse4_2"]))
    }

    mutating func startAgent(_ blade: Int) {
        guard blades[blade].host.isOn, blades[blade].agent == nil else { return }
        blades[blade].agentRun += 1
        blades[blade].timers = [:]
        blades[blade].link = nil
        var settings = AgentCore.Settings(facts: facts(of: blade), run: random.id(), version: "plant", addresses: ["coordinator:7447"])
        settings.reportInterval = coordinatorConfiguration.reportInterval
        do throws(JournalError) {
            let journal = try OperationJournal(replaying: blades[blade].journal)
            blades[blade].agent = AgentCore(settings: settings, journal: journal)
        } catch {
            return report(.staticStability, "\(name(blade))'s agent cannot read its own journal: \(error)")
        }
        note("agent of \(name(blade)) starts, run \(blades[blade].agentRun), \(blades[blade].journal.count) journal records")
        tell(blade, .started)
    }

    /// As `kill -9` does: the journal keeps what was durable, the hypervisor goes on.
    public mutating func crashAgent(_ blade: Int, restartAfter delay: Duration? = nil) {
        guard blades.indices.contains(blade), blades[blade].agent != nil else { return }
        endAgent(blade)
        figures.agentCrashes += 1
        note("agent of \(name(blade)) crashes")
        schedule(.agentStarts(blade), in: delay ?? random.between(.milliseconds(200), .seconds(8)))
    }

    private mutating func endAgent(_ blade: Int) {
        blades[blade].agent = nil
        // Nothing of the dead process's own events may reach the next one.
        blades[blade].agentRun += 1
        blades[blade].timers = [:]
        if let id = blades[blade].link {
            blades[blade].link = nil
            links[id]?.agentEnd = false
            links[id]?.deafToAgent = true
            cut(id, reason: "connection reset")
        }
    }

    /// The chassis takes a blade's power away: a cold boot follows, sooner or later.
    public mutating func cutPower(_ blade: Int, bootAfter delay: Duration? = nil) {
        guard blades.indices.contains(blade), blades[blade].host.isOn else { return }
        figures.powerLosses += 1
        switchOff(blade)
        schedule(.powerComesOn(blade), in: delay ?? random.between(.seconds(30), .seconds(120)))
    }

    /// The power goes, and stays away.
    mutating func switchOff(_ blade: Int) {
        guard blades[blade].host.isOn else { return }
        note("\(name(blade)) loses power")
        endAgent(blade)
        blades[blade].host.powerOff()
        fleetChanged = true
        targetDied(blade)
    }

    mutating func powerOn(_ blade: Int) {
        guard !blades[blade].host.isOn else { return }
        blades[blade].host.powerOn(bootID: random.id(), at: now)
        note("\(name(blade)) boots")
        schedule(.agentStarts(blade), in: random.between(.seconds(1), .seconds(5)))
    }

    mutating func tell(_ blade: Int, _ event: AgentCore.Event) {
        guard var agent = blades[blade].agent else { return }
        let run = blades[blade].agentRun
        trace.count(now, 2, UInt64(blade))
        blades[blade].agent = nil
        let effects = agent.handle(event, at: blades[blade].host.clock(at: now))
        blades[blade].agent = agent
        for effect in effects {
            guard blades[blade].agentRun == run, blades[blade].agent != nil else { return }
            perform(effect, of: blade, run: run)
        }
    }

    private mutating func perform(_ effect: AgentCore.Effect, of blade: Int, run: Int) {
        switch effect {
        case .connect: schedule(.agentConnects(blade, run: run), in: random.between(.milliseconds(1), .milliseconds(60)))
        case .disconnect(let reason):
            if let link = blades[blade].link { hangUpOnCoordinator(link, reason: reason) }
        case .send(let message): send(message, from: blade)
        case .arm(let timer, let at):
            let token = (blades[blade].timers[timer] ?? 0) + 1
            blades[blade].timers[timer] = token
            let due = blades[blade].host.bootedAt + (at - .zero)
            agenda.add(.agentTimer(blade, run: run, timer, token: token), at: max(now, due))
        case .disarm(let timer): blades[blade].timers[timer] = (blades[blade].timers[timer] ?? 0) + 1
        case .readCounters:
            guard !blades[blade].host.isMute else { return }
            blades[blade].host.run(until: now, load: load)
            let counters = blades[blade].host.counters(at: now)
            schedule(.agent(blade, run: run, .counters(counters, use: nil)), in: random.between(.milliseconds(1), .milliseconds(15)))
        case .readInventory:
            let inventory = blades[blade].host.inventory(at: now)
            schedule(.agent(blade, run: run, .inventory(inventory)), in: random.between(.milliseconds(1), .milliseconds(40)))
        case .journal(let write):
            // One file, written in order: a later write never overtakes an earlier one.
            let due = max(now + random.between(.milliseconds(1), .milliseconds(25)), blades[blade].journalIsBusyUntil)
            blades[blade].journalIsBusyUntil = due
            agenda.add(.journal(blade, run: run, write), at: due)
        case .execute(let command):
            checkExecution(of: command, on: blade)
            begin(command, on: blade)
        case .cancel(let operation): cancel(operation, on: blade)
        case .observe(let command): observe(command, on: blade)
        case .describe(let number, _):
            schedule(.agent(blade, run: run, .described(number: number, xml: nil, reason: "the plant has no libvirt")), in: .milliseconds(5))
        case .makeRequest: schedule(.agent(blade, run: run, .certificateFailed(reason: "the plant has no openssl")), in: .milliseconds(5))
        case .storeCertificate, .storeRevocations, .status, .log: break
        }
    }

    /// A write of the journal reaches the disk, or fails, or the agent dies before or after it.
    mutating func journalWrites(_ blade: Int, run: Int, _ write: JournalWrite) {
        guard blades[blade].agentRun == run, blades[blade].agent != nil else { return }
        journalWrites += 1
        let drawn = random.chance(permille: weather.crashAtJournalWrite)
        let drawnApplied = random.chance(permille: 500)
        let crash = crashAtJournalWrite.map { $0.number == journalWrites } ?? drawn
        let applied = crashAtJournalWrite?.applied ?? drawnApplied
        if crash { crashAtJournalWrite = nil }
        if crash, !applied { return crashAgent(blade) }
        if random.chance(permille: weather.journalFails) {
            blades[blade].journalIsBroken = true
        }
        switch write.content {
        case .append(let records):
            if blades[blade].journalIsBroken {
                return tell(blade, .journalFailed(write.number, reason: "no space left on device"))
            }
            blades[blade].journal += records
        case .replace(let records):
            blades[blade].journalIsBroken = false
            blades[blade].journal = records
        }
        if crash { return crashAgent(blade) }
        tell(blade, .journalled(write.number))
    }

    /// The hypervisor says that something changed.
    mutating func hostChanged(_ blade: Int) {
        fleetChanged = true
        let run = blades[blade].agentRun
        schedule(.agent(blade, run: run, .hypervisorChanged), in: random.between(.milliseconds(1), .milliseconds(50)))
    }
}
