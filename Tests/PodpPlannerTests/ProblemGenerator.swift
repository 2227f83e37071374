import PodpModel

@testable import PodpPlanner

/// Random problems of all shapes: tight and roomy memory, broken rules, unknown capacities, groups, blades that accept nothing.
struct ProblemGenerator {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed &* 0x9E37_79B9) }

    private mutating func below(_ bound: Int) -> Int { random.below(bound) }
    private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    private mutating func amount(_ range: ClosedRange<Int64>) -> Int64 { range.lowerBound + Int64(below(Int(range.upperBound - range.lowerBound) + 1)) }

    static func bladeID(_ index: Int) -> BladeID { BladeID(ID128(high: 0xB1AD, low: UInt64(index))) }
    static func domainID(_ index: Int) -> DomainID { DomainID(ID128(high: 0xD0, low: UInt64(index))) }

    /// Blades of 24 GiB and 8 cores; on each, domains of so many GiB that take so many thousandths of a core.
    static func small(_ memory: [[Int64]], cpu: Int64, goal: Problem.Goal, rules: [Rule]) -> Problem {
        var problem = Problem(revision: 1, goal: goal, blades: [], domains: [], rules: rules)
        for (blade, sizes) in memory.enumerated() {
            problem.blades.append(
                Problem.Blade(
                    id: bladeID(blade), name: "blade-\(blade + 1)", capacity: [8000, 24 << 20, 0, 0], comfort: [700, 900, 700, 700],
                    reserved: [0, 0, 0, 0], bridges: ["br0"], sharedStorage: ["/dev/vg0/"]))
            for size in sizes {
                let index = problem.domains.count
                problem.domains.append(
                    Problem.Domain(
                        id: domainID(index), name: "d\(index)", blade: blade, mean: [cpu, size << 20, 0, 0], high: [cpu, size << 20, 0, 0],
                        memory: .gibibytes(UInt64(size)), bridges: ["br0"], storage: ["/dev/vg0/d\(index)"]))
            }
        }
        return problem
    }

    mutating func problem() -> Problem {
        let blades = 1 + below(12)
        let resources = chance(20) ? Array(Resource.usual.prefix(1 + below(4))) : Resource.usual
        let tightness = 30 + below(70)
        var problem = Problem(revision: 7, goal: .balance, resources: resources, blades: [], domains: [])
        let dull = chance(40)
        for index in 0..<blades { problem.blades.append(blade(index, resources.count, dull: dull)) }
        let perBlade = 1 + below(8)
        for index in 0..<below(blades * perBlade + 1) {
            problem.domains.append(domain(index, problem, tightness: tightness, perBlade: perBlade, dull: dull))
        }
        if !dull || chance(50) { for index in 0..<below(5) { problem.rules.append(rule(index, problem)) } }
        problem.limits.maxMoves = chance(20) ? below(4) : 64
        problem.limits.movesPerBlade = 1 + below(3)
        problem.limits.minimumGainPermille = chance(50) ? 0 : 50
        problem.limits.steps = 3_000
        problem.limits.seed = random.next()
        switch below(5) {
        case 4: problem.goal = .restore
        case 0: problem.goal = .consolidate
        case 1: problem.goal = .evacuate(Self.bladeID(below(blades)))
        default: break
        }
        problem.limits.movesPerUplink = 1 + below(4)
        return problem
    }

    private mutating func blade(_ index: Int, _ resources: Int, dull: Bool) -> Problem.Blade {
        let size: Int64 = chance(70) ? 8 : 16
        var capacity: [Int64] = [size * 1000, size * 3 << 20, 200 << 10, 120 << 10]
        var reserved: [Int64] = [0, 0, 0, 0]
        if chance(10) { reserved[1] = amount(0...(4 << 20)) }
        if !dull, chance(5) { capacity[below(4)] = 0 }
        var features = ["aes", "sse4_2"]
        if dull || chance(80) { features.insert("avx", at: 1) }
        if !dull, chance(20) { features.insert("avx2", at: 2) }
        var shared = ["/dev/vg0/", "/img/"]
        if !dull, chance(20) { shared = ["/dev/vg0/"] }
        let accepts = dull || chance(90)
        return Problem.Blade(
            id: Self.bladeID(index), name: "blade-\(index + 1)", chassis: ["", "c1", "c1", "c2"][below(4)],
            zones: [.power: ["", "p1", "p2"][below(3)], .network: ["s1", "s2"][below(2)]], capacity: Array(capacity.prefix(resources)),
            comfort: Array([700, 900, 600, 600].prefix(resources)),
            reserved: Array(reserved.prefix(resources)), accepts: accepts, reason: accepts ? nil : "draining", cpuFeatures: features,
            bridges: dull || chance(80) ? ["br0", "br1"] : ["br0"], sharedStorage: shared)
    }

    private mutating func domain(_ index: Int, _ problem: Problem, tightness: Int, perBlade: Int, dull: Bool) -> Problem.Domain {
        let blade = chance(30) ? 0 : below(problem.blades.count)
        let resources = problem.resources.count
        let share = Int64(max(1, 24 * tightness / 100 / perBlade))
        let memory = amount((1 << 18)...(share << 20 + 1 << 19))
        let mean = [amount(0...2500), memory, amount(0...(20 << 10)), amount(0...(10 << 10))]
        let high = [mean[0] + amount(0...1500), memory, mean[2] + amount(0...(20 << 10)), mean[3]]
        var mobility = Problem.Mobility.live
        if !dull {
            if chance(10) {
                mobility = .fixed(reason: "its owner wants it to stay")
            } else if chance(10) {
                mobility = .stopAndGo(downtime: .seconds(below(80)))
            }
        }
        return Problem.Domain(
            id: Self.domainID(index), name: "domain-\(index + 1)", blade: blade, mean: Array(mean.prefix(resources)), high: Array(high.prefix(resources)),
            mobility: mobility, memory: .kibibytes(UInt64(memory)), dirtyBytesPerSecond: UInt64(below(200_000_000)),
            cpuFeatures: problem.blades[blade].cpuFeatures, bridges: chance(30) ? ["br1"] : ["br0"],
            storage: chance(85) ? ["/dev/vg0/d\(index)"] : ["/img/d\(index).raw"])
    }

    private mutating func rule(_ index: Int, _ problem: Problem) -> Rule {
        var members: [DomainID] = []
        for _ in 0..<1 + below(4) { members.append(Self.domainID(below(problem.domains.count + 2))) }
        var blades: [BladeID] = []
        for _ in 0..<1 + below(3) { blades.append(Self.bladeID(below(problem.blades.count + 1))) }
        let zone = Zone.allCases[below(4)]
        let price: Double? = chance(25) ? Double(1 + below(40)) / 8 : nil
        switch below(11) {
        case 5: return Rule(name: "spread-\(index)", kind: .spread(members, over: zone, atLeast: 1 + below(3)), price: price)
        case 6: return Rule(name: "near-\(index)", kind: .near(members, within: zone), price: price)
        case 7: return Rule(name: "exclusive-\(index)", kind: .exclusive(members), price: price)
        case 8: return Rule(name: "survive-\(index)", kind: .survive(zone), price: price)
        case 9: return Rule(name: "liked-\(index)", kind: .onlyOn(members, blades: blades), price: 2)
        case 10: return Rule(name: "apart-liked-\(index)", kind: .apart(members), price: 3)
        case 0: return Rule(name: "only-\(index)", kind: .onlyOn(members, blades: blades))
        case 1: return Rule(name: "never-\(index)", kind: .neverOn(members, blades: blades))
        case 2: return Rule(name: "together-\(index)", kind: .together(members))
        default: return Rule(name: "apart-\(index)", kind: .apart(members))
        }
    }
}
