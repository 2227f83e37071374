import PodpModel

/// What blades draw, in the objective's unit, where that was asked for. Whose power nobody has measured counts as a usual one of those that are measured.
struct BoardWatts: Sendable {
    /// Whose use the watts go by; -1: nothing is weighed.
    let resource: Int
    /// By blade: as long as it is not empty.
    let idle: [Double]
    /// By blade: what all of its processors add.
    let slope: [Double]
    private let shares: [Double]

    var isWeighed: Bool { resource >= 0 }

    init(_ problem: Problem, _ weights: Weights) {
        let none = [Double](repeating: 0, count: problem.blades.count)
        let known = problem.blades.compactMap(\.power)
        guard problem.limits.weighsWatts, problem.goal != .restore, !known.isEmpty, let cpu = Self.processors(of: problem) else {
            (resource, idle, slope, shares) = (-1, none, none, none.map { _ in 1 })
            return
        }
        let usualIdle = known.reduce(0.0) { $0 + Double($1.idleWatts) } / Double(known.count)
        let usualSlope = known.reduce(0.0) { $0 + Double($1.busyWatts - $1.idleWatts) } / Double(known.count)
        let watts = problem.blades.map { $0.power.map { Double($0.idleWatts) } ?? usualIdle }
        resource = cpu
        idle = watts.map { weights.watt * $0 }
        slope = problem.blades.map { weights.watt * ($0.power.map { Double($0.busyWatts - $0.idleWatts) } ?? usualSlope) }
        shares = watts.map { usualIdle > 0 ? $0 / usualIdle : 1 }
    }

    /// What the blade draws at rest, where 1 is a usual one's.
    func share(_ blade: Int) -> Double { shares[blade] }

    private static func processors(of problem: Problem) -> Int? { problem.resources.firstIndex { $0.name == Resource.cpu.name } }

    /// What those draw whose power is known; `nil`: of none. Empty ones draw nothing.
    static func drawn(_ problem: Problem, _ placement: Placement) -> Int? {
        guard let cpu = processors(of: problem), problem.blades.contains(where: { $0.power != nil }) else { return nil }
        let board = placement.board
        var watts = 0.0
        for (index, blade) in problem.blades.enumerated() {
            guard let power = blade.power, placement.population[index] > 0 || board.isNeverEmpty[index] else { continue }
            let use = min(1, Double(placement.mean[index * board.resources + cpu]) * board.inverse[index * board.resources + cpu])
            watts += Double(power.idleWatts) + use * Double(power.busyWatts - power.idleWatts)
        }
        return Int(watts.rounded())
    }
}
