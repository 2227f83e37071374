import Foundation

/// Who owns a file: what root makes in the coordinator's folder must stay the coordinator's.
struct FileOwner {
    private var user: uid_t
    private var group: gid_t

    /// `nil`: there is no such file.
    init?(of path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        (user, group) = (facts.st_uid, facts.st_gid)
    }

    static func ofFolder(_ path: String) -> FileOwner? { FileOwner(of: StoreBackup.directory(of: path)) }

    /// Only root can, and only root has to.
    func give(_ descriptor: Int32) {
        if geteuid() == 0 { _ = fchown(descriptor, user, group) }
    }

    /// Throws `.io` where root cannot.
    func give(_ path: String) throws(StoreError) {
        guard geteuid() == 0, chown(path, user, group) != 0 else { return }
        throw StoreError(
            .io, "\(path) cannot be given to user \(user): \(String(cString: strerror(errno)))",
            remedy: "do as podp-coordinator's own user: runuser -u podp -- podp-coordinator …")
    }
}
