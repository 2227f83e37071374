import PodpAPI
import PodpCore
import PodpModel

extension StatusResource {
    init(_ view: FleetView, verdicts: [Verdict], version: String, staleAfter: Duration) {
        let part = view.blades.filter { $0.takesPart(staleAfter: staleAfter) }
        func sum(_ amounts: (BladeView) -> [Int64]) -> [Int64] {
            PodpModel.Resource.usual.indices.map { index in
                part.reduce(Int64(0)) { total, blade in
                    let values = amounts(blade)
                    let (sum, overflow) = total.addingReportingOverflow(values.indices.contains(index) ? max(0, values[index]) : 0)
                    return overflow ? .max : sum
                }
            }
        }
        // Where one blade's is not known, the sum says nothing.
        let capacity = zip(PodpModel.Resource.usual.indices, sum(\.capacity)).map { index, sum in
            part.allSatisfy { $0.capacity.indices.contains(index) && $0.capacity[index] > 0 } ? sum : 0
        }
        let names = Dictionary(view.blades.map { ($0.record.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        self.init(
            version: version, at: Timestamp(view.at.wall), revision: view.revision, term: view.term?.number, readOnly: view.readOnly,
            frozen: view.settings.frozen.map { FreezeResource($0) }, balance: BalanceMode(view.settings.balance), blades: BladeCounts(view.blades),
            domains: DomainCounts(view.domains), resources: ResourceUse.all(mean: sum(\.mean), high: sum(\.high), capacity: capacity),
            memoryPromisedBytes: part.reduce(Bytes.zero) { $0 + $1.memoryPromised }.count,
            shortages: verdicts.map {
                VerdictResource(
                    resource: $0.resource, blade: $0.blade, bladeName: $0.blade.flatMap { names[$0] }, severity: Severity($0.severity), sentence: $0.sentence)
            },
            notices: NoticeResource.all(view), operationsRunning: view.operations.count { !$0.record.state.isEnded },
            operationsIndeterminate: view.operations.count { if case .indeterminate = $0.record.state { true } else { false } },
            refusedReports: view.refusedReports)
    }
}

extension BladeCounts {
    init(_ blades: [BladeView]) {
        self.init(
            total: blades.count, connected: blades.count { if case .connected = $0.link { true } else { false } },
            unknown: blades.count { if case .unknown = $0.link { true } else { false } }, revoked: blades.count { $0.link == .revoked },
            held: blades.count { $0.held != nil }, draining: blades.count { $0.record.draining })
    }
}

extension DomainCounts {
    init(_ domains: [DomainView]) {
        let managed = domains.count { $0.managed != nil }
        self.init(
            total: domains.count, managed: managed, unmanaged: domains.count - managed, running: domains.count { $0.state == .running },
            unknown: domains.count { $0.state == .unknown }, held: domains.count { $0.managed?.held != nil })
    }
}

extension NoticeResource {
    /// What an operator should know about this fleet.
    static func all(_ view: FleetView) -> [NoticeResource] {
        var notices: [NoticeResource] = []
        let doubles = view.domains.filter { $0.alsoOn.count > 1 }
        if !doubles.isEmpty {
            notices.append(
                NoticeResource(
                    code: "domain-on-several-blades", severity: .critical, sentence: "\(list(doubles.map(\.name))): on more than one blade",
                    remedy: "look with 'podp domain show', end the copy that must not run with 'podp domain destroy NAME --on BLADE', then 'podp domain clear'")
            )
        }
        let clear = view.blades.filter { blade in blade.inventory.map { !$0.host.migrationAddress.isEmpty && !$0.host.migrationEncrypted } ?? false }
        if !clear.isEmpty {
            notices.append(
                NoticeResource(
                    code: "migration-not-encrypted", severity: .note,
                    sentence: "the memory of migrating domains crosses the migration network unencrypted (\(list(clear.map(\.name))))",
                    remedy: "keep that network to the blades alone"))
        }
        let critical = view.blades.filter { $0.findings.contains { $0.severity == .critical } }
        if !critical.isEmpty {
            notices.append(
                NoticeResource(
                    code: "critical-findings", severity: .warning, sentence: "\(list(critical.map(\.name))): something that will hurt",
                    remedy: "see 'podp check'"))
        }
        return notices
    }

    private static func list(_ names: [String]) -> String {
        names.count <= 3 ? names.joined(separator: ", ") : "\(names.prefix(2).joined(separator: ", ")) and \(names.count - 2) more"
    }
}

extension FreezeResource {
    init(_ freeze: Settings.Freeze) { self.init(by: freeze.by, at: Timestamp(freeze.at), reason: freeze.reason) }
}

extension BalanceMode {
    init(_ policy: BalancePolicy) {
        switch policy {
        case .manual: self = .manual
        case .advise: self = .advise
        case .automatic: self = .automatic
        }
    }

    var policy: BalancePolicy {
        switch self {
        case .manual: .manual
        case .advise: .advise
        case .automatic: .automatic
        }
    }
}

extension PolicyResource {
    init(_ settings: Settings) {
        self.init(
            balance: BalanceMode(settings.balance),
            chassis: settings.chassis.map { ChassisPolicyResource(chassis: $0.chassis, balance: BalanceMode($0.balance)) },
            frozen: settings.frozen.map { FreezeResource($0) }, minimumGainPermille: settings.minimumGainPermille, maxMovesPerHour: settings.maxMovesPerHour,
            survive: (settings.survive ?? []).map { SurviveResource(zone: ZoneKind($0.zone), price: $0.price) })
    }
}

extension ZoneKind {
    init(_ zone: Zone) {
        switch zone {
        case .blade: self = .blade
        case .chassis: self = .chassis
        case .power: self = .power
        case .network: self = .network
        }
    }

    var zone: Zone {
        switch self {
        case .blade: .blade
        case .chassis: .chassis
        case .power: .power
        case .network: .network
        }
    }
}

extension EventResource {
    init(_ line: AuditLine) {
        self.init(
            id: line.id, at: Timestamp(line.entry.at), severity: Severity(line.entry.severity), kind: line.entry.kind, by: line.entry.by,
            blade: line.entry.blade,
            domain: line.entry.domain, operation: line.entry.operation, sentence: line.entry.sentence)
    }
}

extension TokenResource {
    init(_ token: APIToken) {
        self.init(
            name: token.name, role: token.role == .operate ? .operate : .read, createdAt: Timestamp(token.createdAt),
            expires: token.expires.map { Timestamp($0) })
    }
}

extension BladeTokenResource {
    init(_ token: EnrolmentToken) {
        self.init(
            id: String(token.secretHash.prefix(16)), expires: Timestamp(token.expires), createdBy: token.createdBy, note: token.note, chassis: token.chassis,
            bay: token.bay)
    }
}
