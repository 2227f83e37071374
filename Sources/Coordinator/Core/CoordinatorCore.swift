import PodpModel

/// Everything that decides, as a value: no clock, no I/O, no threads, no randomness of its own.
///
/// What it decides it stages as records; at the end of an event the staged records leave as one batch, and every effect that
/// depends on a decision (`emitAfterCommit`) waits until that batch is committed. `decided` is what the core works with;
/// `committed` is what people see. The whole of it can be written down, so that a recording begins anywhere (`Recording`).
public struct CoordinatorCore: Sendable, Codable {
    public struct Configuration: Hashable, Sendable, Codable {
        public var reportInterval: Duration = .seconds(1)
        /// A blade without a report for this long is unknown.
        public var reportDeadline: Duration = .seconds(10)
        /// So many reports in a row that cannot be right, and the blade is held.
        public var implausibleReports = 3
        /// Plans look back over this long.
        public var planningWindow: Duration = .seconds(300)
        /// Between two automatic looks at the balance.
        public var balanceInterval: Duration = .seconds(30)
        /// A domain that was moved is left alone by automation for this long.
        public var settleTime: Duration = .seconds(300)
        /// A clock that is further off than this is shown.
        public var clockTolerance: Duration = .seconds(5)
        /// How long an older link of a blade has for answering, when a second agent says that it is the same blade.
        public var duplicatePatience: Duration = .seconds(3)
        /// For blades that were enrolled without one.
        public var chassis: String = "chassis-1"
        public var migrationBytesPerSecond: UInt64 = 100_000_000
        /// CPU, disk and network load above which waiting begins to hurt, in thousandths.
        public var comfortPermille: Int64 = 700
        public var operationsKept: Int = 1000
        public var plansKept: Int = 50
        /// Between two polls of a chassis.
        public var chassisPollInterval: Duration = .seconds(5)
        /// A poll without an answer for this long is asked again.
        public var chassisPollDeadline: Duration = .seconds(120)
        /// Between two readings of a chassis' slow tables: labels, addresses, what it can do.
        public var chassisInventoryInterval: Duration = .seconds(300)
        /// Between two starts in one chassis.
        public var startInterval: Duration = .seconds(5)
        public var powerRecordsKept: Int = 500

        public init() {}
    }

    enum Mode: Hashable, Sendable, Codable {
        case loading
        case active
        /// Another coordinator had, or has, a higher term: looks, decides nothing.
        case readOnly(String)
        /// The store failed: the process is to be restarted.
        case stopped(String)
    }

    /// A batch on its way to the store, and what waits for it.
    struct Commit: Sendable, Codable {
        var batch: Batch
        var waiting: [Effect]
    }

    public let configuration: Configuration
    var mode = Mode.loading
    var term: Term?
    var highestTermSeen: UInt64 = 0
    var decided = DurableState()
    var committed = DurableState()
    var commits: [Commit] = []

    var links: [LinkID: LiveLink] = [:]
    var blades: [BladeID: LiveBlade] = [:]
    var windows: [DomainID: DemandWindow] = [:]
    /// When windows of domains that are gone are looked for again.
    var forgetWindowsAt = Instant.zero
    var progress: [OperationID: Progress] = [:]
    var observations: [UInt64: Observation] = [:]
    var resolutions: [OperationID: Resolution] = [:]
    var arrivals: [DomainID: Arrival] = [:]
    var tidying: [DomainID: Tidying] = [:]
    var nextTidying = Instant.zero
    var planning: [UInt64: PlanTicket] = [:]
    var signing: [UInt64: SignTicket] = [:]
    var describing: [UInt64: DescribeTicket] = [:]
    var chassis: [String: LiveChassis] = [:]
    var power: [OperationID: LivePower] = [:]
    var pendingOffs: [UInt64: PendingOff] = [:]
    /// Those whose newest request for power ended as confirmed off, and that have been silent since.
    /// Since when by this process' clock; zero: by the word of a run before.
    var bladesThatAreOff: [BladeID: Instant] = [:]
    /// When each blade was asked to start the last time; for a start of a run before, when this one began.
    var startsAsked: [BladeID: Instant] = [:]
    /// Those that two labels told of at the last look.
    var bladesInTwoPlaces: Set<BladeID> = []
    var offsOut: [BladeID: OffOut] = [:]
    var shutdowns: [OperationID: Shutdown] = [:]
    /// The first reading that says off, of blades that were asked to shut down.
    var firstOffs: [BladeID: Instant] = [:]
    /// Looks and requests that were wanted of chassis.
    var turns: UInt64 = 0
    var powerFigures = PowerFigures()
    var nextBalance: Instant?
    var refusedReports: UInt64 = 0
    var revision: UInt64 = 0

