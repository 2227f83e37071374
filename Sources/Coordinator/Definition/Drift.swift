import PodpModel

/// One difference between a domain as podp has it and as a blade shows it.
public struct Drift: Hashable, Sendable, CustomStringConvertible {
    /// What differs: `memory`, `disk xvda`, `interface 00:16:3e:…`. Stable, for scripts.
    public var field: String
    /// For people: `memory is 512 MiB on blade-3, 1 GiB in podp`.
    public var sentence: String

    public init(field: String, sentence: String) {
        self.field = field
        self.sentence = sentence
    }

    public var description: String { sentence }

    /// All differences, in a fixed order; empty when the blade's copy is what podp wants.
    ///
    /// Only what an inventory shows is compared: not the kernel, what to do on a crash, or weights. What follows from running is no difference: an HVM domain's
    /// memory without its video memory, disks that the hypervisor had renamed, an interface's model that libvirt chose.
    ///
    /// - Parameters:
    ///   - blade: What to call the blade.
    ///   - hypervisor: The blade's; decides what disks are called.
    public static func between(_ definition: DomainDefinition, and inventory: DomainInventory, on blade: String, hypervisor: HypervisorKind = .xen) -> [Drift] {
        var found: [Drift] = []
        func compare(_ field: String, _ here: String, _ stored: String, plural: Bool = false) {
            if here != stored { found.append(Drift(field: field, sentence: "\(field) \(plural ? "are" : "is") \(here) on \(blade), \(stored) in podp")) }
        }
        if definition.id != inventory.id { compare("UUID", inventory.id.description, definition.id.description) }
        compare("name", inventory.name, definition.name)
        if inventory.type != .unknown { compare("type", inventory.type.rawValue, definition.type.rawValue) }
        compare("vCPUs", "\(inventory.vcpus)", "\(definition.vcpus)", plural: true)
        compare("maximum vCPUs", "\(inventory.maxVCPUs)", "\(definition.maxVCPUs)", plural: true)
        // libxl takes an HVM domain's video memory out of its target, and keeps a page or two for every domain.
        let slack = Bytes.mebibytes(definition.type == .hvm ? 32 : 1)
        for (field, here, stored) in [("memory", inventory.memory, definition.memory), ("maximum memory", inventory.maxMemory, definition.maxMemory)]
        where max(here, stored) - min(here, stored) > slack {
            compare(field, Amount.text(here), Amount.text(stored))
        }
        found += disks(definition.disks, inventory.disks, on: blade, hypervisor)
        found += nics(definition.nics, inventory.nics, on: blade)
        if inventory.autostart {
            found.append(Drift(field: "autostart", sentence: "\(blade) would start the domain by itself after a boot; podp never wants that"))
        }
        return found
    }

    private static func disks(_ stored: [Disk], _ here: [Disk], on blade: String, _ hypervisor: HypervisorKind) -> [Drift] {
        var found: [Drift] = []
        func name(_ disk: Disk) -> String { LibvirtXML.target(disk.target, on: hypervisor) }
        for disk in stored {
            let field = "disk \(disk.target)"
            guard let other = here.first(where: { name($0) == name(disk) }) else {
                found.append(Drift(field: field, sentence: "\(field) is missing on \(blade)"))
                continue
            }
            if other.source != disk.source {
                func shown(_ source: String) -> String { source.isEmpty ? "empty" : source }
                found.append(Drift(field: field, sentence: "\(field) is \(shown(other.source)) on \(blade), \(shown(disk.source)) in podp"))
            }
            if other.readOnly != disk.readOnly {
                func shown(_ readOnly: Bool) -> String { readOnly ? "read-only" : "writable" }
                found.append(Drift(field: field, sentence: "\(field) is \(shown(other.readOnly)) on \(blade), \(shown(disk.readOnly)) in podp"))
            }
        }
        for disk in here where !stored.contains(where: { name($0) == name(disk) }) {
            found.append(Drift(field: "disk \(disk.target)", sentence: "disk \(disk.target) (\(disk.source)) is on \(blade) only, not in podp"))
        }
        return found
    }

    private static func nics(_ stored: [NIC], _ here: [NIC], on blade: String) -> [Drift] {
        var found: [Drift] = []
        for (index, nic) in stored.enumerated() {
            let field = "interface \(nic.mac ?? "\(index)")"
            // An interface without an address yet is compared by its place.
            guard let other = nic.mac.map({ mac in here.first { $0.mac == mac } }) ?? (here.indices.contains(index) ? here[index] : nil) else {
                found.append(Drift(field: field, sentence: "\(field) is missing on \(blade)"))
                continue
            }
            if other.bridge != nic.bridge {
                found.append(Drift(field: field, sentence: "\(field) is on bridge \(other.bridge) on \(blade), on \(nic.bridge) in podp"))
            }
        }
        let known = Set(stored.compactMap(\.mac))
        for (index, nic) in here.enumerated() {
            let isPlaced = stored.indices.contains(index) && stored[index].mac == nil
            guard !isPlaced, nic.mac.map({ !known.contains($0) }) ?? !stored.indices.contains(index) else { continue }
            found.append(
                Drift(
                    field: "interface \(nic.mac ?? "\(index)")",
                    sentence: "interface \(nic.mac ?? "\(index)") (bridge \(nic.bridge)) is on \(blade) only, not in podp"))
        }
        return found
    }
}
