import PodpCore
import PodpModel
import PodpRules

/// What the checkers remember of what they saw. They look from outside, at wires, disks and hypervisors, and share no code with the cores.
struct PlantChecker: Sendable {
    struct Execution: Hashable, Sendable {
        var blade: Int
        var operation: OperationID
    }

    /// Operations that were handed to a hypervisor, by blade.
    var executed: Set<Execution> = []
    /// Operations that were delivered to an agent, by blade.
    var delivered: Set<Execution> = []
    /// The highest term that each blade obeyed.
    var obeyed: [Int: Term] = [:]
    /// Operations that operators were told of.
    var acknowledged: Set<OperationID> = []
    /// Domains that were there before podp, with their blade and life.
    var unmanaged: [DomainID: (blade: Int, boot: Int, number: UInt32?)] = [:]
    /// Blades on which somebody else changes domains: a refusal for memory proves nothing there.
    var foreignMemory: Set<Int> = []
    /// Two running copies that a scenario made by hand.
    var allowedTwins: Set<DomainID> = []
    /// Everything that was managed at some time.
    var everManaged: Set<DomainID> = []
    /// Operations that were new in a batch that was handed to the store while automation was frozen there.
    var frozen = false
    /// Requests for power, and how they found their blade.
    var power: [OperationID: PlantPower] = [:]
}

extension Plant {
    // MARK: - One copy, memory, unmanaged: over the fleet

    mutating func checkFleet() {
        var running: [DomainID: Int] = [:]
        for (index, blade) in blades.enumerated() where blade.host.isOn {
            for id in blade.host.sorted {
                guard let domain = blade.host.domains[id], domain.state.executes else { continue }
                if let other = running[id], !checker.allowedTwins.contains(id) {
                    report(.oneCopy, "\(domain.definition.name) executes on \(name(other)) and \(name(index))")
                }
                running[id] = index
            }
            let room = blade.host.memory - blade.host.dom0Memory
            if blade.host.held > room {
                report(.memory, "\(name(index)) holds \(blade.host.held.mebibytes) MiB of domains, and has \(room.mebibytes) MiB for them")
            }
        }
        for id in checker.unmanaged.keys.sorted() {
            guard let was = checker.unmanaged[id], blades[was.blade].host.isOn, blades[was.blade].host.boot == was.boot else { continue }
            let domain = blades[was.blade].host.domains[id]
            if domain?.number != was.number || domain?.state != .running {
                report(.unmanaged, "unmanaged domain \(id) on \(name(was.blade)) was touched: it is \(domain?.state.rawValue ?? "gone")")
                checker.unmanaged[id] = nil
            }
        }
    }

    /// A hypervisor had no memory for what podp wanted: podp promised what it did not have.
    mutating func memoryRefused(_ command: Command, on blade: Int, free: Bytes, wanted: Bytes) {
        guard !checker.foreignMemory.contains(blade) else { return }
        report(.memory, "\(name(blade)) had \(free.mebibytes) MiB for \(command.action.verb) \(command.domainName), which needs \(wanted.mebibytes) MiB")
    }

    // MARK: - Durable first, one voice, at most once: on the wire and at the hypervisor

    mutating func check(_ message: CoordinatorMessage, by link: LinkID) {
        switch message {
        case .command(let command):
            figures.commands += 1
            let place = links[link].map { name($0.blade) } ?? "nobody"
            note("sends \(command.action.verb) \(command.domainName) (\(command.operation.sequence)) to \(place)")
            if !store.operations.contains(command.operation) {
                report(.durableFirst, "\(command.action.verb) \(command.domainName) (\(command.operation)) is on the wire before its operation is committed")
            }
            if !checker.everManaged.contains(command.domain) {
                report(.unmanaged, "\(command.action.verb) is commanded for \(command.domainName), which podp does not manage")
            }
        case .acknowledge(let operation):
            if !(store.operation(operation)?.state.isEnded ?? true), case .running = store.operation(operation)?.state {
                report(.durableFirst, "operation \(operation) is acknowledged to its agent while the store has it running")
            }
        default: break
        }
    }

    mutating func checkDelivery(of command: Command, to blade: Int) {
        checker.delivered.insert(PlantChecker.Execution(blade: blade, operation: command.operation))
    }

    mutating func checkExecution(of command: Command, on blade: Int) {
        let execution = PlantChecker.Execution(blade: blade, operation: command.operation)
        if !checker.executed.insert(execution).inserted {
            report(.atMostOnce, "\(name(blade)) executes \(command.action.verb) \(command.domainName) (\(command.operation)) again")
        }
        if !checker.delivered.contains(execution) {
            report(.staticStability, "\(name(blade)) executes \(command.operation), which nobody sent to it")
        }
        if let highest = checker.obeyed[blade], !command.term.isAccepted(after: highest) {
            report(.oneVoice, "\(name(blade)) obeys term \(command.term) after \(highest)")
        }
        if command.term.isAccepted(after: checker.obeyed[blade]) { checker.obeyed[blade] = command.term }
    }

    // MARK: - What is decided

    /// A batch that the core wants stored.
    mutating func check(_ batch: Batch) {
        if batch.puts.count + batch.deletes.count > 100 {
            report(.durableFirst, "batch \(batch.id) has \(batch.puts.count + batch.deletes.count) records; etcd takes 100")
        }
    }

