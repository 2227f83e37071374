import PodpModel
import PodpPower
import Testing

@testable import PodpCore

/// What may still be done to a blade after its request for power has ended.
extension ChassisTests {
    /// A poll of bay 1, read so many seconds ago.
    private func poll(_ state: PowerState, ago: Int = 0, _ bench: inout Bench) {
        var power = reading(1, state, bench)
        power.at = power.at + .seconds(-ago)
        let readings = ChassisReadings(at: bench.now.instant, primaryModule: 1, bays: [BayReadings(power: power)])
        bench.tell(.chassis("north", .polled(readings, inventory: nil, capabilities: nil)))
    }

    /// Answers every look of bay 1, and every request but those that are not to be answered, once a second.
    private func live(_ seconds: Int, _ state: PowerState, _ bench: inout Bench, answer outcome: RequestOutcome? = .accepted) {
        for _ in 0..<seconds {
            var answered = 0
            while let order = bench.orders.dropFirst(answered).first {
                answered += 1
                switch order {
                case .look(let id, _, _): bench.tell(.chassis("north", .looked(id, [reading(1, state, bench)])))
                case .request(let id, _, _, _): if let outcome { bench.tell(.chassis("north", .requested(id, outcome))) }
                default: break
                }
            }
            bench.orders = []
            bench.pass(1)
        }
    }

    /// The same with all that is stored, in a new run. What is under way ended before.
    private func restarted(_ bench: Bench, reads state: PowerState = .on) -> Bench {
        let stored = bench.core.committed
        var again = Bench([])
        again.core = CoordinatorCore()
        again.now = bench.now
        again.next = bench.next
        let records = stored.blades.values.map(Record.blade) + stored.chassis.values.map(Record.chassis) + stored.power.values.map(Record.power)
        again.tell(.loaded(records, newTermID: ID128(high: 1, low: UInt64(bench.now.instant.nanoseconds))))
        let readings = ChassisReadings(
            at: again.now.instant, primaryModule: 1, bays: [BayReadings(power: reading(1, state, again)), BayReadings(power: reading(2, .on, again))])
        let inventory = ChassisInventory(kind: .simulated, bays: [Self.bay(1, 1), Self.bay(2, 2)])
        again.tell(.chassis("north", .polled(readings, inventory: inventory, capabilities: nil)))
        return again
    }

    private func hello(_ boot: ID128, upFor: Duration, _ bench: Bench) -> Hello {
        Hello(
            blade: Self.blade(1).identity, bootID: boot, agentRun: ID128(high: 2, low: 1), agentVersion: "1",
            hypervisor: HypervisorFacts(kind: .simulated, version: "1", liveMigration: [:]),
            cpu: CPUModel(vendor: "GenuineIntel", model: "X5650", features: []), highestTerm: nil, clock: bench.now.wall, bootTime: .zero + upFor)
    }

    private func seated() -> Bench {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        return bench
    }

    private func held(_ bench: Bench) -> String? { bench.core.offMayCome(Self.id(1))?.reason }

