import PodpModel

/// A domain's disk as storage: equal where two domains would write the same bytes.
struct DiskKey: Hashable {
    /// The storage's serial; of storage without one, the blade that it is local to.
    var storage: String
    /// In dom0: the same on every blade that reaches the storage.
    var path: String
}

extension CoordinatorCore {
    /// Why a domain may not be created or started here: another one may write one of its disks. `podp_shared` in both files (xl's old mode `w!`) says that they know.
    ///
    /// - Parameter running: only domains that run count, podp's own and others'; else every domain of podp's does.
    func diskTaken(_ domain: ManagedDomain, on id: BladeID, running: Bool) -> Refusal? {
        let wanted = writable(domain.definition.disks)
        guard !wanted.isEmpty else { return nil }
        let keys = wanted.map { diskKey($0.source, on: id) }
        func conflict(_ other: String, _ disks: [Disk], at place: BladeID, isManaged: Bool) -> Refusal? {
            for disk in writable(disks) {
                let key = diskKey(disk.source, on: place)
                // Of a domain that is not podp's it is not known what its owner has said.
                guard let index = keys.firstIndex(of: key), !(wanted[index].shared && (disk.shared || !isManaged)) else { continue }
                return Refusal(
                    .conflict, "\(domain.definition.name) and \(other) would both write \(wanted[index].source)",
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
                if let refusal = conflict("\(found.name) on \(name(of: place)), which is not podp's,", found.disks, at: place, isManaged: false) {
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

    private func writable(_ disks: [Disk]) -> [Disk] { disks.filter { !$0.readOnly && !$0.isCDROM && !$0.source.isEmpty } }

    /// The path without `.`, `..` and doubled slashes: the same file has one name.
    static func plain(_ path: String) -> String {
        guard path.hasPrefix("/") else { return path }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private func diskKey(_ source: String, on id: BladeID) -> DiskKey {
        let device = Self.device(of: source, among: blades[id]?.inventory?.host.storage ?? [])
        guard let device, !device.serial.isEmpty else { return DiskKey(storage: "local to \(id)", path: Self.plain(source)) }
        return DiskKey(storage: device.serial, path: Self.plain(source))
    }
}
