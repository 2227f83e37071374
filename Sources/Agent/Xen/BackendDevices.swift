import AgentCore
import AgentHost
import Glibc

/// Counters of the domains' disks and networks, from dom0's backends in `/sys/bus/xen-backend/devices`.
///
/// The statistics files stay open and are read again in place: half the cost of opening them each time.
struct BackendDevices {
    private static let folder = "/sys/bus/xen-backend/devices"
    /// Files kept open at most; the rest is opened each time.
    private static let openLimit = 600
    private static let fields = ["rd_sect", "wr_sect", "rd_req", "wr_req", "oo_req"]

    private struct BlockBackend {
        var domain: UInt32
        var meters: [MeterFile]
    }

    private let files: HostFiles
    private var blocks: [String: BlockBackend] = [:]
    /// Backend to domain and name of dom0's end of the interface.
    private var interfaces: [String: (domain: UInt32, name: String)] = [:]

    init(files: HostFiles) { self.files = files }

    /// Looks which backends there are: one read of a folder, and a few files for each new one.
    mutating func refresh() {
        let present = Set(files.names(in: Self.folder))
        blocks = blocks.filter { present.contains($0.key) }
        interfaces = interfaces.filter { present.contains($0.key) }
        for device in present.sorted() {
            guard let (kind, domain) = Self.parse(device) else { continue }
            if kind == "vbd", blocks[device] == nil {
                let statistics = "\(Self.folder)/\(device)/statistics"
                guard files.exists(statistics) else { continue }
                let keep = blocks.count < Self.openLimit / Self.fields.count
                blocks[device] = BlockBackend(domain: domain, meters: Self.fields.map { MeterFile(files.root + "\(statistics)/\($0)", keepOpen: keep) })
            } else if kind == "vif", interfaces[device] == nil, let name = files.names(in: "\(Self.folder)/\(device)/net").first {
                interfaces[device] = (domain, name)
            }
        }
    }

    /// `vbd-3-51712` is a disk of domain 3.
    static func parse(_ device: String) -> (kind: Substring, domain: UInt32)? {
        let parts = device.split(separator: "-")
        guard parts.count == 3, let domain = UInt32(parts[1]) else { return nil }
        return (parts[0], domain)
    }

    /// By domain number; a domain without a backend that counts is not in it.
    func disks() -> [UInt32: DiskCounters] {
        var sums: [UInt32: DiskCounters] = [:]
        for backend in blocks.values {
            let values = backend.meters.map { $0.value() }
            guard let readSectors = values[0], let writtenSectors = values[1], let reads = values[2], let writes = values[3] else { continue }
            var sum = sums[backend.domain] ?? DiskCounters()
            sum.readBytes &+= readSectors &* 512
            sum.writtenBytes &+= writtenSectors &* 512
            sum.reads &+= reads
            sum.writes &+= writes
            sum.outOfRequests &+= values[4] ?? 0
            sums[backend.domain] = sum
        }
        return sums
    }

    /// By domain number, from the domain's point of view: what dom0's end sent, the domain received.
    func networks(_ counters: [String: NetworkCounters]) -> [UInt32: NetworkCounters] {
        var sums: [UInt32: NetworkCounters] = [:]
        for (domain, name) in interfaces.values {
            guard let host = counters[name] else { continue }
            var sum = sums[domain] ?? NetworkCounters()
            sum.receivedBytes &+= host.sentBytes
            sum.sentBytes &+= host.receivedBytes
            sums[domain] = sum
        }
        return sums
    }
}

/// One file with one number that is read over and over.
private final class MeterFile: Sendable {
    private let path: String
    private let descriptor: Int32

    init(_ path: String, keepOpen: Bool) {
        self.path = path
        descriptor = keepOpen ? open(path, O_RDONLY | O_CLOEXEC) : -1
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func value() -> UInt64? {
        let file = descriptor >= 0 ? descriptor : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { if descriptor < 0 { close(file) } }
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { buffer in
            let count = pread(file, buffer.baseAddress, 32, 0)
            guard count > 0 else { return nil }
            return UnsafeRawBufferPointer(buffer).prefix(count).trimmed.number
        }
    }
}
