import PodpModel

/// Every bridge that a domain is plugged into exists at its target.
struct Bridges: PlacementRule {
    let name = "bridges"

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        let problem = occupancy.fleet.problem
        let domain = problem.domains[arrival.domain]
        let blade = problem.blades[arrival.target]
        let missing = domain.bridges.filter { !blade.bridges.contains($0) }
        return missing.isEmpty ? [] : ["\(blade.name) has no bridge \(list(missing)), which \(domain.name) is plugged into"]
    }
}

/// Every disk of a domain is shared storage where it runs and where it goes: else the target would open another disk of the same name, or none.
///
/// A path is reached if it is listed itself or lies under a listed directory (one that ends in `/`).
struct SharedStorage: PlacementRule {
    let name = "shared storage"

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        let problem = occupancy.fleet.problem
        let domain = problem.domains[arrival.domain]
        let ends = [problem.blades[occupancy.at[arrival.domain]], problem.blades[arrival.target]]
        return ends.compactMap { blade in
            let missing = domain.storage.filter { !Self.reaches($0, over: blade.sharedStorage) }
            return missing.isEmpty ? nil : "\(list(missing)) of \(domain.name) is no shared storage on \(blade.name)"
        }
    }

    static func reaches(_ path: String, over shared: [String]) -> Bool {
        // A path that climbs is matched as it stands and by no directory: where it leads is not written in it.
        let climbs = path.split(separator: "/").contains { $0 == ".." || $0 == "." }
        return shared.contains { $0 == path || (!climbs && $0.hasSuffix("/") && path.hasPrefix($0)) }
    }
}
