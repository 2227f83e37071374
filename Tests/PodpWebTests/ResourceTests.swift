import Foundation
import PodpAPI
import PodpCore
import PodpModel
import Testing
import WebTestSupport

@testable import PodpWeb

@Suite("Resources")
struct ResourceTests {
    @Test("a time is written as Foundation writes it, and read back the same", arguments: 0..<200 as Range<UInt64>)
    func times(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        let milliseconds = Int64.random(in: -60_000_000_000_000...250_000_000_000_000, using: &random)
        let time = Timestamp(WallTime(milliseconds: milliseconds))
        #expect(Timestamp(time.description) == time)
        // Foundation changes to the Julian calendar before 1582: only times after it are compared.
        if milliseconds > -12_000_000_000_000 {
            let formatter = ISO8601DateFormatter()
            formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
            let theirs = try #require(formatter.date(from: time.description))
            #expect(abs(theirs.timeIntervalSince1970 - Double(milliseconds) / 1000) < 0.0015)
        }
    }

    @Test("what is no time is refused, and times beyond four digits of years do not trap")
    func badTimes() {
        for text in [
            "", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-02-01T24:00:00Z", "2026-02-01 00:00:00Z", "2026-02-01T00:00:00+", "+026-02-01T00:00:00Z",
            "2026-02-01T00:00:00.12ZZ",
        ] {
            #expect(Timestamp(text) == nil, "\(text)")
        }
        #expect(Timestamp("2024-02-29T12:00:00Z")?.time.milliseconds == 1_709_208_000_000)
        #expect(Timestamp(WallTime(milliseconds: .max)).description == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(WallTime(milliseconds: .min)).description == "0001-01-01T00:00:00.000Z")
    }

    @Test("a number that several operations have, from terms long ago, means the one that has not ended, or none")
    func numbers() throws {
        var view = ExampleFleet.view()
        var older = try #require(view.operations.first { $0.record.id.sequence == 2 })
        for sequence in [4, 1] as [UInt64] {
            older.record.id = OperationID(term: ID128(high: 5, low: 5), sequence: sequence)
            view.operations.append(older)
        }
        #expect(try Lookup.operation("4", in: view).record.state == .running)
        #expect(throws: Fault.self) { try Lookup.operation("1", in: view) }
    }

    @Test("a plan is named by its id, four digits at least: the word for its goal carries none out")
    func plans() throws {
        let view = ExampleFleet.view()
        let plan = try #require(view.plans.first)
        #expect(try Lookup.plan(String(plan.id.prefix(4)), in: view).id == plan.id)
        for text in ["balance", "b", "consolidate", ""] { #expect(throws: Fault.self, "\(text)") { try Lookup.plan(text, in: view) } }
        let short = #expect(throws: Fault.self) { try Lookup.plan(String(plan.id.prefix(2)), in: view) }
        #expect(short?.message.contains("too little") == true && short?.remedy.contains("4 digits") == true)
    }

    @Test("a name finds the whole name before a prefix, and an action takes no prefix: the one that was meant may just have gone")
    func lookup() throws {
        var view = ExampleFleet.view()
        view.domains.append(ExampleFleet.domain(9, "web-10", on: 1, cpu: 0))
        #expect(try Lookup.domain("web-1", in: view).name == "web-1")
        #expect(try Lookup.domain("web-10", in: view).name == "web-10")
        #expect(try Lookup.domain("los", in: view).name == "lost")
        #expect(try Lookup.domain(ExampleFleet.domainID(4).description.uppercased(), in: view).name == "lost")
        view.domains.removeAll { $0.name == "web-1" }
        #expect(try Lookup.domain("web-1", in: view).name == "web-10")
        let gone = #expect(throws: Fault.self) { try Lookup.domain("web-1", in: view, whole: true) }
        #expect(gone?.code == "notFound" && gone?.choices?.map(\.name) == ["web-10"])
        view.domains.append(ExampleFleet.domain(1, "web-1", on: 1, cpu: 0))
        let many = #expect(throws: Fault.self) { try Lookup.domain("web", in: view) }
        #expect(many?.choices?.count == 3)
        let two = #expect(throws: Fault.self) { try Lookup.domain("00d", in: view) }
        #expect(two?.code == "notFound")
        #expect(throws: Fault.self) { try Lookup.domain("", in: view) }
    }

    @Test("blades whose numbers are old or held do not count for the chassis")
    func sums() throws {
        let status = StatusResource(ExampleFleet.view(), verdicts: [], version: "1", staleAfter: .seconds(10))
        let cpu = try #require(status.resources.first { $0.resource == "cpu" })
        #expect(cpu.capacity == 8000)
        #expect(cpu.mean == 7040)
        #expect(cpu.free == 960)
        #expect(status.resources.first { $0.resource == "disk" }?.capacity == nil)
        #expect(status.blades == BladeCounts(total: 3, connected: 2, unknown: 1, revoked: 0, held: 1, draining: 0))
        #expect(status.domains.unmanaged == 1)
        #expect(status.notices.map(\.code) == ["migration-not-encrypted", "critical-findings"])
    }

    @Test("sums of hostile numbers saturate")
    func saturation() {
        var view = ExampleFleet.view()
        view.blades = (1...3).map { number in
            var blade = ExampleFleet.blade(number, cpu: 0, link: .connected(since: ExampleFleet.now))
            blade.capacity = [.max, .max, .max, .max]
            blade.mean = [.max, .min, -5, 1]
            blade.high = []
            return blade
        }
        let status = StatusResource(view, verdicts: [], version: "1", staleAfter: .seconds(10))
        #expect(status.resources.allSatisfy { ($0.free ?? 0) >= 0 })
    }
}
