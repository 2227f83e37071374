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

    /// Puts `backup` in the place of the store in `file`. The replaced file is kept; its new name is returned (`nil`: there was none).
    ///
    /// The store is marked as restored: the coordinator that reads it decides nothing until `podp-coordinator recover`.
    /// Refused while a coordinator runs on the store, and when the backup is damaged or of a newer podp.
    @discardableResult
    public static func restore(_ backup: String, to file: String, build: String, at: Date = Date()) throws(StoreError) -> String? {
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
            try mark(incoming, asRestoredFrom: backup, build: build, at: at)
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
            return kept
        } catch {
            throw StoreError(error, file: file)
        }
    }

    /// Writes `RestoredMark`. A term alone would not tell: yesterday's and today's are one where nothing was restarted between them.
    private static func mark(_ file: String, asRestoredFrom backup: String, build: String, at: Date) throws {
        let record = Record.restored(
            RestoredMark(at: WallTime(milliseconds: Int64(at.timeIntervalSince1970 * 1000)), from: URL(fileURLWithPath: backup).lastPathComponent))
        let json = try RecordCoding.encode(record)
        let queue = try DatabaseQueue(path: file)
        try queue.writeWithoutTransaction { db in
            // All of it in one file, whatever the backup was copied from.
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
            try StoreSchema.migrate(db, file: file, build: build)
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM records") ?? 0 > 0 else { return }
            try db.execute(
                sql: "INSERT OR REPLACE INTO records (key, kind, json, batch, term, build) VALUES (?, ?, ?, 0, 0, ?)",
                arguments: [record.key, RecordCoding.kind(of: record.key), json, build])
        }
        try queue.close()
    }

    private static func freeName(_ wanted: String) throws -> String {
        for number in 0..<100 {
            let name = number == 0 ? wanted : "\(wanted).\(number)"
            if !FileManager.default.fileExists(atPath: name) { return name }
        }
        throw StoreError(.refused, "\(wanted) and 99 more like it exist", remedy: "move them away")
    }

    private static func directory(of path: String) -> String {
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
