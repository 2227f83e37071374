import PodpCore
import PodpModel

/// People at work: enrolment, domains, plans, and everything else that `podp` can ask for.
extension Plant {
    // MARK: - The beginning

    /// Enrols every blade that is not, as `podp blade token` and `podp-agent enrol` do.
    public mutating func enrolBlades() {
        for index in blades.indices where blades[index].certificate == nil {
            let secret = "secret-\(index + 1)-\(nextRequest)"
            let token = EnrolmentToken(
                secretHash: secret, expires: WallTime(milliseconds: wall.milliseconds + 600_000), createdBy: "operator", chassis: "chassis-1", bay: index + 1)
            let asked = ask(.createEnrolmentToken(token))
            run(atMost: .seconds(5)) { $0.answer(to: asked) != nil }
            ask(.enrol(secretHash: secret, request: "request", blade: blades[index].host.identity, addresses: ["10.0.0.\(index + 1)"]))
            run(atMost: .seconds(5)) { $0.blades[index].certificate != nil }
        }
    }

    mutating func enrolled(_ blade: BladeID, chain: String) {
        guard let index = index(of: blade) else { return }
        // The plant's certificates are their serials.
        blades[index].certificate = String(chain.split(separator: " ").last ?? "")
    }

    public var everyBladeIsEnrolled: Bool { blades.allSatisfy { $0.certificate != nil } }

    public mutating func domainID() -> DomainID { DomainID(random.id()) }

    public func definition(_ id: DomainID, _ name: String, memory: Bytes = .gibibytes(1), vcpus: Int = 1, type: VirtualisationType = .pvh) -> DomainDefinition {
        var definition = DomainDefinition(
            id: id, name: name, type: type, memory: memory, vcpus: vcpus, boot: .kernel(path: "/boot/guest", ramdisk: nil, commandLine: ""))
        definition.disks = [Disk(target: "xvda", source: "/srv/san/\(name)", isFile: true)]
        definition.nics = [NIC(mac: nil, bridge: "xenbr0")]
        return definition
    }

    /// A domain that podp knows nothing of, started by somebody with `xl`.
    @discardableResult
    public mutating func addUnmanaged(_ name: String, on blade: Int, memory: Bytes = .gibibytes(1)) -> DomainID {
        let id = domainID()
        blades[blade].host.begin(definition(id, name, memory: memory), state: .running, persistent: false)
        checker.unmanaged[id] = (blade, blades[blade].host.boot, blades[blade].host.domains[id]?.number)
        hostChanged(blade)
        return id
    }

    // MARK: - Every day

    /// Operators ask for something every now and then.
    public mutating func startWork() {
        operatorsAreAtWork = true
        schedule(.operators, in: .seconds(1))
    }

    public mutating func stopWork() { operatorsAreAtWork = false }

    var managed: [DomainID] {
        store.records.keys.sorted().compactMap { if case .domain(let domain) = store.records[$0] { domain.id } else { nil } }
    }

    mutating func operatorsAct() {
        guard operatorsAreAtWork else { return }
        schedule(.operators, in: random.wait(mean: .milliseconds(2500)))
        let domains = managed
        let blade = blades[random.below(blades.count)].host.identity.id
        guard let domain = random.element(of: domains), domains.count >= blades.count * 2 else {
            let id = domainID()
            let memory = Bytes.mebibytes(UInt64(256 << random.below(5)))
            let type: VirtualisationType = random.chance(permille: 150) ? .pv : .pvh
            ask(
                .createDomain(
                    definition(id, "vm-\(nextRequest)", memory: memory, vcpus: 1 + random.below(3), type: type),
                    on: random.chance(permille: 700) ? blade : nil, start: random.chance(permille: 900)))
            return
        }
        switch random.below(100) {
        case 0..<30: ask(.migrateDomain(domain, to: random.chance(permille: 800) ? blade : nil, allowStop: random.chance(permille: 300)))
        case 30..<38: ask(.startDomain(domain, on: random.chance(permille: 300) ? blade : nil, force: false))
        case 38..<43: ask(.stopDomain(domain, deadline: .seconds(15)))
        case 43..<46: ask(.destroyDomain(domain, on: random.chance(permille: 200) ? blade : nil))
        case 46..<52: ask(.pauseDomain(domain))
        case 52..<58: ask(.resumeDomain(domain))
        case 58..<61: ask(.rebootDomain(domain))
        case 61..<65: ask(.setDomain(domain, memory: .mebibytes(UInt64(256 + 256 * random.below(8))), vcpus: nil))
        case 65..<68: ask(.setDomain(domain, memory: nil, vcpus: 1 + random.below(4)))
        case 68..<71: ask(.removeDomain(domain))
        case 71..<74: ask(.clearDomain(domain))
        case 74..<80: ask(.plan(.balance))
        case 80..<84: ask(.plan(.evacuate(blade)))
        case 84..<89: if let plan = newestPlan { ask(.applyPlan(id: plan)) }
        case 89..<91: ask(.freeze(reason: "maintenance"))
        case 91..<93: ask(.thaw)
        case 93..<94: ask(.releaseBlade(blade))
        case 94..<95: ask(.setDraining(blade, random.chance(permille: 400)))
        case 95..<96: ask(.switchBlade(blade, random.chance(permille: 700) ? .on : random.chance(permille: 500) ? .softOff : .hardOff))
        case 96..<98: ask(.setPolicy(random.chance(permille: 700) ? .automatic : .advise, chassis: nil))
        default: if let operation = anyOpenOperation { ask(.cancelOperation(operation)) }
        }
    }

    /// Who waits for a command's end types the next one at once: starts what has just been moved, started or stopped.
    mutating func operatorsHurry(after operation: OperationRecord) {
        guard operatorsAreAtWork, operation.state == .succeeded, random.chance(permille: 300) else { return }
        let blade = blades[random.below(blades.count)].host.identity.id
        schedule(.operatorsStart(operation.domain, on: random.chance(permille: 700) ? blade : nil), in: random.between(.zero, .milliseconds(300)))
    }

    private var newestPlan: String? {
        store.records.keys.sorted().compactMap { key -> PlanRecord? in if case .plan(let plan) = store.records[key] { plan } else { nil } }
            .max { $0.createdAt < $1.createdAt }?.id
    }

    private var anyOpenOperation: OperationID? {
        store.records.keys.sorted().compactMap { key -> OperationID? in
            if case .operation(let operation) = store.records[key], !operation.state.isEnded { operation.id } else { nil }
        }.first
    }
}
