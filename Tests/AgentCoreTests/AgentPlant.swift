import AgentCore
import PodpModel

/// An agent with everything around it that can fail: a disk that loses its tail, a link that breaks, a process that is killed, a
/// coordinator that repeats itself, deposed coordinators. Watches the invariants from outside.
struct AgentPlant {
    var random: Seeded
    var now = Instant.zero
    var core: AgentCore
    var faults: [String] = []

    // The disk: what is durable, and writes that are under way.
    var durable: [JournalRecord] = []
    var writes: [JournalWrite] = []
    var diskFails = false
    var isTorn = false

    // The hypervisor.
    var executions: [OperationID: Int] = [:]
    var running: [Command] = []
    var toObserve: [Command] = []
    /// The highest term that any executed command had.
    var obeyed: Term?

    // The link and the coordinator.
    enum LinkState { case down, connecting, up }
    var link = LinkState.down
    var sent: [Command] = []
    var finals: [OperationID: Outcome] = [:]
    var refusals: Set<OperationID> = []
    var acknowledged: Set<OperationID> = []
    var lowestReport: UInt64 = 0
    var term = 1
    var sequence = 0

    /// The term that the link's coordinator said it has.
    var welcomed = Sample.term(1)
    /// Whether each event is handled twice, to see that the answers are equal. Slow.
    var isDoubled = false

    init(seed: Int) {
        random = Seeded(seed)
        var settings = Sample.settings
        settings.recordsBetweenCompactions = 12
        settings.reportsKept = 4
        core = AgentCore(settings: settings, journal: OperationJournal(limits: Self.limits))
        deliver(.started)
    }

    static var limits: OperationJournal.Limits {
        var limits = OperationJournal.Limits()
        limits.open = 6
        limits.remembered = 400
        return limits
    }

    mutating func deliver(_ event: AgentCore.Event) {
        if isDoubled {
            var twin = core
            let effects = twin.handle(event, at: now)
            var other = core
            if other.handle(event, at: now) != effects { faults.append("one event, two answers: \(event)") }
        }
        let effects = core.handle(event, at: now)
        for effect in effects { perform(effect) }
    }

    private mutating func perform(_ effect: AgentCore.Effect) {
        switch effect {
        case .connect: link = .connecting
        case .disconnect: breakLink()
        case .send(let message): arrived(message)
        case .journal(let write): writes.append(write)
        case .execute(let command): execute(command)
        case .observe(let command): toObserve.append(command)
        case .readCounters: break
        default: break
        }
    }

    private mutating func execute(_ command: Command) {
        executions[command.operation, default: 0] += 1
        if executions[command.operation] != 1 { faults.append("\(command.operation) was executed twice") }
        if refusals.contains(command.operation) { faults.append("\(command.operation) was executed after it was refused") }
        if !durable.contains(where: { if case .accepted(let stored) = $0 { stored.operation == command.operation } else { false } }) {
            faults.append("\(command.operation) was executed before its acceptance was durable")
        }
        if !command.term.isAccepted(after: obeyed) {
            faults.append("\(command.operation) of term \(command.term) was obeyed after \(String(describing: obeyed))")
        }
        if running.contains(where: { $0.domain == command.domain }) { faults.append("two operations at once on \(command.domainName)") }
        obeyed = command.term.number > (obeyed?.number ?? 0) ? command.term : obeyed
        running.append(command)
    }

    private mutating func arrived(_ message: AgentMessage) {
        guard link == .up else { return }
        guard case .update(let update) = message else { return }
        switch update.phase {
        case .ended(let outcome):
            if let before = finals[update.operation], before != outcome { faults.append("\(update.operation) ended \(before), then \(outcome)") }
            finals[update.operation] = outcome
        case .refused(let reason):
            // An id that was used with two contents is refused though it lives.
            if !reason.contains("other content"), !reason.contains("term") { refusals.insert(update.operation) }
            if executions[update.operation] != nil, refusals.contains(update.operation) {
                faults.append("\(update.operation) was refused after it was executed")
            }
        case .accepted, .progress: break
        }
    }

    mutating func breakLink() {
        guard link != .down else { return }
        link = .down
        deliver(.linkDown(reason: "test", random: random.next()))
    }

    // MARK: - What can happen

    mutating func step() {
        now = now + .milliseconds(Int64(random.below(3000)))
        switch random.below(100) {
        case 0..<14: connect()
        case 14..<18: breakLink()
        case 18..<38: newCommand()
        case 38..<48: repeatCommand()
        case 48..<53: if link == .up, let command = sent.randomElement(using: &random) { deliver(.received(.cancel(command.operation))) }
        case 53..<68: finishWrite()
        case 68..<78: finishExecution()
        case 78..<83: finishObservation()
        case 83..<89: acknowledge()
        case 89..<91: crash()
        case 91..<94: diskFails.toggle()
        case 94..<96: deliver(.timer(AgentCore.Timer.allCases.randomElement(using: &random) ?? .sample))
        case 96..<97: deliver(.linkWritable(random.chance(50)))
        case 97..<98: deliver(.hypervisorChanged)
        default: deliver(.countersFailed(HypervisorError(.unavailable, "test")))
        }
        if core.journal.open.count > Self.limits.open { faults.append("the journal holds \(core.journal.open.count) open operations") }
    }

