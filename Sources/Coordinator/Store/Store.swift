import Foundation
import GRDB
import PodpCore
import PodpModel

/// The durable records of one coordinator, in one SQLite file (write-ahead log, `synchronous=FULL`: a commit survives the loss of power).
///
/// One process at a time: a second store of the same file is refused, until the first is gone.
public final class Store: Sendable {
    public static let maximumRecords = 100
    public static let maximumBytes = 1 << 20
    /// Batches that are remembered for being asked for again.
    static let remembered = 1000

    /// Limits that tests set to meet a full disk or a long lock at once.
    struct Limits: Sendable {
        var maximumPages: Int?
        var busyTimeout: Double = 5
    }

    public let file: String
    /// The version of podp that writes.
    public let build: String
    private let queue: DatabaseQueue
    private let lock: StoreLock

    /// Opens or makes the store. Throws `.locked`, `.newer`, `.corrupt`, `.readOnly`, `.missing`.
    public convenience init(file: String, build: String) throws(StoreError) {
        try self.init(file: file, build: build, limits: Limits())
    }

    init(file: String, build: String, limits: Limits) throws(StoreError) {
        self.file = file
        self.build = build
        do {
            // Who may not write gets SQLite's own, clearer words for a file, and the lock's for a directory.
            lock = try StoreLock(for: file)
            PrivateFile.prepare(file)
            queue = try DatabaseQueue(path: file, configuration: Self.configuration(limits: limits))
            try queue.writeWithoutTransaction { db in
                if let damage = try String.fetchAll(db, sql: "PRAGMA quick_check(3)").first(where: { $0 != "ok" }) {
                    throw StoreError(.corrupt, "\(file): \(damage)", remedy: "keep this file aside and restore a backup: podp-coordinator restore FILE")
                }
                try StoreSchema.migrate(db, file: file, build: build)
                // A file that cannot be written is found now, not with the first decision.
                try db.inTransaction(.immediate) {
                    try db.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('opened-by', ?)", arguments: [build])
                    return .commit
                }
            }
        } catch {
            throw StoreError(error, file: file)
        }
    }

    static func configuration(limits: Limits = Limits()) -> Configuration {
        var configuration = Configuration()
        configuration.label = "store"
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(limits.busyTimeout)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            if let pages = limits.maximumPages { try db.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        return configuration
    }

    /// All records, sorted by key. Throws `.newer` or `.corrupt` naming the record that cannot be read.
    public func load() throws(StoreError) -> [PodpCore.Record] {
        do {
            return try queue.read { db in
                try RecordCoding.all(in: db, build: build, file: file)
            }
        } catch {
            throw StoreError(error, file: file)
        }
    }

    /// Stores all of the batch or nothing. Batches are stored in the order in which they are asked for.
    public func commit(_ batch: Batch) async -> CommitResult {
        do {
            let prepared = try PreparedBatch(batch)
            let build = build
            return try await queue.shieldedWriteWithoutTransaction { db in try prepared.commit(db, build: build) }
        } catch {
            let error = StoreError(error, file: file)
            return error.code == .io ? .unknown(error) : .failed(error)
        }
    }

    /// A consistent copy of the running store, as a new file. Throws when `destination` exists.
    public func backup(to destination: String) throws(StoreError) {
        try StoreBackup.copy(queue, file: file, to: destination)
    }
}

/// A batch whose limits were checked and whose records were written as JSON, off the database's thread.
private struct PreparedBatch: Sendable {
    let batch: Batch
    let puts: [(key: RecordKey, json: String)]
    let fingerprint: Int64

