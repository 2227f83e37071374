import Foundation
import GRDB
import PodpCore
import PodpModel

/// Backups of a store: complete, consistent copies in one file each.
public enum StoreBackup {
    /// Copies the store in `file`, whether a coordinator runs on it or not. Throws when `destination` exists.
    public static func make(of file: String, to destination: String) throws(StoreError) {
        guard FileManager.default.fileExists(atPath: file) else {
            throw StoreError(.missing, "there is no store at \(file)", remedy: "name the store that podp-coordinator uses")
        }
        let queue: DatabaseQueue
        do {
            queue = try DatabaseQueue(path: file, configuration: Store.configuration())
        } catch {
            throw StoreError(error, file: file)
        }
        try copy(queue, file: file, to: destination)
    }

    static func copy(_ queue: DatabaseQueue, file: String, to destination: String) throws(StoreError) {
        guard !FileManager.default.fileExists(atPath: destination) else {
            throw StoreError(.refused, "\(destination) exists", remedy: "name a file that does not: a backup never replaces another")
        }
        let partial = destination + ".partial"
        try? FileManager.default.removeItem(atPath: partial)
        do {
            // Records name hosts and hold hashes of secrets: nobody else reads them. SQLite keeps the mode of a file that is there.
            guard FileManager.default.createFile(atPath: partial, contents: nil, attributes: [.posixPermissions: 0o600]) else {
                throw StoreError(.readOnly, "\(partial) cannot be made", remedy: "name a file in a directory that you may write to")
            }
            try queue.writeWithoutTransaction { db in try db.execute(sql: "VACUUM INTO ?", arguments: [partial]) }
            try synchronise(partial)
            try FileManager.default.moveItem(atPath: partial, toPath: destination)
            try synchronise(directory(of: destination))
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            throw StoreError(error, file: (error as? DatabaseError) == nil ? destination : file)
        }
    }

    /// How a restore ended.
    public struct Restoration: Sendable, Equatable {
        /// Where the replaced file is now; `nil`: there was none.
        public var kept: String?
        /// What was taken away since the backup and stays so, what is set otherwise, and what an operator must look at: for people.
        public var sentences: [String]
    }

    /// Puts `backup` in the place of the store in `file`. The replaced file is kept. Rights that it had taken away since (tokens, certificates) are not
    /// given back.
    ///
    /// The store is marked as restored: the coordinator that reads it decides nothing until `podp-coordinator recover`.
    /// Refused while a coordinator runs on the store, and when the backup is damaged or of a newer podp.
    @discardableResult
    public static func restore(_ backup: String, to file: String, build: String, at: Date = Date()) throws(StoreError) -> Restoration {
        let lock = try StoreLock(for: file)
        defer { withExtendedLifetime(lock) {} }
        guard FileManager.default.fileExists(atPath: backup) else {
            throw StoreError(.missing, "there is no backup at \(backup)", remedy: "name a file that podp-coordinator backup made")
        }
        let findings = try StoreCheck.run(backup, build: build)
        if let fatal = findings.first(where: { $0.severity == .damage }) {
            throw StoreError(.corrupt, "\(backup) is no good backup: \(fatal.what)", remedy: "take another backup; the store was left as it is")
        }
        do {
            let incoming = file + ".restoring"
            try? FileManager.default.removeItem(atPath: incoming)
            try FileManager.default.copyItem(atPath: backup, toPath: incoming)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: incoming)
            try (FileOwner(of: file) ?? FileOwner.ofFolder(file))?.give(incoming)
            try mark(incoming, asRestoredFrom: backup, build: build, at: at)
            let sentences = try withdraw(from: incoming, whatWasWithdrawnIn: file, build: build)
            try synchronise(incoming)
            var kept: String?
            if FileManager.default.fileExists(atPath: file) {
                let name = try freeName("\(file).replaced-\(Int64(at.timeIntervalSince1970))")
                // The log belongs to its database: they stay together, under the names that SQLite expects.
                for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: file + suffix) {
                    try FileManager.default.moveItem(atPath: file + suffix, toPath: name + suffix)
                }
                try FileManager.default.moveItem(atPath: file, toPath: name)
                kept = name
            }
            try FileManager.default.moveItem(atPath: incoming, toPath: file)
            try synchronise(directory(of: file))
            return Restoration(kept: kept, sentences: sentences)
        } catch {
            throw StoreError(error, file: file)
        }
    }

    /// Writes `RestoredMark`. A term alone would not tell: yesterday's and today's are one where nothing was restarted between them.
    private static func mark(_ file: String, asRestoredFrom backup: String, build: String, at: Date) throws {
        let record = Record.restored(
            RestoredMark(at: WallTime(milliseconds: Int64(at.timeIntervalSince1970 * 1000)), from: URL(fileURLWithPath: backup).lastPathComponent))
        let queue = try DatabaseQueue(path: file)
        try queue.writeWithoutTransaction { db in
            // All of it in one file, whatever the backup was copied from.
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
            try StoreSchema.migrate(db, file: file, build: build)
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM records") ?? 0 > 0 else { return }
            try insert(record, into: db, build: build)
        }
        try queue.close()
    }

    /// Takes the rights away that the store in `replaced` had taken away since. Says so, and what cannot be known.
    private static func withdraw(from restored: String, whatWasWithdrawnIn replaced: String, build: String) throws -> [String] {
        let look = "look at `podp token list` and `podp blade list`, and revoke again what was revoked since the backup, before `podp-coordinator recover`"
        guard FileManager.default.fileExists(atPath: replaced) else { return ["there is no store to compare with: \(look)"] }
        let later: StoreContent
        do {
            let queue = try DatabaseQueue(path: replaced, configuration: Store.configuration())
            defer { try? queue.close() }
            later = try queue.read { db in try StoreContent(db, file: replaced, build: build) }
        } catch {
            return ["what was there cannot be read (\(StoreError(error, file: replaced).message)): \(look)"]
        }
        let queue = try DatabaseQueue(path: restored)
        let rights = try queue.writeWithoutTransaction { db in
            let rights = try WithdrawnRights(from: StoreContent(db, file: restored, build: build), replacedBy: later)
            try db.inTransaction(.immediate) {
                for record in rights.puts { try insert(record, into: db, build: build) }
                for key in rights.deletes { try db.execute(sql: "DELETE FROM records WHERE key = ?", arguments: [key]) }
                return .commit
            }
            return rights
        }
        try queue.close()
        return rights.isKnown ? rights.sentences : rights.sentences + [look]
    }

    private static func insert(_ record: Record, into db: Database, build: String) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO records (key, kind, json, batch, term, build) VALUES (?, ?, ?, 0, 0, ?)",
            arguments: [record.key, RecordCoding.kind(of: record.key), try RecordCoding.encode(record), build])
    }

    private static func freeName(_ wanted: String) throws -> String {
        for number in 0..<100 {
            let name = number == 0 ? wanted : "\(wanted).\(number)"
            if !FileManager.default.fileExists(atPath: name) { return name }
        }
        throw StoreError(.refused, "\(wanted) and 99 more like it exist", remedy: "move them away")
    }

    static func directory(of path: String) -> String {
        let directory = (path as NSString).deletingLastPathComponent
        return directory.isEmpty ? "." : directory
    }

    private static func synchronise(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(.io, "\(path): \(String(cString: strerror(errno)))", remedy: "look at the disk") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError(.io, "\(path): \(String(cString: strerror(errno)))", remedy: "look at the disk") }
    }
}
