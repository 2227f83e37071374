import AsyncHTTPClient
import Foundation
import PodpCore
import PodpModel
import Testing
import WebTestSupport

@testable import PodpWeb

@Suite("Metrics")
struct MetricsTests {
    private static func page(_ view: FleetView, _ verdicts: [Verdict] = []) -> String {
        var page = Exposition()
        FleetMetrics(view: view, verdicts: verdicts, version: "0.1.0", staleAfter: .seconds(10)).write(into: &page)
        return String(decoding: page.bytes, as: UTF8.self)
    }

    @Test("the example fleet's page is as it was looked at by a person")
    func golden() throws {
        if let folder = ProcessInfo.processInfo.environment["PODP_WRITE_GOLDEN"] {
            try Self.page(ExampleFleet.view()).write(toFile: "\(folder)/../../PodpWebTests/Golden/metrics.txt", atomically: true, encoding: .utf8)
            return
        }
        let path = try #require(Bundle.module.resourceURL).appendingPathComponent("Golden/metrics.txt")
        #expect(Self.page(ExampleFleet.view()) == (try String(contentsOf: path, encoding: .utf8)))
    }

    @Test("promtool finds nothing to say", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool")))
    func promtool() async throws {
        try await withScratchDirectory { directory in
            for view in [ExampleFleet.view(), FleetView(at: Moment(instant: .zero, wall: ExampleFleet.now))] {
                let result = try await run("/usr/bin/promtool", ["check", "metrics"], input: Self.page(view), in: directory)
                #expect(result.code == 0, "\(result.output)\(result.errors)")
                #expect(result.output + result.errors == "")
            }
        }
    }

    @Test("what is short is counted by resource and severity; what was never short is 0")
    func shortages() {
        let lines = Self.page(
            ExampleFleet.view(),
            [
                Verdict(resource: "survival", blade: nil, severity: .warning, sentence: "a"),
                Verdict(resource: "survival", blade: nil, severity: .warning, sentence: "b"),
                Verdict(resource: "survival", blade: nil, severity: .note, sentence: "a wish"),
                Verdict(resource: "cpu", blade: nil, severity: .critical, sentence: "c"), Verdict(resource: "", blade: nil, severity: .note, sentence: "d"),
            ]
        ).split(separator: "\n").filter { $0.hasPrefix("podp_shortages") }
        #expect(lines.count == 10)
        #expect(lines.contains("podp_shortages{resource=\"survival\",severity=\"warning\"} 2"))
        #expect(lines.contains("podp_shortages{resource=\"cpu\",severity=\"critical\"} 1"))
        #expect(lines.contains("podp_shortages{resource=\"disk\",severity=\"warning\"} 0"))
    }

    @Test("what is stale is left out, and said to be stale")
    func stale() {
        let page = Self.page(ExampleFleet.view())
        let dark = page.split(separator: "\n").filter { $0.contains("blade-3") }
        #expect(dark.contains { $0.hasPrefix("podp_blade_stale{") && $0.hasSuffix(" 1") })
        #expect(dark.contains { $0.hasPrefix("podp_blade_report_age_seconds{") && $0.hasSuffix(" 95") })
        #expect(!dark.contains { $0.hasPrefix("podp_blade_cpu_usage_ratio") || $0.hasPrefix("podp_domain_") })
    }

    @Test("samples of one metric stand together, after its HELP and TYPE, and none comes twice", arguments: 0..<10 as Range<UInt64>)
    func form(_ seed: UInt64) {
        var random = Seeded(state: seed)
        var view = ExampleFleet.large(domains: Int.random(in: 0...200, using: &random))
        for index in view.domains.indices { view.domains[index].name = String((0..<3).compactMap { _ in "a\"\\\n{}é,=\u{0}".randomElement(using: &random) }) }
        var seen: Set<Substring> = []
        var series: Set<Substring> = []
        var current: Substring = ""
        for line in Self.page(view).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.hasPrefix("# HELP ") {
                current = line.split(separator: " ")[2]
                #expect(seen.insert(current).inserted, "\(current) comes twice")
            } else if !line.hasPrefix("# TYPE ") {
                #expect(line.hasPrefix(current), "\(line) stands under \(current)")
                let end = line.lastIndex(of: " ") ?? line.startIndex
                #expect(Double(line[line.index(after: end)...]) != nil, "\(line)")
                #expect(series.insert(line[..<end]).inserted, "\(line) comes twice")
            }
        }
    }

    @Test("labels are escaped as the format says")
    func escaping() {
        #expect(String(decoding: Exposition.labels([("a", "b\\c\"d\ne")]), as: UTF8.self) == #"{a="b\\c\"d\ne"}"#)
        #expect(Exposition.labels([]).isEmpty)
    }

    @Test("numbers are written so that they are read back the same", arguments: 0..<50 as Range<UInt64>)
    func numbers(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        let value =
            seed == 0
            ? -Double(Int64.max) : Bool.random(using: &random) ? Double(Int64.random(in: .min ... .max, using: &random)) : Double(bitPattern: random.next())
        var page = Exposition()
        page.sample("x", [], value)
        let text = String(decoding: page.bytes, as: UTF8.self).dropFirst(2).dropLast()
        if value.isNaN { #expect(text == "NaN") } else if value.isInfinite { #expect(text.hasSuffix("Inf")) } else { #expect(Double(text) == value) }
    }

    @Test("the listener serves metrics, health and readiness without a token, and nothing else")
    func listener() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let base = "http://127.0.0.1:\(server.metricsPort)"
                let page = try await fetch(HTTPClient.shared, base + "/metrics")
                #expect(page.status == 200)
                #expect(page.headers.first(name: "Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
                #expect(page.text.contains("podp_build_info{version=\"0.1.0\"} 1\n"))
                #expect(try await fetch(HTTPClient.shared, base + "/healthz").text == "ok\n")
                #expect(try await fetch(HTTPClient.shared, base + "/readyz").status == 200)
                #expect(try await fetch(HTTPClient.shared, base + "/v1/status").status == 404)
                #expect(try await fetch(HTTPClient.shared, base + "/metrics", .POST, "x").status == 405)
                fleet.with { $0.view.term = nil }
                #expect(try await fetch(HTTPClient.shared, base + "/readyz").status == 503)
            }
        }
    }
}
