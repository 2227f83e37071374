import PodpModel
import PodpPower
import Testing

@testable import PodpCore

/// Chassis in the core: what is durable, what an operator is told, and what a label proves. Power itself is tested in the simulator.
struct ChassisTests {
    static let root = Actor(name: "root", mayOperate: true)
    private static let reader = Actor(name: "grafana", mayOperate: false)

    /// A core with blades 1 and 2 enrolled, which stores everything at once.
    struct Bench {
        var core = CoordinatorCore()
        var now = Moment(instant: Instant(nanoseconds: 1_000_000_000), wall: WallTime(milliseconds: 1_000))
        var audits: [AuditEntry] = []
        var answers: [RequestID: Answer] = [:]
        var orders: [ChassisOrder] = []
        var next: UInt64 = 0

        init(_ records: [Record]) { tell(.loaded(records, newTermID: ID128(high: 1, low: 1))) }

        mutating func tell(_ event: Event) {
            for effect in core.handle(event, at: now) {
                switch effect {
                case .commit(let batch): tell(.committed(batch: batch.id))
                case .audit(let entry): audits.append(entry)
                case .answer(let id, let answer): answers[id] = answer
                case .chassis(_, let order): orders.append(order)
                default: break
                }
            }
        }

        mutating func ask(_ request: Request, by actor: Actor = root) -> Answer? {
            next += 1
            tell(.request(RequestID(next), request, by: actor))
            return answers[RequestID(next)]
        }

        mutating func pass(_ seconds: Int) {
            for _ in 0..<seconds {
                now.instant = now.instant + .seconds(1)
                now.wall = WallTime(milliseconds: now.wall.milliseconds + 1000)
                tell(.timer)
            }
        }

        mutating func poll(_ bays: [ChassisBay]) {
            let readings = ChassisReadings(
                at: now.instant, primaryModule: 1,
                bays: bays.map { bay in
                    BayReadings(
                        power: PowerReading(
                            bay: bay.number, reported: .on, isPresent: bay.isPresent, health: .good, source: PowerSource(.management), at: now.instant))
                })
            tell(.chassis("north", .polled(readings, inventory: ChassisInventory(kind: .simulated, bays: bays), capabilities: nil)))
        }

        func blade(_ number: UInt64) -> BladeRecord? { core.committed.blades[ChassisTests.id(number)] }
    }

    static func id(_ number: UInt64) -> BladeID { BladeID(ID128(high: 0x0102_0304_0506_0708, low: number)) }

    static func blade(_ number: UInt64) -> BladeRecord {
        BladeRecord(
            id: id(number), identity: BladeIdentity(id: id(number), serial: "S\(number)", name: "blade-\(number)"), chassis: "north",
            enrolledAt: WallTime(milliseconds: 0))
    }

    static func bay(_ bay: Int, _ blade: UInt64?) -> ChassisBay {
        ChassisBay(number: bay, isPresent: blade != nil, serial: blade.map { "S\($0)" }, uuid: blade.map { id($0).uuid })
    }

    static let north = ChassisRecord(name: "north", url: "simulated", address: "simulated", addedAt: WallTime(milliseconds: 0), addedBy: "root")

