import Foundation
import GRDB
import Logging
import PodpCore
import PodpModel
import Testing

@testable import PodpStore

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
private let start = WallTime(milliseconds: 1_795_348_800_000)

private func after(_ seconds: Int64) -> WallTime { WallTime(milliseconds: start.milliseconds + seconds * 1000) }

private func entry(_ number: Int64, blade: UInt64? = nil, severity: AuditEntry.Severity = .info) -> AuditEntry {
    AuditEntry(
        at: after(number), severity: severity, kind: number % 2 == 0 ? "even" : "odd", blade: blade.map { BladeID(ID128(high: 1, low: $0)) },
        domain: DomainID(ID128(high: 2, low: 2)), operation: OperationID(term: ID128(high: 3, low: 3), sequence: UInt64(clamping: number)),
        sentence: "line \(number) “ü”")
}

private let host = BladeID(ID128(high: 1, low: 1))
private let guest = DomainID(ID128(high: 2, low: 1))

private func report(cpu: MilliCPU, ready: MilliCPU? = nil, disk: DiskRates? = nil) -> Report {
    Report(
        sequence: 1, sampledAt: .zero, interval: .seconds(1), host: HostSample(cpu: cpu * 2, memoryFree: .gibibytes(3)),
        domains: [DomainSample(id: guest, state: .running, cpu: cpu, ready: ready, memory: .gibibytes(1), disk: disk)])
}

@Suite struct HistoryTests {
    @Test func `lines come back as they went in, by every filter, and in order`() async throws {
        let folder = try Folder()
        let history = try History(file: folder.file("history.db"), log: quiet)
        let entries = (1...50 as ClosedRange<Int64>).map {
            entry($0, blade: $0 % 3 == 0 ? 7 : nil, severity: $0 == 40 ? .critical : $0 % 10 == 0 ? .warning : .info)
        }
        let ids = entries.map { history.append($0) }
        await history.flush(at: start)
        #expect(ids == ids.sorted() && Set(ids).count == 50)
        #expect(try await history.events(.init(limit: 1000)).map(\.entry) == entries)
        #expect(try await history.events(.init(limit: 3)).map(\.id) == Array(ids.suffix(3)))
        #expect(try await history.events(.init(after: ids[9], limit: 3)).map(\.id) == Array(ids[10...12]))
        #expect(try await history.events(.init(since: after(45))).count == 6)
        #expect(try await history.events(.init(blade: BladeID(ID128(high: 1, low: 7)))).count == 16)
        #expect(try await history.events(.init(kind: "odd")).count == 25)
        #expect(try await history.events(.init(severity: .warning)).count == 5)
        #expect(try await history.events(.init(domain: DomainID(ID128(high: 9, low: 9)))).isEmpty)
    }

    @Test func `ids go on after a restart, and whoever follows is woken when the line can be read`() async throws {
        let folder = try Folder()
        var last: Int64 = 0
        do {
            let history = try History(file: folder.file("history.db"), log: quiet)
            for number in 1...5 as ClosedRange<Int64> { last = history.append(entry(number)) }
            await history.flush(at: start)
        }
        let history = try History(file: folder.file("history.db"), log: quiet)
        let running = Task { await history.run(clock: { start }) }
        let changes = history.eventChanges()
        let id = history.append(entry(6))
        #expect(id == last + 1)
        for await newest in changes where newest >= id { break }
        #expect(try await history.events(.init(after: last)).map(\.entry) == [entry(6)])
        running.cancel()
        await running.value
        #expect(try await history.events(.init()).count == 6)
    }

