import ArgumentParser
import PodpModel
import PodpSimulator

/// `podp-bladecenter simulate`: the whole control plane in one value, in bad weather, for as many seeds as one likes.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run the real cores in a simulated chassis in bad weather, and check the invariants after every event.",
        discussion: "A seed replays its run exactly. Ends with status 1 when an invariant did not hold.")

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many seeds.")
    var count: UInt64 = 1

    @Option(help: "How many blades.")
    var blades = 3

    @Option(help: "How many simulated minutes of bad weather; calm follows.")
    var minutes = 4

    @Option(help: "The same in hours.")
    var hours: Int?

    @Flag(help: "Print what happened, the last lines of each run.")
    var trace = false

    func validate() throws {
        guard (1...64).contains(blades) else { throw ValidationError("--blades is from 1 to 64") }
        guard (1...10_000).contains(minutes), (1...1000).contains(hours ?? 1) else {
            throw ValidationError("--minutes is from 1 to 10000, --hours from 1 to 1000")
        }
    }

    func run() throws {
        var failed: [UInt64] = []
        for number in 0..<count {
            let seed = seed &+ number
            let simulation = Simulation(seed: seed, blades: blades, span: .seconds((hours.map { $0 * 60 } ?? minutes) * 60))
            let result = simulation.run()
            let figures = result.figures
            print(
                "seed \(seed): hash \(String(result.hash, radix: 16)), \(result.events) events, \(figures.commits) commits, \(figures.commands) commands, "
                    + "\(figures.migrations) migrations (\(figures.migrationsUnclear) unclear answers), \(figures.coordinatorCrashes) coordinator and "
                    + "\(figures.agentCrashes) agent crashes, \(figures.linkBreaks) broken links")
            if trace { for line in result.trace { print(line) } }
            guard !result.findings.isEmpty else { continue }
            failed.append(seed)
            for finding in result.findings { print("  \(finding)") }
        }
        guard failed.isEmpty else {
            print("failed: \(failed.count) of \(count) seeds: \(failed.map(String.init).joined(separator: " "))")
            throw ExitCode(1)
        }
    }
}
