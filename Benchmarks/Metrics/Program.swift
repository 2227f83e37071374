import PodpCore
import PodpModel
import PodpWeb
import WebTestSupport

/// How long `/metrics` takes to write, for 10,000 domains or as many as the first argument says.
///
///     swift run -c release metrics-bench [DOMAINS]
@main
struct Program {
    static func main() {
        let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
        let view = ExampleFleet.large(domains: max(1, count))
        var page = Exposition()
        var times: [Duration] = []
        for _ in 0..<21 {
            let start = ContinuousClock.now
            page.clear()
            FleetMetrics(view: view, verdicts: [], version: "bench", staleAfter: .seconds(10)).write(into: &page)
            times.append(ContinuousClock.now - start)
        }
        times.sort()
        print(
            "\(view.domains.count) domains on \(view.blades.count) blades: \(page.bytes.count) bytes; of 21 runs fastest \(times[0]), median \(times[10]), slowest \(times[20])"
        )
    }
}
