import Foundation
import GRDB
import PodpCore
import PodpModel
import Testing

@testable import PodpStore

private typealias Record = PodpCore.Record

@Suite struct BackupTests {
    @Test func `a backup of a running store is complete, private, and replaces nothing`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder)
        _ = await store.commit(batch(2, term(1), [.blade(blade(1))]))
        try store.backup(to: folder.file("a.backup"))
        _ = await store.commit(batch(3, term(1), [.blade(blade(2))]))
        try StoreBackup.make(of: folder.file("podp.db"), to: folder.file("b.backup"))
        #expect(throws: StoreError.self) { try store.backup(to: folder.file("a.backup")) }
        #expect(try Store(file: folder.file("a.backup"), build: build).load().count == 2)
        #expect(try Store(file: folder.file("b.backup"), build: build).load().count == 3)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("b.backup"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(!FileManager.default.fileExists(atPath: folder.file("a.backup.partial")))
    }

    @Test func `yesterday's backup comes back whole, the replaced file is kept, and the old term goes on from there`() async throws {
        let folder = try Folder()
        do {
            let store = try await openStore(folder)
            try store.backup(to: folder.file("yesterday"))
            _ = await store.commit(batch(2, term(1), [.blade(blade(1))]))
            _ = await store.commit(batch(1, term(2), [.term(TermRecord(term: term(2)))]))
        }
        let kept = try StoreBackup.restore(folder.file("yesterday"), to: folder.file("podp.db"), build: build, at: Date(timeIntervalSince1970: 1_700_000_000))
        let store = try Store(file: folder.file("podp.db"), build: build)
        let at = WallTime(milliseconds: 1_700_000_000_000)
        // The mark is what makes the coordinator ask for `recover`, also where both terms are the same.
        #expect(try store.load() == [.restored(RestoredMark(at: at, from: "yesterday")), .term(TermRecord(term: term(1)))])
        #expect(try StoreCheck.run(folder.file("podp.db"), build: build).map(\.severity) == [.warning])
        #expect(try Store(file: #require(kept), build: build).load().count == 2)
        // A coordinator that kept its memory of term 2 may go on only by announcing a term that this store does not exceed.
        #expect(await store.commit(batch(2, term(2), [.blade(blade(3))])) != .committed)
        #expect(await store.commit(batch(2, term(3), [.term(TermRecord(term: term(3)))])) == .committed)
    }

    @Test func `what is no good backup is refused, and the store stays as it is`() async throws {
        let folder = try Folder()
        _ = try await openStore(folder)
        try Data("no database at all, but long enough to be looked at".utf8).write(to: URL(fileURLWithPath: folder.file("bad")))
        for name in ["bad", "none"] {
            #expect(throws: StoreError.self) { try StoreBackup.restore(folder.file(name), to: folder.file("podp.db"), build: build) }
        }
        #expect(try Store(file: folder.file("podp.db"), build: build).load().count == 1)
    }

    @Test func `check finds nothing in a sound store, and names what is wrong in others`() async throws {
        let folder = try Folder()
        let file = folder.file("podp.db")
        do {
            let store = try await openStore(folder)
            _ = await store.commit(batch(2, term(1), [.blade(blade(1))]))
        }
        #expect(try StoreCheck.run(file, build: build) == [])
        do {
            let raw = try DatabaseQueue(path: file)
            try await raw.write { db in
                try db.execute(sql: "UPDATE records SET term = 9 WHERE kind = 'blade'")
                try db.execute(sql: "UPDATE records SET kind = 'cat' WHERE kind = 'blade'")
            }
        }
        let findings = try StoreCheck.run(file, build: build)
        #expect(findings.contains { $0.severity == .damage && $0.what.contains("term 9") })
        #expect(findings.contains { $0.severity == .warning && $0.what.contains("cat") })
        #expect(throws: StoreError.self) { try StoreCheck.run(folder.file("none"), build: build) }
    }
}
