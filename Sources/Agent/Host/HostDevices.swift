import Glibc
import PodpModel

/// What a host has: block devices, network interfaces, bridges, addresses.
public struct HostDevices: Sendable {
    public var files: HostFiles

    public init(files: HostFiles) { self.files = files }

    /// Whole physical (or, on a virtual host, virtual) disks: those with a device behind them. No partitions, loops, or device-mapper volumes.
    public func wholeDisks() -> Set<String> { Set(files.names(in: "/sys/block").filter { files.exists("/sys/block/\($0)/device") }) }

    /// Every block device that a domain's disk may lie on: disks, and logical volumes by the names that LVM gives them.
    public func storage() -> [BlockDevice] {
        files.names(in: "/sys/block").compactMap { name in
            guard let sectors = files.number("/sys/block/\(name)/size"), sectors > 0 else { return nil }
            let size = Bytes(sectors).times(512)
            if name.hasPrefix("dm-") {
                // LVM's own uuid names a volume on every blade that sees its group.
                guard let mapped = files.text("/sys/block/\(name)/dm/name"), let uuid = files.text("/sys/block/\(name)/dm/uuid"), uuid.hasPrefix("LVM-")
                else { return nil }
                return BlockDevice(path: Self.volumePath(mapped), size: size, serial: uuid)
            }
            guard files.exists("/sys/block/\(name)/device") else { return nil }
            return BlockDevice(path: "/dev/\(name)", size: size, serial: serial(of: name))
        }
    }

    /// WWN before serial: the first is the same by every path to a LUN.
    private func serial(of disk: String) -> String {
        for file in ["wwid", "device/wwid", "serial", "device/serial"] {
            if let text = files.text("/sys/block/\(disk)/\(file)"), !text.isEmpty { return text }
        }
        return ""
    }

    /// Device-mapper writes `vg-lv` with every hyphen of a name doubled; `/dev/vg/lv` is what definitions use.
    static func volumePath(_ mapped: String) -> String {
        let marked = mapped.split(separator: "--", omittingEmptySubsequences: false).joined(separator: "\0")
        guard let hyphen = marked.firstIndex(of: "-") else { return "/dev/mapper/" + mapped }
        func plain(_ part: Substring) -> String { String(part.map { $0 == "\0" ? "-" : $0 }) }
        return "/dev/\(plain(marked[..<hyphen]))/\(plain(marked[marked.index(after: hyphen)...]))"
    }

    public func bridges() -> [String] { files.names(in: "/sys/class/net").filter { files.exists("/sys/class/net/\($0)/bridge") } }

    /// Interfaces with hardware behind them; a domain's `vif` has Xen's backend behind it and does not count.
    public func nics() -> [HostNIC] {
        files.names(in: "/sys/class/net").compactMap { name in
            let folder = "/sys/class/net/\(name)"
            guard files.exists(folder + "/device"), files.linkName(folder + "/device/subsystem") != "xen-backend" else { return nil }
            // Virtual interfaces say -1, and a link that is down says nothing.
            let speed = files.number(folder + "/speed") ?? 0
            return HostNIC(
                name: name, mac: files.text(folder + "/address") ?? "", isUp: files.text(folder + "/operstate") == "up",
                megabitsPerSecond: speed < 10_000_000 ? Int(speed) : 0)
        }
    }

    /// The first IPv4 address of an interface, else its first global IPv6 address, else empty.
    public static func address(of interface: String) -> String {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return "" }
        defer { freeifaddrs(list) }
        var found = ""
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr, String(cString: entry.pointee.ifa_name) == interface else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let length = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            let text: String? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
                guard let base = buffer.baseAddress, getnameinfo(address, socklen_t(length), base, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
                else { return nil }
                return String(cString: base)
            }
            guard let text else { continue }
            if family == AF_INET { return text }
            if found.isEmpty && !text.hasPrefix("fe80") { found = text }
        }
        return found
    }
}
