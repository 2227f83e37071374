import PodpCore
import PodpModel

/// A small fleet with one of everything, the same in every run; and a large one for figures.
public enum ExampleFleet {
    /// 2026-11-22T17:00:00Z.
    public static let now = WallTime(milliseconds: 1_795_366_800_000)
    public static let term = Term(number: 3, id: ID128(high: 0xA, low: 0xB))

    public static func bladeID(_ number: Int) -> BladeID { BladeID(ID128(high: 0xB1AD_E000_0000_0000, low: UInt64(number))) }
    public static func domainID(_ number: Int) -> DomainID { DomainID(ID128(high: 0xD0_0000_0000_0000, low: UInt64(number))) }

    /// Three blades (one held, one that does not answer), four domains (one unmanaged, one with a hostile name), operations in all states, a plan, tokens.
    public static func view() -> FleetView {
        var view = FleetView(at: Moment(instant: Instant(nanoseconds: 1_000_000_000), wall: now))
        view.revision = 42
        view.term = term
        view.settings.chassis = [Settings.ChassisPolicy(chassis: "north", balance: .automatic)]
        view.settings.frozen = Settings.Freeze(by: "uid 0 (root)", at: now, reason: "maintenance")
        view.blades = [
            blade(1, cpu: 7_440, link: .connected(since: now)),
            blade(2, cpu: 2_480, link: .connected(since: now), held: "reports 0 CPUs"),
            blade(3, cpu: 900, link: .unknown(since: now), age: .seconds(95)),
        ]
        view.domains = [
            domain(1, "web-1", on: 1, cpu: 1_400), domain(2, "web-2", on: 1, cpu: 3_100), domain(3, "db\u{1B}[31m\"\\\n", on: 2, cpu: 20, managed: false),
            domain(4, "lost", on: 3, cpu: 0, state: .unknown),
        ]
        view.operations = operations()
        view.chassis = [chassis()]
        view.power = power()
        view.plans = [plan()]
        view.apiTokens = []
        view.enrolmentTokens = [
            EnrolmentToken(
                secretHash: String(repeating: "ab", count: 32), expires: WallTime(milliseconds: now.milliseconds + 3_600_000), createdBy: "uid 0 (root)",
                note: "bay 4", chassis: "north", bay: 4)
        ]
        view.refusedReports = 2
        return view
    }

    public static func blade(_ number: Int, cpu: MilliCPU, link: BladeView.Link, held: String? = nil, age: Duration = .milliseconds(400)) -> BladeView {
        let identity = BladeIdentity(id: bladeID(number), serial: "SN00\(number)", name: "blade-\(number)")
        var record = BladeRecord(id: bladeID(number), identity: identity, chassis: "north", bay: number, enrolledAt: now)
        record.certificates = [.init(serial: "0\(number)", notAfter: WallTime(milliseconds: now.milliseconds + 86_400_000))]
        let facts = HypervisorFacts(
            kind: .xen, version: "4.17.5", libvirtVersion: "9.0.0",
            liveMigration: [.pvh: .yes, .hvm: .yes, .pv: .no(reason: "this Xen has no shadow paging")])
        let hello = Hello(
            blade: identity, bootID: ID128(high: 1, low: UInt64(number)), agentRun: ID128(high: 2, low: UInt64(number)), agentVersion: "0.1.0",
            hypervisor: facts,
            cpu: CPUModel(vendor: "GenuineIntel", model: "Xeon E5-2680", features: ["avx", "sse4_2"]), highestTerm: nil, clock: now, bootTime: .zero)
        let host = HostInventory(
            cpus: 8, cpuMegahertz: 2700, memory: .gibibytes(24), dom0Memory: .gibibytes(2), bridges: ["xenbr0"],
            storage: [BlockDevice(path: "/dev/vdb", size: .gibibytes(100), serial: "shared0")],
            nics: [HostNIC(name: "eth0", mac: "52:54:00:00:00:0\(number)", isUp: true, megabitsPerSecond: 1000)], migrationAddress: "10.0.0.\(number)")
        let findings =
            number == 2 ? [Finding(code: "autostart", severity: .critical, what: "web-9 starts by itself", remedy: "virsh autostart --disable web-9")] : []
        let sample = HostSample(
            cpu: cpu, dom0CPU: 300, memoryFree: .gibibytes(6), dom0MemoryFree: .mebibytes(512),
            disk: DiskRates(readBytes: 1 << 20, writtenBytes: 3 << 20, reads: 10, writes: 40),
            network: NetworkRates(receivedBytes: 2_000_000, sentBytes: 1_000_000), agentCPU: 4, agentMemory: .mebibytes(17))
        return BladeView(
            record: record, link: link, hello: hello, inventory: Inventory(revision: 1, readAt: .zero, host: host, domains: [], findings: findings),
            report: Report(sequence: 9, sampledAt: .zero, interval: .seconds(1), host: sample, domains: []), reportAge: age, clockOffset: .milliseconds(12),
            held: held,
            findings: findings, mean: [Int64(cpu) - 400, 12 << 20, 4096, 3000], high: [Int64(cpu), 12 << 20, 9000, 6000],
            capacity: [8000, 22 << 20, 0, 125_000],
            memoryPromised: .gibibytes(12))
    }

