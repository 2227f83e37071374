import AgentCore
import PodpModel

/// SplitMix64: the same seed gives the same numbers everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    /// Neighbouring seeds must not give one stream, shifted: the seed is mixed before it is the state.
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
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

enum Sample {
    static func id(_ number: Int) -> ID128 { ID128(high: 0xAB, low: UInt64(number)) }
    static func term(_ number: Int, holder: Int = 0) -> Term { Term(number: UInt64(number), id: ID128(high: UInt64(number), low: UInt64(holder))) }
    static func operation(_ sequence: Int, term: Int = 1) -> OperationID { OperationID(term: ID128(high: UInt64(term), low: 0), sequence: UInt64(sequence)) }
    static func domain(_ number: Int) -> DomainID { DomainID(id(number)) }

    static func command(_ sequence: Int, domain number: Int, term: Term = Sample.term(1), decidedIn: Int = 1, action: Action = .pause) -> Command {
        Command(operation: operation(sequence, term: decidedIn), term: term, domain: domain(number), domainName: "d\(number)", action: action)
    }

    static var facts: HostFacts {
        HostFacts(
            identity: BladeIdentity(id: BladeID(id(1)), serial: "S1", name: "blade-1"), bootID: id(2),
            hypervisor: HypervisorFacts(kind: .simulated, version: "1", liveMigration: [:]), cpu: CPUModel(vendor: "v", model: "m", features: []))
    }

    static var settings: AgentCore.Settings { AgentCore.Settings(facts: facts, run: id(3), version: "0", addresses: ["a:1", "b:2"]) }

    static func welcome(_ term: Term, interval: Duration = .seconds(5), clock: WallTime = WallTime(milliseconds: 0)) -> CoordinatorMessage {
        .welcome(Welcome(version: 1, term: term, reportInterval: interval, clock: clock))
    }

    static func definition(_ number: Int) -> DomainDefinition {
        var definition = DomainDefinition(
            id: domain(number), name: "d\(number)", type: .pvh, memory: .mebibytes(512), vcpus: 2,
            boot: .kernel(path: "/boot/k", ramdisk: nil, commandLine: "a \"b\"\n"))
        definition.disks = [Disk(target: "xvda", source: "/dev/vg0/d\(number)")]
        definition.policy.allowedDowntime = .milliseconds(1500)
        return definition
    }
}
