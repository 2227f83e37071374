import Glibc

/// What libvirt's Xen driver wrote about a call whose error libvirt does not pass on ("libxenlight failed to create new domain").
struct DriverLog: Sendable {

    private let path: String
    private let start: Int

    /// Remembers where the log ends now.
    init(path: String) {
        self.path = path
        var status = stat()
        start = stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The errors written since, in their order, each once, without times and source positions; empty when there are none.
    /// The log is everybody's on this host: another domain's failure of the same moment may be among them.
    func reasons(limit: Int = 4) -> [String] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return [] }
        let size = Int(status.st_size)
        // A rotated log begins anew; of a long one only its end is read.
        let from = max(size < start ? 0 : start, size - (64 << 10))
        let bytes = [UInt8](unsafeUninitializedCapacity: max(size - from, 0)) { buffer, used in
            used = max(0, pread(file, buffer.baseAddress, buffer.count, off_t(from)))
        }
        return Self.reasons(in: String(decoding: bytes, as: UTF8.self), limit: limit)
    }

    /// A line is `2026-11-22 17:44:01.000+0000: libxl: libxl_device.c:1259:device_hotplug_child_death_cb: Domain 3:script: Device /dev/vdb is mounted …`;
    /// the driver writes errors and warnings only.
    static func reasons(in text: String, limit: Int) -> [String] {
        var reasons: [String] = []
        for line in text.split(separator: "\n") {
            var rest = line[...]
            if let mark = firstRange(of: ": libxl: ", in: rest) ?? firstRange(of: ": xc: ", in: rest) { rest = rest[mark...] }
            // The position in libxl's source: `libxl_device.c:1259:function: `.
            let parts = rest.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
            if parts.count == 4, parts[0].hasSuffix(".c"), Int(parts[1]) != nil { rest = parts[3].prefix(400) } else { rest = rest.prefix(400) }
            let words = String(rest.drop { $0 == " " })
            if !words.isEmpty && !reasons.contains(words) { reasons.append(words) }
        }
        return Array(reasons.prefix(limit))
    }

    private static func firstRange(of mark: String, in text: Substring) -> Substring.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(mark) { return text.index(index, offsetBy: mark.count) }
            index = text.index(after: index)
        }
        return nil
    }
}