    func bench() -> Bench { Bench([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north)]) }

    @Test func `a chassis is watched when it is stored, again after a restart, and no more when it is removed`() {
        var bench = Bench([])
        guard case .refused(let reader)? = bench.ask(.addChassis(Self.north), by: Self.reader) else { return #expect(Bool(false), "a reader added it") }
        #expect(reader.code == .forbidden)
        #expect(bench.ask(.addChassis(Self.north)) == .done)
        guard case .watch(let watched)? = bench.orders.first else { return #expect(Bool(false), "not watched") }
        #expect(watched.name == "north")
        guard case .refused(let twice)? = bench.ask(.addChassis(Self.north)) else { return #expect(Bool(false), "added twice") }
        #expect(twice.code == .conflict)
        var other = Self.north
        other.name = "south"
        guard case .refused? = bench.ask(.addChassis(other)) else { return #expect(Bool(false), "one address, two chassis") }
        other.name = "a/b"
        guard case .refused(let name)? = bench.ask(.addChassis(other)) else { return #expect(Bool(false), "a name with a slash") }
        #expect(name.code == .invalid)
        #expect(bench.ask(.removeChassis(name: "north")) == .done)
        guard case .forget? = bench.orders.last else { return #expect(Bool(false), "still watched") }
        #expect(bench.core.view(at: bench.now).chassis.isEmpty)

        let restarted = self.bench()
        guard case .watch? = restarted.orders.first else { return #expect(Bool(false), "not watched after a restart") }
    }

    @Test func `the event log's newest lines are stored, and known to whoever watches the chassis after a restart`() {
        var bench = bench()
        func line(_ number: Int) -> ChassisLogEntry { ChassisLogEntry(severity: "INFO", written: "t\(number)", text: "line \(number)") }
        func tell(_ numbers: ClosedRange<Int>, _ bench: inout Bench) {
            let readings = ChassisReadings(at: bench.now.instant, primaryModule: 1, log: numbers.map(line))
            bench.tell(.chassis("north", .polled(readings, inventory: nil, capabilities: nil)))
        }
        tell(1...6, &bench)
        tell(7...7, &bench)
        #expect(bench.audits.count { $0.kind == "chassis-log" } == 7)
        let stored = bench.core.committed.chassis["north"]
        #expect(stored?.newestLog == [7, 6, 5, 4].map(line))
        guard let stored, case .watch(let watched)? = Bench([.chassis(stored)]).orders.first else { return #expect(Bool(false), "not watched") }
        #expect(watched.newestLog == stored.newestLog)
    }

    @Test func `a chassis that is watched twice is used by the one that was there first, also after a restart`() {
        var south = Self.north
        south.name = "south"
        south.url = "simulated://south"
        south.address = south.url
        south.addedAt = WallTime(milliseconds: 5)
        var bench = Bench([.blade(Self.blade(1)), .chassis(Self.north), .chassis(south)])
        func tell(_ name: String, serial: String, _ bench: inout Bench) {
            let inventory = ChassisInventory(kind: .amm, model: "8852-4XG", serial: serial, bays: [Self.bay(1, 1)])
            bench.tell(.chassis(name, .polled(ChassisReadings(at: bench.now.instant, primaryModule: 1), inventory: inventory, capabilities: nil)))
        }
        tell("north", serial: "KQ1", &bench)
        tell("south", serial: "KQ1", &bench)
        #expect(bench.audits.count { $0.kind == "chassis-twice" } == 1 && !bench.audits.contains { $0.kind == "blade-moved" })
        #expect(bench.core.seat(of: Self.id(1))?.chassis == "north" && bench.blade(1)?.held == nil)
        #expect(bench.core.view(at: bench.now).chassis.last?.faults.first?.contains("north") == true)
        for (name, lines) in [("north", 1), ("south", 1)] {
            let log = [ChassisLogEntry(text: "Blade 13 powered off.")]
            let readings = ChassisReadings(at: bench.now.instant, primaryModule: 1, log: log)
            bench.tell(.chassis(name, .polled(readings, inventory: nil, capabilities: nil)))
            #expect(bench.audits.count { $0.kind == "chassis-log" } == lines, "told once")
        }
        // After a restart the second one may be the first to answer.
        var again = Bench(bench.core.committed.chassis.values.map { .chassis($0) } + [.blade(Self.blade(1))])
        tell("south", serial: "KQ1", &again)
        tell("north", serial: "KQ1", &again)
        #expect(again.core.seat(of: Self.id(1))?.chassis == "north" && !again.audits.contains { $0.kind == "blade-moved" })
        // Without the first one it is used.
        #expect(again.ask(.removeChassis(name: "north")) == .done)
        tell("south", serial: "KQ1", &again)
        #expect(again.core.seat(of: Self.id(1))?.chassis == "south")
        // Two of one make are two.
        var other = Bench([.blade(Self.blade(1)), .chassis(Self.north), .chassis(south)])
        tell("north", serial: "KQ1", &other)
        tell("south", serial: "KQ2", &other)
        #expect(!other.audits.contains { $0.kind == "chassis-twice" })
    }

    @Test func `a second source that the chassis has not is said once, and no blade is switched off in vain`() {
        var record = Self.north
        record.secondSources = [.watts]
        var bench = Bench([.blade(Self.blade(1)), .chassis(record)])
        func tell(_ sources: Set<PowerSource.Kind>) {
            let capabilities = ChassisCapabilities(requests: Set(PowerRequest.allCases), secondSources: sources)
            let inventory = ChassisInventory(kind: .amm, bays: [Self.bay(1, 1)])
            bench.tell(.chassis("north", .polled(ChassisReadings(at: bench.now.instant, primaryModule: 1), inventory: inventory, capabilities: capabilities)))
        }
        tell([])
        tell([])
        #expect(bench.audits.count { $0.kind == "chassis-second-source" && $0.severity == .critical } == 1)
        guard case .refused(let refusal)? = bench.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else { return #expect(Bool(false), "begun") }
        #expect(refusal.message.contains("watts must say off"))
        tell([.watts])
        guard case .operation? = bench.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else { return #expect(Bool(false), "not begun") }
    }

    @Test func `sessions on a serial console are in the audit log, with who and whose`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        #expect(bench.ask(.noteConsole(chassis: "north", bay: 2, .takenOver)) == .done)
        #expect(bench.ask(.noteConsole(chassis: "north", bay: 2, .closed)) == .done)
        let taken = bench.audits.first { $0.kind == "console-taken-over" }
        #expect(taken?.by == "root" && taken?.blade == Self.id(2) && taken?.severity == .warning && taken?.sentence.contains("blade-2") == true)
        #expect(bench.audits.contains { $0.kind == "console-closed" })
        for wrong in [Request.noteConsole(chassis: "east", bay: 2, .opened), .noteConsole(chassis: "north", bay: 15, .opened)] {
            guard case .refused? = bench.ask(wrong) else { return #expect(Bool(false), "noted") }
        }
        guard case .refused? = bench.ask(.noteConsole(chassis: "north", bay: 2, .opened), by: Self.reader) else { return #expect(Bool(false), "a reader") }
    }

    @Test func `polls come every five seconds, one at a time, and one whose answer is lost is not the last`() {
        var bench = bench()
        bench.orders = []
        bench.pass(30)
        #expect(bench.orders.count == 1, "the first was not answered")
        bench.pass(120)
        #expect(bench.orders.count == 2)
        bench.poll([Self.bay(1, 1)])
        bench.orders = []
        for _ in 0..<10 {
            bench.pass(5)
            bench.poll([Self.bay(1, 1)])
        }
        #expect((9...11).contains(bench.orders.count))
    }

    @Test func `three silent polls are an event, and so is the answer after them`() {
        var bench = bench()
        for _ in 0..<2 { bench.tell(.chassis("north", .silent("no answer"))) }
        #expect(!bench.audits.contains { $0.kind == "chassis-silent" })
        for _ in 0..<5 { bench.tell(.chassis("north", .silent("no answer"))) }
        #expect(bench.audits.count { $0.kind == "chassis-silent" } == 1)
        #expect(bench.core.view(at: bench.now).chassis.first?.silence == "no answer")
        bench.poll([Self.bay(1, 1)])
        #expect(bench.audits.count { $0.kind == "chassis-answers" } == 1)
    }

    @Test func `a bay is matched by UUID, whichever way round its fields are`() {
        var bench = bench()
        var turned = Self.bay(4, 1)
        turned.uuid = Self.id(1).uuid.withSwappedFields
        bench.poll([turned, Self.bay(5, 2)])
        #expect(bench.blade(1)?.bay == 4)
        #expect(bench.blade(2)?.bay == 5)
        #expect(bench.blade(1)?.held == nil)
        #expect(bench.audits.count { $0.kind == "blade-seated" } == 2)
    }

    @Test func `one UUID in two bays is in neither`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 1), Self.bay(3, 2)])
        #expect(bench.core.seat(of: Self.id(1)) == nil)
        #expect(bench.core.seat(of: Self.id(2))?.bay == 3)
    }

    @Test func `a UUID goes before an address in all chassis, and one blade in two of them is in neither`() {
        var south = Self.north
        south.name = "south"
        south.url = "simulated://south"
        south.address = south.url
        func bench(_ bay: ChassisBay, first: String) -> Bench {
            var bench = Bench([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north), .chassis(south)])
            var live = LiveBlade(since: bench.now.wall)
            var host = HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1))
            host.nics = [HostNIC(name: "eth0", mac: "00:11:22:33:44:55", isUp: true, megabitsPerSecond: 1000)]
            live.inventory = Inventory(revision: 1, readAt: .zero, host: host, domains: [])
            bench.core.blades[Self.id(1)] = live
            for name in first == "north" ? ["north", "south"] : ["south", "north"] {
                let inventory = ChassisInventory(kind: .amm, serial: name, bays: [name == "south" ? Self.bay(1, 1) : bay])
                bench.tell(.chassis(name, .polled(ChassisReadings(at: bench.now.instant, primaryModule: 1), inventory: inventory, capabilities: nil)))
            }
            return bench
        }
        // Another blade's label, with one of its addresses.
        var stranger = Self.bay(4, 9)
        stranger.macs = ["00:11:22:33:44:55"]
        for first in ["north", "south"] {
            let seat = bench(stranger, first: first).core.seat(of: Self.id(1))
            #expect(seat?.chassis == "south" && seat?.bay == 1)
            var twice = bench(Self.bay(2, 1), first: first)
            #expect(twice.core.seat(of: Self.id(1)) == nil)
            guard case .refused? = twice.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else { return #expect(Bool(false), "begun") }
        }
        // Where its UUID is told nowhere, an address is enough.
        var core = Bench([.blade(Self.blade(1)), .chassis(Self.north)])
        core.core.blades[Self.id(1)] = bench(stranger, first: "north").core.blades[Self.id(1)]
        core.poll([stranger])
        #expect(core.core.seat(of: Self.id(1))?.bay == 4)
    }

    @Test func `a stranger in a bay of a blade holds that blade, once, and says how to enrol it`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        bench.poll([Self.bay(1, 9), Self.bay(2, 2)])
        #expect(bench.blade(1)?.held?.contains("bay 1 of north has another blade") == true)
        #expect(bench.blade(1)?.bay == nil)
        #expect(bench.blade(2)?.held == nil)
        #expect(bench.audits.contains { $0.kind == "blade-found" && $0.sentence.contains("podp blade token --chassis north --bay 1") })
        let events = bench.audits.count
        bench.poll([Self.bay(1, 9), Self.bay(2, 2)])
        #expect(bench.audits.count == events, "the same again is no news")
        #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        bench.poll([Self.bay(1, 9), Self.bay(2, 2)])
        #expect(bench.blade(1)?.held == nil, "released is released")
    }

    @Test func `a blade that is known by its addresses keeps its bay while its agent is silent`() {
        var bench = bench()
        // The label's UUID is nobody's: what matched it before is the seat that was stored.
        var record = Self.north
        record.seats = [ChassisRecord.Seat(bay: 1, uuid: Self.id(77).uuid, serial: "S77", blade: Self.id(1))]
        var seated = Self.blade(1)
        seated.bay = 1
        bench = Bench([.blade(seated), .blade(Self.blade(2)), .chassis(record)])
        bench.poll([Self.bay(1, 77), Self.bay(2, 2)])
        #expect(bench.blade(1)?.held == nil)
        #expect(bench.core.seat(of: Self.id(1))?.bay == 1)
        bench.poll([Self.bay(1, 78), Self.bay(2, 2)])
        #expect(bench.blade(1)?.held != nil, "another label is another blade")
    }

    @Test func `a label that is not complete proves nothing`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        var unread = Self.bay(1, 9)
        unread.isInventoryReady = false
        bench.poll([unread, ChassisBay(number: 2, isPresent: true)])
        #expect(bench.blade(1)?.held == nil && bench.blade(2)?.held == nil)
        #expect(bench.blade(1)?.bay == 1 && bench.blade(2)?.bay == 2)
    }

    @Test func `a label that may still be that of the blade before seats nobody`() {
        var bench = bench()
        var unread = Self.bay(1, 1)
        unread.isInventoryReady = false
        bench.poll([unread, Self.bay(2, 2)])
        #expect(bench.core.seatedBlades(in: "north") == [2: Self.id(2)])
        guard case .refused? = bench.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else { return #expect(Bool(false), "begun") }
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        #expect(bench.core.seatedBlades(in: "north").count == 2)
    }

    @Test func `a blade that no chassis tells of cannot be switched, and a start without the watts is refused with what is missing`() {
        var bench = bench()
        guard case .refused(let nowhere)? = bench.ask(.switchBlade(Self.id(1), .on)) else { return #expect(Bool(false), "begun") }
        #expect(nowhere.message.contains("no chassis"))
        var label = Self.bay(1, 1)
        label.powerDomain = 1
        label.maximumWatts = 345
        var readings = ChassisReadings(at: bench.now.instant)
        readings.bays = [
            BayReadings(power: PowerReading(bay: 1, reported: .off, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant))
        ]
        readings.powerDomains = [PowerDomain(number: 1, remainingWatts: 300)]
        bench.tell(.chassis("north", .polled(readings, inventory: ChassisInventory(kind: .simulated, bays: [label]), capabilities: nil)))
        guard case .refused(let short)? = bench.ask(.switchBlade(Self.id(1), .on)) else { return #expect(Bool(false), "begun") }
        #expect(short.message.contains("45 W are missing in power domain 1"))
        readings.powerDomains = [PowerDomain(number: 1, remainingWatts: 345)]
        bench.tell(.chassis("north", .polled(readings, inventory: nil, capabilities: nil)))
        for (wish, after) in [(PowerRequest.hardOff, Duration.seconds(60)), (.on, .seconds(60)), (.softOff, .zero), (.softOff, .seconds(3601))] {
            guard case .refused(let wrong)? = bench.ask(.switchBlade(Self.id(1), wish, unknownDomains: true, escalateAfter: after)) else {
                return #expect(Bool(false), "begun")
            }
            #expect(wrong.code == .invalid)
        }
        guard case .operation? = bench.ask(.switchBlade(Self.id(1), .on)) else { return #expect(Bool(false), "not begun") }
        guard case .refused(let busy)? = bench.ask(.switchBlade(Self.id(1), .hardOff)) else { return #expect(Bool(false), "two at once") }
        #expect(busy.code == .busy)
    }

    @Test func `a chassis that speaks two protocols is one`() {
        var bench = Bench([])
        var first = Self.north
        first.url = "amm+snmpv1://private@192.0.2.10:161"
        first.address = "amm+snmpv1://192.0.2.10:161"
        #expect(bench.ask(.addChassis(first)) == .done)
        var second = Self.north
        second.name = "south"
        second.address = "amm+snmpv3://podp@192.0.2.10:161?auth=sha"
        guard case .refused(let refusal)? = bench.ask(.addChassis(second)) else { return #expect(Bool(false), "one chassis, two hands") }
        #expect(refusal.code == .conflict)
    }

    @Test func `a switch that is off or unknown, and a standby management module that is gone, are events`() {
        var bench = bench()
        func poll(_ power: PowerState, _ health: ModuleHealth, _ isThere: Bool, _ bench: inout Bench) {
            var readings = ChassisReadings(at: bench.now.instant, primaryModule: 1)
            readings.switchModules = [SwitchModule(number: 1, isPresent: true, kind: .ethernet, power: power, health: health)]
            let modules = [
                ManagementModule(number: 1, isPresent: true, isPrimary: true, health: .good),
                ManagementModule(number: 2, isPresent: isThere, isPrimary: false, health: .good),
            ]
            let labels = ChassisInventory(kind: .amm, bays: [Self.bay(1, 1)], managementModules: modules)
            bench.tell(.chassis("north", .polled(readings, inventory: labels, capabilities: nil)))
        }
        poll(.on, .good, true, &bench)
        for _ in 1...2 { poll(.off, .unknown, false, &bench) }
        for kind in ["switch-power", "chassis-health", "management-module-lost"] { #expect(bench.audits.count { $0.kind == kind } == 1, "\(kind)") }
        poll(.on, .good, true, &bench)
        #expect(bench.audits.last { $0.kind == "chassis-health" }?.severity == .info)
    }

    @Test func `what a lost part would mean follows from the watts that are left`() {
        var readings = ChassisReadings(at: .zero)
        readings.powerModules = (1...3).map { PowerModule(number: $0, isPresent: true, health: .good) }
        readings.powerDomains = [
            PowerDomain(number: 1, modules: ["Bay 1: 1200W", "Bay 2: 1200W"], usedWatts: 1300),
            PowerDomain(number: 2, modules: ["Bay 3: 1200W"], usedWatts: 10),
        ]
        readings.switchModules = [SwitchModule(number: 1, isPresent: true, kind: .ethernet), SwitchModule(number: 3, isPresent: true, kind: .fibreChannel)]
        let losses = ChassisLoss.all(readings, inventory: nil)
        #expect(losses.map(\.severity) == [.critical, .critical, .critical, .critical, .critical])
        #expect(losses[0].sentence.contains("draws 1300 W and would have 1200 W"))
        #expect(losses[2].sentence.contains("no power"))
        readings.powerDomains[0].usedWatts = 1200
        readings.switchModules.append(SwitchModule(number: 2, isPresent: true, kind: .ethernet))
        #expect(ChassisLoss.all(readings, inventory: nil).map(\.severity) == [.note, .note, .critical, .warning, .critical, .warning])
    }
}
