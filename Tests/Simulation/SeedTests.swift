import PodpModel
import PodpSimulator
import Testing

/// The real cores in bad weather. A seed that fails is a test of its own: `simulate(seed: 4711)`.
@Suite struct SeedTests {
    @Test("every invariant holds in bad weather", arguments: 0..<24)
    func invariantsHold(block: UInt64) {
        for seed in (block * 8 + 1)...(block * 8 + 8) { simulate(seed: seed) }
    }

    private func simulate(seed: UInt64) {
        let result = Simulation(seed: seed, blades: 2 + Int(seed % 3), span: .seconds(120)).run()
        for finding in result.findings {
            Issue.record("\(finding)\n  as a test: simulate(seed: \(seed)); with its story: podp-bladecenter simulate --seed \(seed) --trace")
        }
    }

    @Test("a seed replays exactly")
    func replays() {
        for seed in [UInt64(1), 5, 9] {
            let first = Simulation(seed: seed, span: .seconds(60)).run()
            let second = Simulation(seed: seed, span: .seconds(60)).run()
            #expect(first.hash == second.hash)
            #expect(first.events == second.events)
            #expect(first.trace == second.trace)
        }
    }

    @Test("a seed replays exactly in another process, where every hash of the standard library is seeded anew")
    func replaysInAnotherProcess() async throws {
        let exit = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            print("hash \(Simulation(seed: 11, span: .seconds(60)).run().hash)")
        }
        let output = String(decoding: try #require(exit).standardOutputContent, as: UTF8.self)
        let here = Simulation(seed: 11, span: .seconds(60)).run().hash
        #expect(output.contains("hash \(here)\n"))
    }

    @Test("two seeds tell two stories")
    func seedsDiffer() {
        #expect(Simulation(seed: 1, span: .seconds(30)).run().hash != Simulation(seed: 2, span: .seconds(30)).run().hash)
    }

    @Test("bad weather is bad: what it promises happens")
    func weatherIsBad() {
        var total = PlantFigures()
        for seed in UInt64(1)...24 {
            let figures = Simulation(seed: seed, span: .seconds(180)).run().figures
            total.coordinatorCrashes += figures.coordinatorCrashes
            total.agentCrashes += figures.agentCrashes
            total.powerLosses += figures.powerLosses
            total.linkBreaks += figures.linkBreaks
            total.migrations += figures.migrations
            total.migrationsUnclear += figures.migrationsUnclear
            total.moves += figures.moves
            total.commits += figures.commits
        }
        #expect(total.coordinatorCrashes > 10)
        #expect(total.agentCrashes > 20)
        #expect(total.powerLosses > 3)
        #expect(total.linkBreaks > 50)
        #expect(total.migrations > 30)
        #expect(total.migrationsUnclear > 5)
        #expect(total.moves > 5)
        #expect(total.commits > 500)
    }
}
