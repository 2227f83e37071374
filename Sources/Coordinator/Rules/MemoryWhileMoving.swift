import PodpModel

/// What counts twice on its way (memory) fits at the target before anything that leaves the target has left it.
///
/// A wave's moves run side by side and may end in any order, so the worst order is that every arrival comes before the first departure.
struct MemoryWhileMoving: PlacementRule {
    let name = "memory while moving"

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        let problem = occupancy.fleet.problem
        let blade = problem.blades[arrival.target]
        let domain = problem.domains[arrival.domain]
        return problem.resources.enumerated().compactMap { position, resource in
            let capacity = blade.capacity[position]
            let needed = domain.high[position]
            // What does not fit even afterwards, or on a blade of unknown size, is `Capacity`'s to say.
            guard resource.hard, resource.doubledWhileMoving, needed > 0, capacity > 0 else { return nil }
            guard occupancy.settled(on: arrival.target, position) + needed <= capacity else { return nil }
            let used = occupancy.used(on: arrival.target, position)
            guard used + needed > capacity else { return nil }
            let leavers = occupancy.leavers(of: arrival.target)
            return
                "\(blade.name) has \(Amount.text(capacity - used, of: resource, .down)) of \(resource.name) free while \(list(leavers)) "
                + "\(leavers.count == 1 ? "is" : "are") still leaving, \(Amount.text(needed, of: resource, .up)) are needed for \(domain.name)"
        }
    }
}
