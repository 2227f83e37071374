import PodpModel

/// What libvirt's XML says of a domain, as far as the inventory tells it.
struct LibvirtDescription: Hashable, Sendable {
    var id: DomainID
    var name: String
    var type: VirtualisationType
    var vcpus: Int
    var maxVCPUs: Int
    var memory: Bytes
    var maxMemory: Bytes
    var disks: [Disk]
    var nics: [NIC]
    /// `nil`: it is none of podp's domains.
    var share: LibvirtShare?

    /// `nil` when it is no domain's XML, or has neither name nor UUID.
    init?(xml: String) {
        guard let root = XMLNode(document: xml), root.name == "domain", let name = root["name"]?.text, let id = root["uuid"].flatMap({ ID128($0.text) })
        else { return nil }
        self.name = name
        self.id = DomainID(id)
        share = LibvirtShare(domain: root)
        type = Self.type(root)
        maxMemory = root["memory"].flatMap(Self.bytes) ?? .zero
        memory = root["currentMemory"].flatMap(Self.bytes) ?? maxMemory
        maxVCPUs = root["vcpu"].flatMap { Int($0.text.filter { !$0.isWhitespace }) } ?? 1
        vcpus = root["vcpu"]?.attributes["current"].flatMap { Int($0) } ?? maxVCPUs
        let devices = root["devices"]
        disks = (devices?.all("disk") ?? []).compactMap(Self.disk)
        nics = (devices?.all("interface") ?? []).map { node in
            NIC(
                mac: node["mac"]?.attributes["address"]?.lowercased(),
                bridge: node["source"]?.attributes["bridge"] ?? node["source"]?.attributes["network"] ?? "", model: node["model"]?.attributes["type"])
        }
    }

    private static func type(_ root: XMLNode) -> VirtualisationType {
        let os = root["os"]?["type"]
        switch root.attributes["type"] {
        case "xen":
            let machine = os?.attributes["machine"] ?? ""
            if machine == "xenpvh" || os?.text == "xenpvh" { return .pvh }
            return os?.text == "hvm" ? .hvm : .pv
        case "kvm", "qemu": return .kvm
        default: return .unknown
        }
    }

    /// libvirt's units: KiB when none is given.
    private static func bytes(_ node: XMLNode) -> Bytes? {
        guard let count = UInt64(node.text.filter { !$0.isWhitespace }) else { return nil }
        let unit: UInt64? =
            switch node.attributes["unit"] ?? "KiB" {
            case "b", "bytes": 1
            case "KB": 1000
            case "k", "KiB": 1 << 10
            case "MB": 1_000_000
            case "M", "MiB": 1 << 20
            case "GB": 1_000_000_000
            case "G", "GiB": 1 << 30
            case "T", "TiB": 1 << 40
            default: nil
            }
        return unit.map { Bytes(count).times($0) }
    }

    private static func disk(_ node: XMLNode) -> Disk? {
        guard let target = node["target"]?.attributes["dev"] else { return nil }
        let source = node["source"]?.attributes ?? [:]
        return Disk(
            target: target, source: source["dev"] ?? source["file"] ?? source["name"] ?? "", isFile: node.attributes["type"] == "file",
            readOnly: node["readonly"] != nil, shared: node["shareable"] != nil, isCDROM: node.attributes["device"] == "cdrom")
    }
}
