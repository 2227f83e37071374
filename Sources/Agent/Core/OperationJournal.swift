import PodpModel

/// What this agent was asked to do and what came of it: a value that the records of its file make, and the rules of "at most once".
///
/// The value is ahead of the file by the writes that are under way; `AgentCore` holds back everything that depends on them.
public struct OperationJournal: Sendable {
    public struct Limits: Hashable, Sendable {
        /// Operations that have not been acknowledged; when so many are open, more are refused.
        public var open = 1024
        /// Closed operations that are remembered, so that a late repetition is recognised.
        public var remembered = 1024
        /// Terms whose forgotten operations are remembered by their highest sequence.
        public var terms = 64

        public init() {}
    }

    struct Entry: Hashable, Sendable {
        enum State: Hashable, Sendable {
            case begun(Command)
            case ended(Outcome)
            case acknowledged(Outcome)
            case refused(String)
        }

        var content: Fingerprint
        var state: State

        var phase: Update.Phase {
            switch state {
            case .begun: .accepted
            case .ended(let outcome), .acknowledged(let outcome): .ended(outcome)
            case .refused(let reason): .refused(reason: reason)
            }
        }
    }

    struct Floor: Hashable, Sendable {
        var term: ID128
        var through: UInt64
    }

    public let limits: Limits
    public private(set) var highestTerm: Term?
    /// Begun or ended, not acknowledged, in the order of acceptance.
    public private(set) var open: [OperationID] = []
    private(set) var entries: [OperationID: Entry] = [:]
    private var remembered: [OperationID] = []
    private var floors: [Floor] = []
    private var busy: [DomainID: OperationID] = [:]

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Replays a journal's records. Throws when they contradict each other.
    public init(replaying records: some Sequence<JournalRecord>, limits: Limits = Limits()) throws(JournalError) {
        self.init(limits: limits)
        for record in records { try apply(record) }
    }

    /// The commands that have begun and not ended, in the order of acceptance.
    public var running: [Command] {
        open.compactMap { if case .begun(let command) = entries[$0]?.state { command } else { nil } }
    }

    /// The command, if it has begun and not ended.
    public func running(_ operation: OperationID) -> Command? {
        if case .begun(let command) = entries[operation]?.state { command } else { nil }
    }

    /// What the agent has to say about an operation that it knows.
    public func phase(_ operation: OperationID) -> Update.Phase? { entries[operation]?.phase }

    // MARK: - Judging

    public enum Verdict: Hashable, Sendable {
        /// Write these, then execute.
        case accept([JournalRecord])
        /// Known: the answer again. The records (a higher term) are written first.
        case answer(Update.Phase, [JournalRecord])
        /// Refused; the records, if any, are written first, so that a repetition is refused too.
        case refuse(reason: String, [JournalRecord])
    }

    /// What to do with a command. `unable` is why nothing can be accepted now, if that is so.
    public func judge(_ command: Command, unable: String? = nil) -> Verdict {
        let content = Fingerprint(command)
        let isAccepted = command.term.isAccepted(after: highestTerm)
        let raised: [JournalRecord] = isAccepted && command.term != highestTerm ? [.term(command.term)] : []
        if let entry = entries[command.operation] {
            guard entry.content == content else {
                return .refuse(reason: "operation \(command.operation) was here before with other content: the coordinator used one id twice", [])
            }
            return .answer(entry.phase, raised)
        }
        guard isAccepted else { return .refuse(reason: termRefusal(command.term), []) }
        func closed(_ reason: String) -> Verdict {
            .refuse(reason: reason, raised + [.refused(ClosedOperation(operation: command.operation, content: content, end: .refused(reason: reason)))])
        }
        if let floor = floors.first(where: { $0.term == command.operation.term }), command.operation.sequence <= floor.through {
            return .refuse(reason: "operation \(command.operation) is older than this agent's journal reaches back", raised)
        }
        if let unable { return closed(unable) }
        if let other = busy[command.domain] {
            return closed("\(command.domainName): operation \(other) has not ended on this blade; one at a time")
        }
        guard open.count < limits.open else {
            return closed("this agent's journal is full: \(open.count) operations ended or running here that the coordinator has not acknowledged")
        }
        return .accept(raised + [.accepted(command)])
    }

