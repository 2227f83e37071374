import PodpModel
import PodpPower
import Testing

@testable import PodpCore

extension ChassisTests.Bench {
    /// What the request for blade 1 looks at: off, again and again, a second apart.
    mutating func readOff(_ id: OperationID, times: Int) {
        for _ in 0..<times {
            pass(1)
            let off = PowerReading(
                bay: 1, reported: .off, isPresent: true, health: .good, source: PowerSource(.management), at: now.instant,
                label: ChassisTests.bay(1, 1).label)
            tell(.chassis("north", .looked(id, [off])))
        }
    }
}

/// What an off relies on: what runs there, what was asked for before, and what has been seen since.
extension ChassisTests {
    @Test func `an off after a start that nobody saw the end of is asked for, even where it reads off already`() {
        var bench = bench()
        var start = PowerRecord(
            id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1", request: .on,
            state: .unknown(reason: "the deadline passed"), by: "root", startedAt: bench.now.wall)
        start.requests = 1
        start.endedAt = bench.now.wall
        bench = Bench([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north), .power(start)])
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        bench.orders = []
        guard case .operation(let id)? = bench.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else { return #expect(Bool(false), "not begun") }
        bench.readOff(id, times: 1)
        #expect(!bench.orders.contains { if case .request = $0 { true } else { false } }, "one reading may lie")
        bench.readOff(id, times: 3)
        guard case .request(id, 1, .hardOff, _)? = bench.orders.last else { return #expect(Bool(false), "\(bench.orders)") }
        #expect(bench.core.committed.power[id]?.requests == 1, "stored before it is sent")
    }

    @Test func `an accepted soft-off is not the acceptance of the hard one that follows it`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        let ask = Request.switchBlade(Self.id(1), .softOff, unknownDomains: true, escalateAfter: .seconds(5))
        guard case .operation(let id)? = bench.ask(ask) else { return #expect(Bool(false), "not begun") }
        func look() {
            let on = PowerReading(
                bay: 1, reported: .on, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant, label: Self.bay(1, 1).label)
            bench.tell(.chassis("north", .looked(id, [on])))
        }
        look()
        bench.tell(.chassis("north", .requested(id, .accepted)))
        #expect(bench.core.committed.power[id]?.isAccepted == true)
        for _ in 0..<8 where bench.core.committed.power[id]?.escalatedAt == nil {
            bench.pass(1)
            look()
        }
        #expect(bench.core.committed.power[id]?.escalatedAt != nil && bench.core.committed.power[id]?.isAccepted != true)
        bench.tell(.chassis("north", .requested(id, .accepted)))
        #expect(bench.core.committed.power[id]?.isAccepted == true)
    }

    @Test func `a start stays open until the blade was read on or an off was asked for, whatever came between, whatever the clock does, wherever it was`() {
        func record(_ sequence: UInt64, _ request: PowerRequest, _ state: PowerRecord.State, at seconds: Int64, chassis: String = "north", bay: Int = 1)
            -> PowerRecord
        {
            var record = PowerRecord(
                id: OperationID(term: ID128(high: 9, low: 9), sequence: sequence), chassis: chassis, bay: bay, blade: Self.id(1), bladeName: "blade-1",
                request: request, state: state, by: "root", startedAt: WallTime(milliseconds: seconds * 1000))
            record.isAccepted = state == .confirmed(.off, requested: true)
            record.requests = 1
            return record
        }
        func unasked(_ record: PowerRecord) -> PowerRecord {
            var record = record
            record.requests = nil
            return record
        }
        func unheard(_ record: PowerRecord) -> PowerRecord {
            var record = record
            record.isAccepted = nil
            return record
        }
        let unknown = PowerRecord.State.unknown(reason: "the deadline passed")
        let refused = PowerRecord.State.refused(PowerRefusal(.notPermitted, "it is off"))
        let start = record(1, .on, unknown, at: 100)
        let histories: [(after: [PowerRecord], asks: Bool)] = [
            ([start], true), ([start, record(2, .softOff, refused, at: 110)], true), ([start, record(2, .hardOff, unknown, at: 110)], true),
            ([start, record(2, .hardOff, .confirmed(.off, requested: false), at: 110)], true),
            ([start, record(2, .hardOff, .confirmed(.off, requested: true), at: 110)], false),
            ([start, unheard(record(2, .hardOff, .confirmed(.off, requested: true), at: 110))], true),
            // One reading, and no agent that has spoken since.
            ([start, record(2, .on, .confirmed(.on, requested: false), at: 110)], true),
            ([record(1, .on, .confirmed(.on, requested: true), at: 110)], true),
            // What does not run shuts nothing down, whoever accepts it.
            ([start, record(2, .softOff, .confirmed(.off, requested: true), at: 110)], true),
            // Hours later by the clock, or before; in another bay, in a chassis that has another name now.
            ([record(1, .on, unknown, at: -100_000)], true), ([record(1, .on, unknown, at: 100_000)], true),
            ([record(2, .hardOff, .confirmed(.off, requested: true), at: 5), record(1, .on, unknown, at: 100)], false),
            ([record(1, .on, unknown, at: 100, chassis: "south", bay: 7)], true), ([], false),
            // Nothing was ever asked of the chassis.
            ([unasked(start)], false), ([start, unasked(record(2, .on, unknown, at: 110))], true),
        ]
        for (index, history) in histories.enumerated() {
            var bench = Bench([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north)] + history.after.map { .power($0) })
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            bench.orders = []
            guard case .operation(let id)? = bench.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else {
                return #expect(Bool(false), "not begun")
            }
            bench.readOff(id, times: 4)
            let isAsked = bench.orders.contains { if case .request = $0 { true } else { false } }
            #expect(isAsked == history.asks, "history \(index)")
        }
    }