    @Test("A reading that lies once does not end the wait for a shutdown, whenever it comes", arguments: [1, 30, 170, 200])
    func oneLie(at second: Int) {
        var bench = seated()
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        for now in 1...220 {
            live(1, .on, &bench)
            if now == second { poll(.off, &bench) } else if now % 5 == 0 { poll(.on, &bench) }
        }
        #expect(held(bench)?.contains("asked to shut down") == true)
        guard case .refused? = bench.ask(.switchBlade(Self.id(1), .on)) else { return #expect(Bool(false), "switched on") }
        // Two that agree, and nothing that says otherwise between them: a look that reads it on does, a word of its agent does, and what was read before does not count.
        poll(.off, &bench)
        bench.core.noteSignOfLife(of: Self.id(1), "its agent spoke")
        bench.pass(5)
        poll(.off, &bench)
        poll(.off, &bench)
        #expect(held(bench) != nil)
        bench.pass(5)
        poll(.off, &bench)
        #expect(held(bench) == nil)
        #expect(held(restarted(bench))?.contains("asked to shut down") != true, "for the next run, too")
    }

    @Test(
        "Two polls that say off do not agree where a look between them says on, or where they come sooner than the agent reports",
        arguments: [true, false])
    func between(isLinked: Bool) {
        var bench = seated()
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(20, .on, &bench)
        var linked = LiveBlade(since: bench.now.wall)
        linked.link = LinkID(7)
        if isLinked { bench.core.blades[Self.id(1)] = linked }
        poll(.off, &bench)
        if isLinked { bench.pass(2) } else { live(2, .on, &bench) }
        poll(.off, &bench)
        #expect(!bench.core.shutdowns.isEmpty)
        bench.pass(5)
        poll(.off, &bench)
        #expect(bench.core.shutdowns.isEmpty)
    }

    @Test func `a second request that is refused says nothing of a first one that may have been heard`() {
        var bench = seated()
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        live(3, .on, &bench, answer: .lost("no answer"))
        live(30, .on, &bench, answer: .refused(PowerRefusal(.notPermitted, "not by you")))
        #expect(bench.core.committed.power[soft]?.state.isEnded == true && bench.core.committed.power[soft]?.requests == 2 && !bench.core.shutdowns.isEmpty)
    }

    @Test func `a restart neither forgets an off that is out, nor a start that waits for it`() {
        for isWaiting in [true, false] {
            var bench = seated()
            guard let off = begin(1, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
            live(1, .on, &bench)
            live(5, .off, &bench)
            guard case .confirmed(.off, _)? = bench.core.committed.power[off]?.state else { return #expect(Bool(false), "not confirmed") }
            var before: OperationID?
            if isWaiting { before = begin(1, .on, &bench) }
            var again = restarted(bench, reads: .off)
            guard let on = before ?? begin(1, .on, &again) else { return #expect(Bool(false), "not begun") }
            live(7, .off, &again)
            #expect(again.core.committed.power[on]?.requests == nil, "12 s after its answer, an off may still be done")
            live(10, .off, &again)
            #expect(again.core.committed.power[on]?.requests == 1)
        }
    }

    @Test("What one shutdown was read by says nothing of the next one", arguments: [true, false])
    func stale(isReleased: Bool) {
        var bench = seated()
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(isReleased ? 200 : 0, .on, &bench)
        poll(.off, &bench)
        if isReleased {
            #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        } else {
            live(20, .on, &bench, answer: .refused(PowerRefusal(.unsupported, "it knows none")))
        }
        #expect(bench.core.firstOffs.isEmpty && bench.core.shutdowns.isEmpty)
        bench.pass(3600)
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(2, .on, &bench)
        poll(.off, &bench)
        #expect(!bench.core.shutdowns.isEmpty)
    }

    @Test func `where second sources have to say off, too, the management alone does not end the wait for a shutdown`() {
        var north = Self.north
        north.secondSources = [.watts]
        var bench = Bench([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(north)])
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(3, .on, &bench)
        for _ in 0..<50 {
            live(5, .off, &bench)
            poll(.off, &bench)
        }
        #expect(held(bench)?.contains("asked to shut down") == true)
        guard let off = begin(1, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        for _ in 0..<8 {
            var watts = reading(1, .off, bench)
            watts.source = PowerSource(.watts)
            bench.tell(.chassis("north", .looked(off, [reading(1, .off, bench), watts])))
            bench.pass(1)
        }
        #expect(bench.core.shutdowns.isEmpty, "confirmed by both")
    }

    @Test func `a reading of another blade does not end the wait for a shutdown`() {
        var bench = seated()
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(200, .on, &bench)
        var power = reading(2, .off, bench)
        power.bay = 1
        for _ in 0..<3 {
            bench.pass(5)
            power.at = bench.now.instant
            let readings = ChassisReadings(at: bench.now.instant, primaryModule: 1, bays: [BayReadings(power: power)])
            bench.tell(.chassis("north", .polled(readings, inventory: nil, capabilities: nil)))
        }
        #expect(held(bench)?.contains("asked to shut down") == true)
    }

    @Test func `a blade that may shut down is not switched on, whatever was confirmed before`() {
        var bench = seated()
        guard let off = begin(1, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        live(8, .off, &bench)
        guard case .confirmed? = bench.core.committed.power[off]?.state, begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not so") }
        // Started by hand; the chassis says standby.
        live(200, .standby, &bench)
        #expect(!bench.core.shutdowns.isEmpty && bench.core.bladesThatAreOff.isEmpty)
        guard case .refused? = bench.ask(.switchBlade(Self.id(1), .on)) else { return #expect(Bool(false), "switched on") }
    }

    @Test func `a wait that is over is not brought back by a request that was not sent, and a boot that began while it might come does not end it`() {
        var bench = seated()
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        live(3, .on, &bench, answer: .lost("no answer"))
        live(20, .on, &bench, answer: nil)
        for _ in 0..<3 {
            bench.pass(3)
            poll(.off, &bench)
        }
        #expect(bench.core.shutdowns.isEmpty)
        bench.tell(.chassis("north", .requested(soft, .notAsked("no label"))))
        #expect(bench.core.shutdowns.isEmpty)

        var early = seated()
        guard begin(1, .softOff, &early) != nil else { return #expect(Bool(false), "not begun") }
        live(120, .on, &early)
        let since = early.core.shutdowns.values.map(\.since).max() ?? .zero
        let boot = ID128(high: 1, low: 5)
        early.core.noteBootAfterOff(hello(boot, upFor: (early.now.instant - since) - .seconds(21), early), of: Self.id(1))
        #expect(!early.core.shutdowns.isEmpty)
        early.core.noteBootAfterOff(hello(boot, upFor: (early.now.instant - since) - .seconds(23), early), of: Self.id(1))
        #expect(early.core.shutdowns.isEmpty)
    }

    @Test func `a wait that was released, or has had its time, does not come back`() {
        var released = seated()
        guard let soft = begin(1, .softOff, &released) else { return #expect(Bool(false), "not begun") }
        live(3, .on, &released, answer: .lost("no answer"))
        live(200, .on, &released, answer: nil)
        #expect(released.core.committed.power[soft]?.state.isEnded == true && !released.core.shutdowns.isEmpty)
        #expect(released.ask(.releaseBlade(Self.id(1))) == .done)
        released.tell(.chassis("north", .requested(soft, .notAsked("no label"))))
        #expect(released.core.shutdowns.isEmpty)

        var over = seated()
        guard begin(1, .softOff, &over) != nil else { return #expect(Bool(false), "not begun") }
        live(200, .on, &over)
        over.pass(720)
        #expect(held(over) == nil)
        over.now.wall = WallTime(milliseconds: over.now.wall.milliseconds - 3_600_000)
        #expect(restarted(over).core.shutdowns.isEmpty, "the clock was set back")
    }

    @Test func `a record that a shutdown is waited for by is not trimmed`() {
        var configuration = CoordinatorCore.Configuration()
        configuration.powerRecordsKept = 0
        var bench = Bench([])
        bench.core = CoordinatorCore(configuration: configuration)
        bench.tell(.loaded([.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north)], newTermID: ID128(high: 1, low: 1)))
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let soft = begin(1, .softOff, &bench), begin(2, .on, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(200, .on, &bench)
        #expect(bench.core.committed.power.keys.sorted() == [soft])
        #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        guard begin(2, .on, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(5, .on, &bench)
        #expect(bench.core.committed.power.isEmpty)
    }

    @Test func `the boot that was asked to shut down does not end the wait, though a clock that was set says that it is younger`() {
        var bench = seated()
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        live(200, .on, &bench)
        let boot = ID128(high: 1, low: 5)
        var record = bench.core.committed.power[soft]
        record?.boot = boot
        if let record { bench.core.put(.power(record)) }
        bench.core.noteBootAfterOff(hello(boot, upFor: .seconds(60), bench), of: Self.id(1))
        #expect(!bench.core.shutdowns.isEmpty)
        bench.core.noteBootAfterOff(hello(ID128(high: 1, low: 6), upFor: .seconds(60), bench), of: Self.id(1))
        #expect(bench.core.shutdowns.isEmpty)
    }

    @Test func `a wait lasts as long over restarts as without, also where it began anew after its request had ended`() {
        var bench = seated()
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(200, .on, &bench)
        for _ in 0..<4 {
            bench = restarted(bench)
            bench.pass(150)
            #expect(held(bench)?.contains("asked to shut down") == true)
        }
        bench = restarted(bench)
        bench.pass(110)
        #expect(held(bench) == nil)
        // podp was not there for a day.
        var away = seated()
        guard begin(1, .softOff, &away) != nil else { return #expect(Bool(false), "not begun") }
        live(5, .on, &away)
        away.now.wall = WallTime(milliseconds: away.now.wall.milliseconds + 86_400_000)
        var back = restarted(away)
        back.pass(140)
        #expect(held(back) == nil)
    }

    @Test func `what was read before an operating system was asked to shut down says nothing of that`() {
        var bench = seated()
        bench.pass(20)
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(2, .on, &bench)
        for ago in [12, 6] { poll(.off, ago: ago, &bench) }
        #expect(!bench.core.shutdowns.isEmpty)
        live(10, .off, &bench)
        #expect(held(bench)?.contains("asked to shut down") != true)
    }

    @Test("What has ended a wait has ended it for the next run, too", arguments: 0..<4)
    func restarts(way: Int) {
        var bench = seated()
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        live(way == 0 ? 20 : 200, .on, &bench, answer: way == 0 ? .refused(PowerRefusal(.unsupported, "it knows none")) : .accepted)
        #expect(bench.core.committed.power[soft]?.state.isEnded == true)
        #expect((held(bench) != nil) == (way != 0))
        switch way {
        case 1: #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        case 2:
            poll(.off, &bench)
            bench.pass(4)
            poll(.off, &bench)
        default: break
        }
        #expect((held(bench) != nil) == (way == 3))
        var again = restarted(bench)
        again.pass(140)
        #expect((held(again) != nil) == (way == 3), "\(held(again) ?? "")")
    }

    @Test func `a release while the shutdown is being asked for does not end the wait for it`() {
        var bench = seated()
        guard begin(1, .softOff, &bench) != nil else { return #expect(Bool(false), "not begun") }
        live(30, .on, &bench)
        #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        live(170, .on, &bench)
        #expect(held(bench)?.contains("asked to shut down") == true)
        #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        #expect(held(bench) == nil)
        // Nor for its first request, which may have been heard, where the second one is refused.
        var lost = seated()
        guard let soft = begin(1, .softOff, &lost) else { return #expect(Bool(false), "not begun") }
        live(3, .on, &lost, answer: .lost("no answer"))
        live(20, .on, &lost, answer: nil)
        #expect(lost.core.committed.power[soft]?.requests == 2 && lost.ask(.releaseBlade(Self.id(1))) == .done)
        lost.tell(.chassis("north", .requested(soft, .refused(PowerRefusal(.notPermitted, "not by you")))))
        #expect(!lost.core.shutdowns.isEmpty)
    }

    @Test func `a shutdown whose answer never came is waited for, one that was never sent is not`() {
        for isSent in [true, false] {
            var bench = seated()
            guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
            live(185, .on, &bench, answer: isSent ? nil : .notAsked("no label"))
            bench.pass(13)
            guard let record = bench.core.committed.power[soft], record.state.isEnded else { return #expect(Bool(false), "not ended") }
            #expect((record.requests ?? 0) == (isSent ? 1 : 0) && record.hasAskedSoftly == isSent)
            #expect((held(bench)?.contains("asked to shut down") == true) == isSent)
            #expect((held(restarted(bench)) != nil) == isSent)
        }
    }

    @Test func `a blade that was called off and shows life may still do what it was asked for`() {
        var bench = seated()
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        live(3, .on, &bench)
        live(15, .off, &bench)
        guard case .confirmed(.off, _)? = bench.core.committed.power[soft]?.state else { return #expect(Bool(false), "not confirmed") }
        #expect(held(bench) == nil)
        let boot = ID128(high: 1, low: 5)
        var record = bench.core.committed.power[soft]
        record?.lifeSince = bench.now.wall
        record?.boot = boot
        if let record { bench.core.put(.power(record)) }
        bench.core.noteBoot(boot, of: Self.id(1))
        #expect(held(bench)?.contains("asked to shut down") == true)
    }

    @Test func `a blade that is confirmed off is switched on once the chassis has done all that was asked of it`() {
        var bench = seated()
        guard let off = begin(1, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        live(1, .on, &bench)
        live(5, .off, &bench)
        guard case .confirmed(.off, _)? = bench.core.committed.power[off]?.state else { return #expect(Bool(false), "not confirmed") }
        guard let on = begin(1, .on, &bench) else { return #expect(Bool(false), "not begun") }
        live(5, .off, &bench)
        #expect(bench.core.committed.power[on]?.requests == nil, "11 s after its answer, an off may still be done")
        live(10, .off, &bench)
        #expect(bench.core.committed.power[on]?.requests == 1)
    }

    @Test func `nothing is brought to a blade whose agent is asked what runs there, for it is to be switched off`() {
        var fixture = CoreFixture()
        let link = fixture.connect(1)
        let id = CoreFixture.blade(1).id
        #expect(fixture.view(of: 1)?.held == nil)
        fixture.tell(.chassis("north", .silent("there is none")))
        var core = fixture.core
        core.pendingOffs[7] = PendingOff(
            blade: id, wish: .hardOff, request: RequestID(9), actor: Actor(name: "root", mayOperate: true), until: fixture.moment.instant + .seconds(15))
        #expect(core.whyHeld(id)?.contains("to be switched off") == true && core.whyHeld(CoreFixture.blade(2).id)?.contains("to be") != true)
        #expect(core.blades[id]?.link == link)
    }

    @Test func `a blade whose off has ended is held until that cannot be done any more, and not switched on`() {
        for isAnswered in [true, false] {
            var bench = bench()
            bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
            guard let off = begin(1, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
            bench.tell(.chassis("north", .looked(off, [reading(1, .on, bench)])))
            #expect(requests(bench) == [off])
            bench.core.blades[Self.id(1)] = LiveBlade(since: bench.now.wall)
            bench.pass(65)
            #expect(bench.core.committed.power[off]?.state.isEnded == true)
            #expect(bench.core.whyHeld(Self.id(1))?.contains("may still be done") == true)
            guard case .refused(let on)? = bench.ask(.switchBlade(Self.id(1), .on)) else { return #expect(Bool(false), "switched on") }
            #expect(on.code == .busy)
            guard case .refused(let removal)? = bench.ask(.removeChassis(name: "north")) else { return #expect(Bool(false), "removed") }
            #expect(removal.code == .busy)
            if isAnswered { bench.tell(.chassis("north", .requested(off, .accepted))) }
            bench.pass(isAnswered ? 11 : 54)
            #expect(bench.core.whyHeld(Self.id(1))?.contains("may still be done") == true)
            bench.pass(2)
            #expect(bench.core.whyHeld(Self.id(1))?.contains("may still be done") == false)
            #expect(bench.ask(.removeChassis(name: "north")) == .done)
        }
        // A run that begins a moment after.
        for (ended, isHeld) in [(Int64(995), true), (-20_000, true), (-140_000, false)] {
            var record = PowerRecord(
                id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1",
                request: .hardOff, state: .unknown(reason: "the deadline passed"), by: "root", startedAt: WallTime(milliseconds: -60_000))
            record.requests = 1
            record.endedAt = WallTime(milliseconds: ended)
            let bench = Bench([.blade(Self.blade(1)), .chassis(Self.north), .power(record)])
            #expect((bench.core.offMayCome(Self.id(1)) != nil) == isHeld)
            // Under way when the run before ended, and ended by this one at once: it was too long ago.
            record.state = .running
            record.endedAt = nil
            record.startedAt = WallTime(milliseconds: -900_000)
            var resumed = Bench([.blade(Self.blade(1)), .chassis(Self.north), .power(record)])
            resumed.pass(1)
            #expect(resumed.core.committed.power[record.id]?.state.isEnded == true && resumed.core.offMayCome(Self.id(1)) != nil)
        }
    }

    @Test("A blade that was asked to shut down and did not is held, until it is seen off, has started anew, or is released", arguments: 0..<4)
    func shutdown(way: Int) {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        bench.tell(.chassis("north", .looked(soft, [reading(1, .on, bench)])))
        bench.tell(.chassis("north", .requested(soft, .accepted)))
        bench.core.blades[Self.id(1)] = LiveBlade(since: bench.now.wall)
        bench.pass(200)
        guard case .unknown? = bench.core.committed.power[soft]?.state else { return #expect(Bool(false), "not ended") }
        #expect(bench.core.whyHeld(Self.id(1))?.contains("asked to shut down") == true)
        guard case .refused? = bench.ask(.switchBlade(Self.id(1), .on)) else { return #expect(Bool(false), "switched on") }
        switch way {
        case 0: #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        case 1:
            poll(.off, &bench)
            bench.pass(5)
            poll(.off, &bench)
        case 2:
            bench.core.noteBootAfterOff(hello(ID128(high: 1, low: 5), upFor: .seconds(60), bench), of: Self.id(1))
        default: bench.pass(800)
        }
        #expect(bench.core.offMayCome(Self.id(1)) == nil)
    }

    @Test func `a hard off that is refused does not end the wait for a shutdown that was asked for before it`() {
        var bench = bench()
        bench.poll([Self.bay(1, 1), Self.bay(2, 2)])
        guard let soft = begin(1, .softOff, &bench) else { return #expect(Bool(false), "not begun") }
        bench.tell(.chassis("north", .looked(soft, [reading(1, .on, bench)])))
        bench.tell(.chassis("north", .requested(soft, .accepted)))
        bench.pass(200)
        guard let hard = begin(1, .hardOff, &bench) else { return #expect(Bool(false), "not begun") }
        bench.tell(.chassis("north", .looked(soft, [reading(1, .on, bench)])))
        bench.tell(.chassis("north", .looked(hard, [reading(1, .on, bench)])))
        #expect(requests(bench).last == hard)
        bench.tell(.chassis("north", .requested(hard, .refused(PowerRefusal(.notPermitted, "not by you")))))
        bench.pass(20)
        #expect(bench.core.offMayCome(Self.id(1))?.reason.contains("asked to shut down") == true)
    }

    @Test func `a shutdown that nobody saw the end of is over for the next run, too, where the blade was confirmed off since`() {
        for isConfirmed in [true, false] {
            var soft = PowerRecord(
                id: OperationID(term: ID128(high: 9, low: 9), sequence: 1), chassis: "north", bay: 1, blade: Self.id(1), bladeName: "blade-1",
                request: .softOff, state: .unknown(reason: "the deadline passed"), by: "root", startedAt: WallTime(milliseconds: -400_000))
            soft.requests = 1
            soft.endedAt = WallTime(milliseconds: -200_000)
            soft.shutdownSince = isConfirmed ? nil : WallTime(milliseconds: -380_000)
            var hard = soft
            hard.id = OperationID(term: ID128(high: 9, low: 9), sequence: 2)
            hard.request = .hardOff
            hard.state = .confirmed(.off, requested: true)
            hard.endedAt = WallTime(milliseconds: -100_000)
            let bench = Bench([.blade(Self.blade(1)), .chassis(Self.north), .power(soft)] + (isConfirmed ? [.power(hard)] : []))
            #expect((bench.core.offMayCome(Self.id(1)) == nil) == isConfirmed)
        }
    }
}
