import AgentCore
import PodpCore
import PodpModel
import PodpPlanner
import PodpPower

/// A BladeCenter in software: the real cores of coordinator and agents, with everything around them played by a seed.
///
/// One heap of (instant, sequence, event), one generator, no clock, no threads: a seed replays a run exactly, in every process.
///
///     var plant = Plant(seed: 7, blades: 3)
///     plant.run(for: .seconds(60))
///     plant.findings   // what the checkers saw: empty, or podp has a bug
public struct Plant: Sendable {
    enum Happening: Sendable {
        case coordinatorStarts
        case coordinator(run: Int, PodpCore.Event)
        case coordinatorTimer(run: Int, token: UInt64)
        case planner(run: Int, ticket: UInt64, Problem)
        case store(run: Int)
        case agentStarts(Int)
        case agent(Int, run: Int, AgentCore.Event)
        case agentTimer(Int, run: Int, AgentCore.Timer, token: UInt64)
        case journal(Int, run: Int, JournalWrite)
        case agentConnects(Int, run: Int)
        case toAgent(LinkID, CoordinatorMessage)
        case toCoordinator(LinkID, AgentMessage)
        case agentEndCloses(LinkID, reason: String)
        case coordinatorEndCloses(LinkID, reason: String)
        case job(Int, boot: Int, OperationID)
        case powerComesOn(Int)
        case chassisHears(run: Int, ChassisOrder)
        case chassisSwitches(Int, PowerRequest, order: UInt64)
        case weather(PlantWeatherKind)
        case heals(Int)
        case honest(Int)
        case impostorGreets(Int)
        case operators
        case operatorsStart(DomainID, on: BladeID?)
    }

    public let seed: UInt64
    public var weather: Weather { didSet { startWeather() } }
    public private(set) var now = Instant(nanoseconds: 1_000_000_000)
    public internal(set) var trace: Trace
    public internal(set) var findings: [PlantFinding] = []
    public internal(set) var figures = PlantFigures()
    /// Set to an empty list: every run of the coordinator is written down, as `podp-coordinator run --record` does.
    public var recordings: [PlantRecording]?

    var random: SeededGenerator
    var agenda = Agenda<Happening>()
    var blades: [PlantBlade]
    var links: [LinkID: PlantLink] = [:]
    var nextLink: UInt64 = 0
    var store = PlantStore()
    var coordinator: PlantCoordinator?
    var coordinatorRuns = 0
    var coordinatorConfiguration: CoordinatorCore.Configuration
    var coordinatorIsBanned = false
    var checker = PlantChecker()
    var chassis = PlantChassis()
    /// By bay, from the first: which blade is in it.
    var bays: [Int]
    var load: PlantLoad
    /// Kinds of weather whose next time is in the agenda.
    var forecast: Set<PlantWeatherKind> = []
    var operatorsAreAtWork = false
    var nextRequest: UInt64 = 0
    var nextCertificate: UInt64 = 0
    var requests: [RequestID: Request] = [:]
    var answers: [RequestID: Answer] = [:]
    /// Commits and journal writes are numbered, so that a scenario can crash at each of them in turn.
    var crashAtCommit: (number: Int, applied: Bool)?
    var crashAtJournalWrite: (number: Int, applied: Bool)?
    var journalWrites = 0
    /// What the next migration, or the next other action, is to come to; the seed draws where nothing is said.
    var nextMigration: [PlantFate] = []
    var nextAction: [PlantFate] = []
    /// The checks that look over the whole fleet run when this says that something changed.
    var fleetChanged = true

    /// - Parameter blades: how many; each has 8 CPUs and 24 GiB.
    public init(seed: UInt64, blades count: Int, weather: Weather = .calm, keepLines: Int = 200) {
        self.seed = seed
        self.weather = weather
        random = SeededGenerator(seed: seed)
        trace = Trace(keep: keepLines)
        load = PlantLoad(seed: seed)
        coordinatorConfiguration = CoordinatorCore.Configuration()
        coordinatorConfiguration.reportInterval = .seconds(5)
        coordinatorConfiguration.reportDeadline = .seconds(20)
        blades = (0..<max(1, count)).map { index in
            PlantBlade(
                host: PlantHost(
                    identity: BladeIdentity(
                        id: BladeID(ID128(high: 0x8cb6_f79b_0ab4_11dc, low: UInt64(index + 1))), serial: "KQ\(1000 + index)", name: "blade-\(index + 1)")))
        }
        bays = Array(blades.indices)
        schedule(.coordinatorStarts, in: .milliseconds(10))
        for index in blades.indices {
            blades[index].host.powerOn(bootID: random.id(), at: now)
            schedule(.agentStarts(index), in: random.between(.milliseconds(100), .milliseconds(900)))
        }
        startWeather()
    }

    // MARK: - Time

    mutating func schedule(_ happening: Happening, in delay: Duration) { agenda.add(happening, at: now + delay) }

    /// Runs everything that happens within `span`.
    public mutating func run(for span: Duration) {
        let end = now + span
        while let next = agenda.first, next <= end, findings.count < 20 { step() }
        now = max(now, end)
    }

    /// Runs until `condition` holds, looked at after every event; `false` when it did not within `span`.
    @discardableResult
    public mutating func run(atMost span: Duration, until condition: (inout Plant) -> Bool) -> Bool {
        let end = now + span
        while !condition(&self) {
            guard let next = agenda.first, next <= end, findings.count < 20 else { return false }
            step()
        }
        return true
    }

