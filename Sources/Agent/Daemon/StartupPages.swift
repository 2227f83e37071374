import Glibc

/// Code that only the agent's start and rare work need: the dynamic linker, TLS handshakes, libvirt's drivers.
///
/// Once mapped it stays mapped, and counts as the agent's memory in a dom0 that has little: with the runtime inside, two thirds of it.
enum StartupPages {
    /// Unmaps the pages of executable mappings of files (`/proc/self/maps`, proc(5); `MADV_DONTNEED`, madvise(2)). They are never written to, so that
    /// nothing is lost: what is needed again is mapped again from the page cache.
    static func release() {
        guard let bytes = try? StateFolder.read("/proc/self/maps") else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { continue }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1], let start = UnsafeMutableRawPointer(bitPattern: ends[0]) else { continue }
            _ = madvise(start, Int(clamping: ends[1] - ends[0]), MADV_DONTNEED)
        }
    }
}
