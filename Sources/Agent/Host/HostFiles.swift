import Glibc

/// The host's files as its kernel and Debian show them: `/proc`, `/sys`, `/etc`. Tests give another root with a recorded tree.
///
/// No function throws: a file that is not there, or cannot be read, is `nil` or empty, and what is missing is reported as not measured.
public struct HostFiles: Sendable, Hashable {
    /// Put before every path; without a slash at its end. Empty: the real files.
    public var root: String

    public init(root: String = "") { self.root = root }

    /// A file's bytes, at most `limit` of them.
    public func bytes(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
        let file = open(root + path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = 4096
        while bytes.count < limit {
            let room = min(chunk, limit - bytes.count)
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: room))
            let count = bytes.withUnsafeMutableBytes { all in
                guard let base = all.baseAddress else { return 0 }
                return read(file, base + start, room)
            }
            bytes.removeLast(room - max(count, 0))
            if count < 0 { return nil }
            if count == 0 { break }
            chunk = min(chunk * 2, 1 << 16)
        }
        return bytes
    }

    /// A file's text without white space at its ends. Bytes that are not UTF-8 become the replacement character.
    public func text(_ path: String, limit: Int = 64 << 10) -> String? {
        guard let bytes = bytes(path, limit: limit) else { return nil }
        return String(decoding: bytes.trimmed, as: UTF8.self)
    }

    /// A file that holds one number.
    public func number(_ path: String) -> UInt64? {
        guard let bytes = bytes(path, limit: 64) else { return nil }
        return bytes.trimmed.number
    }

    /// The names in a folder, sorted, without `.` and `..`. Empty when there is no such folder.
    public func names(in path: String) -> [String] {
        guard let folder = opendir(root + path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func exists(_ path: String) -> Bool { access(root + path, F_OK) == 0 }

    /// The last part of what a symbolic link points to.
    public func linkName(_ path: String) -> String? {
        let target: [UInt8]? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlink(root + path, base, buffer.count)
            guard count > 0 else { return nil }
            return buffer.prefix(count).map { UInt8(bitPattern: $0) }
        }
        guard let target else { return nil }
        return String(decoding: target.suffix(while: { $0 != UInt8(ascii: "/") }), as: UTF8.self)
    }
}

extension RandomAccessCollection<UInt8> {
    /// Without blanks and line ends before and after.
    public var trimmed: SubSequence {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) || byte == 0 }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else { return self[startIndex..<startIndex] }
        return self[first...last]
    }

    /// A decimal number and nothing else; `nil` when it is none or does not fit.
    public var number: UInt64? {
        guard !isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in self {
            guard (0x30...0x39).contains(byte) else { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// The words between blanks.
    public var words: [SubSequence] { split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) }
    public var lines: [SubSequence] { split(separator: 0x0a) }
}

extension BidirectionalCollection {
    /// The longest end of which every element satisfies the condition.
    func suffix(while condition: (Element) -> Bool) -> SubSequence {
        var start = endIndex
        while start > startIndex {
            let before = index(before: start)
            guard condition(self[before]) else { break }
            start = before
        }
        return self[start...]
    }
}