    private var lastBatch: UInt64 = 0
    private var lastOperation: UInt64 = 0
    private var lastTicket: UInt64 = 0

    // Of the event that is being handled.
    var now = Moment(instant: .zero, wall: WallTime(milliseconds: 0))
    var effects: [Effect] = []
    private var afterCommit: [Effect] = []
    private var puts: [RecordKey: Record] = [:]
    private var putOrder: [RecordKey] = []
    private var deletes: [RecordKey] = []

    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Takes in what happened; returns what is wanted, in order.
    public mutating func handle(_ event: Event, at now: Moment) -> [Effect] {
        self.now = now
        effects.removeAll(keepingCapacity: true)
        switch event {
        case .received(let link, .report(let report)): receive(report, from: link)
        case .loaded(let records, let newTermID): load(records, newTermID: newTermID)
        case .connected(let link, let blade, let certificate, let hello): connect(link, blade: blade, certificate: certificate, hello: hello)
        case .received(let link, let message): receive(message, from: link)
        case .disconnected(let link, let reason): disconnect(link, reason: reason)
        case .committed(let batch): commit(batch)
        case .commitFailed(let batch, let reason): failCommit(batch, reason: reason)
        case .planned(let ticket, let plan): finishPlanning(ticket, plan: plan)
        case .signed(let ticket, let result): finishSigning(ticket, result: result)
        case .request(let id, let request, let actor): answer(request, id: id, by: actor)
        case .chassis(let name, let news): receive(news, from: name)
        case .timer: tick()
        }
        flush()
        return effects
    }

    // MARK: - Deciding

    var isActive: Bool { mode == .active }

    mutating func emit(_ effect: Effect) { effects.append(effect) }

    /// The effect leaves when all that was decided up to now is stored.
    mutating func emitAfterCommit(_ effect: Effect) { afterCommit.append(effect) }

    /// Decides a record.
    mutating func put(_ record: Record) {
        let key = record.key
        if puts.updateValue(record, forKey: key) == nil { putOrder.append(key) }
        deletes.removeAll { $0 == key }
        decided.put(record)
    }

    mutating func delete(_ key: RecordKey) {
        if puts.removeValue(forKey: key) != nil { putOrder.removeAll { $0 == key } }
        deletes.append(key)
        decided.delete(key)
    }

    mutating func newOperationID() -> OperationID? {
        guard let term else { return nil }
        lastOperation += 1
        return OperationID(term: term.id, sequence: lastOperation)
    }

    mutating func newTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    mutating func audit(
        _ kind: String, _ severity: AuditEntry.Severity = .info, by: String = "podp", blade: BladeID? = nil, domain: DomainID? = nil,
        operation: OperationID? = nil, _ sentence: String
    ) {
        emitAfterCommit(
            .audit(AuditEntry(at: now.wall, severity: severity, kind: kind, by: by, blade: blade, domain: domain, operation: operation, sentence: sentence)))
    }