    init(_ batch: Batch) throws(StoreError) {
        let remedy = "report this as a bug of podp"
        guard batch.puts.count + batch.deletes.count <= Store.maximumRecords else {
            throw StoreError(
                .refused, "batch \(batch.id) has \(batch.puts.count + batch.deletes.count) records; the limit is \(Store.maximumRecords)", remedy: remedy)
        }
        guard batch.id <= Int64.max, batch.term.number <= Int64.max else {
            throw StoreError(.refused, "batch \(batch.id) of term \(batch.term) has a number beyond 63 bits", remedy: remedy)
        }
        var puts: [(key: RecordKey, json: String)] = []
        var bytes = 0
        for record in batch.puts {
            let json = try RecordCoding.encode(record)
            bytes += json.utf8.count
            puts.append((record.key, json))
        }
        guard bytes <= Store.maximumBytes else {
            throw StoreError(.refused, "batch \(batch.id) has \(bytes) bytes; the limit is \(Store.maximumBytes)", remedy: remedy)
        }
        self.batch = batch
        self.puts = puts
        fingerprint = RecordCoding.fingerprint(puts: puts, deletes: batch.deletes)
    }

    func commit(_ db: Database, build: String) throws -> CommitResult {
        var result = CommitResult.committed
        try db.inTransaction(.immediate) {
            if let earlier = try Int64.fetchOne(
                db, sql: "SELECT content FROM batches WHERE term_id = ? AND id = ?", arguments: [batch.term.id.description, Int64(batch.id)])
            {
                if earlier != fingerprint {
                    result = refused("batch \(batch.id) of term \(batch.term) was stored before with other content")
                }
                return .rollback
            }
            if let refusal = try refusal(db) {
                result = refusal
                return .rollback
            }
            try write(db, build: build)
            return .commit
        }
        return result
    }

    /// Why this batch's term, or its place in the term, does not allow it.
    private func refusal(_ db: Database) throws -> CommitResult? {
        let announced = batch.puts.compactMap { record -> Term? in if case .term(let term) = record { term.term } else { nil } }
        if announced.contains(where: { $0 != batch.term }) {
            return refused("batch \(batch.id) of term \(batch.term) stores the record of another term")
        }
        if batch.deletes.contains(Record.term(TermRecord(term: batch.term)).key) {
            return refused("batch \(batch.id) of term \(batch.term) deletes the term")
        }
        if let json = try String.fetchOne(db, sql: "SELECT json FROM records WHERE key = 'term'"),
            case .term(let stored) = try JSONDecoder().decode(Record.self, from: Data(json.utf8)), stored.term != batch.term
        {
            if batch.term.number <= stored.term.number { return .superseded(by: stored.term.description) }
            if announced.isEmpty { return refused("batch \(batch.id) is of term \(batch.term), which is not in the store and which it does not announce") }
        }
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM batches WHERE term_id = ?", arguments: [batch.term.id.description])
        if let last, Int64(batch.id) <= last {
            return refused("batch \(batch.id) of term \(batch.term) comes after batch \(last)")
        }
        return nil
    }

    private func write(_ db: Database, build: String) throws {
        let put = try db.cachedStatement(sql: "INSERT OR REPLACE INTO records (key, kind, json, batch, term, build) VALUES (?, ?, ?, ?, ?, ?)")
        for record in puts {
            try put.execute(arguments: [record.key, RecordCoding.kind(of: record.key), record.json, Int64(batch.id), Int64(batch.term.number), build])
        }
        let delete = try db.cachedStatement(sql: "DELETE FROM records WHERE key = ?")
        for key in batch.deletes { try delete.execute(arguments: [key]) }
        try db.cachedStatement(sql: "INSERT INTO batches (term_id, id, content) VALUES (?, ?, ?)")
            .execute(arguments: [batch.term.id.description, Int64(batch.id), fingerprint])
        try db.cachedStatement(sql: "DELETE FROM batches WHERE sequence <= ?").execute(arguments: [db.lastInsertedRowID - Int64(Store.remembered)])
    }

    private func refused(_ what: String) -> CommitResult {
        .failed(StoreError(.refused, what, remedy: "report this as a bug of podp"))
    }
}
