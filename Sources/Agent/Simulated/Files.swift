import AgentCore
import Glibc

/// The few file operations that a simulated world needs. Every one throws `HypervisorError.failed` with the path and the system's reason.
enum Files {
    static let largest = 1 << 20

    static func fault(_ what: String, _ path: String, _ code: Int32 = errno) -> HypervisorError {
        HypervisorError(.failed, "\(what) \(path): \(String(cString: strerror(code)))")
    }

    static func makeFolder(_ path: String) throws(HypervisorError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            let code = errno
            // Its parent may be missing.
            if code == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
                try makeFolder(String(path[..<slash]))
                if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
            }
            throw fault("cannot make folder", path, code)
        }
    }

    /// Names in a folder, sorted; hidden ones are left out. An absent folder has none.
    static func names(in path: String) throws(HypervisorError) -> [String] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw fault("cannot list", path)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// `nil`: there is no such file.
    static func read(_ path: String) throws(HypervisorError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw fault("cannot open", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < largest {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw fault("cannot read", path)
            }
            bytes += chunk[..<count]
        }
        throw HypervisorError(.malformed, "\(path) is longer than \(largest) bytes")
    }

    /// All of it or nothing: written beside the file and renamed over it.
    static func write(_ bytes: [UInt8], to path: String) throws(HypervisorError) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let draft = "\(path[..<slash])/.draft-\(getpid())-\(path[path.index(after: slash)...])"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw fault("cannot write", draft) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                let code = errno
                close(descriptor)
                unlink(draft)
                throw fault("cannot write", draft, code)
            }
            offset += count
        }
        close(descriptor)
        try move(draft, to: path)
    }

    static func move(_ from: String, to path: String) throws(HypervisorError) {
        guard rename(from, path) == 0 else { throw fault("cannot rename to", path) }
    }

    /// Gone afterwards, whether it was there or not.
    static func remove(_ path: String) throws(HypervisorError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw fault("cannot remove", path) }
    }

    /// What changes when a file or a folder's entries change.
    static func stamp(_ path: String) -> [Int] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return [Int(status.st_mtim.tv_sec), status.st_mtim.tv_nsec, Int(status.st_ino), Int(status.st_size)]
    }

    /// Whether the last change is longer ago than two files' times need to differ.
    static func isSettled(_ path: String) -> Bool {
        let changed = stamp(path)
        var now = timespec()
        guard changed.count > 1, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return false }
        let age = (Int(now.tv_sec) - changed[0]) * 1000 + (now.tv_nsec - changed[1]) / 1_000_000
        return age > 50
    }

    static func locked<Result>(_ path: String, _ body: () throws(HypervisorError) -> Result) throws(HypervisorError) -> Result {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw fault("cannot open", path) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw fault("cannot lock", path) }
        }
        return try body()
    }
}
