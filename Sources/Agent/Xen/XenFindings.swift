import PodpModel

/// What on a Xen host will hurt, as the hypervisor tells it (`podp check`).
struct XenFindings {
    /// credit2's weight of a domain that nobody gave one.
    static let defaultWeight = 256

    var hypervisor: any XenHypervisor

    func all(_ domains: [XenDomain]) -> [Finding] { weight(domains) + versions() }

    /// Guests that use all CPUs starve a dom0 of equal weight, and with it every disk, every network and the agent.
    private func weight(_ domains: [XenDomain]) -> [Finding] {
        guard let own = hypervisor.weight(domain: 0) else { return [] }
        let heaviest = domains.filter { $0.number != 0 }.compactMap { hypervisor.weight(domain: $0.number) }.max() ?? Self.defaultWeight
        guard own < max(heaviest, Self.defaultWeight) * 2 else { return [] }
        return [
            Finding(
                code: "dom0-weight", severity: .warning,
                what:
                    "dom0's scheduling weight is \(own), the heaviest domain's \(heaviest): busy domains can starve dom0, and with it disks, networks, libvirt and this agent",
                remedy: "xl sched-credit2 -d Domain-0 -w 1024, at each boot")
        ]
    }

    private func versions() -> [Finding] {
        guard let version = try? hypervisor.version(), version.release != version.libraryRelease else { return [] }
        return [
            Finding(
                code: "xen-version", severity: .warning,
                what: "Xen \(version.release) runs here and this agent was built for Xen \(version.libraryRelease): after an upgrade its numbers may fail",
                remedy: "install the podp-agent package that was built for Xen \(version.release)")
        ]
    }

    static func twice(_ one: DomainInventory, _ other: DomainInventory) -> Finding {
        let numbers = [one.number, other.number].compactMap(\.self).sorted().map(String.init).joined(separator: " and ")
        return Finding(
            code: "same-uuid", severity: .critical,
            what: "domains \(numbers) have one UUID, \(one.id) (\(one.name), \(other.name)): podp cannot tell them apart",
            remedy: "destroy the copy that should not be there (xl list, xl destroy NUMBER)")
    }
}
