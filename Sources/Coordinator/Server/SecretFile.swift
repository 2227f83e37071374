import Foundation

/// Files that nobody else may read, written so that a crash leaves the old one or the new one.
enum SecretFile {
    /// Throws `.file`.
    static func write(_ text: String, to path: String, mode: mode_t) throws(ServerError) {
        let partial = path + ".partial"
        unlink(partial)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(partial) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure(partial) }
            rest = rest.dropFirst(count)
        }
        // The umask may have taken more away than was asked for, never less.
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0, rename(partial, path) == 0 else { throw failure(path) }
        let directory = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Throws `.file`, also when others may read a file that holds a secret.
    static func read(_ path: String, secret: Bool) throws(ServerError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(path) }
        if secret && status.st_mode & 0o077 != 0 {
            throw ServerError(
                .file, "\(path) can be read by others than its owner", remedy: "chmod 600 \(path); if it may have been copied, make a new authority")
        }
        guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self) else { throw failure(path) }
        return text
    }

    private static func failure(_ path: String) -> ServerError {
        ServerError(.file, "\(path): \(String(cString: strerror(errno)))", remedy: "the directory must exist and be writable for podp-coordinator's user")
    }
}
