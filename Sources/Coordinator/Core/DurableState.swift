import PodpModel

/// All records, by what they are about.
struct DurableState: Sendable, Codable {
    var term: Term?
    var settings = Settings()
    var blades: [BladeID: BladeRecord] = [:]
    var enrolmentTokens: [String: EnrolmentToken] = [:]
    var apiTokens: [String: APIToken] = [:]
    var domains: [DomainID: ManagedDomain] = [:]
    var operations: [OperationID: OperationRecord] = [:]
    var plans: [String: PlanRecord] = [:]
    var chassis: [String: ChassisRecord] = [:]
    var power: [OperationID: PowerRecord] = [:]
    var restored: RestoredMark?
    var removedBlades: [BladeID: RemovedBlade] = [:]
    /// Operations that have not ended, by domain: at most one that makes the domain busy, and those aside of it.
    private(set) var open: [DomainID: Set<OperationID>] = [:]

    mutating func put(_ record: Record) {
        switch record {
        case .term(let record): term = record.term
        case .settings(let record): settings = record
        case .blade(let record): blades[record.id] = record
        case .enrolmentToken(let record): enrolmentTokens[record.secretHash] = record
        case .apiToken(let record): apiTokens[record.name] = record
        case .domain(let record): domains[record.id] = record
        case .operation(let record):
            operations[record.id] = record
            if record.state.isEnded {
                open[record.domain]?.remove(record.id)
                if open[record.domain]?.isEmpty == true { open[record.domain] = nil }
            } else {
                open[record.domain, default: []].insert(record.id)
            }
        case .plan(let record): plans[record.id] = record
        case .chassis(let record): chassis[record.name] = record
        case .power(let record): power[record.id] = record
        case .restored(let mark): restored = mark
        case .removedBlade(let record): removedBlades[record.id] = record
        }
    }

    mutating func delete(_ key: RecordKey) {
        guard let slash = key.firstIndex(of: "/") else {
            if key == "restored" { restored = nil }
            return
        }
        let name = key[key.index(after: slash)...]
        switch key[..<slash] {
        case "blade": if let id = ID128(name) { blades[BladeID(id)] = nil }
        case "enrolment-token": enrolmentTokens[String(name)] = nil
        case "api-token": apiTokens[String(name)] = nil
        case "domain": if let id = ID128(name) { domains[DomainID(id)] = nil }
        case "operation":
            guard let id = OperationID(name), let record = operations[id] else { return }
            open[record.domain]?.remove(id)
            operations[id] = nil
        case "plan": plans[String(name)] = nil
        case "chassis": chassis[String(name)] = nil
        case "removed-blade": if let id = ID128(name) { removedBlades[BladeID(id)] = nil }
        case "power": if let id = OperationID(name) { power[id] = nil }
        default: return
        }
    }

    /// The operation that a domain waits for, the one that an operator or a plan asked for.
    func openOperation(of domain: DomainID) -> OperationRecord? {
        (open[domain] ?? []).sorted().lazy.compactMap { operations[$0] }.first { !$0.isAside }
    }

    /// Operations that have not ended, in the order of their ids.
    var openOperations: [OperationRecord] {
        open.values.flatMap { $0 }.sorted().compactMap { operations[$0] }
    }
}
