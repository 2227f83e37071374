import PodpModel

@testable import PodpCore

/// A core whose store stores at once, and blades that speak to it by hand.
struct CoreFixture {
    private(set) var core: CoordinatorCore
    private(set) var seconds: Int64 = 1000
    private(set) var audits: [AuditEntry] = []
    private var lastLink: UInt64 = 0
    private var lastRequest: UInt64 = 0

    static let cpus = 8

    /// - Parameter blades: how many are enrolled; nobody is connected yet.
    init(blades: Int = 2, domains: [ManagedDomain] = [], records others: [Record] = [], configuration: CoordinatorCore.Configuration = .init()) {
        core = CoordinatorCore(configuration: configuration)
        let records = (1...max(1, blades)).map { number in
            Record.blade(
                BladeRecord(
                    id: Self.blade(number).id, identity: Self.blade(number), chassis: "chassis-1", enrolledAt: WallTime(milliseconds: 1),
                    certificates: [.init(serial: "0\(number)", notAfter: WallTime(milliseconds: 10_000_000_000_000))]))
        }
        tell(.loaded(records + domains.map(Record.domain) + others, newTermID: ID128(high: 9, low: 9)))
    }

    static func blade(_ number: Int) -> BladeIdentity {
        BladeIdentity(id: BladeID(ID128(high: 0xB1, low: UInt64(number))), serial: "S\(number)", name: "blade-\(number)")
    }

    static func domain(_ number: Int) -> DomainID { DomainID(ID128(high: 0xD0, low: UInt64(number))) }

    static func managed(_ number: Int, on blade: Int) -> ManagedDomain {
        ManagedDomain(
            definition: DomainDefinition(
                id: domain(number), name: "web-\(number)", type: .pvh, memory: .gibibytes(1), vcpus: 1,
                boot: .kernel(path: "/boot/guest", ramdisk: nil, commandLine: "")),
            blade: Self.blade(blade).id, wish: .running)
    }

    var moment: Moment { Moment(instant: Instant(nanoseconds: seconds * 1_000_000_000), wall: WallTime(milliseconds: 1_800_000_000_000 + seconds * 1000)) }

    var view: FleetView { core.view(at: moment) }

    func view(of number: Int) -> BladeView? { view.blades.first { $0.record.id == Self.blade(number).id } }

    /// Tells the core, and stores what it wants stored. Returns everything else that it wanted, in order.
    @discardableResult
    mutating func tell(_ event: Event) -> [Effect] {
        var wanted: [Effect] = []
        for effect in core.handle(event, at: moment) {
            switch effect {
            case .commit(let batch): wanted += tell(.committed(batch: batch.id))
            case .audit(let entry):
                audits.append(entry)
                wanted.append(effect)
            default: wanted.append(effect)
            }
        }
        return wanted
    }

    mutating func pass(_ span: Int64) {
        for _ in 0..<span {
            seconds += 1
            tell(.timer)
        }
    }

    // MARK: - A blade's words

    mutating func hello(_ number: Int, run: UInt64 = 1, certificate: String? = nil, change: (inout Hello) -> Void = { _ in }) -> (link: LinkID, [Effect]) {
        lastLink += 1
        let link = LinkID(lastLink)
        var hello = Hello(
            blade: Self.blade(number), bootID: ID128(high: 1, low: UInt64(number)), agentRun: ID128(high: 2, low: run), agentVersion: "1",
            hypervisor: HypervisorFacts(kind: .xen, version: "4.17", liveMigration: [.pvh: .yes]),
            cpu: CPUModel(vendor: "GenuineIntel", model: "X5650", features: ["aes"]), highestTerm: nil, clock: moment.wall, bootTime: moment.instant)
        change(&hello)
        return (link, tell(.connected(link, blade: Self.blade(number).id, certificate: certificate ?? "0\(number)", hello)))
    }

    /// Connects a blade with one domain that podp does not know.
    mutating func connect(_ number: Int, domains: [DomainInventory] = []) -> LinkID {
        let (link, _) = hello(number)
        tell(.received(link, .inventory(inventory(domains: domains))))
        report(link, 1)
        return link
    }

    func inventory(cpus: Int = CoreFixture.cpus, memory: Bytes = .gibibytes(24), domains: [DomainInventory] = []) -> Inventory {
        Inventory(
            revision: 1, readAt: moment.instant, host: HostInventory(cpus: cpus, memory: memory, dom0Memory: .gibibytes(1), bridges: ["xenbr0"]),
            domains: domains)
    }

    @discardableResult
    mutating func report(_ link: LinkID, _ sequence: UInt64, change: (inout Report) -> Void = { _ in }) -> [Effect] {
        var report = Report(
            sequence: sequence, sampledAt: moment.instant, interval: .seconds(1), host: HostSample(cpu: 500, memoryFree: .gibibytes(20)), domains: [])
        change(&report)
        return tell(.received(link, .report(report)))
    }

    mutating func ask(_ request: Request) -> Answer? {
        lastRequest += 1
        let id = RequestID(lastRequest)
        for case .answer(id, let answer) in tell(.request(id, request, by: Actor(name: "operator", mayOperate: true))) { return answer }
        return nil
    }

    /// What a plan would be made of now.
    func problem() -> Problem { core.problem(.balance) }
}

extension [Effect] {
    func isSent(_ link: LinkID, _ matches: (CoordinatorMessage) -> Bool) -> Bool {
        contains { if case .send(link, let message) = $0 { matches(message) } else { false } }
    }

    func refusal(_ link: LinkID) -> (reason: String, permanent: Bool)? {
        for case .send(link, .refused(let reason, let permanent)) in self { return (reason, permanent) }
        return nil
    }
}
