import Foundation
import GRDB
import Logging
import PodpCore
import PodpModel
import Testing

@testable import PodpStore

private typealias Record = PodpCore.Record

@Suite struct StoreTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `what was committed is what a new process loads, whatever the order of puts and deletes`(seed: UInt64) async throws {
        let folder = try Folder()
        var random = Seeded(state: seed)
        var expected: [RecordKey: Record] = ["term": .term(TermRecord(term: term(1)))]
        do {
            let store = try await openStore(folder)
            for id in 2..<40 as Range<UInt64> {
                var puts: [Record] = []
                var deletes: [RecordKey] = []
                for _ in 0..<Int.random(in: 0...8, using: &random) {
                    let record = Record.blade(blade(UInt64.random(in: 0..<12, using: &random), name: "name \(UInt64.random(in: 0..<99, using: &random))"))
                    if Bool.random(using: &random) || puts.contains(where: { $0.key == record.key }) {
                        puts.append(record)
                    } else {
                        deletes.append(record.key)
                    }
                }
                deletes.removeAll { key in puts.contains { $0.key == key } }
                for put in puts { expected[put.key] = put }
                for key in deletes { expected[key] = nil }
                #expect(await store.commit(batch(id, term(1), puts, deletes: deletes)) == .committed)
            }
        }
        let again = try Store(file: folder.file("podp.db"), build: build)
        #expect(try again.load() == expected.values.sorted { $0.key < $1.key })
    }

    @Test func `the database's files are their owner's alone, also those of before`() async throws {
        let folder = try Folder()
        let file = folder.file("podp.db"), history = folder.file("history.db")
        func modes(_ file: String) throws -> [Int] {
            try ["", "-wal", "-shm"].map { (try FileManager.default.attributesOfItem(atPath: file + $0)[.posixPermissions] as? NSNumber)?.intValue ?? -1 }
        }
        for turn in 0..<2 {
            let store = try await openStore(folder)
            let past = try History(file: history, log: Logger(label: "test"))
            past.append(AuditEntry(at: WallTime(milliseconds: 1), kind: "x", sentence: "x"))
            #expect(try modes(file) == [0o600, 0o600, 0o600] && modes(history) == [0o600, 0o600, 0o600], "turn \(turn)")
            withExtendedLifetime((store, past)) {}
            // As podp before 0.2 made them.
            for name in [file, history] { try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: name) }
        }
    }

    @Test func `a batch that is asked for again is stored once, and one with other content is refused`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder)
        let first = batch(2, term(1), [.blade(blade(1))])
        #expect(await store.commit(first) == .committed)
        #expect(await store.commit(batch(3, term(1), [], deletes: [Record.blade(blade(1)).key])) == .committed)
        #expect(await store.commit(first) == .committed)
        #expect(try store.load().count == 1, "the repeated batch must not bring the deleted blade back")
        guard case .failed(let error) = await store.commit(batch(2, term(1), [.blade(blade(2))])) else { return #expect(Bool(false), "accepted other content") }
        #expect(error.code == .refused)
        guard case .failed(let late) = await store.commit(batch(1, term(1, 9), [])) else { return }
        #expect(late.code == .refused)
    }

    @Test func `an id that was passed over is not stored any more`() async throws {
        let store = try await openStore(try Folder())
        #expect(await store.commit(batch(5, term(1), [])) == .committed)
        guard case .failed(let error) = await store.commit(batch(4, term(1), [.blade(blade(1))])) else { return #expect(Bool(false), "stored out of order") }
        #expect(error.code == .refused)
        #expect(try store.load().count == 1)
    }

    @Test func `an older term, and the same number with another id, are superseded`() async throws {
        let store = try await openStore(try Folder(), term: term(5))
        #expect(await store.commit(batch(9, term(4), [.term(TermRecord(term: term(4)))])) == .superseded(by: term(5).description))
        #expect(await store.commit(batch(9, term(5, 8), [.term(TermRecord(term: term(5, 8)))])) == .superseded(by: term(5).description))
        #expect(await store.commit(batch(1, term(6), [.term(TermRecord(term: term(6))), .blade(blade(1))])) == .committed)
        #expect(await store.commit(batch(2, term(5), [.blade(blade(2))])) == .superseded(by: term(6).description))
        #expect(try store.load().count == 2)
    }

    @Test func `a higher term must announce itself, and no batch stores another's term or deletes it`() async throws {
        let store = try await openStore(try Folder())
        for wrong in [
            batch(1, term(2), [.blade(blade(1))]), batch(2, term(1), [.term(TermRecord(term: term(3)))]), batch(2, term(1), [], deletes: ["term"]),
        ] {
            guard case .failed(let error) = await store.commit(wrong) else { return #expect(Bool(false), "stored \(wrong)") }
            #expect(error.code == .refused)
        }
        #expect(try store.load() == [.term(TermRecord(term: term(1)))])
    }

    @Test func `more than 100 records, or more than a mebibyte, are refused and nothing of them is stored`() async throws {
        let store = try await openStore(try Folder())
        let many = (0..<101 as Range<UInt64>).map { Record.blade(blade($0)) }
        let large = (0..<20 as Range<UInt64>).map { Record.blade(blade($0, name: String(repeating: "x", count: 60_000))) }
        for records in [many, large] {
            guard case .failed(let error) = await store.commit(batch(2, term(1), records)) else { return #expect(Bool(false), "stored") }
            #expect(error.code == .refused)
        }
        #expect(await store.commit(batch(2, term(1), Array(many.prefix(100)))) == .committed)
    }
}

@Suite struct TroubleTests {
    @Test func `a full disk fails the batch, says what to do, and loses nothing; with room again the same batch is stored`() async throws {
        let folder = try Folder()
        let large = Record.blade(blade(2, name: String(repeating: "x", count: 300_000)))
        do {
            let store = try Store(file: folder.file("podp.db"), build: build, limits: Store.Limits(maximumPages: 20))
            #expect(await store.commit(batch(1, term(1), [.term(TermRecord(term: term(1))), .blade(blade(1))])) == .committed)
            guard case .failed(let error) = await store.commit(batch(2, term(1), [large])) else { return #expect(Bool(false), "stored") }
            #expect(error.code == .full)
            #expect(error.message.contains("podp.db") && error.remedy.contains("space"))
            #expect(try store.load().count == 2)
            #expect(await store.commit(batch(3, term(1), [.blade(blade(3))])) == .committed)
        }
        let roomy = try Store(file: folder.file("podp.db"), build: build)
        #expect(try roomy.load().count == 3)
        #expect(await roomy.commit(batch(4, term(1), [large])) == .committed)
    }

    @Test func `a second store on the same file is refused while the first lives, and names its process`() async throws {
        let folder = try Folder()
        var first: Store? = try Store(file: folder.file("podp.db"), build: build)
        let error = #expect(throws: StoreError.self) { try Store(file: folder.file("podp.db"), build: build) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("\(getpid())") == true)
        #expect(throws: StoreError.self) { try StoreBackup.restore(folder.file("podp.db"), to: folder.file("podp.db"), build: build) }
        #expect(try first?.load() == [])
        first = nil
        #expect(throws: Never.self) { try Store(file: folder.file("podp.db"), build: build) }
    }

    @Test func `a database that another program holds fails the batch as locked, and the batch is stored when it is free`() async throws {
        let folder = try Folder()
        let store = try Store(file: folder.file("podp.db"), build: build, limits: Store.Limits(busyTimeout: 0.05))
        #expect(await store.commit(batch(1, term(1), [.term(TermRecord(term: term(1)))])) == .committed)
        var lasting = Configuration()
        lasting.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: folder.file("podp.db"), configuration: lasting)
        let next = batch(2, term(1), [.blade(blade(1))])
        try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
        guard case .failed(let error) = await store.commit(next) else { return #expect(Bool(false), "stored") }
        #expect(error.code == .locked)
        #expect(error.remedy.contains("fuser"))
        try await other.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") }
        #expect(await store.commit(next) == .committed)
    }

    @Test func `a store of the first schema is brought to the present one, keeps its records, and takes chassis`() async throws {
        let folder = try Folder()
        do {
            let store = try await openStore(folder)
            _ = await store.commit(batch(2, term(1), [.blade(blade(1))]))
        }
        do {
            let raw = try DatabaseQueue(path: folder.file("podp.db"))
            try await raw.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA user_version = 1") }
        }
        let chassis = ChassisRecord(
            name: "north", url: "simulated", address: "simulated", addedAt: WallTime(milliseconds: 1), addedBy: "uid 0 (root)")
        let power = PowerRecord(
            id: OperationID(term: term(1).id, sequence: 4), chassis: "north", bay: 3, blade: blade(1).id, bladeName: "blade-1", request: .hardOff,
            state: .confirmed(.off, requested: true), by: "uid 0 (root)", startedAt: WallTime(milliseconds: 2))
        do {
            let store = try Store(file: folder.file("podp.db"), build: build)
            #expect(try store.load().contains(.blade(blade(1))))
            #expect(await store.commit(batch(3, term(1), [.chassis(chassis), .power(power)])) == .committed)
        }
        #expect(try Store(file: folder.file("podp.db"), build: build).load().filter { $0.key.hasPrefix("chassis/") || $0.key.hasPrefix("power/") }.count == 2)
        let raw = try DatabaseQueue(path: folder.file("podp.db"))
        #expect(try await raw.read { db in try Int.fetchOne(db, sql: "PRAGMA user_version") } == 3)
    }

    @Test func `a newer schema is refused by name of its number, and so is another program's database`() async throws {
        let folder = try Folder()
        _ = try await openStore(folder)
        let raw = try DatabaseQueue(path: folder.file("podp.db"))
        try await raw.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA user_version = 99") }
        let error = #expect(throws: StoreError.self) { try Store(file: folder.file("podp.db"), build: build) }
        #expect(error?.code == .newer)
        #expect(error?.message.contains("99") == true)

        let foreign = try DatabaseQueue(path: folder.file("other.db"))
        try await foreign.write { db in try db.execute(sql: "CREATE TABLE cats (name TEXT)") }
        #expect(#expect(throws: StoreError.self) { try Store(file: folder.file("other.db"), build: build) }?.code == .corrupt)
    }

    @Test func `a record of a kind that this build does not know is refused, naming it and the version that wrote it`() async throws {
        let folder = try Folder()
        do {
            let store = try await openStore(folder)
            _ = await store.commit(batch(2, term(1), [.blade(blade(1))]))
        }
        do {
            let raw = try DatabaseQueue(path: folder.file("podp.db"))
            try await raw.write { db in
                try db.execute(sql: "INSERT INTO records VALUES ('lease/x', 'lease', '{\"lease\":{\"_0\":{}}}', 3, 1, '0.9.0')")
            }
        }
        let store = try Store(file: folder.file("podp.db"), build: build)
        let error = #expect(throws: StoreError.self) { try store.load() }
        #expect(error?.code == .newer)
        #expect(error?.message.contains("lease/x") == true && error?.message.contains("0.9.0") == true)
        let findings = try StoreCheck.run(folder.file("podp.db"), build: build)
        #expect(findings.contains { $0.severity == .damage && $0.what.contains("lease/x") })
    }

    @Test(arguments: [0, 1, 2, 3] as [UInt64])
    func `a damaged file is told from a good one, or the damage touched nothing`(seed: UInt64) async throws {
        let folder = try Folder()
        let expected: [Record]
        do {
            let store = try await openStore(folder)
            for id in 2..<20 as Range<UInt64> {
                _ = await store.commit(batch(id, term(1), (0..<20).map { .blade(blade(id * 100 + $0, name: String(repeating: "n", count: 200))) }))
            }
            expected = try store.load()
            try store.backup(to: folder.file("copy.db"))
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("copy.db")))
        var random = Seeded(state: seed)
        for _ in 0..<(1 + seed * 40) { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
        if seed == 3 { bytes = bytes.prefix(bytes.count / 2) }
        try bytes.write(to: URL(fileURLWithPath: folder.file("bad.db")))
        do {
            let store = try Store(file: folder.file("bad.db"), build: build)
            let records = try store.load()
            #expect(records == expected || seed < 2, "damage passed unseen")
        } catch {
            #expect([.corrupt, .newer].contains(error.code), "\(error)")
            #expect(error.description.contains("bad.db") || error.description.contains("record"))
        }
    }

    @Test func `a batch whose task is cancelled in the middle is stored all the same`() async throws {
        let store = try await openStore(try Folder())
        let results = await withTaskGroup(of: CommitResult.self) { group in
            group.cancelAll()
            group.addTask { await store.commit(batch(2, term(1), [.blade(blade(1))])) }
            var all: [CommitResult] = []
            for await result in group { all.append(result) }
            return all
        }
        #expect(results == [.committed])
        #expect(try store.load().count == 2)
    }

    @Test(.enabled(if: geteuid() != 0, "root writes to any file")) func `a file that cannot be written is refused when it is opened`() async throws {
        let folder = try Folder()
        _ = try await openStore(folder)
        chmod(folder.file("podp.db"), 0o444)
        let error = #expect(throws: StoreError.self) { try Store(file: folder.file("podp.db"), build: build) }
        #expect(error?.code == .readOnly)
        #expect(error?.remedy.contains("writable") == true)
    }

    @Test func `a directory that does not exist, or that is a file, is named`() throws {
        let folder = try Folder()
        let missing = #expect(throws: StoreError.self) { try Store(file: folder.file("none/podp.db"), build: build) }
        #expect(missing?.code == .missing)
        #expect(missing?.message.contains("none/podp.db") == true)
    }
}
