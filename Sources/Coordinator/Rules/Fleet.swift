import PodpModel

/// A well-formed problem, indexed: what the rules are checked on.
///
/// Whatever the problem holds, making one never traps: what is wrong with it comes back as violations.
struct Fleet {
    let problem: Problem
    let bladeIndex: [BladeID: Int]
    let domainIndex: [DomainID: Int]

    /// The sum of all amounts of one resource stays below this, so that no sum below and no thousandfold of one overflows.
    static let largestTotal: Int64 = 1 << 52

    var resourceCount: Int { problem.resources.count }

    init(_ problem: Problem) throws(Violations) {
        var faults: [String] = []
        Self.checkLimits(problem, into: &faults)
        Self.checkAmounts(problem, into: &faults)
        var bladeIndex: [BladeID: Int] = [:]
        for (index, blade) in problem.blades.enumerated() {
            if let other = bladeIndex.updateValue(index, forKey: blade.id) {
                faults.append("blades \(other) and \(index) of the problem have one id, \(blade.id)")
            }
        }
        var domainIndex: [DomainID: Int] = [:]
        for (index, domain) in problem.domains.enumerated() {
            if let other = domainIndex.updateValue(index, forKey: domain.id) {
                faults.append("domains \(other) and \(index) of the problem have one id, \(domain.id)")
            }
            if !problem.blades.indices.contains(domain.blade) {
                faults.append("\(domain.name) is said to run on blade \(domain.blade) of \(problem.blades.count)")
            }
        }
        guard faults.isEmpty else { throw Violations(faults.map { Violation(step: 0, rule: "problem", sentence: $0) }) }
        self.problem = problem
        self.bladeIndex = bladeIndex
        self.domainIndex = domainIndex
    }

    private static func checkLimits(_ problem: Problem, into faults: inout [String]) {
        let limits = problem.limits
        if limits.maxMoves < 0 { faults.append("the limit of \(limits.maxMoves) moves is below 0") }
        if limits.movesPerBlade < 1 { faults.append("a blade that may take part in \(limits.movesPerBlade) moves can never move anything: allow 1 or more") }
        if limits.movesPerUplink < 1 { faults.append("an uplink that carries \(limits.movesPerUplink) moves can never carry any: allow 1 or more") }
        if limits.migrationBytesPerSecond == 0 { faults.append("the migration network is said to carry 0 bytes a second") }
        if limits.minimumGainPermille < 0 { faults.append("the smallest gain worth a plan is below 0") }
        if Set(problem.resources.map(\.name)).count != problem.resources.count { faults.append("two resources of the problem have one name") }
    }

    private static func checkAmounts(_ problem: Problem, into faults: inout [String]) {
        let count = problem.resources.count
        var totals = [Int64](repeating: 0, count: count)
        func check(_ amounts: [Int64], _ what: String, of name: String, counted: Bool) {
            guard amounts.count == count else {
                faults.append("\(name) has \(amounts.count) amounts of \(what) for \(count) resources")
                return
            }
            for (index, amount) in amounts.enumerated() {
                if amount < 0 {
                    faults.append("\(name) has a negative \(what) of \(problem.resources[index].name): \(amount)")
                } else if amount >= largestTotal {
                    faults.append("\(name) has an impossible \(what) of \(problem.resources[index].name): \(amount) \(problem.resources[index].unit)")
                } else if counted {
                    totals[index] = min(totals[index] + amount, largestTotal)
                }
            }
        }
        for blade in problem.blades {
            check(blade.capacity, "capacity", of: blade.name, counted: false)
            check(blade.comfort, "comfort", of: blade.name, counted: false)
            check(blade.reserved, "reserve", of: blade.name, counted: true)
        }
        for domain in problem.domains {
            check(domain.mean, "mean demand", of: domain.name, counted: false)
            check(domain.high, "high demand", of: domain.name, counted: true)
            if domain.mean.count == count, domain.high.count == count {
                for index in 0..<count where domain.high[index] < domain.mean[index] {
                    faults.append("\(domain.name)'s high demand of \(problem.resources[index].name) is below its mean")
                }
            }
        }
        for (index, total) in totals.enumerated() where total >= largestTotal {
            faults.append("the demands of \(problem.resources[index].name) do not add up: their sum is beyond \(largestTotal) \(problem.resources[index].unit)")
        }
    }
}

/// What is wrong with a plan, or with the problem that it answers. Never empty when thrown.
public struct Violations: Error, Hashable, Sendable, CustomStringConvertible {
    public var list: [Violation]

    public init(_ list: [Violation]) { self.list = list }

    /// The sentences, one a line.
    public var description: String { list.map(\.sentence).joined(separator: "\n") }
}
