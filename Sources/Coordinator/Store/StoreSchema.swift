import GRDB

/// The tables of a store, by version. A version once released is never changed: the next one migrates.
enum StoreSchema {
    /// "podp", so that `file` and podp itself know the file.
    static let applicationID: Int32 = 0x706F_6470
    static let current = 3

    /// Brings an empty or older file to `current`. Throws `.newer` for a file that this build does not know, `.corrupt` for another program's file.
    static func migrate(_ db: Database, file: String, build: String) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        try verify(version: version, application: application, tables: Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0, file: file)
        guard version < current else { return }
        try db.inTransaction(.immediate) {
            if version < 1 { try first(db, build: build) }
            // 2 has records of two more kinds, `chassis` and `power`; the tables are those of 1. The number keeps a podp that knows neither
            // from opening a store that has them. So has 3, `restored` and `removed-blade`.
            try db.execute(sql: "PRAGMA user_version = \(current)")
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            return .commit
        }
    }

    static func verify(version: Int, application: Int32, tables: Int, file: String) throws(StoreError) {
        if tables == 0 { return }
        guard application == applicationID else {
            throw StoreError(.corrupt, "\(file) is a database, but no store of podp", remedy: "name podp's own store, or move this file away")
        }
        guard version <= current else {
            throw StoreError(
                .newer, "\(file) has schema \(version); this podp knows schemas up to \(current)",
                remedy: "install the podp that wrote it, or a newer one; or restore a backup of this version")
        }
    }

    private static func first(_ db: Database, build: String) throws {
        try db.execute(
            sql: """
                CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE records (
                    key TEXT PRIMARY KEY NOT NULL,
                    kind TEXT NOT NULL,
                    json TEXT NOT NULL,
                    batch INTEGER NOT NULL,
                    term INTEGER NOT NULL,
                    build TEXT NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE batches (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    term_id TEXT NOT NULL,
                    id INTEGER NOT NULL,
                    content INTEGER NOT NULL,
                    UNIQUE (term_id, id)
                );
                """)
        try db.execute(sql: "INSERT INTO meta (key, value) VALUES ('created-by', ?)", arguments: [build])
    }
}
