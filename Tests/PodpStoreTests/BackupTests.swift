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
            .kept
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

    @Test func `a restore gives back no token and no certificate that was taken away since, and says what is set otherwise`() async throws {
        let folder = try Folder()
        let at = WallTime(milliseconds: 1)
        let certificate = { (serial: String) in BladeRecord.Certificate(serial: serial, notAfter: WallTime(milliseconds: 9)) }
        var (kept, revoked, renewed, removed) = (blade(1), blade(2), blade(3), blade(4))
        kept.certificates = [certificate("k")]
        revoked.certificates = [certificate("r")]
        renewed.certificates = [certificate("a")]
        removed.certificates = [certificate("m")]
        let tokens = ["ci", "ops"].map { APIToken(name: $0, hash: $0, role: .operate, createdAt: at, expires: nil) }
        func domain(_ number: UInt64, _ name: String) -> ManagedDomain {
            ManagedDomain(
                definition: DomainDefinition(
                    id: DomainID(ID128(high: 2, low: number)), name: name, type: .pvh, memory: .mebibytes(64), vcpus: 1, boot: .firmware(order: "c")),
                blade: nil, wish: .off)
        }
        let enrolment = EnrolmentToken(secretHash: "e", expires: at, createdBy: "root", note: "blade-9")
        do {
            let store = try await openStore(folder)
            _ = await store.commit(
                batch(2, term(1), [kept, revoked, renewed, removed].map(Record.blade) + tokens.map(Record.apiToken)))
            _ = await store.commit(batch(3, term(1), [.enrolmentToken(enrolment), .domain(domain(1, "old"))]))
            try store.backup(to: folder.file("yesterday"))
            revoked.revoked = true
            revoked.revokedCertificates = revoked.certificates
            revoked.certificates = []
            renewed.revokedCertificates = renewed.certificates
            renewed.certificates = [certificate("b")]
            var settings = Settings()
            settings.balance = .manual
            let gone = RemovedBlade(id: removed.id, name: "blade-4", certificates: removed.certificates)
            _ = await store.commit(
                batch(
                    4, term(1), [.blade(revoked), .blade(renewed), .removedBlade(gone), .settings(settings), .domain(domain(2, "new"))],
                    deletes: ["blade/\(removed.id)", "api-token/ci", "enrolment-token/e", "domain/\(domain(1, "").id)"]))
        }
        let restoration = try StoreBackup.restore(folder.file("yesterday"), to: folder.file("podp.db"), build: build)
        let records = try Store(file: folder.file("podp.db"), build: build).load()
        let blades = Dictionary(uniqueKeysWithValues: records.compactMap { if case .blade(let blade) = $0 { (blade.id, blade) } else { nil } })
        #expect(blades[kept.id] == kept)
        #expect(blades[revoked.id] == revoked)
        #expect(blades[renewed.id]?.certificates == [] && blades[renewed.id]?.revokedCertificates == [certificate("a")])
        #expect(blades[removed.id]?.revoked == true && blades[removed.id]?.revokedCertificates == [certificate("m")])
        #expect(records.filter { if case .apiToken = $0 { true } else { false } } == [.apiToken(tokens[1])])
        #expect(!records.contains(.enrolmentToken(enrolment)))
        #expect(restoration.sentences.contains { $0.contains("domain new was created") }, "\(restoration.sentences)")
        #expect(restoration.sentences.contains { $0.contains("domain old was removed") }, "\(restoration.sentences)")
        for words in ["token ci was revoked", "blade-2 was revoked", "blade-3 has certificates", "blade-4 was revoked or removed", "blade-9", "had manual"] {
            #expect(restoration.sentences.contains { $0.contains(words) }, "\(words): \(restoration.sentences)")
        }
        #expect(try StoreCheck.run(folder.file("podp.db"), build: build).filter { $0.severity == .damage } == [])
    }

    @Test func `a restore over another store, an older one or none takes nothing away, and says that nobody can know`() async throws {
        let folder = try Folder()
        let token = Record.apiToken(APIToken(name: "ops", hash: "h", role: .operate, createdAt: WallTime(milliseconds: 1), expires: nil))
        do {
            let store = try await openStore(folder)
            _ = await store.commit(batch(2, term(1), [token]))
            try store.backup(to: folder.file("yesterday"))
            _ = try await openStore(folder, term: term(1, 8), name: "other.db")
            try Data("no database, as long as anything that is one must be".utf8).write(to: URL(fileURLWithPath: folder.file("bad.db")))
        }
        for name in ["other.db", "bad.db", "none.db"] {
            let restoration = try StoreBackup.restore(folder.file("yesterday"), to: folder.file(name), build: build)
            #expect(restoration.sentences.contains { $0.contains("podp token list") }, "\(name): \(restoration.sentences)")
            #expect(try Store(file: folder.file(name), build: build).load().contains(token))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"), arguments: [true, false])
    func `what root restores belongs to whom the replaced store, or the folder, belonged`(isThere: Bool) async throws {
        let folder = try Folder()
        do {
            let store = try await openStore(folder, name: "a.db")
            try store.backup(to: folder.file("a.backup"))
            if isThere { _ = try await openStore(folder) }
        }
        #expect(chown(isThere ? folder.file("podp.db") : folder.path, 65534, 65533) == 0)
        try StoreBackup.restore(folder.file("a.backup"), to: folder.file("podp.db"), build: build)
        var facts = stat()
        #expect(stat(folder.file("podp.db"), &facts) == 0)
        #expect(facts.st_uid == 65534 && facts.st_gid == 65533 && facts.st_mode & 0o777 == 0o600)
        if !isThere { #expect(stat(folder.file("podp.db.lock"), &facts) == 0 && facts.st_uid == 65534) }
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
