import AgentCore
import AgentSimulated
import Foundation
import PodpModel
import Synchronization

struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: Int) {
        state = UInt64(truncatingIfNeeded: seed) &* 0xD134_2543_DE82_EF95
        state = next() ^ next() << 1
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// A hand-moved clock; sleeping moves it.
final class HandClock: Sendable {
    private let nanoseconds = Mutex<Int64>(1_000_000_000)

    var clock: SimulatedHypervisor.Clock {
        SimulatedHypervisor.Clock(
            now: { Instant(nanoseconds: self.nanoseconds.withLock { $0 }) },
            wall: { WallTime(milliseconds: 1_700_000_000_000 + self.nanoseconds.withLock { $0 } / 1_000_000) },
            sleep: { self.advance($0) })
    }

    func advance(_ time: Duration) { nanoseconds.withLock { $0 += time.nanoseconds } }
}

/// A world in a temporary folder of its own, removed with the value's owner.
final class Scene {
    let folder: String
    let world: SimulatedWorld
    let clock = HandClock()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-simulated-\(UUID().uuidString)").path
        world = SimulatedWorld(path: folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static func blade(_ number: Int) -> BladeID { BladeID(ID128(high: 0xB1, low: UInt64(number))) }
    static func boot(_ number: Int) -> ID128 { ID128(high: 0xB007, low: UInt64(number)) }
    static func domain(_ number: Int) -> DomainID { DomainID(ID128(high: 0xD0, low: UInt64(number))) }

    static func settings(_ number: Int) -> SimulatedSettings {
        SimulatedSettings(identity: BladeIdentity(id: blade(number), serial: "S\(number)", name: "blade-\(number)"))
    }

    static func definition(_ number: Int, gibibytes: UInt64 = 2, vcpus: Int = 2) -> DomainDefinition {
        var definition = DomainDefinition(
            id: domain(number), name: "d\(number)", type: .pvh, memory: .gibibytes(gibibytes), maxMemory: .gibibytes(gibibytes * 2), vcpus: vcpus,
            maxVCPUs: vcpus * 2,
            boot: .kernel(path: "/boot/vmlinuz", ramdisk: nil, commandLine: ""))
        definition.disks = [Disk(target: "xvda", source: "/dev/vg0/d\(number)")]
        definition.nics = [NIC(mac: nil, bridge: "br0")]
        return definition
    }

    func hypervisor(_ number: Int, boot: Int = 1, clock: SimulatedHypervisor.Clock? = nil) throws -> SimulatedHypervisor {
        try SimulatedHypervisor(world: world, settings: Self.settings(number), boot: Self.boot(boot), clock: clock ?? self.clock.clock)
    }

    static func command(_ sequence: Int, _ domain: Int, _ action: Action) -> Command {
        Command(
            operation: OperationID(term: .zero, sequence: UInt64(sequence)), term: Term(number: 1, id: .zero), domain: Scene.domain(domain),
            domainName: "d\(domain)",
            action: action)
    }

    static func start(_ number: Int) -> Action { .start(DomainImage(definition: definition(number), libvirtXML: "")) }
    static func migrate(to blade: Int, live: Bool = true) -> Action {
        .migrate(Migration(destination: Scene.blade(blade), address: "127.0.0.1", hostName: "blade-\(blade)", live: live))
    }
}
