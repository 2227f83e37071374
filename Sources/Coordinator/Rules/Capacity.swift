import PodpModel

/// A resource that may never run out does not, in any state between moves: used(blade) + high(domain) ≤ capacity(blade).
///
/// A blade that is over already may lose domains and gains none. A blade whose capacity is unknown (0) gains none: what cannot be shown to fit does not go.
struct Capacity: PlacementRule {
    let name = "capacity"

    func broken(in fleet: Fleet) -> [String] {
        let occupancy = Occupancy(fleet)
        return fleet.problem.blades.enumerated().flatMap { index, blade in
            fleet.problem.resources.enumerated().compactMap { position, resource in
                let used = occupancy.used(on: index, position)
                guard resource.hard, blade.capacity[position] > 0, used > blade.capacity[position] else { return nil }
                return "\(blade.name) has \(Amount.text(blade.capacity[position], of: resource, .down)) of \(resource.name), "
                    + "\(Amount.text(used, of: resource, .up)) are in use"
            }
        }
    }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        let problem = occupancy.fleet.problem
        let blade = problem.blades[arrival.target]
        let domain = problem.domains[arrival.domain]
        return problem.resources.enumerated().compactMap { position, resource in
            guard resource.hard, domain.high[position] > 0 else { return nil }
            let capacity = blade.capacity[position]
            guard capacity > 0 else { return "how much \(resource.name) \(blade.name) has is unknown, so that \(domain.name) cannot be shown to fit" }
            // What counts twice on its way is judged by `MemoryWhileMoving` as well. Anything else is at one end or the other, and the end is not known.
            let used = resource.doubledWhileMoving ? occupancy.settled(on: arrival.target, position) : occupancy.used(on: arrival.target, position)
            guard used + domain.high[position] > capacity else { return nil }
            return "\(blade.name) has \(Amount.text(capacity - used, of: resource, .down)) of \(resource.name) free, "
                + "\(Amount.text(domain.high[position], of: resource, .up)) are needed for \(domain.name)"
        }
    }
}