    public static func domain(_ number: Int, _ name: String, on blade: Int, cpu: MilliCPU, managed: Bool = true, state: DomainState = .running) -> DomainView {
        let id = domainID(number)
        var definition = DomainDefinition(
            id: id, name: name, type: .pvh, memory: .gibibytes(4), vcpus: 4, boot: .kernel(path: "/boot/vmlinuz", ramdisk: nil, commandLine: ""))
        definition.revision = 1
        definition.disks = [Disk(target: "xvda", source: "/dev/vdb")]
        let inventory = DomainInventory(
            id: id, name: name, number: 5, state: state, type: .pvh, vcpus: 4, memory: .gibibytes(4), disks: definition.disks,
            nics: [NIC(mac: "00:16:3e:00:00:0\(number % 10)", bridge: "xenbr0")])
        let sample = DomainSample(
            id: id, state: state, cpu: cpu, ready: 50, memory: .gibibytes(4), disk: DiskRates(readBytes: 4096),
            network: NetworkRates(receivedBytes: 9, sentBytes: 8))
        let isKnown = state != .unknown
        return DomainView(
            id: id, name: name, managed: managed ? ManagedDomain(definition: definition, blade: bladeID(blade), wish: .running) : nil, blade: bladeID(blade),
            bladeName: "blade-\(blade)", state: state, inventory: isKnown ? inventory : nil, sample: isKnown ? sample : nil, mean: [Int64(cpu), 4 << 20, 4, 0],
            high: [Int64(cpu) + 200, 4 << 20, 8, 0], operation: nil, drift: number == 2 ? ["vcpus are 4, defined are 2"] : [], alsoOn: [])
    }

    private static func operations() -> [OperationView] {
        let migration = Action.migrate(Migration(destination: bladeID(2), address: "10.0.0.2", hostName: "blade-2", live: true))
        func operation(_ number: UInt64, _ action: Action, _ domain: Int, _ state: OperationRecord.State, progress: Progress? = nil) -> OperationView {
            var record = OperationRecord(
                id: OperationID(term: term.id, sequence: number), action: action, domain: domainID(domain), domainName: "web-\(domain)", blade: bladeID(1),
                state: state,
                by: "podp: balance", startedAt: WallTime(milliseconds: now.milliseconds - 20_000), plan: nil)
            if state.isEnded { record.endedAt = WallTime(milliseconds: now.milliseconds - 8_000) }
            return OperationView(record: record, bladeName: "blade-1", destinationName: record.destination.map { _ in "blade-2" }, progress: progress)
        }
        return [
            operation(4, migration, 1, .running, progress: Progress(done: .gibibytes(3), remaining: .gibibytes(1), elapsed: .seconds(20))),
            operation(3, migration, 2, .indeterminate(reason: "blade-1 was cut off")),
            operation(2, .pause, 1, .failed(reason: "libvirt: domain is not running")), operation(1, .shutdown(deadline: .seconds(60)), 2, .succeeded),
        ]
    }

    public static func plan() -> PlanRecord {
        let move = Move(
            domain: domainID(2), domainName: "web-2", from: bladeID(1), fromName: "blade-1", to: bladeID(2), toName: "blade-2", live: true,
            bytes: .gibibytes(4),
            duration: .seconds(43), downtime: .milliseconds(120),
            reason: "blade-1's CPU is at 93 % of 8 cores (comfort 70 %); web-2 takes 3.1 cores of it; blade-2 is at 31 %, then 70 %")
        func load(_ number: Int, _ cpu: Int64, _ domains: Int) -> BladeLoad {
            BladeLoad(blade: bladeID(number), name: "blade-\(number)", permille: [cpu, 500, 20, 24], domains: domains)
        }
        let plan = Plan(
            revision: 42, goal: .balance, moves: [move], waves: [[0]], before: [load(1, 930, 2), load(2, 310, 1)], after: [load(1, 543, 1), load(2, 698, 2)],
            costBefore: 1.25, costAfter: 0.5, remarks: ["lost stays: blade-3 does not answer"])
        return PlanRecord(id: "7f3a9c", plan: plan, certificate: Certificate(states: 3, rulesChecked: 12), createdAt: now, by: "uid 1000 (anna)")
    }

    /// For figures: as many blades as `domains` need with 40 each.
    public static func large(domains count: Int) -> FleetView {
        var view = FleetView(at: Moment(instant: .zero, wall: now))
        view.term = term
        view.blades = (0..<max(1, (count + 39) / 40)).map { blade($0, cpu: 3000, link: .connected(since: now)) }
        view.domains = (0..<count).map { domain($0, "domain-\($0)", on: $0 / 40, cpu: MilliCPU($0 % 4000)) }
        return view
    }
}
