import PodpModel

/// What libvirt keeps on a host: for telemetry that measures below it and must still know what is defined and not running.
public struct HostDefinitions: Hashable, Sendable {
    public var libvirtVersion: String
    /// Sorted by id: every domain that libvirt knows, running or not.
    public var domains: [DomainInventory]
    /// What libvirt would not do for a domain that runs.
    public var findings: [Finding]

    public init(libvirtVersion: String, domains: [DomainInventory], findings: [Finding] = []) {
        self.libvirtVersion = libvirtVersion
        self.domains = domains
        self.findings = findings
    }
}

/// Who can tell a host's definitions.
public protocol DefinitionSource: Sendable {
    /// Throws `.unavailable` when libvirtd does not answer.
    func definitions() async throws(HypervisorError) -> HostDefinitions
    /// Yields when a definition, or a domain's state, may have changed.
    func definitionChanges() -> AsyncStream<Void>
}