    private func termRefusal(_ term: Term) -> String {
        guard let highestTerm else { return "term \(term) is not accepted" }
        return term.number == highestTerm.number
            ? "term \(term.number) is held by another coordinator (\(highestTerm.id), this one is \(term.id))"
            : "term \(term.number) is over: this agent obeys term \(highestTerm.number)"
    }

    // MARK: - Applying

    /// Takes a record in. Throws on what no run of this program writes; the value is then unchanged.
    public mutating func apply(_ record: JournalRecord) throws(JournalError) {
        switch record {
        case .term(let term):
            guard term.isAccepted(after: highestTerm) else { throw JournalError("term \(term) after term \(highestTerm?.description ?? "none")") }
            highestTerm = term
        case .accepted(let command):
            guard entries[command.operation] == nil else { throw JournalError("operation \(command.operation) was accepted twice") }
            guard busy[command.domain] == nil else { throw JournalError("two operations at once on domain \(command.domain)") }
            entries[command.operation] = Entry(content: Fingerprint(command), state: .begun(command))
            open.append(command.operation)
            busy[command.domain] = command.operation
        case .ended(let operation, let outcome):
            guard case .begun(let command) = entries[operation]?.state else { throw JournalError("operation \(operation) ended without having begun") }
            entries[operation]?.state = .ended(outcome)
            busy[command.domain] = nil
        case .acknowledged(let operation):
            guard case .ended(let outcome) = entries[operation]?.state else { throw JournalError("operation \(operation) was acknowledged before it ended") }
            entries[operation]?.state = .acknowledged(outcome)
            open.removeAll { $0 == operation }
            remember(operation)
        case .refused(let closed), .kept(let closed):
            guard entries[closed.operation] == nil else { throw JournalError("operation \(closed.operation) is there twice") }
            keep(closed)
        case .forgotten(let term, let through):
            forget(Floor(term: term, through: through))
        }
    }

    private mutating func keep(_ closed: ClosedOperation) {
        switch closed.end {
        case .ended(let outcome):
            entries[closed.operation] = Entry(content: closed.content, state: .ended(outcome))
            open.append(closed.operation)
        case .acknowledged(let outcome):
            entries[closed.operation] = Entry(content: closed.content, state: .acknowledged(outcome))
            remember(closed.operation)
        case .refused(let reason):
            entries[closed.operation] = Entry(content: closed.content, state: .refused(reason))
            remember(closed.operation)
        }
    }

    private mutating func remember(_ operation: OperationID) {
        remembered.append(operation)
        guard remembered.count > limits.remembered else { return }
        let oldest = remembered.removeFirst()
        entries[oldest] = nil
        forget(Floor(term: oldest.term, through: oldest.sequence))
    }

    private mutating func forget(_ floor: Floor) {
        let known = floors.firstIndex { $0.term == floor.term }
        let through = max(floor.through, known.map { floors[$0].through } ?? 0)
        if let known { floors.remove(at: known) }
        floors.append(Floor(term: floor.term, through: through))
        if floors.count > limits.terms { floors.removeFirst() }
    }

    // MARK: - Compacting

    /// The fewest records that make this value again.
    public var snapshot: [JournalRecord] {
        var records: [JournalRecord] = highestTerm.map { [.term($0)] } ?? []
        records += floors.map { .forgotten(term: $0.term, through: $0.through) }
        for operation in remembered + open {
            guard let entry = entries[operation] else { continue }
            func closed(_ end: ClosedOperation.End) -> ClosedOperation { ClosedOperation(operation: operation, content: entry.content, end: end) }
            switch entry.state {
            case .begun(let command): records.append(.accepted(command))
            case .ended(let outcome): records.append(.kept(closed(.ended(outcome))))
            case .acknowledged(let outcome): records.append(.kept(closed(.acknowledged(outcome))))
            case .refused(let reason): records.append(.kept(closed(.refused(reason: reason))))
            }
        }
        return records
    }
}
