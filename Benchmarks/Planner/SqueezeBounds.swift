import PodpModel

extension Problem.Blade {
    /// Nothing is on it that podp does not manage: the master's node, for one, stays on.
    var mayBeOff: Bool { reserved.allSatisfy { $0 == 0 } }
}

/// What emptying a fleet can come to: two bounds that no placement exceeds, whatever its moves, and what best fit decreasing finds from nothing.
///
/// For fleets whose instances run anywhere, without rules: those that `HtoolsShape` makes.
struct SqueezeBounds {
    /// The most blades that can be off by memory alone: those that must stay on and then the largest hold what all instances use.
    let byMemory: Int
    /// The same by the resource that allows the fewest: soft ones to the comfort level, of means.
    let byAll: Int
    /// Blades that best fit decreasing leaves off, all instances placed anew, whatever moves that takes: those that must stay on are filled first, then the
    /// largest is switched on whenever one finds no room. 0 where somebody finds none.
    let bestFit: Int

    init(_ problem: Problem) {
        let limits = problem.blades.map { blade in
            problem.resources.indices.map { problem.resources[$0].hard ? blade.capacity[$0] : blade.capacity[$0] * Int64(blade.comfort[$0]) / 1_000 }
        }
        let off = problem.resources.indices.map { resource in Self.mostOff(problem, limits.map { $0[resource] }, resource) }
        byMemory = problem.resources.firstIndex { $0.name == Resource.memory.name }.map { off[$0] } ?? problem.blades.count
        byAll = off.min() ?? 0
        bestFit = Self.fit(problem, limits)
    }

    private static func mostOff(_ problem: Problem, _ limits: [Int64], _ resource: Int) -> Int {
        var left = problem.domains.reduce(0) { $0 + $1.mean[resource] }
        var off = 0
        for blade in order(problem, limits) {
            if left <= 0, problem.blades[blade].mayBeOff { off += 1 }
            left -= limits[blade]
        }
        return off
    }

    /// Who must stay on first, then the largest.
    private static func order(_ problem: Problem, _ sizes: [Int64]) -> [Int] {
        problem.blades.indices.sorted { a, b in
            let (first, second) = (problem.blades[a].mayBeOff, problem.blades[b].mayBeOff)
            return first != second ? !first : (sizes[b], a) < (sizes[a], b)
        }
    }

    private static func fit(_ problem: Problem, _ limits: [[Int64]]) -> Int {
        let memory = problem.resources.firstIndex { $0.name == Resource.memory.name } ?? 0
        var left = limits
        var waiting = order(problem, limits.map { $0[memory] })
        var on: [Int] = []
        func open() { on.append(waiting.removeFirst()) }
        while let next = waiting.first, !problem.blades[next].mayBeOff { open() }
        for domain in problem.domains.sorted(by: { ($1.mean[memory], $0.name) < ($0.mean[memory], $1.name) }) {
            func fits(_ blade: Int) -> Bool { zip(domain.mean, left[blade]).allSatisfy { $0 <= $1 } }
            var target = on.filter(fits).min { (left[$0][memory], $0) < (left[$1][memory], $1) }
            while target == nil, !waiting.isEmpty {
                open()
                target = on.last.flatMap { fits($0) ? $0 : nil }
            }
            guard let target else { return 0 }
            for resource in domain.mean.indices { left[target][resource] -= domain.mean[resource] }
        }
        return waiting.count
    }
}
