import PodpDefinition
import PodpModel

extension CoordinatorCore {
    /// The fleet as it is now: committed records, and the blades' last words. Costs O(blades + domains): made when somebody looks.
    public func view(at now: Moment) -> FleetView {
        var view = FleetView(at: now)
        view.revision = revision
        view.term = committed.term
        switch mode {
        case .readOnly(let reason), .stopped(let reason): view.readOnly = reason
        case .loading: view.readOnly = "podp is starting"
        case .active: view.readOnly = nil
        }
        view.settings = committed.settings
        view.refusedReports = refusedReports
        view.blades = committed.blades.values.map { bladeView($0, at: now) }.sorted { ($0.name, $0.record.id) < ($1.name, $1.record.id) }
        view.domains = domainViews()
        view.operations = committed.operations.values.sorted { ($1.startedAt, $1.id.sequence) < ($0.startedAt, $0.id.sequence) }.map { record in
            OperationView(record: record, bladeName: name(of: record.blade), destinationName: record.destination.map(name(of:)), progress: progress[record.id])
        }
        view.chassis = chassisViews(at: now)
        view.power = committed.power.values.sorted { ($1.startedAt, $1.id) < ($0.startedAt, $0.id) }
        view.powerFigures = powerFigures
        view.plans = committed.plans.values.sorted { ($1.createdAt, $1.id) < ($0.createdAt, $0.id) }
        view.apiTokens = committed.apiTokens.values.sorted { $0.name < $1.name }
        view.enrolmentTokens = committed.enrolmentTokens.values.sorted { ($0.expires, $0.secretHash) < ($1.expires, $1.secretHash) }
        return view
    }

    private func bladeView(_ record: BladeRecord, at now: Moment) -> BladeView {
        let live = blades[record.id]
        let link: BladeView.Link =
            if record.revoked { .revoked } else if let live, live.link != nil { .connected(since: live.since) } else {
                .unknown(since: live?.since ?? record.enrolledAt)
            }
        var findings = live?.inventory?.findings ?? []
        if let offset = live?.clockOffset, live?.link != nil, offset > configuration.clockTolerance || offset < .zero - configuration.clockTolerance {
            let seconds = Int(offset.inSeconds.rounded())
            findings.append(
                Finding(
                    code: "clock", severity: .warning, what: "its clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") the coordinator's",
                    remedy: "run an NTP client in dom0 (chrony or systemd-timesyncd); podp works meanwhile, by its own clock"))
        }
        return BladeView(
            record: record, link: link, hello: live?.hello, inventory: live?.inventory, report: live?.report,
            reportAge: live?.reportAt.map { now.instant - $0 },
            clockOffset: live?.clockOffset, held: whyHeld(record.id), findings: findings, mean: live?.window.mean ?? [0, 0, 0, 0],
            high: live?.window.high ?? [0, 0, 0, 0],
            capacity: capacity(of: record.id), memoryPromised: incoming(to: record.id))
    }

    private func domainViews() -> [DomainView] {
        var places: [DomainID: [BladeID]] = [:]
        var samples: [DomainID: DomainSample] = [:]
        for (id, blade) in blades {
            for domain in blade.inventory?.domains ?? [] { places[domain.id, default: []].append(id) }
            guard blade.link != nil else { continue }
            for sample in blade.report?.domains ?? [] where samples[sample.id].map({ !$0.state.executes }) ?? true { samples[sample.id] = sample }
        }
        var views: [DomainView] = []
        views.reserveCapacity(places.count + committed.domains.count)
        for (id, managed) in committed.domains {
            let seen = (places.removeValue(forKey: id) ?? []).sorted()
            views.append(domainView(id, managed: managed, at: managed.blade, seenOn: seen, sample: samples[id]))
        }
        for (id, seen) in places {
            let sorted = seen.sorted()
            let best = sorted.first { blades[$0]?.domain(id)?.state.executes == true } ?? sorted.first
            views.append(domainView(id, managed: nil, at: best, seenOn: sorted, sample: samples[id]))
        }
        return views.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    private func domainView(_ id: DomainID, managed: ManagedDomain?, at place: BladeID?, seenOn: [BladeID], sample: DomainSample?) -> DomainView {
        let live = place.flatMap { blades[$0] }
        let found = live?.domain(id)
        let state: DomainState
        if let managed {
            state = self.state(of: managed)
        } else {
            state = live?.link == nil ? .unknown : found?.state ?? .unknown
        }
        let window = windows[id]
        return DomainView(
            id: id, name: managed?.definition.name ?? found?.name ?? id.description, managed: managed, blade: place, bladeName: place.map(name(of:)),
            state: state,
            inventory: found, sample: state == .unknown ? nil : sample, mean: window?.mean ?? [0, 0, 0, 0], high: window?.high ?? [0, 0, 0, 0],
            operation: committed.openOperation(of: id)?.id, drift: drift(managed, found: found, at: place),
            alsoOn: seenOn.count > 1 && committed.openOperation(of: id) == nil ? seenOn : [])
    }

    private func drift(_ managed: ManagedDomain?, found: DomainInventory?, at place: BladeID?) -> [String] {
        guard let managed, let found, let place, blades[place]?.link != nil, committed.openOperation(of: managed.id) == nil else { return [] }
        let hypervisor = blades[place]?.hello?.hypervisor.kind ?? .xen
        return Drift.between(managed.definition, and: found, on: name(of: place), hypervisor: hypervisor).map(\.sentence)
    }
}

extension CoordinatorCore {
    /// The tokens of the API that are stored.
    public var isFrozen: Bool { committed.settings.frozen != nil }
    public var committedAPITokens: [APIToken] { committed.apiTokens.values.sorted { $0.name < $1.name } }

    /// What a blade is greeted with whose certificate has expired; `nil` while no term is stored.
    public func welcome(at now: Moment) -> Welcome? {
        guard let term = committed.term, term == self.term else { return nil }
        return Welcome(version: protocolVersions.upperBound, term: term, reportInterval: configuration.reportInterval, clock: now.wall)
    }
}
