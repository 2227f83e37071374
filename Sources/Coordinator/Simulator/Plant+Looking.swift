import PodpCore
import PodpModel

/// What scenarios look at and do by hand.
extension Plant {
    // MARK: - Looking

    /// Where a domain is, as the hypervisors themselves have it: never what podp believes.
    public func truth(of domain: DomainID) -> [Int: DomainState] {
        var found: [Int: DomainState] = [:]
        for (index, blade) in blades.enumerated() { if let there = blade.host.domains[domain] { found[index] = there.state } }
        return found
    }

    /// The one blade on which the domain executes; `nil` when there is none, or more than one.
    public func home(of domain: DomainID) -> Int? {
        let homes = truth(of: domain).filter { $0.value.executes }.keys
        return homes.count == 1 ? homes.first : nil
    }

    public var view: FleetView? { coordinator.map { $0.core.view(at: Moment(instant: now + $0.clockOffset, wall: wall)) } }

    public func bladeID(_ index: Int) -> BladeID { blades[index].host.identity.id }

    public func record(of domain: DomainID) -> ManagedDomain? { store.domain(domain) }

    public func record(of operation: OperationID) -> OperationRecord? { store.operation(operation) }

    public var operations: [OperationRecord] {
        store.records.keys.sorted().compactMap { if case .operation(let operation) = store.records[$0] { operation } else { nil } }
    }

    public var everyAgentIsConnected: Bool {
        guard let view, view.blades.count == blades.count else { return false }
        return view.blades.allSatisfy { if case .connected = $0.link { $0.inventory != nil && $0.report != nil } else { false } }
    }

    public var commits: Int { store.commits }
    public var journalWritesDone: Int { journalWrites }
    public var coordinatorIsThere: Bool { coordinator != nil }

    // MARK: - Doing

    /// Enrols, connects, and waits until every blade has told of itself.
    public mutating func begin() {
        run(for: .seconds(2))
        enrolBlades()
        run(atMost: .seconds(60)) { $0.everyAgentIsConnected }
    }

    /// Creates and starts a domain; `nil` when that did not succeed within a minute.
    public mutating func startDomain(_ name: String, on blade: Int, memory: Bytes = .gibibytes(1), vcpus: Int = 1, type: VirtualisationType = .pvh) -> DomainID?
    {
        let id = domainID()
        ask(.createDomain(definition(id, name, memory: memory, vcpus: vcpus, type: type), on: bladeID(blade), start: true))
        let isThere = run(atMost: .seconds(60)) { plant in
            plant.home(of: id) == blade && plant.operations.allSatisfy { $0.domain != id || $0.state.isEnded }
        }
        // Until its blade's next inventory says so, podp does not take it for running.
        run(for: .seconds(3))
        return isThere ? id : nil
    }

    /// Asks and waits for the answer, at most a minute.
    public mutating func askAndWait(_ request: Request) -> Answer? {
        guard let id = ask(request) else { return nil }
        run(atMost: .seconds(60)) { $0.answers[id] != nil || $0.requests[id] == nil }
        return answers[id]
    }

    /// The next migration comes to this.
    public mutating func letNextMigrationLeave(source: DomainState?, target: DomainState?) { nextMigration = [.leaves(source: source, target: target)] }

    /// The next action that is no migration takes effect, or does not, and its answer is lost.
    public mutating func letNextActionLoseItsAnswer(acted: Bool) { nextAction = [.losesAnswer(acted: acted)] }

    /// Every resume at a blade says that it is done, and whether it does anything is this.
    public mutating func letResume(on blade: Int, work: Bool) { blades[blade].host.resumesNothing = !work }

    /// The next action never answers, until its agent dies and looks, or its blade does.
    public mutating func letNextActionHang() { nextAction = [.hangs] }

    /// The coordinator dies at the commit with this number (of the store, counted from its first), before it is stored or after.
    public mutating func crashCoordinator(atCommit number: Int, applied: Bool) { crashAtCommit = (number, applied) }

    /// The agent that makes the journal write with this number dies at it.
    public mutating func crashAgent(atJournalWrite number: Int, applied: Bool) { crashAtJournalWrite = (number, applied) }

    /// A copy of the database, as `podp-coordinator backup` makes it.
    public func backup() -> [RecordKey: Record] { store.records }

    /// Stops the coordinator, puts an old database in its place, and starts it again.
    public mutating func restore(_ old: [RecordKey: Record]) {
        crashCoordinator(restartAfter: .seconds(5))
        store.restore(old, at: wall)
    }

    /// Nobody starts the coordinator until `allowCoordinator`.
    public mutating func banCoordinator() {
        coordinatorIsBanned = true
        crashCoordinator()
    }

    public mutating func allowCoordinator() {
        coordinatorIsBanned = false
        schedule(.coordinatorStarts, in: .milliseconds(100))
    }

    /// A domain's copy as a hypervisor without any podp would have it: for scenarios that no software of ours brings about.
    public mutating func force(_ domain: DomainID, on blade: Int, _ state: DomainState?) {
        guard let definition = store.domain(domain)?.definition ?? blades.lazy.compactMap({ $0.host.domains[domain]?.definition }).first else { return }
        if let state {
            if blades[blade].host.domains[domain] == nil { blades[blade].host.begin(definition, state: state, persistent: true) }
            blades[blade].host.domains[domain]?.state = state
        } else {
            blades[blade].host.domains[domain] = nil
        }
        hostChanged(blade)
    }

    /// Two running copies of this domain are what the scenario is about.
    public mutating func allowTwins(of domain: DomainID) { checker.allowedTwins.insert(domain) }

    /// Every commit fails from now on, until this is said again with `false`.
    public mutating func failStore(_ fails: Bool) { weather.commitFails = fails ? 1000 : 0 }
}
