import PodpModel

/// The agent's deciding half: events in, effects out. No clock, no I/O, no threads, no randomness; equal events give equal effects.
///
/// What it keeps (design.md's invariants): an operation is executed at most once and only after its acceptance is durable (3, 5); an
/// older term is refused (4); a link that is lost changes nothing for the domains (7); what cannot be right is reported as such (9).
///
///     var core = AgentCore(settings: settings, journal: try OperationJournal(replaying: records))
///     var effects = core.handle(.started, at: now)
public struct AgentCore: Sendable {
    enum Link: Hashable, Sendable {
        case down
        case connecting
        /// The hello is sent.
        case greeting
        case open(Session)
    }

    struct Session: Hashable, Sendable {
        /// The term that the coordinator commands in: the welcome's, or a higher one of a command.
        var term: Term
        /// The coordinator's clock at an instant here.
        var clock: WallTime
        var clockAt: Instant
        /// When the last ping came, and the time between the last two.
        var pingedAt: Instant?
        var pingGap: Duration?
        var isWritable = true
        var openedAt: Instant
    }

    /// What waits for a write of the journal.
    enum Deferred: Hashable, Sendable {
        case execute(Command)
        case update(Update)
    }

    public let settings: Settings
    public internal(set) var journal: OperationJournal

    /// Reports that were dropped because nobody took them and there were too many; since the start.
    public internal(set) var reportsDropped: UInt64 = 0

    // The link.
    var link = Link.down
    var attempt = 0
    var permanentRefusal: String?

    // The journal's writes.
    var written: UInt64 = 0
    var durable: UInt64 = 0
    /// Why the journal cannot be written, and the `replace` that may end it.
    var broken: String?
    var replacement: UInt64?
    var waiting: [(number: UInt64, what: Deferred)] = []
    var recordsSinceCompaction = 0
    /// Operations whose last record is not durable yet.
    var volatile: [OperationID: UInt64] = [:]
    /// Begun operations that are to be cancelled, and why; those not handed to `execute` yet never are.
    var cancelled: [OperationID: String] = [:]
    /// Handed to `execute` by this process.
    var executing: Set<OperationID> = []
    var progressSent: [OperationID: Instant] = [:]

    // Measuring.
    var rates = CounterRates()
    var reports: [Report] = []
    var reportInterval: Duration
    var sampleDue: Instant = .zero
    var sampleBegunAt: Instant?

    // The inventory.
    var revision: UInt64 = 0
    var isReadingInventory = false
    /// When the next reading is due, if one is.
    var inventoryDue: Instant?
    /// Something changed while the inventory was being read.
    var inventoryStale = false
    /// `observe` requests that the reading under way answers, and those that the next one will.
    var observing: [UInt64] = []
    var observeNext: [UInt64] = []
    /// What the coordinator knows on this link, without its revision.
    var inventorySent: Inventory?

    // The certificate.
    var certificate: CertificateLife?
    var renewal = Renewal.idle

    var latest = Instant.zero

    /// A core with the journal that its file's records make. Nothing happens before `started`.
    public init(settings: Settings, journal: OperationJournal) {
        self.settings = settings
        self.journal = journal
        reportInterval = settings.reportInterval
    }

    /// Takes in one event and says what is wanted because of it, in the order in which it is wanted.
    public mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        latest = max(latest, now)
        var out: [Effect] = []
        switch event {
        case .started: start(&out)
        case .timer(let timer): fired(timer, &out)
        case .linkUp(let clock): linkUp(clock: clock, &out)
        case .linkDown(let reason, let random): linkDown(reason: reason, random: random, &out)
        case .linkWritable(let isWritable): linkWritable(isWritable, &out)
        case .received(let message): received(message, &out)
        case .counters(let counters, let use): measured(counters, use: use, &out)
        case .countersFailed(let error): measuringFailed(error, &out)
        case .inventory(let inventory): inventoryCame(inventory, &out)
        case .inventoryFailed(let error): inventoryFailed(error, &out)
        case .hypervisorChanged: inventoryMayHaveChanged(&out)
        case .progressed(let operation, let progress): progressed(operation, progress, &out)
        case .executed(let operation, let outcome): ended(operation, outcome, &out)
        case .observed(let operation, let outcome): ended(operation, outcome, &out)
        case .described(let number, let xml, let reason): send(.description(number: number, xml: xml, reason: reason), &out)
        case .journalled(let number): journalled(through: number, &out)
        case .journalFailed(let number, let reason): journalFailed(number, reason: reason, &out)
        case .certificate(let life): certificateCame(life, &out)
        case .requestMade(let request): requestMade(request, &out)
        case .certificateFailed(let reason): certificateFailed(reason, &out)
        }
        return out
    }

    private mutating func start(_ out: inout [Effect]) {
        let left = journal.running
        if !left.isEmpty {
            out.append(.log(.notice, "\(left.count) operations were running when the agent last ended: looking what became of them"))
        }
        for command in left { out.append(.observe(command)) }
        connect(&out)
        readInventory(&out)
        sampleDue = latest
        readCounters(&out)
    }

    private mutating func fired(_ timer: Timer, _ out: inout [Effect]) {
        switch timer {
        case .reconnect: connect(&out)
        case .handshake: handshakeLate(&out)
        case .silence: checkSilence(&out)
        case .resend: resend(&out)
        case .sample: readCounters(&out)
        case .inventory:
            inventoryDue = nil
            readInventory(&out)
        case .journal: repairJournal(&out)
        case .certificate: checkCertificate(&out)
        }
    }
}
