import Glibc

/// A database that its owner alone may read: what it has of chassis, tokens and blades is nobody else's.
enum PrivateFile {
    /// Makes the file with mode 0600 if it is not there, and takes everybody else's rights away from one that is, with its journal and its
    /// shared memory (SQLite makes those with the rights of the database). What cannot be changed is left: SQLite then says why.
    static func prepare(_ file: String) {
        // A second descriptor of a file that SQLite has open would drop its locks when it is closed.
        let descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        for suffix in ["", "-wal", "-shm"] {
            var state = stat()
            guard lstat(file + suffix, &state) == 0, state.st_mode & S_IFMT == S_IFREG, state.st_mode & 0o077 != 0 else { continue }
            chmod(file + suffix, 0o600)
        }
    }
}
