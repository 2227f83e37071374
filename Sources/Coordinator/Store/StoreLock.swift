import Foundation

/// The right to be the one coordinator of a store: an exclusive `flock` of `FILE.lock`, which ends with the process whatever happens to it.
///
/// Not of the database itself: SQLite's own locks are of another kind, and closing a second descriptor of that file would drop them.
final class StoreLock: Sendable {
    private let descriptor: Int32

    /// Throws `.locked` when another process (or another store of this one) holds it, and `.readOnly`/`.missing` when the file cannot be made.
    init(for file: String) throws(StoreError) {
        let path = file + ".lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let code: StoreError.Code = errno == EROFS || errno == EACCES || errno == EPERM ? .readOnly : .missing
            throw StoreError(
                code, "\(path): \(String(cString: strerror(errno)))", remedy: "the directory must exist and be writable for podp-coordinator's user")
        }
        FileOwner.ofFolder(path)?.give(descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw StoreError(
                .locked, "\(file) is in use by another podp-coordinator\(holder.map { " (process \($0))" } ?? "")",
                remedy: "stop that one first: systemctl stop podp-coordinator")
        }
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 {
            // The number is for people only: the lock holds without it.
            _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        }
        self.descriptor = descriptor
    }

    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
