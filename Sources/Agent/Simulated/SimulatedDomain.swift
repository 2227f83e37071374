import PodpModel

/// A domain of the simulated hypervisor, as its file holds it.
public struct SimulatedDomain: Hashable, Sendable, Codable {
    public var definition: DomainDefinition
    /// What libvirt would be told of it: as it was defined or started last.
    public var libvirtXML: String?
    /// `running`, `paused` or `off`, as long as one of `boots` lasts; after it the domain is off.
    public var state: DomainState
    public var vcpus: Int
    public var memory: Bytes
    /// The boots that it lives in: one; two while a migration switches over, so that the move of one file is the move of the domain.
    public var boots: [ID128]
    /// Grows with every start and every move: the hypervisor's number follows from it.
    public var lives: UInt32
    public var persistent: Bool

    public init(definition: DomainDefinition) {
        self.definition = definition
        state = .off
        vcpus = definition.vcpus
        memory = definition.memory
        boots = []
        lives = 0
        persistent = true
    }

    public var id: DomainID { definition.id }

    /// What it is doing in this boot of its blade.
    public func state(in boot: ID128) -> DomainState { state == .off || boots.contains(boot) ? state : .off }

    /// The hypervisor's number; 0 is dom0's.
    func number(in boot: ID128) -> UInt32? {
        state(in: boot) == .off ? nil : 1 + UInt32(truncatingIfNeeded: Load.hash(boot.low ^ id.uuid.low, UInt64(lives)) & 0x7FFE)
    }

    mutating func begin(in boot: ID128) {
        state = .running
        boots = [boot]
        lives &+= 1
        vcpus = definition.vcpus
        memory = definition.memory
    }

    mutating func end() {
        state = .off
        boots = []
    }
}

/// Room that a blade keeps for a domain that is on its way: the paused copy of a migration.
public struct SimulatedArrival: Hashable, Sendable, Codable {
    public var domain: SimulatedDomain
    public var from: BladeID

    public init(domain: SimulatedDomain, from: BladeID) {
        self.domain = domain
        self.from = from
    }
}
