import Glibc

/// The agent's state directory: one process at a time, files replaced whole and durably, readable by root alone.
struct StateFolder: Sendable {
    let path: String

    var journal: String { path + "/journal" }
    var identity: String { path + "/identity.pem" }
    var authorities: String { path + "/authorities.pem" }
    var coordinators: String { path + "/coordinators" }
    /// Names the folder of libvirt's certificates, where the enrolment installed them.
    var libvirtPKI: String { path + "/libvirt-pki" }

    /// Makes the directory if it is not there. Throws `file`.
    init(_ path: String) throws(AgentFailure) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Self.fault("cannot make", path) }
    }

    /// Held as long as the descriptor is open: for ever. Throws `busy` when another agent has it.
    func lock() throws(AgentFailure) {
        let file = path + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.fault("cannot open", file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw AgentFailure(
                .busy, "another podp-agent uses \(path)", remedy: "stop it first (`systemctl stop podp-agent`), or give this one its own --state-dir")
        }
    }

    static func fault(_ what: String, _ file: String, _ code: Int32 = errno) -> AgentFailure {
        AgentFailure(.file, "\(what) \(file): \(String(cString: strerror(code)))", remedy: "see to the directory's rights and to room on its disk")
    }

    /// A file's bytes; `nil`: it is not there.
    static func read(_ file: String, limit: Int = 64 << 20) throws(AgentFailure) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw fault("cannot open", file)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw fault("cannot read", file)
            }
            bytes += chunk[..<count]
        }
        throw AgentFailure(.file, "\(file) is longer than \(limit >> 20) MiB", remedy: "it is none of the agent's: move it away")
    }

    /// All of it durably, or nothing: beside the file, synced, renamed over it, the directory synced.
    static func write(_ bytes: [UInt8], to file: String, mode: mode_t = 0o600) throws(AgentFailure) {
        let draft = file + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw fault("cannot write", draft) }
        do throws(AgentFailure) {
            guard fchmod(descriptor, mode) == 0 else { throw fault("cannot set the rights of", draft) }
            try writeAll(bytes, to: descriptor, named: draft)
            guard fsync(descriptor) == 0 else { throw fault("cannot sync", draft) }
        } catch {
            close(descriptor)
            unlink(draft)
            throw error
        }
        close(descriptor)
        guard rename(draft, file) == 0 else { throw fault("cannot rename", draft) }
        try syncFolder(of: file)
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32, named file: String) throws(AgentFailure) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw fault("cannot write", file)
            }
            offset += count
        }
    }

    static func syncFolder(of file: String) throws(AgentFailure) {
        let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault("cannot open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw fault("cannot sync", folder) }
    }
}
