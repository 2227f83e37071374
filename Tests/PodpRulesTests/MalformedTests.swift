import PodpModel
import PodpRules
import Testing

/// The same numbers for the same seed (SplitMix64).
private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("PlanChecker: malformed input is a violation, never a trap")
struct MalformedTests {
    @Test("One field made impossible is refused, whichever it is", arguments: 0..<14)
    func impossible(kind: Int) {
        var problem = fleet()
        switch kind {
        case 0: problem.domains[0].blade = 3
        case 1: problem.domains[0].blade = -1
        case 2: problem.domains[0].mean = [1]
        case 3: problem.domains[0].high = []
        case 4: problem.domains[0].high[1] = -1
        case 5: problem.domains[0].high[1] = .max
        case 6: problem.blades[0].capacity.removeLast()
        case 7: problem.blades[1].reserved[0] = .min
        case 8: problem.blades[1].id = problem.blades[0].id
        case 9: problem.domains[1].id = problem.domains[0].id
        case 10: problem.limits.movesPerBlade = 0
        case 11: problem.limits.migrationBytesPerSecond = 0
        case 12: for index in problem.domains.indices { problem.domains[index].high[1] = (1 << 52) - 1 }
        default: problem.domains[0].high[0] = 10
        }
        guard case .failure(let violations) = PlanChecker.check(problem, plan([], for: problem)) else {
            Issue.record("kind \(kind) was certified")
            return
        }
        #expect(violations.list.allSatisfy { $0.rule == "problem" && !$0.sentence.isEmpty })
        #expect(PlanChecker.presentViolations(in: problem) == violations.list)
        #expect(!StepPremise.changes(for: move(1, 0, 2, in: fleet()), in: problem).isEmpty)
    }

    @Test("Any mixture of wild numbers, lists and references ends in an answer", arguments: 0..<50)
    func wild(seed: UInt64) {
        var random = Numbers(state: seed)
        let numbers: [Int64] = [0, 1, -1, .max, .min, 1 << 51, 8000, 24 << 20]
        func amounts() -> [Int64] { (0..<Int.random(in: 0...5, using: &random)).map { _ in numbers.randomElement(using: &random) ?? 0 } }
        for _ in 0..<40 {
            var problem = fleet()
            let soundLengths = Bool.random(using: &random)
            for index in problem.blades.indices where Bool.random(using: &random) {
                if soundLengths {
                    problem.blades[index].capacity[1] = numbers.randomElement(using: &random) ?? 0
                } else {
                    problem.blades[index].capacity = amounts()
                }
            }
            for index in problem.domains.indices {
                if Int.random(in: 0..<4, using: &random) == 0 { problem.domains[index].blade = Int.random(in: -2...4, using: &random) }
                if Int.random(in: 0..<4, using: &random) == 0 { problem.domains[index].high = amounts() }
            }
            problem.rules = [
                Rule(name: "", kind: .apart([domainID(0), domainID(0), domainID(9)])), Rule(name: "", kind: .together([])),
                Rule(name: "", kind: .onlyOn([domainID(9)], blades: [bladeID(9)])),
            ]
            var wild = plan([], for: problem)
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                wild.moves.append(
                    move(Int.random(in: 0...2, using: &random), Int.random(in: 0...2, using: &random), Int.random(in: 0...2, using: &random), in: fleet()))
            }
            wild.waves = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                (0..<Int.random(in: 0...2, using: &random)).map { _ in Int.random(in: -1...4, using: &random) }
            }
            if case .failure(let violations) = PlanChecker.check(problem, wild) { #expect(!violations.list.isEmpty) }
        }
    }
}
