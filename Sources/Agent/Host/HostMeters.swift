import AgentCore
import PodpModel

/// The kernel's own counters in `/proc`, each read in one go for all devices.
public struct HostMeters: Sendable {
    public var files: HostFiles

    public init(files: HostFiles) { self.files = files }

    /// Processors online and their idle time (waiting for I/O included), from `/proc/stat`, in units of 10 ms. `nil` when it cannot be read.
    public func processors() -> (cpus: Int, idleNanoseconds: UInt64)? {
        guard let bytes = files.bytes("/proc/stat") else { return nil }
        var cpus = 0
        var idle: UInt64?
        for line in bytes.lines {
            guard line.starts(with: "cpu".utf8) else { break }
            let words = line.words
            guard words.count > 5, let idleTicks = words[4].number, let waitTicks = words[5].number else { return nil }
            if words[0].count == 3 { idle = (idleTicks &+ waitTicks) &* 10_000_000 } else { cpus += 1 }
        }
        return idle.map { (cpus, $0) }
    }

    /// Memory in all and what could be given to programs, as `/proc/meminfo` says.
    public func memory() -> (total: Bytes, available: Bytes)? {
        guard let bytes = files.bytes("/proc/meminfo", limit: 16 << 10) else { return nil }
        var total: UInt64?
        var available: UInt64?
        for line in bytes.lines {
            let words = line.words
            guard words.count >= 2 else { continue }
            if words[0].elementsEqual("MemTotal:".utf8) { total = words[1].number }
            if words[0].elementsEqual("MemAvailable:".utf8) { available = words[1].number }
        }
        guard let total, let available else { return nil }
        return (.kibibytes(total), .kibibytes(available))
    }

    /// The named block devices together, from `/proc/diskstats` (sectors of 512 bytes). `nil` when none of them is there.
    public func disks(_ names: Set<String>) -> DiskCounters? {
        guard let bytes = files.bytes("/proc/diskstats") else { return nil }
        var sum: DiskCounters?
        for line in bytes.lines {
            let words = line.words
            guard words.count >= 10, names.contains(String(decoding: words[2], as: UTF8.self)),
                let reads = words[3].number, let readSectors = words[5].number, let writes = words[7].number, let writtenSectors = words[9].number
            else { continue }
            var all = sum ?? DiskCounters()
            all.reads &+= reads
            all.writes &+= writes
            all.readBytes &+= readSectors &* 512
            all.writtenBytes &+= writtenSectors &* 512
            sum = all
        }
        return sum
    }

    /// Every network interface's bytes, from `/proc/net/dev`, as the host sees them.
    public func interfaces() -> [String: NetworkCounters] {
        var interfaces: [String: NetworkCounters] = [:]
        for line in (files.bytes("/proc/net/dev") ?? []).lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let words = line[(colon + 1)...].words
            guard words.count >= 9, let received = words[0].number, let sent = words[8].number else { continue }
            interfaces[String(decoding: line[..<colon].trimmed, as: UTF8.self)] = NetworkCounters(receivedBytes: received, sentBytes: sent)
        }
        return interfaces
    }
}
