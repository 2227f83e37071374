import AgentCore
import Glibc

/// The operation journal's file: lines of `CHECKSUM LENGTH JSON`, appended and synced, compacted by replacing the file.
///
/// A tail that was torn by a crash is cut off: its records were never told to anybody. Damage anywhere else is an error.
struct JournalFile {
    static let header = Array("podp-agent journal 1\n".utf8)
    static let largest = 256 << 20

    let path: String
    private var descriptor: Int32 = -1
    /// A write failed: what stands at the file's end is unknown until it is replaced.
    private var isTorn = false

    /// What a journal's file held.
    struct Content {
        var records: [JournalRecord] = []
        /// Bytes that belong to whole records.
        var length = 0
        /// Bytes of a torn tail that were dropped.
        var torn = 0
    }

    /// Opens or makes the journal. Throws `file`, naming the file and what to do.
    static func open(_ path: String) throws(AgentFailure) -> (JournalFile, Content) {
        let bytes = try StateFolder.read(path, limit: largest)
        guard let bytes, !bytes.isEmpty else {
            var file = JournalFile(path: path)
            try file.replace([])
            return (file, Content())
        }
        let content = try parse(bytes, path: path)
        var file = JournalFile(path: path)
        guard content.length > 0 else {
            // Torn within its first line.
            try file.replace([])
            return (file, content)
        }
        try file.reopen()
        if content.torn > 0 {
            guard ftruncate(file.descriptor, off_t(content.length)) == 0, fsync(file.descriptor) == 0 else {
                throw StateFolder.fault("cannot cut the torn end of", path)
            }
        }
        return (file, content)
    }

    private init(path: String) { self.path = path }

    private mutating func reopen() throws(AgentFailure) {
        if descriptor >= 0 { close(descriptor) }
        descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw StateFolder.fault("cannot open", path) }
    }

    /// Durable when it returns. After it has thrown, only `replace` may be tried: the kernel may have dropped what it could not write.
    mutating func append(_ records: [JournalRecord]) throws(AgentFailure) {
        guard !isTorn else { throw AgentFailure(.file, "an earlier write to \(path) failed", remedy: "the journal is written anew") }
        isTorn = true
        try StateFolder.writeAll(records.flatMap(Self.line), to: descriptor, named: path)
        guard fdatasync(descriptor) == 0 else { throw StateFolder.fault("cannot sync", path) }
        isTorn = false
    }

    /// These records instead of all, atomically. Durable when it returns.
    mutating func replace(_ records: [JournalRecord]) throws(AgentFailure) {
        try StateFolder.write(Self.header + records.flatMap(Self.line), to: path)
        try reopen()
        isTorn = false
    }

    /// Makes the next append fail, as a full disk does.
    mutating func breakForTest() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    // MARK: - Format

    static func line(_ record: JournalRecord) -> [UInt8] {
        let text = Array(JSONTree.text(of: record).utf8)
        return Array("\(checksum(text)) \(text.count) ".utf8) + text + [0x0A]
    }

    static func parse(_ bytes: [UInt8], path: String) throws(AgentFailure) -> Content {
        func damaged(_ what: String, at offset: Int) -> AgentFailure {
            AgentFailure(
                .file, "the journal \(path) is damaged at byte \(offset): \(what)",
                remedy: "make sure that no operation of podp runs on this blade, move the file away (`mv \(path) \(path).damaged`) and start the agent again")
        }
        guard bytes.starts(with: header) else {
            if header.starts(with: bytes) { return Content(records: [], length: 0, torn: bytes.count) }
            throw damaged("it does not begin as a journal does", at: 0)
        }
        var content = Content(length: header.count)
        var offset = header.count
        while offset < bytes.count {
            let end = bytes[offset...].firstIndex(of: 0x0A)
            if let end, let record = record(bytes[offset..<end]) {
                content.records.append(record)
                offset = end + 1
                content.length = offset
                continue
            }
            // Torn, if nothing whole comes after it.
            var rest = bytes[(end.map { $0 + 1 } ?? bytes.count)...]
            while let next = rest.firstIndex(of: 0x0A) {
                guard record(rest[rest.startIndex..<next]) == nil else {
                    throw damaged("a record that does not match its checksum, and whole ones after it", at: offset)
                }
                rest = rest[(next + 1)...]
            }
            content.torn = bytes.count - offset
            break
        }
        return content
    }

    private static func record(_ line: ArraySlice<UInt8>) -> JournalRecord? {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, Int(String(decoding: parts[1], as: UTF8.self)) == parts[2].count,
            String(decoding: parts[0], as: UTF8.self) == checksum(Array(parts[2]))
        else { return nil }
        return try? JSONTree(parsing: parts[2]).value(as: JournalRecord.self)
    }

    /// CRC-32 (IEEE 802.3) in eight hexadecimal digits.
    static func checksum(_ bytes: [UInt8]) -> String {
        var crc: UInt32 = .max
        for byte in bytes { crc = crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
        let digits = String(~crc, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
}