    mutating func checkBeforeApplying(_ batch: Batch) {
        checkPower(batch)
        let isFrozen = store.settings?.frozen != nil
        for case .operation(let operation) in batch.puts where !store.operations.contains(operation.id) {
            if isFrozen, operation.by.hasPrefix("podp"), !Self.isResolution(operation, in: store) {
                report(.freeze, "podp decides \(operation.action.verb) \(operation.domainName) while all automation is frozen")
            }
            guard operation.plan != nil, let destination = operation.destination, let target = index(of: destination) else { continue }
            if store.domain(operation.domain)?.held != nil {
                report(.heldBlade, "\(operation.domainName) is held for an operator, and podp moves it")
            }
            if blades[target].liedSince.map({ now - $0 > coordinatorConfiguration.reportDeadline + .seconds(5) }) ?? false {
                report(.heldBlade, "\(operation.domainName) is moved to \(name(target)), whose numbers cannot be right")
            }
        }
    }

    /// What ends an unclear migration (resume, destroy a leftover) is no automation but the end of what was begun.
    private static func isResolution(_ operation: OperationRecord, in store: PlantStore) -> Bool {
        switch operation.action {
        case .resume, .destroy, .undefine, .define: true
        default: false
        }
    }

    mutating func checkAfterApplying(_ batch: Batch) {
        for case .domain(let domain) in batch.puts { checker.everManaged.insert(domain.id) }
        for case .operation(let operation) in batch.puts where operation.plan != nil && operation.state == .running && operation.destination != nil {
            figures.moves += 1
        }
        for case .operation(let operation) in batch.puts where operation.state.isEnded { operatorsHurry(after: operation) }
    }

    /// A snapshot that the planner gets: no blade whose numbers are lies may accept.
    mutating func check(_ problem: Problem) {
        for entry in problem.blades where entry.accepts {
            guard let blade = index(of: entry.id), let since = blades[blade].liedSince else { continue }
            if now - since > coordinatorConfiguration.reportDeadline + .seconds(5) {
                report(.heldBlade, "\(name(blade)) tells of numbers that cannot be right, and a plan may use it")
            }
        }
        // What stands on a blade that is not there was asked about by "what if".
        for domain in problem.domains
        where !checker.everManaged.contains(domain.id) && domain.mobility == .live && index(of: problem.blades[domain.blade].id) != nil {
            report(.unmanaged, "\(domain.name) is not managed, and a plan may move it")
        }
    }

    mutating func check(_ answer: Answer, to request: RequestID) {
        switch answer {
        case .operation(let operation): acknowledge(operation)
        case .operations(let operations): for operation in operations { acknowledge(operation) }
        case .plan(let plan):
            if store.records["plan/\(plan.id)"] == nil { report(.durableFirst, "plan \(plan.id) is shown before it is stored") }
        case .domain(let domain):
            if store.domain(domain) == nil { report(.durableFirst, "domain \(domain) is acknowledged before it is stored") }
        default: break
        }
    }

    private mutating func acknowledge(_ operation: OperationID) {
        checker.acknowledged.insert(operation)
        if !store.operations.contains(operation) { report(.durableFirst, "operation \(operation) is acknowledged before it is stored") }
    }

    private func hasOpenOperation(_ domain: DomainID) -> Bool { operations.contains { $0.domain == domain && !$0.state.isEnded } }

    // MARK: - At the end

    /// After the weather has calmed and everything had its time: what was acknowledged has ended, and the fleet is as the store says.
    public mutating func checkTheEnd() {
        for key in store.records.keys.sorted() {
            guard case .operation(let operation) = store.records[key], !operation.state.isEnded else { continue }
            if store.domain(operation.domain)?.held != nil { continue }
            // What automation began a moment ago may run.
            if wall.millisecondsSince(operation.startedAt) < 150_000, operation.by.hasPrefix("podp") { continue }
            report(.operationsEnd, "\(operation.action.verb) \(operation.domainName) (\(operation.id.sequence)) is still \(operation.state)")
        }
        for key in store.records.keys.sorted() {
            guard case .domain(let domain) = store.records[key], domain.held == nil, !hasOpenOperation(domain.id) else { continue }
            let places = blades.indices.filter { blades[$0].host.domains[domain.id]?.state.holdsMemory ?? false }
            if places.count > 1 { report(.settles, "\(domain.definition.name) holds memory on \(places.map(name).joined(separator: " and "))") }
            if let home = domain.blade.flatMap(index(of:)), blades[home].host.domains[domain.id] != nil, store.settings?.frozen == nil {
                for other in blades.indices where other != home && blades[other].host.domains[domain.id] != nil && places.count < 2 {
                    report(.settles, "\(domain.definition.name) is at home on \(name(home)), and \(name(other)) keeps an old definition of it")
                }
            }
            if let place = places.first, blades[place].host.identity.id != domain.blade {
                report(.settles, "\(domain.definition.name) is on \(name(place)), and the store says \(domain.blade?.description ?? "nowhere")")
            }
        }
        guard let view = coordinator?.core.view(at: Moment(instant: now + (coordinator?.clockOffset ?? .zero), wall: wall)) else {
            return report(.settles, "no coordinator runs")
        }
        for blade in view.blades {
            guard let index = index(of: blade.record.id) else { continue }
            if case .connected = blade.link { continue }
            report(.settles, "\(name(index)) is not connected, though nothing hinders it")
        }
    }
}
