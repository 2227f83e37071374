import GRDB

/// Why a store, a backup or a history file cannot be used: what, where, and what to do.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The disk, or the file's size limit.
        case full
        /// Another process uses the file.
        case locked
        /// The bytes of the file are damaged, or it is no store of podp.
        case corrupt
        case readOnly
        case missing
        /// A newer podp wrote the file, or a record in it.
        case newer
        /// Something that must not be: out of order, over a limit, the same id with other content.
        case refused
        /// The disk failed in the middle: what was written is not known.
        case io
    }

    public var code: Code
    /// What and where.
    public var message: String
    /// What to do.
    public var remedy: String

    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(message) (\(remedy))" }

    /// Says in podp's words what SQLite met with `file`.
    init(_ error: any Error, file: String) {
        if let known = error as? StoreError {
            self = known
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.io, "\(file): \(error)", remedy: "look at the file and the disk")
            return
        }
        let words = "\(file): \(error.message ?? "SQLite's error \(error.extendedResultCode.rawValue)")"
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.full, words, remedy: "free some space on the file's disk; nothing that was stored is lost")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.locked, words, remedy: "another process writes to this file: end it (`fuser -v \(file)` names it)")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.corrupt, words, remedy: "keep this file aside and restore a backup: podp-coordinator restore FILE")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(.readOnly, words, remedy: "make the file and its directory writable for the user that podp-coordinator runs as")
        case .SQLITE_CANTOPEN:
            self.init(.missing, words, remedy: "check that the file's directory exists and that the user podp-coordinator runs as may write there")
        default:
            self.init(.io, words, remedy: "look at the disk (dmesg, smartctl), then start podp-coordinator again")
        }
    }
}

/// How `Store.commit` ended.
public enum CommitResult: Sendable, Hashable {
    /// Durable; also when the same batch was durable before.
    case committed
    /// Another coordinator's term is in the store: this one may not decide any more.
    case superseded(by: String)
    /// Not stored. The same batch may be asked for again when the reason (a full disk, a lock) is gone, if it is one that goes.
    case failed(StoreError)
    /// The disk failed in the middle: ask for the same batch again.
    case unknown(StoreError)
}