    @Test func `what waits is bounded: the oldest is dropped and counted`() async throws {
        let folder = try Folder()
        var limits = History.Limits()
        limits.waitingEvents = 100
        limits.waitingReports = 10
        let history = try History(file: folder.file("history.db"), limits: limits, log: quiet)
        for number in 1...1000 as ClosedRange<Int64> { history.append(entry(number)) }
        for second in 0..<100 as Range<Int64> { history.record(report(cpu: 1), of: host, at: after(second)) }
        await history.flush(at: start)
        let lines = try await history.events(.init(limit: 10_000))
        #expect(lines.last?.entry == entry(1000))
        #expect(UInt64(lines.count) + history.losses.events == 1000)
        #expect(lines.count <= 100)
        let points = try await history.chart(.blade(host), .cpu, .tenSeconds, from: start, to: after(200))
        #expect(points.reduce(0) { $0 + $1.samples } + history.losses.reports == 100)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `roll-ups have the minimum, mean and maximum of what went in, across restarts`(seed: UInt64) async throws {
        let folder = try Folder()
        var random = Seeded(state: seed)
        var all: [(second: Int64, cpu: UInt64)] = []
        var second: Int64 = 0
        for _ in 0..<4 {
            let history = try History(file: folder.file("history.db"), log: quiet)
            for _ in 0..<Int.random(in: 1...900, using: &random) {
                second += Int64.random(in: 1...3, using: &random)
                let cpu = MilliCPU.random(in: 0...8000, using: &random)
                all.append((second, UInt64(cpu)))
                history.record(report(cpu: cpu), of: host, at: after(second))
            }
            await history.flush(at: after(second))
        }
        let history = try History(file: folder.file("history.db"), log: quiet)
        for resolution in Resolution.allCases {
            let points = try await history.chart(.domain(guest), .cpu, resolution, from: start, to: after(second))
            let expected = Dictionary(grouping: all) { after($0.second).milliseconds / resolution.length }
            #expect(points.map { $0.at.milliseconds / resolution.length } == expected.keys.sorted())
            for point in points {
                let values = try #require(expected[point.at.milliseconds / resolution.length]).map(\.cpu)
                #expect(point.samples == UInt64(values.count))
                #expect(point.minimum == values.min() && point.maximum == values.max())
                // Each restart within the interval, and each coarser roll-up, rounds down once.
                let mean = values.reduce(0, +) / UInt64(values.count)
                #expect(point.mean <= mean && mean - point.mean <= 4)
            }
        }
        #expect(try await history.chart(.domain(guest), .diskRead, .hour, from: start, to: after(second)).isEmpty, "not measured is no zero")
    }

    @Test func `what is not written yet is in the chart, invalid reports are not, and old points are forgotten`() async throws {
        let folder = try Folder()
        var limits = History.Limits()
        limits.tenSeconds = .seconds(600)
        let history = try History(file: folder.file("history.db"), limits: limits, log: quiet)
        history.record(report(cpu: 100, ready: 7, disk: DiskRates(readBytes: 5, reads: 1, writes: 2)), of: host, at: start)
        var wrong = report(cpu: 9999)
        wrong.invalid = "0 CPUs"
        history.record(wrong, of: host, at: start)
        let points = try await history.chart(.domain(guest), .cpu, .tenSeconds, from: start, to: start)
        #expect(points == [ChartPoint(at: start, minimum: 100, mean: 100, maximum: 100, samples: 1)])
        #expect(try await history.chart(.domain(guest), .diskRequests, .tenSeconds, from: start, to: start).first?.mean == 3)
        #expect(try await history.chart(.blade(host), .ready, .tenSeconds, from: start, to: start).first?.mean == 7)
        #expect(try await history.chart(.blade(host), .memory, .tenSeconds, from: start, to: start).first?.mean == Bytes.gibibytes(3).count)
        await history.flush(at: start)

        let recorder = HistoryRecorder(limits: limits, queue: history.queue)
        #expect(await recorder.forget(at: after(3600)).failure == nil)
        let rows = try await history.queue.read { db in try Int.fetchAll(db, sql: "SELECT DISTINCT resolution FROM points ORDER BY 1") }
        #expect(rows == [1, 2], "only the ten-second points are old enough")
    }

    @Test func `a write that fails loses nothing while there is room`() async throws {
        let folder = try Folder()
        let history = try History(file: folder.file("history.db"), log: quiet)
        try await history.queue.writeWithoutTransaction { db in
            try db.execute(sql: "CREATE TEMP TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END")
            try db.execute(sql: "CREATE TEMP TRIGGER full2 BEFORE INSERT ON points BEGIN SELECT RAISE(ABORT, 'no room'); END")
        }
        history.append(entry(1))
        history.record(report(cpu: 5), of: host, at: start)
        await history.flush(at: start)
        #expect(history.losses.failedWrites == 2)
        try await history.queue.writeWithoutTransaction { db in
            try db.execute(sql: "DROP TRIGGER full")
            try db.execute(sql: "DROP TRIGGER full2")
        }
        history.append(entry(2))
        await history.flush(at: start)
        #expect(try await history.events(.init()).map(\.entry) == [entry(1), entry(2)])
        let again = try History(file: folder.file("history.db"), log: quiet)
        #expect(try await again.chart(.domain(guest), .cpu, .hour, from: start, to: start).count == 1)
    }

    @Test func `another program's file, and a newer podp's, are refused`() throws {
        let folder = try Folder()
        let foreign = try DatabaseQueue(path: folder.file("cats.db"))
        try foreign.write { db in try db.execute(sql: "CREATE TABLE cats (name TEXT)") }
        #expect(#expect(throws: StoreError.self) { try History(file: folder.file("cats.db"), log: quiet) }?.code == .corrupt)
        _ = try History(file: folder.file("history.db"), log: quiet)
        let raw = try DatabaseQueue(path: folder.file("history.db"))
        try raw.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA user_version = 9") }
        #expect(#expect(throws: StoreError.self) { try History(file: folder.file("history.db"), log: quiet) }?.code == .newer)
    }
}
