import PodpModel
import Testing

@testable import PodpPlanner

/// The engine over the fleet. (`ReassignmentTests` has it over the machine reassignment problem.)
@Suite("Annealing over the fleet")
struct FleetStateTests {
    private func state(_ problem: Problem) -> FleetState {
        let board = Board(problem, reach: Reach(problem), weights: Weights(), banned: [])
        let scope = (0..<board.items).filter { board.isMovable[$0] }
        return FleetState(Placement(board), scope: scope, isInScope: board.isMovable, maxDisplaced: problem.limits.maxMoves)
    }

    @Test("What a move, an exchange or an ejection is said to change, it changes, prices of excess included", arguments: 0..<30)
    func increments(block: UInt64) throws {
        var done = [0, 0, 0]
        for seed in block * 6..<(block + 1) * 6 {
            var generator = ProblemGenerator(seed: 50_000 + seed)
            var problem = generator.problem()
            problem.limits.maxMoves = 1000
            var state = state(problem)
            guard state.movable > 1, problem.blades.count > 1 else { continue }
            var random = SplitMix64(seed: seed)
            for step in 0..<80 {
                if step % 16 == 15 { state.setPrices(rise: 1.5, fall: 0.9, most: 100) }
                let (a, b) = (state.item(random.below(state.movable)), state.item(random.below(state.movable)))
                let (source, target) = (state.place(of: a), state.place(of: b))
                let before = state.objective
                let cover = state.placement.coverCost
                var change = 0.0
                let kind = random.below(3)
                if kind == 0 {
                    let target = state.place(random.below(max(1, state.reach(of: a))), reachedBy: a)
                    guard target != source, !state.isBarred(a, from: target) else { continue }
                    change = state.relief(a) + state.burden(a, on: target) + state.displacement(a, on: target) - state.displacement(a, on: source)
                    change += state.tied(a, to: target)
                    guard change.isFinite, state.permits(a, to: target, slack: .infinity) else { continue }
                    state.move(a, to: target)
                } else if kind == 1 {
                    guard source != target, !state.isBarred(a, fromExchangesOn: target) else { continue }
                    change = state.exchange(a, for: b, on: source) + state.exchange(b, for: a, on: target) + state.tied(exchanging: a, b)
                    change += state.displacement(a, on: target) - state.displacement(a, on: source)
                    change += state.displacement(b, on: source) - state.displacement(b, on: target)
                    guard change.isFinite, state.permits(exchanging: a, b, slack: .infinity) else { continue }
                    state.swap(a, b)
                    #expect(state.place(of: a) == target && state.place(of: b) == source)
                } else {
                    let home = state.home(of: b)
                    guard state.hasEjections, source != target, home != target, home != source, !state.isBarred(a, fromExchangesOn: target) else { continue }
                    change = state.relief(a) + state.exchange(b, for: a, on: target) + state.burden(b, on: home) + state.tied(a, ejecting: b)
                    change += state.displacement(a, on: target) - state.displacement(a, on: source) - state.displacement(b, on: target)
                    guard change.isFinite, state.permits(a, ejecting: b, slack: .infinity) else { continue }
                    state.eject(a, b)
                    #expect(state.place(of: a) == target && state.place(of: b) == home)
                }
                done[kind] += 1
                // What N+1 weighs is asked apart.
                change += state.placement.coverCost - cover
                #expect(abs(state.objective - before - change) < 1e-6 * max(1, before), "seed \(seed), step \(step), kind \(kind)")
                #expect(state.tiedAtMost >= state.placement.rules.cost - 1e-6, "seed \(seed), step \(step)")
                let anew = Placement(state.placement.board, at: state.places)
                #expect(abs(anew.placementCost - state.placement.placementCost) < 1e-9 * max(1, anew.placementCost))
                for blade in problem.blades.indices {
                    let residents = Set((0..<state.population(of: blade)).map { state.resident($0, of: blade) })
                    #expect(residents == Set(state.places.indices.filter { state.places[$0] == blade }))
                }
            }
        }
        #expect(done.allSatisfy { $0 > 0 }, "\(done)")
    }

    @Test("The best placement of an annealing exceeds nothing that the start did not, keeps to the limit of moves and never costs more", arguments: 0..<30)
    func answers(block: UInt64) throws {
        for seed in block * 6..<(block + 1) * 6 {
            var generator = ProblemGenerator(seed: 60_000 + seed)
            let problem = generator.problem()
            let board = Board(problem, reach: Reach(problem), weights: Weights(), banned: [])
            let start = Placement(board)
            var search = Search(start, steps: 3_000, maxDisplaced: problem.limits.maxMoves, seed: seed)
            search.anneal(limit: 3_000)
            let end = search.placement
            #expect(end.objective <= start.objective + 1e-9)
            #expect(end.displaced <= problem.limits.maxMoves)
            for index in board.room.indices { #expect(end.high[index] <= max(board.room[index], start.high[index]), "seed \(seed)") }
        }
    }

    @Test("Where every blade is full, a large domain changes places with two small ones, by way of an excess")
    func chain() throws {
        // Hungry: a large one on blade 1. Whoever moves alone finds no room, and one for one the blades would not hold them.
        var problem = ProblemGenerator.small([[12, 12], [6, 6, 6, 6], [6, 6, 6, 6]], cpu: 300, goal: .balance, rules: [])
        for index in 0..<2 { (problem.domains[index].mean[0], problem.domains[index].high[0]) = (4_000, 4_000) }
        let board = Board(problem, reach: Reach(problem), weights: Weights(), banned: [])
        var search = Search(Placement(board), steps: 20_000, maxDisplaced: 64, seed: 1)
        search.descend()
        #expect(search.placement.displaced == 0)
        search.anneal(limit: 20_000)
        #expect(search.placement.displaced == 3)
        #expect(search.placement.at[0] != search.placement.at[1])
        for index in board.room.indices { #expect(search.placement.high[index] <= board.room[index]) }
    }
}
