import PodpModel
import PodpPower
import Testing

@testable import PodpCore

/// Several blades of one chassis are switched at once.
extension ChassisTests {
    func reading(_ bay: Int, _ state: PowerState, _ bench: Bench) -> PowerReading {
        PowerReading(
            bay: bay, reported: state, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant,
            label: Self.bay(bay, UInt64(bay)).label)
    }

    func begin(_ number: UInt64, _ wish: PowerRequest, _ bench: inout Bench) -> OperationID? {
        guard case .operation(let id)? = bench.ask(.switchBlade(Self.id(number), wish, unknownDomains: wish != .on)) else { return nil }
        return id
    }

    func looks(_ bench: Bench) -> [OperationID] { bench.orders.compactMap { if case .look(let id, _, _) = $0 { id } else { nil } } }
    func requests(_ bench: Bench) -> [OperationID] { bench.orders.compactMap { if case .request(let id, _, _, _) = $0 { id } else { nil } } }

    /// Two offs: the first one's request is out, the second one's waits for its turn.
    private func twoOffs() -> (bench: Bench, first: OperationID, second: OperationID)? {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let first = begin(1, .hardOff, &bench) else { return nil }
        bench.tell(.chassis("north", .looked(first, [reading(1, .on, bench)])))
        guard let second = begin(2, .hardOff, &bench), requests(bench) == [first], !looks(bench).contains(second) else { return nil }
        bench.tell(.chassis("north", .requested(first, .accepted)))
        guard looks(bench).last == second else { return nil }
        // The first one wants to look again while the second one's look is out: it waits, and the second one's request waits for it.
        bench.pass(1)
        bench.tell(.chassis("north", .looked(second, [reading(2, .on, bench)])))
        guard looks(bench).last == first, requests(bench) == [first] else { return nil }
        return (bench, first, second)
    }

    @Test func `one look or request of a chassis is out at a time, in the order in which they were wanted`() {
        guard let offs = twoOffs() else { return #expect(Bool(false), "not as it should be") }
        var bench = offs.bench
        let (first, second) = (offs.first, offs.second)
        let count = bench.orders.count
        bench.pass(1)
        #expect(!bench.orders[count...].contains { if case .poll = $0 { false } else { true } }, "while one is out, no other goes out")
        bench.tell(.chassis("north", .looked(first, [reading(1, .on, bench)])))
        #expect(requests(bench) == [first, second])
        guard case .request(_, 2, .hardOff, let limits)? = bench.orders.last else { return #expect(Bool(false), "\(bench.orders)") }
        #expect(limits.label == Self.bay(2, 2).label && limits.notAfter > bench.now.instant && limits.notAfter < bench.now.instant + .seconds(60))
    }

    @Test("What waits for its turn is not asked any more when its premise has gone", arguments: 0..<4)
    func premise(way: Int) {
        guard let offs = twoOffs() else { return #expect(Bool(false), "not as it should be") }
        var bench = offs.bench
        let (first, second) = (offs.first, offs.second)
        switch way {
        // Another blade is in the bay; the blade is in another one; its time is over.
        case 0: bench.poll([Self.bay(1, 1), Self.bay(2, 9)])
        case 1: bench.poll([Self.bay(1, 1), ChassisBay(number: 2, isPresent: false), Self.bay(3, 2)])
        case 2: bench.poll([Self.bay(1, 1), ChassisBay(number: 2, isPresent: true)])
        default: bench.pass(70)
        }
        bench.tell(.chassis("north", .looked(first, [reading(1, .on, bench)])))
        #expect(requests(bench).contains(second) == false)
        guard case .unknown(let why)? = bench.core.committed.power[second]?.state else { return #expect(Bool(false), "not ended") }
        #expect(why.contains(["no chassis", "bay 3", "does not tell now", "deadline"][way]), "\(why)")
        #expect(bench.core.committed.power[second]?.requests == nil)
    }

    @Test func `who waits behind others has not begun, and loses no time; an order whose answer never comes holds up nobody for ever`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let first = begin(1, .hardOff, &bench), let second = begin(2, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        bench.pass(90)
        #expect(bench.core.committed.power[first]?.state.isEnded == true && bench.core.committed.power[second]?.state == .running)
        #expect(!looks(bench).contains(second))
        bench.pass(40)
        #expect(looks(bench).contains(second))
    }

    @Test func `one blade that does not answer, or did not a while ago, does not make the others lose their time`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let first = begin(1, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        let silent = PowerReading.silent("503", bay: 1, source: PowerSource(.management), at: bench.now.instant)
        bench.tell(.chassis("north", .looked(first, [silent])))
        bench.pass(1)
        #expect(looks(bench) == [first, first])
        guard let second = begin(2, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        #expect(!looks(bench).contains(second) && bench.core.power[second]?.hasBegun == false)
    }

    @Test func `an operating system that takes its time to shut down holds up nobody`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        bench.tell(.chassis("north", .looked(soft, [reading(1, .on, bench)])))
        bench.tell(.chassis("north", .requested(soft, .accepted)))
        bench.pass(1)
        guard looks(bench).count == 2, let hard = begin(2, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        bench.tell(.chassis("north", .looked(soft, [reading(1, .on, bench)])))
        #expect(looks(bench).last == hard, "begun at once, and its turn comes first")
        bench.pass(1)
        bench.tell(.chassis("north", .looked(hard, [reading(2, .on, bench)])))
        #expect(requests(bench).last == hard, "before the other one's look, which was wanted earlier")
    }

    @Test func `where nothing answers, nobody waits for others to fail first`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let first = begin(1, .hardOff, &bench), let second = begin(2, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        #expect(looks(bench) == [first])
        bench.tell(.chassis("north", .silent("no answer")))
        let silent = PowerReading.silent("no answer", bay: 1, source: PowerSource(.management), at: bench.now.instant)
        bench.pass(10)
        bench.tell(.chassis("north", .looked(first, [silent])))
        bench.pass(1)
        for id in [second, first] { bench.tell(.chassis("north", .looked(id, [silent]))) }
        bench.pass(70)
        for id in [first, second] { #expect(bench.core.committed.power[id]?.state.isEnded == true) }
    }

    @Test func `a resumed off looks when the agent has come back, or when it had its time to`() {
        for comesBack in [true, false] {
            var record = PowerRecord(
                id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1",
                request: .hardOff, by: "root", startedAt: WallTime(milliseconds: 500))
            record.requests = 1
            var bench = Bench([.blade(Self.blade(1)), .chassis(Self.north), .power(record)])
            bench.poll([Self.bay(1, 1)])
            bench.pass(20)
            #expect(looks(bench).isEmpty)
            if comesBack {
                var live = LiveBlade(since: bench.now.wall)
                let host = HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1))
                live.inventory = Inventory(revision: 1, readAt: .zero, host: host, domains: [])
                bench.core.blades[Self.id(1)] = live
            }
            bench.pass(comesBack ? 1 : 9)
            #expect(looks(bench).isEmpty != comesBack)
            bench.pass(3)
            #expect(looks(bench) == [record.id])
        }
    }

    @Test func `an off that was refused at once was not heard, and nothing is waited for but its answer's time`() {
        var refused = bench()
        refused.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let off = begin(1, .softOff, &refused) else { return #expect(Bool(false), "not begun") }
        refused.tell(.chassis("north", .looked(off, [reading(1, .on, refused)])))
        refused.tell(.chassis("north", .requested(off, .refused(PowerRefusal(.unsupported, "it knows none")))))
        refused.pass(13)
        #expect(refused.core.offMayCome(Self.id(1)) == nil)
    }
}
