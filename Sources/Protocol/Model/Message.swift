/// The versions of the protocol that this build speaks.
public let protocolVersions: ClosedRange<UInt32> = 1...1

/// An agent's first message. Must fit 4 KiB.
public struct Hello: Hashable, Sendable, Codable {
    public var minimumVersion: UInt32
    public var maximumVersion: UInt32
    public var blade: BladeIdentity
    /// `/proc/sys/kernel/random/boot_id`.
    public var bootID: ID128
    /// Random, new with each start of the agent's process.
    public var agentRun: ID128
    public var agentVersion: String
    public var hypervisor: HypervisorFacts
    public var cpu: CPUModel
    /// The highest term that this agent has obeyed.
    public var highestTerm: Term?
    /// The blade's wall clock as this was sent.
    public var clock: WallTime
    /// The blade's `CLOCK_BOOTTIME` as this was sent.
    public var bootTime: Instant

    public init(
        minimumVersion: UInt32 = protocolVersions.lowerBound, maximumVersion: UInt32 = protocolVersions.upperBound, blade: BladeIdentity, bootID: ID128,
        agentRun: ID128, agentVersion: String, hypervisor: HypervisorFacts, cpu: CPUModel, highestTerm: Term?, clock: WallTime, bootTime: Instant
    ) {
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.blade = blade
        self.bootID = bootID
        self.agentRun = agentRun
        self.agentVersion = agentVersion
        self.hypervisor = hypervisor
        self.cpu = cpu
        self.highestTerm = highestTerm
        self.clock = clock
        self.bootTime = bootTime
    }
}

/// The coordinator's answer to an accepted hello.
public struct Welcome: Hashable, Sendable, Codable {
    public var version: UInt32
    public var term: Term
    public var reportInterval: Duration
    public var clock: WallTime

    public init(version: UInt32, term: Term, reportInterval: Duration, clock: WallTime) {
        self.version = version
        self.term = term
        self.reportInterval = reportInterval
        self.clock = clock
    }
}

/// Everything that an agent sends.
public enum AgentMessage: Hashable, Sendable, Codable {
    case hello(Hello)
    case inventory(Inventory)
    case report(Report)
    case update(Update)
    /// Asks for a new certificate: a PEM certificate request with the key that the agent will use.
    case renew(request: String)
    /// First and only message of the enrolment protocol (ALPN `podp-enrol/1`): the token's secret, in clear under TLS.
    case enrol(secret: String, request: String, blade: BladeIdentity, addresses: [String])
    case pong(UInt64)
    /// libvirt's XML of a domain, as `describe` asked; `nil`: there is no such domain, or libvirt does not tell (then `reason` says why).
    case description(number: UInt64, xml: String?, reason: String)
}

/// Everything that a coordinator sends to an agent.
public enum CoordinatorMessage: Hashable, Sendable, Codable {
    case welcome(Welcome)
    /// The link is about to be closed, and why. `permanent`: trying again will not help until somebody acts.
    case refused(reason: String, permanent: Bool)
    case command(Command)
    case cancel(OperationID)
    /// The operation's final update is durable here: the agent may forget it.
    case acknowledge(OperationID)
    /// Read the inventory anew and send it with this number.
    case observe(UInt64)
    /// A certificate chain (leaf first) and the authorities to trust, PEM.
    case certificate(chain: String, authorities: String)
    case ping(UInt64)
    /// Send libvirt's XML of this domain with this number.
    case describe(number: UInt64, DomainID)
    /// The blades' certificates that are worth nothing any more: a revocation list (RFC 5280, 5) of podp's authority, PEM.
    case revocations(list: String)
}

/// The kinds that frames are limited by. Raw values are the field numbers of the envelope's `oneof` in `podp.proto`.
public enum MessageKind: UInt32, Hashable, Sendable, CaseIterable {
    case hello = 1, inventory = 2, report = 3, update = 4, renew = 5, enrol = 6, pong = 7, description = 8
    case welcome = 33, refused = 34, command = 35, cancel = 36, acknowledge = 37, observe = 38, certificate = 39, ping = 40, describe = 41, revocations = 42

    /// The longest envelope of this kind, in bytes.
    public var limit: Int {
        switch self {
        case .report: 256 << 10
        case .inventory: 1 << 20
        case .hello, .enrol, .welcome, .refused: 4 << 10
        default: 64 << 10
        }
    }
}
