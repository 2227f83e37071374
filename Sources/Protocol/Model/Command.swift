/// What an agent is asked to do to a domain.
public enum Action: Hashable, Sendable, Codable {
    case define(DomainImage)
    /// Defines it as the image says, then starts it.
    case start(DomainImage)
    /// Asks the guest to shut down; succeeded when it is off.
    case shutdown(deadline: Duration)
    /// Takes its power.
    case destroy
    case pause
    case resume
    case reboot
    case setMemory(Bytes)
    case setVCPUs(Int)
    case migrate(Migration)
    case undefine
}

/// What a blade needs to run a domain.
public struct DomainImage: Hashable, Sendable, Codable {
    public var definition: DomainDefinition
    /// The same for libvirt, made by the coordinator (room Definition) for the blade's hypervisor.
    public var libvirtXML: String

    public init(definition: DomainDefinition, libvirtXML: String) {
        self.definition = definition
        self.libvirtXML = libvirtXML
    }
}

/// Sends a domain to another blade, peer to peer; the source keeps no definition after it.
public struct Migration: Hashable, Sendable, Codable {
    public var destination: BladeID
    /// The destination's address on the migration network.
    public var address: String
    /// The destination's host name, as its certificate has it.
    public var hostName: String
    /// `false`: the domain stops for the whole transfer.
    public var live: Bool

    public init(destination: BladeID, address: String, hostName: String, live: Bool) {
        self.destination = destination
        self.address = address
        self.hostName = hostName
        self.live = live
    }
}

/// One operation for one blade.
public struct Command: Hashable, Sendable, Codable {
    public var operation: OperationID
    public var term: Term
    public var domain: DomainID
    /// For messages to people; the id decides.
    public var domainName: String
    public var action: Action

    public init(operation: OperationID, term: Term, domain: DomainID, domainName: String, action: Action) {
        self.operation = operation
        self.term = term
        self.domain = domain
        self.domainName = domainName
        self.action = action
    }
}

/// How an operation ended.
public enum Outcome: Hashable, Sendable, Codable {
    case succeeded
    /// It was not done; the domain is as it was before.
    case failed(reason: String)
    /// Nobody knows; it is resolved by observing.
    case indeterminate(reason: String)
}

/// How far an operation is.
public struct Progress: Hashable, Sendable, Codable {
    public var done: Bytes
    public var remaining: Bytes
    public var elapsed: Duration

    public init(done: Bytes, remaining: Bytes, elapsed: Duration) {
        self.done = done
        self.remaining = remaining
        self.elapsed = elapsed
    }
}

/// An agent's word about an operation.
public struct Update: Hashable, Sendable, Codable {
    public enum Phase: Hashable, Sendable, Codable {
        /// Journalled, and begun.
        case accepted
        case progress(Progress)
        /// Final; sent again until it is acknowledged.
        case ended(Outcome)
        /// Not begun and never will be: an older term, an id with other content, a full journal.
        case refused(reason: String)
    }

    public var operation: OperationID
    public var phase: Phase

    public init(operation: OperationID, phase: Phase) {
        self.operation = operation
        self.phase = phase
    }
}