    mutating func step() {
        guard let (at, happening) = agenda.removeFirst() else { return }
        now = max(now, at)
        perform(happening)
        guard fleetChanged else { return }
        fleetChanged = false
        checkFleet()
    }

    private mutating func perform(_ happening: Happening) {
        switch happening {
        case .coordinatorStarts: startCoordinator()
        case .coordinator(let run, let event): if coordinator?.run == run { tell(event) }
        case .coordinatorTimer(let run, let token): if coordinator?.run == run, coordinator?.timer == token { tell(.timer) }
        case .planner(let run, let ticket, let problem): if coordinator?.run == run { tell(.planned(ticket: ticket, Planner.plan(problem))) }
        case .store(let run): storeWrites(run: run)
        case .agentStarts(let blade): startAgent(blade)
        case .agent(let blade, let run, let event): if blades[blade].agentRun == run { tell(blade, event) }
        case .agentTimer(let blade, let run, let timer, let token):
            if blades[blade].agentRun == run, blades[blade].timers[timer] == token { tell(blade, .timer(timer)) }
        case .journal(let blade, let run, let write): journalWrites(blade, run: run, write)
        case .agentConnects(let blade, let run): connect(blade, run: run)
        case .toAgent(let link, let message): deliver(message, by: link)
        case .toCoordinator(let link, let message): deliver(message, by: link)
        case .agentEndCloses(let link, let reason): closeAgentEnd(link, reason: reason)
        case .coordinatorEndCloses(let link, let reason): closeCoordinatorEnd(link, reason: reason)
        case .job(let blade, let boot, let operation): if blades[blade].host.boot == boot { advance(operation, on: blade) }
        case .powerComesOn(let blade): powerOn(blade)
        case .chassisHears(let run, let order): chassisHears(order, run: run)
        case .chassisSwitches(let blade, let wish, let order): chassisSwitches(blade, wish, order: order)
        case .weather(let kind): storm(kind)
        case .heals(let blade): blades[blade].isPartitioned = false
        case .honest(let blade): becomeHonest(blade)
        case .impostorGreets(let blade): impostorGreets(blade)
        case .operatorsStart(let domain, let blade): ask(.startDomain(domain, on: blade, force: false))
        case .operators: operatorsAct()
        }
    }

    // MARK: - What checkers find

    mutating func report(_ invariant: PlantFinding.Invariant, _ sentence: String) {
        note("FINDING \(invariant.rawValue): \(sentence)")
        findings.append(PlantFinding(seed: seed, at: now, invariant: invariant, sentence: sentence))
    }

    mutating func note(_ line: String) { trace.note(now, line) }

    func name(_ blade: Int) -> String { blades[blade].host.identity.name }
}

/// One blade: its host, and the agent's process that runs on it or not.
struct PlantBlade: Sendable {
    var host: PlantHost
    var agent: AgentCore?
    /// Of the present process, or of the last one.
    var agentRun = 0
    var journal: [JournalRecord] = []
    var timers: [AgentCore.Timer: UInt64] = [:]
    var link: LinkID?
    var isPartitioned = false
    /// Appends fail until a replacement succeeds.
    var journalIsBroken = false
    /// When the last write that was asked for reaches the disk.
    var journalIsBusyUntil = Instant.zero
    /// Its certificate's serial; `nil` until it is enrolled.
    var certificate: String?
    /// Since when it reports what cannot be right.
    var liedSince: Instant?
}

/// The coordinator's process.
struct PlantCoordinator: Sendable {
    var core: CoordinatorCore
    let run: Int
    /// The timer that counts; earlier ones are forgotten.
    var timer: UInt64 = 0
    /// Its clock's origin: no two runs share one, so that an instant that outlives a run shows.
    let clockOffset: Duration
}

/// One run of the coordinator.
public struct PlantRecording: Sendable {
    /// As it was before the first event.
    public var core: CoordinatorCore
    public var events: [RecordedEvent]
}

/// Something that must never be, and was.
public struct PlantFinding: Sendable, Hashable, CustomStringConvertible {
    public enum Invariant: String, Sendable, Hashable {
        case oneCopy = "one copy", durableFirst = "durable first", oneVoice = "one voice", atMostOnce = "at most once", operationsEnd = "operations end"
        case memory = "memory", unmanaged = "unmanaged", staticStability = "static stability", freeze = "freeze", heldBlade = "held blade"
        case answers = "answers", settles = "settles", power = "power", certificate = "plan certificate"
    }

    public var seed: UInt64
    public var at: Instant
    public var invariant: Invariant
    public var sentence: String

    public var description: String { "seed \(seed), \(Trace.seconds(at)) s, \(invariant.rawValue): \(sentence)" }
}

/// What a run came to, in numbers.
public struct PlantFigures: Sendable, Hashable {
    public init() {}

    public var commands = 0
    public var executions = 0
    public var migrations = 0
    public var migrationsUnclear = 0
    public var reports = 0
    public var plans = 0
    public var moves = 0
    public var commits = 0
    public var coordinatorCrashes = 0
    public var agentCrashes = 0
    public var powerLosses = 0
    public var linkBreaks = 0
    public var requests = 0
    public var refusals = 0
    public var confirmedOff = 0
}
