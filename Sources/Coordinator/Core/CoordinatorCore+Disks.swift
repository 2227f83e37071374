import PodpModel

/// A domain's disk as storage: equal where two domains would write the same bytes.
struct DiskKey: Hashable {
    /// The storage's serial; of storage without one, the blade that it is local to.
    var storage: String
    /// In dom0: the same on every blade that reaches the storage.
    var path: String
}

extension CoordinatorCore {
    /// Why a domain may not be created or started here: somebody would write what somebody else has open, as xl's own block script refuses it.
    /// `podp_shared` in both files (xl's old mode `w!`) says that they know.
    ///
    /// - Parameter running: only domains that run count, podp's own and others'; else every domain of podp's does.
    func diskTaken(_ domain: ManagedDomain, on id: BladeID, running: Bool) -> Refusal? {
        let name = domain.definition.name
        let wanted = domain.definition.disks.filter { !$0.source.isEmpty }
        guard !wanted.isEmpty else { return nil }
        let keys = wanted.map { diskKey($0.source, on: id) }
        for (index, disk) in wanted.enumerated() {
            guard let first = keys[..<index].firstIndex(of: keys[index]), disk.isWritten || wanted[first].isWritten else { continue }
            return Refusal(
                .invalid, "\(name) has \(disk.source) twice, as \(wanted[first].target) and as \(disk.target), and would write it",
                remedy: "leave one of the two out")
        }
        func conflict(_ other: String, _ disks: [Disk], at place: BladeID, isManaged: Bool) -> Refusal? {
            for disk in disks where !disk.source.isEmpty {
                let key = diskKey(disk.source, on: place)
                // Of a domain that is not podp's it is not known what its owner has said.
                guard let index = keys.firstIndex(of: key), disk.isWritten || wanted[index].isWritten,
                    !(wanted[index].shared && (disk.shared || !isManaged))
                else { continue }
                let source = wanted[index].source
                let what =
                    !disk.isWritten
                    ? "\(name) would write \(source), which \(other) reads"
                    : !wanted[index].isWritten ? "\(name) would read \(source), which \(other) writes" : "\(name) and \(other) would both write \(source)"
                return Refusal(
                    .conflict, what,
                    remedy: "give it another disk; if both know how to share it, both files say podp_shared = [ \"\(wanted[index].target)\" ]")
            }
            return nil
        }
        for other in decided.domains.values.sorted(by: { $0.id < $1.id }) where other.id != domain.id {
            guard let home = other.blade, !running || mayRun(other) else { continue }
            if let refusal = conflict(other.definition.name, other.definition.disks, at: home, isManaged: true) { return refusal }
        }
        for place in blades.keys.sorted() {
            for found in blades[place]?.inventory?.domains ?? [] where found.state.holdsMemory && decided.domains[found.id] == nil {
                if let refusal = conflict("\(found.name) on \(self.name(of: place)), which is not podp's,", found.disks, at: place, isManaged: false) {
                    return refusal
                }
            }
        }
        return nil
    }

    /// Runs, is about to, or may run on a blade that does not answer.
    private func mayRun(_ domain: ManagedDomain) -> Bool {
        if let operation = decided.openOperation(of: domain.id), case .start = operation.action { return true }
        return state(of: domain).holdsMemory
    }

    /// One name for a file or device: without `.`, `..` and doubled slashes, and a logical volume as `/dev/GROUP/VOLUME`, however device-mapper writes it.
    /// Other links (`/dev/disk/by-id/…`) are not followed.
    static func plain(_ path: String) -> String {
        guard path.hasPrefix("/"), !isPlain(path) else { return path }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        if parts.count == 3, parts[0] == "dev", parts[1] == "mapper", let volume = logicalVolume(parts[2]) { return "/dev/\(volume)" }
        return "/" + parts.joined(separator: "/")
    }

    /// Most are, and a blade may list hundreds: whether there certainly is nothing to do.
    private static func isPlain(_ path: String) -> Bool {
        var last: UInt8 = 0
        for byte in path.utf8 {
            if last == 0x2F, byte == 0x2F || byte == 0x2E { return false }
            last = byte
        }
        return last != 0x2F && !path.hasPrefix("/dev/mapper/")
    }

    /// `vg0/web-1` of `vg0-web--1`: lvm doubles the hyphens of both names (lvm(8), "VALID NAMES"). `nil`: no logical volume's name.
    private static func logicalVolume(_ name: Substring) -> String? {
        let sides = name.replacing("--", with: "/").split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2, sides.allSatisfy({ !$0.isEmpty }) else { return nil }
        return sides.map { $0.replacing("/", with: "-") }.joined(separator: "/")
    }

    private func diskKey(_ source: String, on id: BladeID) -> DiskKey {
        let device = blades[id]?.devices.device(of: source)
        guard let device, !device.serial.isEmpty else { return DiskKey(storage: "local to \(id)", path: Self.plain(source)) }
        return DiskKey(storage: device.serial, path: Self.plain(source))
    }
}

extension Disk {
    fileprivate var isWritten: Bool { !readOnly && !isCDROM }
}
