import Foundation
import GRDB
import PodpCore
import PodpModel

extension History {
    /// A line of the audit log.
    public struct Line: Hashable, Sendable {
        public var id: Int64
        public var entry: AuditEntry

        public init(id: Int64, entry: AuditEntry) {
            self.id = id
            self.entry = entry
        }
    }

    /// Which lines are wanted.
    public struct Query: Hashable, Sendable {
        /// Lines after this one, oldest first; `nil`: the newest `limit` lines, oldest first.
        public var after: Int64?
        /// Lines of this moment and later.
        public var since: WallTime?
        public var blade: BladeID?
        public var domain: DomainID?
        public var kind: String?
        /// Lines of this severity and worse.
        public var severity: AuditEntry.Severity?
        public var limit: Int

        public init(
            after: Int64? = nil, since: WallTime? = nil, blade: BladeID? = nil, domain: DomainID? = nil, kind: String? = nil,
            severity: AuditEntry.Severity? = nil,
            limit: Int = 100
        ) {
            self.after = after
            self.since = since
            self.blade = blade
            self.domain = domain
            self.kind = kind
            self.severity = severity
            self.limit = limit
        }
    }

    /// Lines that are in the file, oldest first, at most 10,000. Throws when the file cannot be read.
    public func events(_ query: Query) async throws(StoreError) -> [Line] {
        var conditions: [String] = []
        var arguments: StatementArguments = []
        func require(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        require("id > ?", query.after)
        require("at >= ?", query.since?.milliseconds)
        require("blade = ?", query.blade?.description)
        require("domain = ?", query.domain?.description)
        require("kind = ?", query.kind)
        require("severity >= ?", query.severity.map(HistorySchema.rank))
        arguments += [min(max(query.limit, 0), 10_000)]
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql =
            "SELECT id, at, severity, kind, by, blade, domain, operation, sentence FROM events \(filter) ORDER BY id \(query.after == nil ? "DESC" : "ASC") LIMIT ?"
        do {
            let lines = try await queue.read { [arguments] db in try Row.fetchAll(db, sql: sql, arguments: arguments).map(HistorySchema.line) }
            return query.after == nil ? lines.reversed() : lines
        } catch {
            throw StoreError(error, file: file)
        }
    }
}

/// The tables of History.
enum HistorySchema {
    static let applicationID: Int32 = 0x706F_6468
    static let current = 1

    static func migrate(_ db: Database, file: String) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if tables > 0, application != applicationID {
            throw StoreError(.corrupt, "\(file) is no history of podp", remedy: "name podp's own file, or move this one away")
        }
        if version > current {
            throw StoreError(
                .newer, "\(file) has schema \(version); this podp knows schemas up to \(current)",
                remedy: "install the podp that wrote it, or move the file away")
        }
        guard version < current else { return }
        try db.inTransaction(.immediate) {
            try db.execute(
                sql: """
                    CREATE TABLE events (
                        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, severity INTEGER NOT NULL, kind TEXT NOT NULL, by TEXT NOT NULL,
                        blade TEXT, domain TEXT, operation TEXT, sentence TEXT NOT NULL
                    );
                    CREATE INDEX events_blade ON events (blade, id) WHERE blade IS NOT NULL;
                    CREATE INDEX events_domain ON events (domain, id) WHERE domain IS NOT NULL;
                    CREATE TABLE series (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE);
                    CREATE TABLE points (
                        series INTEGER NOT NULL, resolution INTEGER NOT NULL, chunk INTEGER NOT NULL, data BLOB NOT NULL,
                        PRIMARY KEY (series, resolution, chunk)
                    ) WITHOUT ROWID;
                    PRAGMA user_version = \(current);
                    PRAGMA application_id = \(applicationID);
                    """)
            return .commit
        }
    }

    static func rank(_ severity: AuditEntry.Severity) -> Int {
        switch severity {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }

    static func insert(_ lines: [History.Line], _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO events (id, at, severity, kind, by, blade, domain, operation, sentence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for line in lines {
            let entry = line.entry
            try statement.execute(arguments: [
                line.id, entry.at.milliseconds, rank(entry.severity), entry.kind, entry.by, entry.blade?.description, entry.domain?.description,
                entry.operation?.description, entry.sentence,
            ])
        }
    }

    static func line(_ row: Row) -> History.Line {
        let severity = AuditEntry.Severity.allCases.first { rank($0) == row[2] } ?? .critical
        let blade: String? = row[5]
        let domain: String? = row[6]
        let operation: String? = row[7]
        return History.Line(
            id: row[0],
            entry: AuditEntry(
                at: WallTime(milliseconds: row[1]), severity: severity, kind: row[3], by: row[4], blade: blade.flatMap { ID128($0) }.map(BladeID.init),
                domain: domain.flatMap { ID128($0) }.map(DomainID.init), operation: operation.flatMap { OperationID($0) }, sentence: row[8]))
    }
}
