import PodpModel

/// The blades' mean loads as a plan goes on: what is shown to people, and what the checker holds against what a plan shows.
struct RunningLoads {
    private let fleet: Fleet
    /// By blade and resource.
    private var mean: [Int64]
    private var domains: [Int]

    /// - Parameter places: by domain; else where the problem has it.
    init(_ fleet: Fleet, at places: [Int]? = nil) {
        let count = fleet.resourceCount
        self.fleet = fleet
        mean = fleet.problem.blades.flatMap(\.reserved)
        domains = Array(repeating: 0, count: fleet.problem.blades.count)
        for (index, domain) in fleet.problem.domains.enumerated() {
            let blade = places?[index] ?? domain.blade
            domains[blade] += 1
            for resource in 0..<count { mean[blade * count + resource] += domain.mean[resource] }
        }
    }

    var all: [BladeLoad] { domains.indices.map { load(of: $0) } }

    mutating func move(_ domain: Int, from source: Int, to target: Int) {
        let count = fleet.resourceCount
        domains[source] -= 1
        domains[target] += 1
        for resource in 0..<count {
            mean[source * count + resource] -= fleet.problem.domains[domain].mean[resource]
            mean[target * count + resource] += fleet.problem.domains[domain].mean[resource]
        }
    }

    /// In thousandths of the capacity; 0 where that is unknown.
    func load(of blade: Int) -> BladeLoad {
        let facts = fleet.problem.blades[blade]
        let permille = facts.capacity.indices.map { facts.capacity[$0] == 0 ? 0 : mean[blade * facts.capacity.count + $0] * 1000 / facts.capacity[$0] }
        return BladeLoad(blade: facts.id, name: facts.name, permille: permille, domains: domains[blade])
    }

    /// Loads that a plan shows to people and that are not so.
    func faults(in loads: [BladeLoad], called when: String, step: Int) -> [Violation] {
        var found: [Violation] = []
        var seen: Set<BladeID> = []
        for shown in loads {
            guard let blade = fleet.bladeIndex[shown.blade], seen.insert(shown.blade).inserted else {
                found.append(Violation(step: step, rule: "plan", sentence: "the loads \(when) speak of \(shown.name) twice, or of no blade of this problem"))
                continue
            }
            let actual = load(of: blade)
            if shown != actual {
                found.append(
                    Violation(
                        step: step, rule: "plan",
                        sentence:
                            "\(shown.name) is shown with \(shown.domains) domains at \(shown.permille) \(when) the plan, and has \(actual.domains) at \(actual.permille)"
                    ))
            }
        }
        return found
    }
}