    mutating func connect() {
        if link == .down { deliver(.timer(.reconnect)) }
        guard link == .connecting else { return }
        link = .up
        deliver(.linkUp(clock: WallTime(milliseconds: 0)))
        if random.chance(20) { term += 1 }
        // Sometimes a coordinator that was deposed, or another one with the same number.
        welcomed = random.chance(10) ? Sample.term(max(1, term - 1)) : random.chance(5) ? Sample.term(term, holder: 9) : Sample.term(term)
        deliver(.received(Sample.welcome(welcomed)))
    }

    mutating func newCommand() {
        guard link == .up else { return }
        sequence += 1
        let commanded = random.chance(8) ? Sample.term(max(1, term - 1)) : random.chance(4) ? Sample.term(term, holder: 9) : Sample.term(term)
        let command = Sample.command(sequence, domain: random.below(4), term: commanded, decidedIn: term)
        sent.append(command)
        deliver(.received(.command(command)))
    }

    mutating func repeatCommand() {
        guard link == .up, var command = sent.randomElement(using: &random) else { return }
        // A successor repeats it in its own term; and now and then an id comes with other content.
        if random.chance(50) { command.term = Sample.term(term) }
        if random.chance(10) { command.action = .destroy }
        deliver(.received(.command(command)))
    }

    mutating func finishWrite() {
        guard !writes.isEmpty else { return }
        let write = writes.removeFirst()
        switch write.content {
        case .append(let records):
            // The shell's promise: after a failure, nothing is appended until all is written anew.
            if diskFails || isTorn {
                isTorn = true
                return deliver(.journalFailed(write.number, reason: "no space"))
            }
            durable += records
        case .replace(let records):
            if diskFails { return deliver(.journalFailed(write.number, reason: "no space")) }
            isTorn = false
            durable = records
        }
        deliver(.journalled(write.number))
    }

    mutating func finishExecution() {
        guard !running.isEmpty else { return }
        let command = running.remove(at: random.below(running.count))
        deliver(.executed(command.operation, random.chance(70) ? .succeeded : .failed(reason: "test")))
    }

    mutating func finishObservation() {
        guard !toObserve.isEmpty else { return }
        let command = toObserve.removeFirst()
        deliver(.observed(command.operation, random.chance(50) ? .succeeded : .indeterminate(reason: "the agent was restarted")))
    }

    mutating func acknowledge() {
        guard link == .up, let operation = finals.keys.sorted().randomElement(using: &random) else { return }
        acknowledged.insert(operation)
        deliver(.received(.acknowledge(operation)))
    }

    /// The process dies: writes under way are lost, or the first of them is not.
    mutating func crash() {
        if let first = writes.first, !diskFails, !isTorn, random.chance(50) {
            switch first.content {
            case .append(let records): durable += records.prefix(random.below(records.count + 1))
            case .replace(let records): durable = records
            }
        }
        restart()
    }

    mutating func restart() {
        writes = []
        isTorn = false
        running = []
        toObserve = []
        link = .down
        do throws(JournalError) {
            core = AgentCore(settings: core.settings, journal: try OperationJournal(replaying: durable, limits: Self.limits))
        } catch {
            faults.append("the journal cannot be replayed: \(error)")
        }
        deliver(.started)
    }

    /// No more faults: everything that was begun is to end, be told and be acknowledged.
    mutating func settle() {
        diskFails = false
        for _ in 0..<400 {
            now = now + .seconds(61)
            if link != .up { connect() }
            // The link's coordinator may be a deposed one: the last link is the leader's.
            if link == .up, welcomed != Sample.term(term) || core.journal.highestTerm != welcomed {
                term += 1
                breakLink()
                continue
            }
            while !writes.isEmpty { finishWrite() }
            while !running.isEmpty { finishExecution() }
            while !toObserve.isEmpty { finishObservation() }
            deliver(.timer(.journal))
            deliver(.timer(.resend))
            for operation in finals.keys.sorted() where link == .up {
                acknowledged.insert(operation)
                deliver(.received(.acknowledge(operation)))
            }
            if link == .up, writes.isEmpty, core.journal.open.isEmpty, running.isEmpty { return }
        }
        faults.append("still open: \(core.journal.open), link \(link), writes \(writes.count)")
    }
}
