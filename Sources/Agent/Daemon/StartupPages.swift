import Glibc

/// Code that only the agent's start and rare work need: the dynamic linker, TLS handshakes, libvirt's drivers.
///
/// Once mapped it stays mapped, and counts as the agent's memory in a dom0 that has little: with the runtime inside, two thirds of it.
enum StartupPages {
    /// Unmaps the pages of executable mappings of files (`MADV_DONTNEED`, madvise(2)). They are never written to, so that nothing is lost:
    /// what is needed again is mapped again from the page cache.
    static func release() {
        guard let bytes = try? StateFolder.read("/proc/self/maps") else { return }
        for range in executableRanges(String(decoding: bytes, as: UTF8.self)) {
            guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            _ = madvise(start, Int(clamping: range.count), MADV_DONTNEED)
        }
    }

    /// Addresses of the mappings of `/proc/PID/maps` (proc(5)) that are executable, never writable, and of a file.
    static func executableRanges(_ maps: String) -> [Range<UInt>] {
        maps.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
        }
    }
}