    /// Sends what was decided during this event to the store, and holds back what depends on it.
    private mutating func flush() {
        if !putOrder.isEmpty || !deletes.isEmpty, let term {
            var records = putOrder.compactMap { puts[$0] }[...]
            var keys = deletes[...]
            while !records.isEmpty || !keys.isEmpty {
                lastBatch += 1
                let part = records.prefix(Batch.mostRecords)
                records = records.dropFirst(part.count)
                let gone = keys.prefix(Batch.mostRecords - part.count)
                keys = keys.dropFirst(gone.count)
                let batch = Batch(id: lastBatch, term: term, puts: Array(part), deletes: Array(gone))
                commits.append(Commit(batch: batch, waiting: []))
                effects.append(.commit(batch))
            }
            puts.removeAll(keepingCapacity: true)
            putOrder.removeAll(keepingCapacity: true)
            deletes.removeAll(keepingCapacity: true)
        }
        if commits.isEmpty {
            effects += afterCommit
        } else {
            commits[commits.count - 1].waiting += afterCommit
        }
        afterCommit.removeAll(keepingCapacity: true)
    }

    private mutating func commit(_ id: UInt64) {
        guard let index = commits.firstIndex(where: { $0.batch.id == id }) else { return }
        // Stored in order: what was asked for before it is stored too.
        for commit in commits[...index] {
            for record in commit.batch.puts { committed.put(record) }
            for key in commit.batch.deletes { committed.delete(key) }
            effects += commit.waiting
        }
        commits.removeSubrange(...index)
        revision += 1
    }

    private mutating func failCommit(_ id: UInt64, reason: String) {
        guard commits.contains(where: { $0.batch.id == id }), !isStopped else { return }
        mode = .stopped(reason)
        for commit in commits {
            for case .answer(let request, _) in commit.waiting {
                effects.append(
                    .answer(
                        request,
                        .refused(
                            Refusal(.unavailable, "podp could not store this: \(reason)", remedy: "look at it again when podp is back: it may have been done")))
                )
            }
        }
        commits.removeAll()
        afterCommit.removeAll()
        effects.append(.stop(reason: reason))
    }

    var isStopped: Bool { if case .stopped = mode { true } else { false } }

    // MARK: - Beginning

    private mutating func load(_ records: [Record], newTermID: ID128) {
        guard mode == .loading else { return }
        for record in records {
            decided.put(record)
            committed.put(record)
        }
        takeTerm(above: decided.term?.number ?? 0, id: newTermID)
        for id in decided.blades.keys.sorted() { blades[id] = LiveBlade(since: now.wall) }
        emit(.arm(now.instant + .seconds(1)))
        if let mark = decided.restored, isActive {
            // What was decided since the backup is not known here: freezes, revocations, where domains are.
            mode = .readOnly("its store was restored from \(mark.from): what was decided since that backup is not known here")
            audit(
                "read-only", .critical,
                "the store was restored from the backup \(mark.from): podp decides nothing until `podp-coordinator recover`; look first what is missing since "
                    + "then (revoked blades and tokens, freezes, policies)")
            return
        }
        resumeWork()
    }

    /// What a process that decides does first with what its store has.
    mutating func resumeWork() {
        for plan in decided.plans.values.sorted(by: { $0.id < $1.id }) {
            if case .applying(let wave) = plan.state {
                stopPlan(plan.id, reason: "the coordinator was restarted in wave \(wave + 1); what had begun is followed to its end")
            }
        }
        for operation in decided.openOperations {
            if case .indeterminate = operation.state { resolutions[operation.id] = Resolution() }
        }
        resumeChassis()
        nextBalance = now.instant + configuration.balanceInterval
    }

    mutating func takeTerm(above number: UInt64, id: ID128) {
        let (next, overflow) = number.addingReportingOverflow(1)
        guard !overflow else {
            mode = .readOnly("the term's number is used up")
            return
        }
        let new = Term(number: next, id: id)
        term = new
        // People name an operation by this number alone: it goes on from term to term.
        lastOperation = (decided.operations.keys.map(\.sequence) + decided.power.keys.map(\.sequence)).max() ?? 0
        highestTermSeen = max(highestTermSeen, next)
        mode = .active
        put(.term(TermRecord(term: new)))
        audit("term-taken", .info, "took term \(next)")
    }
}

extension Batch {
    static let mostRecords = 100
}