    @Test func `a start that asked for nothing opens nothing, and does not hide the one before it`() {
        for isRepeated in [true, false] {
            var bench = bench()
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            func reading(_ state: PowerState) -> PowerReading {
                PowerReading(
                    bay: 1, reported: state, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant,
                    label: Self.bay(1, 1).label)
            }
            func begin(_ wish: PowerRequest) -> OperationID? {
                guard case .operation(let id)? = bench.ask(.switchBlade(Self.id(1), wish, unknownDomains: wish != .on)) else { return nil }
                return id
            }
            if isRepeated, let start = begin(.on) {
                bench.tell(.chassis("north", .looked(start, [reading(.off)])))
                bench.tell(.chassis("north", .requested(start, .accepted)))
                bench.pass(2)
                bench.tell(.chassis("north", .looked(start, [reading(.on)])))
            }
            bench.pass(60)
            guard let needless = begin(.on) else { return #expect(Bool(false), "not begun") }
            bench.tell(.chassis("north", .looked(needless, [reading(.on)])))
            #expect(bench.core.committed.power[needless]?.state == .confirmed(.on, requested: false))
            bench.pass(60)
            // Up for longer than since the second one, for less than since the first.
            let comes = Hello(
                blade: Self.blade(1).identity, bootID: ID128(high: 1, low: 5), agentRun: ID128(high: 2, low: 1), agentVersion: "1",
                hypervisor: HypervisorFacts(kind: .simulated, version: "1", liveMigration: [:]),
                cpu: CPUModel(vendor: "GenuineIntel", model: "X5650", features: []), highestTerm: nil, clock: bench.now.wall, bootTime: .zero + .seconds(90))
            bench.core.noteStart(comes, of: Self.id(1))
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            bench.orders = []
            guard let off = begin(.hardOff) else { return #expect(Bool(false), "not begun") }
            bench.readOff(off, times: 4)
            #expect(bench.core.committed.power[off]?.state == .confirmed(.off, requested: false), "repeated \(isRepeated)")
        }
    }

    @Test func `a blade that starts after a take-back is not shut down while nobody knows what runs on it`() {
        var start = PowerRecord(
            id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1", request: .on,
            state: .unknown(reason: "the deadline passed"), by: "root", startedAt: WallTime(milliseconds: 500))
        start.endedAt = start.startedAt
        start.requests = 1
        var bench = Bench([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north), .power(start)])
        func reading(_ state: PowerState) -> PowerReading {
            PowerReading(
                bay: 1, reported: state, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant, label: Self.bay(1, 1).label)
        }
        var readings = ChassisReadings(at: bench.now.instant, primaryModule: 1)
        readings.bays = [BayReadings(power: reading(.off))]
        let labels = ChassisInventory(kind: .simulated, bays: [Self.bay(1, 1), Self.bay(2, 2)])
        bench.tell(.chassis("north", .polled(readings, inventory: labels, capabilities: nil)))
        guard case .operation(let id)? = bench.ask(.switchBlade(Self.id(1), .softOff)) else { return #expect(Bool(false), "not begun") }
        func look(_ state: PowerState) {
            let seen = reading(state)
            bench.tell(.chassis("north", .looked(id, [seen])))
        }
        look(.off)
        for _ in 0..<4 {
            bench.pass(1)
            look(.off)
        }
        #expect(bench.orders.contains { if case .request(id, 1, .hardOff, _) = $0 { true } else { false } }, "the take-back")
        bench.tell(.chassis("north", .requested(id, .accepted)))
        for _ in 0..<4 {
            bench.pass(1)
            look(.on)
        }
        #expect(!bench.orders.contains { if case .request(_, _, .softOff, _) = $0 { true } else { false } })
        guard case .unknown(let why)? = bench.core.committed.power[id]?.state else { return #expect(Bool(false), "not ended as unknown") }
        #expect(why.contains("what runs on it is not known"))
    }

    @Test func `an off that the run before had asked for asks nothing more while nobody knows what runs there now`() {
        for (wish, isAgentBack) in [(PowerRequest.hardOff, false), (.hardOff, true), (.softOff, false)] {
            var record = PowerRecord(
                id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1", request: wish,
                by: "root", startedAt: WallTime(milliseconds: 500))
            record.requests = 1
            record.isAccepted = true
            if wish == .softOff { record.escalateAfter = .seconds(5) }
            var bench = Bench([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north), .power(record)])
            if isAgentBack {
                var live = LiveBlade(since: bench.now.wall)
                live.link = LinkID(7)
                live.inventoryLink = LinkID(7)
                let host = HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1))
                live.inventory = Inventory(revision: 1, readAt: .zero, host: host, domains: [])
                bench.core.blades[Self.id(1)] = live
            }
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            for _ in 0..<150 where bench.core.committed.power[record.id]?.state.isEnded == false {
                bench.pass(1)
                bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
                let on = PowerReading(
                    bay: 1, reported: .on, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant,
                    label: Self.bay(1, 1).label)
                bench.tell(.chassis("north", .looked(record.id, [on])))
            }
            let isAsked = bench.orders.contains { if case .request = $0 { true } else { false } }
            #expect(isAsked == isAgentBack, "\(wish)")
            guard !isAgentBack else { continue }
            guard case .unknown(let why)? = bench.core.committed.power[record.id]?.state else { return #expect(Bool(false), "not ended") }
            #expect(why.contains("what runs on it is not known"), "\(why)")
        }
    }

    @Test func `what somebody wanted hours ago is not done when podp comes back`() {
        for (hours, isDone) in [(0, true), (2, false), (-2, true)] {
            var record = PowerRecord(
                id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1", request: .on,
                by: "root", startedAt: WallTime(milliseconds: 1_000 - Int64(hours) * 3_600_000))
            record.requests = 1
            var bench = Bench([.blade(Self.blade(1)), .chassis(Self.north), .power(record)])
            bench.poll([Self.bay(1, 1)])
            bench.pass(1)
            #expect(bench.orders.contains { if case .look = $0 { true } else { false } } == isDone, "\(hours) h")
            if case .unknown(let why)? = bench.core.committed.power[record.id]?.state {
                #expect(!isDone && why.contains("ago"))
            } else {
                #expect(isDone)
            }
        }
    }

    @Test func `a start is closed by a boot that began after it, by no other`() {
        /// The agent's boot and how long that has lasted when it comes, seconds; `before`: the boot that it had told of before the start.
        for (before, boot, upFor, isClosed) in [
            (nil, 5, 900, false), (nil, 5, 60, true), (5, 5, 900, false),
            // Another boot than the last one known may be older than the start, too.
            (5, 6, 900, false), (5, 6, 60, true),
        ] as [(UInt64?, UInt64, Int64, Bool)] {
            var bench = bench()
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            func hello(_ boot: UInt64, upFor: Int64) -> Hello {
                Hello(
                    blade: Self.blade(1).identity, bootID: ID128(high: 1, low: boot), agentRun: ID128(high: 2, low: 1), agentVersion: "1",
                    hypervisor: HypervisorFacts(kind: .simulated, version: "1", liveMigration: [:]),
                    cpu: CPUModel(vendor: "GenuineIntel", model: "X5650", features: []), highestTerm: nil, clock: bench.now.wall,
                    bootTime: .zero + .seconds(upFor))
            }
            func meet(_ hello: Hello) {
                var blade = LiveBlade(since: bench.now.wall)
                blade.hello = hello
                bench.core.blades[Self.id(1)] = blade
            }
            if let before { meet(hello(before, upFor: 800)) }
            guard case .operation(let start)? = bench.ask(.switchBlade(Self.id(1), .on, unknownDomains: false)) else {
                return #expect(Bool(false), "not begun")
            }
            func reading(_ state: PowerState) -> PowerReading {
                PowerReading(
                    bay: 1, reported: state, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant,
                    label: Self.bay(1, 1).label)
            }
            bench.tell(.chassis("north", .looked(start, [reading(.off)])))
            bench.tell(.chassis("north", .requested(start, .accepted)))
            bench.pass(2)
            bench.tell(.chassis("north", .looked(start, [reading(.on)])))
            #expect(bench.core.committed.power[start]?.state == .confirmed(.on, requested: true))
            bench.pass(100)
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            let comes = hello(boot, upFor: upFor)
            bench.core.noteStart(comes, of: Self.id(1))
            meet(comes)
            bench.orders = []
            guard case .operation(let id)? = bench.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else {
                return #expect(Bool(false), "not begun")
            }
            bench.readOff(id, times: 4)
            let isAsked = bench.orders.contains { if case .request = $0 { true } else { false } }
            #expect(isAsked != isClosed, "before \(String(describing: before)), boot \(boot), up for \(upFor) s")
        }
    }

    @Test func `a blade that was confirmed off and runs again is not taken for off, by this run or the next, and that is told once`() {
        var off = PowerRecord(
            id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1", request: .hardOff,
            state: .confirmed(.off, requested: true), by: "root", startedAt: WallTime(milliseconds: 500))
        off.boot = ID128(high: 7, low: 7)
        let labels = [Self.bay(1, 1), Self.bay(2, 2)]
        var stored: [Record] = [.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north), .power(off)]
        for run in 1...2 {
            var bench = Bench(stored)
            // The chassis reads it on: nobody's agent has spoken.
            bench.poll(labels)
            bench.poll(labels)
            #expect(bench.audits.count { $0.kind == "blade-started" } == (run == 1 ? 1 : 0))
            #expect(!bench.audits.contains { $0.kind == "power-void" })
            guard case .refused(let refusal)? = bench.ask(.switchBlade(Self.id(1), .hardOff)) else { return #expect(Bool(false), "begun") }
            #expect(refusal.message.contains("what runs on it is not known"))
            let record = bench.core.committed.power[off.id]
            #expect(record?.lifeSince != nil && record?.state == off.state)
            stored = stored.dropLast() + bench.core.committed.power.values.map { .power($0) }
        }
    }

    @Test func `what a blade told before it was off is not what runs on it now`() {
        var bench = bench()
        bench.core.blades[Self.id(1)] = LiveBlade(since: bench.now.wall)
        bench.core.blades[Self.id(1)]?.inventory = Inventory(
            revision: 1, readAt: .zero, host: HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1)), domains: [])
        func poll(_ state: PowerState, _ bench: inout Bench) {
            var readings = ChassisReadings(at: bench.now.instant, primaryModule: 1)
            readings.bays = [
                BayReadings(
                    power: PowerReading(
                        bay: 1, reported: state, isPresent: true, health: .good, source: PowerSource(.management), at: bench.now.instant))
            ]
            let labels = ChassisInventory(kind: .simulated, bays: [Self.bay(1, 1), Self.bay(2, 2)])
            bench.tell(.chassis("north", .polled(readings, inventory: labels, capabilities: nil)))
        }
        // Somebody presses its button: off, and on.
        for state in [PowerState.off, .on] { poll(state, &bench) }
        guard case .refused(let refusal)? = bench.ask(.switchBlade(Self.id(1), .hardOff)) else { return #expect(Bool(false), "begun") }
        #expect(refusal.message.contains("not connected"))
        poll(.off, &bench)
        guard case .operation? = bench.ask(.switchBlade(Self.id(1), .hardOff)) else { return #expect(Bool(false), "a blade that is off") }
    }

    @Test func `a blade whose agent does not look when it is asked stays on`() {
        let link = LinkID(7)
        for isLost in [false, true] {
            var bench = bench()
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            var blade = LiveBlade(since: bench.now.wall)
            blade.link = link
            blade.inventoryLink = link
            blade.inventory = Inventory(
                revision: 1, readAt: .zero, host: HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1)), domains: [])
            let hello = Hello(
                blade: Self.blade(1).identity, bootID: ID128(high: 1, low: 1), agentRun: ID128(high: 2, low: 1), agentVersion: "1",
                hypervisor: HypervisorFacts(kind: .simulated, version: "1", liveMigration: [:]),
                cpu: CPUModel(vendor: "GenuineIntel", model: "X5650", features: []), highestTerm: nil, clock: bench.now.wall, bootTime: .zero)
            bench.core.blades[Self.id(1)] = blade
            bench.core.links[link] = LiveLink(blade: Self.id(1), hello: hello, certificate: "01", lastHeard: bench.now.instant)
            #expect(bench.ask(.switchBlade(Self.id(1), .hardOff)) == nil, "its agent is asked first")
            if isLost { bench.tell(.disconnected(link, reason: "no route")) }
            for _ in 0..<16 where !isLost {
                bench.core.links[link]?.lastHeard = bench.now.instant
                bench.pass(1)
            }
            guard case .refused(let refusal)? = bench.answers[RequestID(bench.next)] else { return #expect(Bool(false), "no answer") }
            #expect(refusal.message.contains(isLost ? "the link to its agent was lost" : "has not answered for 15 s"))
            #expect(!bench.orders.contains { if case .request = $0 { true } else { false } })
            #expect(bench.core.committed.power.isEmpty)
        }
    }
}
