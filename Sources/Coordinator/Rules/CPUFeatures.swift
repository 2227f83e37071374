import PodpModel

/// A domain that migrates live finds every CPU feature at its target that it may rely on. One that is stopped and started again finds out anew what there is.
struct CPUFeatures: PlacementRule {
    let name = "CPU features"

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        guard arrival.live else { return [] }
        let problem = occupancy.fleet.problem
        let domain = problem.domains[arrival.domain]
        let blade = problem.blades[arrival.target]
        let there = Set(blade.cpuFeatures)
        let missing = domain.cpuFeatures.filter { !there.contains($0) }
        return missing.isEmpty ? [] : ["\(blade.name)'s CPU lacks \(list(missing)), which \(domain.name) may rely on"]
    }
}
