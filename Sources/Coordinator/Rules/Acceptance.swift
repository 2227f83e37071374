import PodpModel

/// A blade that does not accept domains (draining, held, unknown) gets none, and neither does the one that is being emptied.
struct Acceptance: PlacementRule {
    let name = "acceptance"

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        let problem = occupancy.fleet.problem
        let blade = problem.blades[arrival.target]
        if !blade.accepts { return ["\(blade.name) accepts no domains: \(blade.reason ?? "no reason given")"] }
        if problem.goal == .evacuate(blade.id) { return ["\(blade.name) is being emptied, and \(problem.domains[arrival.domain].name) is sent there"] }
        return []
    }
}
