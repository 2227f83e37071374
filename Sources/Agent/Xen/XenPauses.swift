import AgentCore
import PodpModel

/// Pauses that libvirt knows nothing of, by `xl pause` or a tool like it.
///
/// Xen counts pauses, and a domain runs when none is left (`XEN_DOMCTL_pausedomain`, `controller_pause_count`). libvirt's Xen driver keeps
/// a state of its own: asked to resume a domain that it thinks is running, it does nothing and says that it is done.
public struct XenPauses: Sendable {
    private let hypervisor: any XenHypervisor

    /// Xen's own limit of the count.
    private static let limit = 255

    /// Opens the hypervisor. Throws `.unavailable` when this is not a Xen host's dom0.
    public init() throws(HypervisorError) { self.init(hypervisor: try XenHandle()) }

    init(hypervisor: any XenHypervisor) { self.hypervisor = hypervisor }

    /// Takes away all pauses of a domain that stands still only because of them. Blocks for some hypercalls.
    ///
    /// Throws when Xen does not answer, or when the domain is paused still.
    public func release(_ id: DomainID) throws(HypervisorError) {
        for pauses in 0...Self.limit {
            guard let domain = try hypervisor.domains().first(where: { $0.id == id }), domain.isPaused, domain.shutdownReason == nil, !domain.isDying else {
                return
            }
            if pauses < Self.limit { try hypervisor.unpause(domain: domain.number) }
        }
        throw HypervisorError(.unavailable, "the domain was unpaused \(Self.limit) times and is paused still: `xl list` and `xl unpause` tell more")
    }
}
