import AgentCore
import PodpModel

/// Tells a domain from the hypervisor's numbers and xenstore's nodes.
struct XenDomainReader {
    var tree: any XenTree
    var host: XenHost

    /// `nil`: it is no domain that anybody could want (a number that is dying with nothing left of it in xenstore).
    func inventory(of domain: XenDomain, defined: DomainInventory?) async throws(HypervisorError) -> DomainInventory? {
        let base = "/local/domain/\(domain.number)"
        let name = try await tree.value(base + "/name")
        if domain.isDying && name == nil && defined == nil { return nil }
        if domain.id.uuid == .zero { return nil }
        let target = try await tree.value(base + "/memory/target").flatMap { UInt64($0) }
        let maximum = try await tree.value(base + "/memory/static-max").flatMap { UInt64($0) }
        var disks = try await disks(base)
        // Xen's tools do not keep whether a disk may be shared; libvirt's definition does.
        for index in disks.indices {
            if let known = defined?.disks.first(where: { $0.target == disks[index].target }) { disks[index].shared = known.shared }
        }
        return DomainInventory(
            id: domain.id, name: name ?? defined?.name ?? "domain-\(domain.number)", number: domain.number,
            state: state(of: domain, name: name, defined: defined), type: domain.type, vcpus: domain.onlineVCPUs, maxVCPUs: domain.maxVCPUs,
            memory: target.map { .kibibytes($0) } ?? domain.memory, maxMemory: maximum.map { .kibibytes($0) }, disks: disks, nics: try await nics(base),
            liveMigration: try await liveMigration(of: domain, base), autostart: defined?.autostart ?? false, persistent: defined?.persistent ?? false)
    }

    /// A domain that is being received stands still; xl calls it `NAME--incoming`, libvirt says so itself.
    private func state(of domain: XenDomain, name: String?, defined: DomainInventory?) -> DomainState {
        let state = domain.state
        guard state == .paused else { return state }
        // While it is being built it has no vCPU yet.
        return name?.hasSuffix("--incoming") == true || defined?.state == .incoming || domain.onlineVCPUs == 0 ? .incoming : state
    }

    private func disks(_ base: String) async throws(HypervisorError) -> [Disk] {
        var disks: [Disk] = []
        for device in try await tree.names(base + "/device/vbd") {
            guard let backend = try await tree.value("\(base)/device/vbd/\(device)/backend"), let target = try await tree.value(backend + "/dev") else {
                continue
            }
            let parameters = try await tree.value(backend + "/params") ?? ""
            let isFile = try await tree.value(backend + "/type").map { $0 != "phy" } ?? false
            disks.append(
                Disk(
                    target: target, source: Self.source(parameters), isFile: isFile,
                    readOnly: try await tree.value(backend + "/mode").map { !$0.hasPrefix("w") } ?? false,
                    isCDROM: try await tree.value(backend + "/device-type") == "cdrom"))
        }
        return disks.sorted { $0.target < $1.target }
    }

    /// `aio:/var/lib/images/web.img` is `/var/lib/images/web.img`; device paths have no format before them.
    static func source(_ parameters: String) -> String {
        guard !parameters.hasPrefix("/"), let slash = parameters.firstIndex(of: "/"), slash > parameters.startIndex,
            parameters[parameters.index(before: slash)] == ":"
        else { return parameters }
        return String(parameters[slash...])
    }

    private func nics(_ base: String) async throws(HypervisorError) -> [NIC] {
        var nics: [(Int, NIC)] = []
        for device in try await tree.names(base + "/device/vif") {
            guard let backend = try await tree.value("\(base)/device/vif/\(device)/backend") else { continue }
            let mac = try await tree.value(backend + "/mac")
            let bridge = try await tree.value(backend + "/bridge") ?? ""
            nics.append((Int(device) ?? 0, NIC(mac: mac?.lowercased(), bridge: bridge)))
        }
        return nics.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func liveMigration(of domain: XenDomain, _ base: String) async throws(HypervisorError) -> Ability {
        let byType = XenAbilities.liveMigration(host)[domain.type] ?? .no(reason: "podp does not know this type of domain")
        guard byType.isYes else { return byType }
        if try await !tree.names(base + "/device/pci").isEmpty {
            return .no(reason: "it holds a PCI device of its blade, which cannot move with it")
        }
        // The guest's kernel writes what it understands; older ones write nothing, which says nothing.
        if try await tree.value(base + "/control/feature-suspend") == "0" {
            return .no(reason: "its kernel says that it cannot be suspended (control/feature-suspend in xenstore), which every move needs")
        }
        return .yes
    }
}
