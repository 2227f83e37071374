import PodpModel

/// Whether a problem can be planned on at all. The planner refuses what is malformed with a remark; it never traps.
enum Soundness {
    /// Sums stay below this, so that squares of scaled deviations and thousandfolds of sums fit an `Int64`.
    static let largest: Int64 = 1 << 52

    static func faults(of problem: Problem) -> [String] {
        var faults: [String] = []
        let count = problem.resources.count
        if count > 16 { faults.append("the problem has \(count) resources, 16 are the most") }
        if Set(problem.resources.map(\.name)).count != count { faults.append("two resources have one name") }
        let limits = problem.limits
        if limits.maxMoves < 0 || limits.movesPerBlade < 1 || limits.movesPerUplink < 1 || limits.minimumGainPermille < 0 || limits.steps < 0
            || limits.migrationBytesPerSecond == 0
        {
            faults.append("the limits cannot be kept: \(limits)")
        }
        if Set(problem.blades.map(\.id)).count != problem.blades.count { faults.append("two blades have one id") }
        if Set(problem.domains.map(\.id)).count != problem.domains.count { faults.append("two domains have one id") }
        var totals = [Int64](repeating: 0, count: count)
        func isSound(_ amounts: [Int64], counted: Bool = false) -> Bool {
            guard amounts.count == count, amounts.allSatisfy({ $0 >= 0 && $0 < largest }) else { return false }
            if counted { for index in 0..<count { totals[index] = min(largest, totals[index] + amounts[index]) } }
            return true
        }
        for blade in problem.blades where !isSound(blade.capacity) || !isSound(blade.comfort) || !isSound(blade.reserved, counted: true) {
            faults.append("the amounts of \(blade.name) are not sound")
        }
        for blade in problem.blades where blade.power?.isSound == false { faults.append("the watts of \(blade.name) are not sound") }
        for domain in problem.domains {
            if !isSound(domain.mean) || !isSound(domain.high, counted: true) || zip(domain.mean, domain.high).contains(where: { $0 > $1 }) {
                faults.append("the amounts of \(domain.name) are not sound")
            }
            if !problem.blades.indices.contains(domain.blade) { faults.append("\(domain.name) runs on no blade of the problem") }
        }
        if totals.contains(where: { $0 >= largest }) { faults.append("the demands are too large to be added up") }
        if case .evacuate(let id) = problem.goal, !problem.blades.contains(where: { $0.id == id }) {
            faults.append("there is no blade \(id) to be emptied")
        }
        return faults
    }
}

/// A small, fast generator that gives the same numbers everywhere (Steele, Lea, Flood: SplitMix64, OOPSLA 2014).
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// From 0 to `bound` - 1; 0 for a bound below 1.
    @inline(__always)
    mutating func below(_ bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Exponentially distributed with mean 1, to a twentieth: the logarithm is taken as straight between powers of two.
    @inline(__always)
    mutating func exponential() -> Double {
        let bits = next() | 1
        let zeros = bits.leadingZeroBitCount
        // bits is 2^(63 - zeros) times a number from 1 to 2.
        let fraction = Double((bits << UInt64(zeros)) & 0x7FFF_FFFF_FFFF_FFFF) * 0x1p-63
        return (Double(zeros + 1) - fraction) * 0.6931471805599453
    }

    /// In [0, 1).
    @inline(__always)
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
