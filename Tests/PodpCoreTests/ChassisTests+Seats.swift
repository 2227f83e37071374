import PodpModel
import PodpPower
import Testing

@testable import PodpCore

/// Where a blade is, when a chassis leaves out for a moment what it told before, or has not told anything since podp started.
extension ChassisTests {
    static let southRecord: ChassisRecord = {
        var south = north
        south.name = "south"
        south.url = "simulated://south"
        south.address = south.url
        return south
    }()

    static let address = "00:11:22:33:44:55"

    /// Two chassis. Blade 1's agent told of its one address, and is silent.
    private func twoChassis(_ more: [Record] = []) -> Bench {
        let known = Set(more.map(\.key))
        let usual: [Record] = [.blade(Self.blade(1)), .blade(Self.blade(2)), .chassis(Self.north), .chassis(Self.southRecord)]
        var bench = Bench(usual.filter { !known.contains($0.key) } + more)
        var live = LiveBlade(since: bench.now.wall)
        var host = HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1))
        host.nics = [HostNIC(name: "eth0", mac: Self.address, isUp: true, megabitsPerSecond: 1000)]
        live.inventory = Inventory(revision: 1, readAt: .zero, host: host, domains: [])
        bench.core.blades[Self.id(1)] = live
        return bench
    }

    private func tell(_ bench: inout Bench, _ name: String, _ bays: [ChassisBay]) {
        let inventory = ChassisInventory(kind: .amm, serial: name, bays: bays)
        bench.tell(.chassis(name, .polled(ChassisReadings(at: bench.now.instant, primaryModule: 1), inventory: inventory, capabilities: nil)))
    }

    /// A label that is nobody's, with these addresses.
    private func stranger(_ bay: Int, macs: [String]) -> ChassisBay {
        var stranger = Self.bay(bay, 9)
        stranger.macs = macs
        return stranger
    }

    private func isRefused(_ bench: inout Bench) -> Refusal? {
        guard case .refused(let refusal)? = bench.ask(.switchBlade(Self.id(1), .hardOff, unknownDomains: true)) else { return nil }
        return refusal
    }

    /// Ways in which a bay's label is told in part, or not at all.
    private func parts(of bay: ChassisBay) -> [ChassisBay] {
        var unready = bay, absent = bay, nameless = bay, bare = bay
        unready.isInventoryReady = false
        absent.isPresent = nil
        nameless.uuid = nil
        (bare.uuid, bare.serial, bare.macs) = (nil, nil, [])
        return [unready, absent, nameless, bare]
    }

    @Test("A blade whose chassis leaves out its label for once is not looked for by an address in another chassis", arguments: 0..<4)
    func forgotten(way: Int) {
        var bench = twoChassis()
        tell(&bench, "north", [Self.bay(1, 1)])
        tell(&bench, "south", [stranger(2, macs: [Self.address])])
        #expect(bench.core.seat(of: Self.id(1)) == CoordinatorCore.Place(chassis: "north", bay: 1))
        tell(&bench, "north", [parts(of: Self.bay(1, 1))[way]])
        #expect(bench.core.seat(of: Self.id(1)) == nil)
        let refusal = isRefused(&bench)
        #expect(refusal?.message.contains("bay 1 of north, which had it") == true, "\(String(describing: refusal))")
        #expect(bench.blade(1)?.held == nil && bench.blade(1)?.bay == 1, "nobody was moved")
        // However often it is told so.
        tell(&bench, "north", [parts(of: Self.bay(1, 1))[way]])
        #expect(bench.core.seat(of: Self.id(1)) == nil)
        tell(&bench, "north", [Self.bay(1, 1)])
        #expect(bench.core.seat(of: Self.id(1)) == CoordinatorCore.Place(chassis: "north", bay: 1))
    }

    @Test("So it is with a blade that is known by its address alone", arguments: 0..<4)
    func forgottenAddress(way: Int) {
        var bench = twoChassis()
        let here = stranger(1, macs: [Self.address])
        tell(&bench, "north", [here])
        #expect(bench.core.seat(of: Self.id(1))?.chassis == "north")
        // Its address is on two labels now, and then on one.
        var other = Self.bay(2, 8)
        other.macs = [Self.address]
        tell(&bench, "south", [other])
        #expect(bench.core.seat(of: Self.id(1)) == nil)
        tell(&bench, "north", [here])
        tell(&bench, "north", [parts(of: here)[way]])
        // Without its UUID it still has its address and its serial number: the two places stay.
        #expect(bench.core.seat(of: Self.id(1)) == nil)
        #expect(isRefused(&bench) != nil)
    }

    @Test("A bay that one list leaves out is not empty yet, and an empty list says nothing")
    func unlisted() {
        var bench = twoChassis()
        tell(&bench, "north", [Self.bay(1, 2), Self.bay(4, 1)])
        tell(&bench, "south", [stranger(2, macs: [Self.address])])
        for list in [[], [Self.bay(1, 2)]] {
            tell(&bench, "north", list)
            #expect(bench.core.seat(of: Self.id(1)) == nil)
            #expect(isRefused(&bench)?.message.contains("bay 4 of north, which had it") == true)
            tell(&bench, "north", [Self.bay(1, 2), Self.bay(4, 1)])
            #expect(bench.core.seat(of: Self.id(1)) == CoordinatorCore.Place(chassis: "north", bay: 4))
        }
        #expect(!bench.audits.contains { ["blade-gone", "blade-swapped", "blade-moved"].contains($0.kind) } && bench.blade(1)?.held == nil)
    }

    @Test("A blade that was carried elsewhere, its old bay under a wide one now, is where it is, also after a restart")
    func covered() {
        var bench = twoChassis()
        tell(&bench, "north", [Self.bay(2, 1)])
        tell(&bench, "south", [stranger(7, macs: [])])
        tell(&bench, "north", [Self.bay(1, 2), ChassisBay(number: 2, isPresent: false, coveredBy: 1)])
        tell(&bench, "south", [Self.bay(5, 1)])
        #expect(bench.core.seat(of: Self.id(1)) == CoordinatorCore.Place(chassis: "south", bay: 5))
        #expect(bench.ask(.releaseBlade(Self.id(1))) == .done)
        let stored = bench.core.committed.chassis.values.map { Record.chassis($0) } + bench.core.committed.blades.values.map { .blade($0) }
        var restarted = twoChassis(stored)
        tell(&restarted, "south", [Self.bay(5, 1)])
        #expect(restarted.core.seat(of: Self.id(1))?.bay == 5 && restarted.blade(1)?.held == nil)
        // Also where the module says that a blade is there, and covered.
        var wide = twoChassis()
        tell(&wide, "north", [Self.bay(2, 1)])
        var under = Self.bay(2, 1)
        under.coveredBy = 1
        tell(&wide, "north", [Self.bay(1, 2), under])
        #expect(wide.core.seat(of: Self.id(1)) == nil && wide.core.committed.chassis["north"]?.seats.map(\.bay) == [1])
    }

    @Test("A blade whose old chassis is silent is not taken for another one in its new bay; two labels that tell of it are told once, and hold it")
    func doubles() {
        var bench = twoChassis()
        tell(&bench, "north", [Self.bay(1, 1)])
        let stored = bench.core.committed.chassis.values.map { Record.chassis($0) } + bench.core.committed.blades.values.map { .blade($0) }
        var restarted = twoChassis(stored)
        for _ in 0..<2 { tell(&restarted, "south", [Self.bay(5, 1)]) }
        #expect(restarted.core.seat(of: Self.id(1)) == nil && restarted.blade(1)?.held == nil)
        #expect(!restarted.audits.contains { ["blade-swapped", "blade-found", "blade-twice"].contains($0.kind) })
        for _ in 0..<2 { tell(&restarted, "north", [Self.bay(1, 1)]) }
        #expect(restarted.audits.count { $0.kind == "blade-twice" } == 1 && restarted.blade(1)?.held?.contains("in 2 places") == true)
        tell(&restarted, "north", [ChassisBay(number: 1, isPresent: false)])
        #expect(restarted.core.seat(of: Self.id(1)) == CoordinatorCore.Place(chassis: "south", bay: 5))
    }

    @Test("Addresses of two blades on a label without its UUID say nothing of who is there")
    func mixedAddresses() {
        var bench = twoChassis()
        var host = HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1))
        host.nics = [HostNIC(name: "eth0", mac: "00:11:22:33:44:66", isUp: true, megabitsPerSecond: 1000)]
        var live = LiveBlade(since: bench.now.wall)
        live.inventory = Inventory(revision: 1, readAt: .zero, host: host, domains: [])
        bench.core.blades[Self.id(2)] = live
        var bay = Self.bay(1, 1)
        bay.macs = [Self.address]
        tell(&bench, "north", [bay])
        bay.uuid = nil
        bay.macs.append("00:11:22:33:44:66")
        tell(&bench, "north", [bay])
        #expect(bench.core.seat(of: Self.id(1)) == nil && bench.core.seat(of: Self.id(2)) == nil)
    }

    @Test("A blade with the same serial number and other addresses is another one")
    func placeholders() {
        func board(_ macs: [String]) -> ChassisBay {
            var bay = ChassisBay(number: 1, isPresent: true, serial: "To be filled by O.E.M.")
            bay.macs = macs
            return bay
        }
        for isRestarted in [false, true] {
            var bench = twoChassis()
            tell(&bench, "north", [board([Self.address])])
            #expect(bench.core.seat(of: Self.id(1))?.bay == 1)
            if isRestarted {
                bench = twoChassis(bench.core.committed.chassis.values.map { .chassis($0) } + bench.core.committed.blades.values.map { .blade($0) })
                bench.core.blades[Self.id(1)] = nil
            }
            tell(&bench, "north", [board(["00:11:22:33:44:99"])])
            #expect(bench.core.seat(of: Self.id(1)) == nil && isRefused(&bench) != nil)
            #expect(bench.audits.contains { $0.kind == "blade-swapped" } && bench.blade(1)?.held != nil)
        }
    }

    @Test("Addresses that are told late, or one by one, and a serial number that is, are still the same blade's; a stranger's that come late are not")
    func lateLabels() {
        // One UUID, another serial number.
        var bench = twoChassis()
        var bay = Self.bay(1, 1)
        bay.serial = "Not Available"
        tell(&bench, "north", [bay])
        tell(&bench, "north", [Self.bay(1, 1)])
        #expect(bench.core.seat(of: Self.id(1))?.bay == 1 && bench.blade(1)?.held == nil)
        // No UUID, interfaces that answer one by one, both told by the agent.
        var board = ChassisBay(number: 1, isPresent: true, serial: "To be filled by O.E.M.")
        var slow = twoChassis()
        slow.core.blades[Self.id(1)]?.inventory?.host.nics.append(HostNIC(name: "eth1", mac: "00:11:22:33:44:66", isUp: true, megabitsPerSecond: 1000))
        for mac in [Self.address, "00:11:22:33:44:66", Self.address] {
            board.macs = [mac]
            tell(&slow, "north", [board])
            #expect(slow.core.seat(of: Self.id(1))?.bay == 1 && slow.blade(1)?.held == nil)
        }
        // Whoever is there now tells its addresses later than its serial number.
        board.macs = []
        tell(&slow, "north", [board])
        #expect(slow.core.seat(of: Self.id(1)) == nil && slow.blade(1)?.held == nil)
        board.macs = ["00:11:22:33:44:99"]
        tell(&slow, "north", [board])
        #expect(slow.core.seat(of: Self.id(1)) == nil && slow.blade(1)?.held != nil)
        #expect(slow.audits.contains { $0.kind == "blade-swapped" })
    }

    @Test("A blade in a bay that is empty now, or another's by its label, is where its label is told")
    func gone() {
        let ways: [ChassisBay] = [
            ChassisBay(number: 1, isPresent: false), Self.bay(1, 2), ChassisBay(number: 1, isPresent: true, serial: "S2"),
            ChassisBay(number: 1, isPresent: true, macs: ["00:11:22:33:44:77"]),
        ]
        for way in ways {
            var bench = twoChassis()
            var bay = Self.bay(1, 1)
            bay.macs = [Self.address]
            tell(&bench, "north", [bay])
            tell(&bench, "north", [way])
            tell(&bench, "south", [Self.bay(2, 1)])
            #expect(bench.core.seat(of: Self.id(1)) == CoordinatorCore.Place(chassis: "south", bay: 2))
        }
        // A bay that the chassis has no more has nobody in it.
        var bench = twoChassis()
        tell(&bench, "north", [Self.bay(1, 2), Self.bay(4, 1)])
        for _ in 0..<2 { tell(&bench, "north", [Self.bay(1, 2)]) }
        tell(&bench, "south", [Self.bay(2, 1)])
        #expect(bench.core.seat(of: Self.id(1))?.chassis == "south")
        #expect(bench.core.committed.chassis["north"]?.seats.map(\.bay) == [1])
        #expect(bench.audits.contains { $0.kind == "blade-gone" && $0.sentence.contains("bay 4") })
    }

    @Test("A label without its UUID is still its blade's where the addresses say so, and the UUID is not forgotten")
    func addressesAgree() {
        var bench = twoChassis()
        var bay = Self.bay(1, 1)
        bay.macs = [Self.address]
        tell(&bench, "north", [bay])
        bay.uuid = nil
        tell(&bench, "north", [bay])
        #expect(bench.core.seat(of: Self.id(1))?.bay == 1 && bench.blade(1)?.held == nil)
        #expect(bench.core.committed.chassis["north"]?.seats.first?.uuid == Self.id(1).uuid)
    }

    @Test("After a restart a UUID that two chassis told is in neither, whichever of them answers", arguments: ["north", "south"])
    func restart(answers: String) {
        var bench = twoChassis()
        tell(&bench, "north", [Self.bay(1, 1)])
        tell(&bench, "south", [Self.bay(2, 1)])
        tell(&bench, "north", [Self.bay(1, 1)])
        #expect(bench.core.seat(of: Self.id(1)) == nil)
        let stored = bench.core.committed.chassis.values.map { Record.chassis($0) }
        var restarted = twoChassis(stored)
        tell(&restarted, answers, [Self.bay(answers == "north" ? 1 : 2, 1)])
        #expect(restarted.core.seat(of: Self.id(1)) == nil)
        let refusal = isRefused(&restarted)
        let silent = answers == "north" ? "south" : "north"
        #expect(refusal?.remedy.contains("podp chassis remove \(silent)") == true, "\(String(describing: refusal))")
        // What helps is what it says.
        #expect(restarted.ask(.removeChassis(name: silent)) == .done)
        #expect(restarted.core.seat(of: Self.id(1))?.chassis == answers)
    }
}
