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
        let climbs = climbs(path)
        return shared.contains { $0 == path || (!climbs && $0.hasSuffix("/") && path.hasPrefix($0)) }
    }

    /// A path that climbs is matched as it stands and by no directory: where it leads is not written in it.
    static func climbs(_ path: String) -> Bool { path.utf8.contains(0x2E) && path.split(separator: "/").contains { $0 == ".." || $0 == "." } }
}

/// Which blades reach which disk, found by its name and by the directories above it: nobody asks every blade about every disk of a large fleet.
struct DiskHolders {
    /// Sets of blades; disks that the same blades reach share one.
    private(set) var sets: [Set<Int>] = []
    private var indexOfSet: [[Int]: Int] = [:]
    /// By what blades list: the set of those that do.
    private var setOfName: [String: Int] = [:]
    /// By several of them: the set of all their blades.
    private var joint: [[Int]: Int] = [:]

    init(_ problem: Problem) {
        var holders: [String: [Int]] = [:]
        for (index, blade) in problem.blades.enumerated() {
            for name in blade.sharedStorage where holders[name]?.last != index { holders[name, default: []].append(index) }
        }
        for (name, blades) in holders { setOfName[name] = index(of: blades) }
    }

    private mutating func index(of blades: [Int]) -> Int {
        if let known = indexOfSet[blades] { return known }
        sets.append(Set(blades))
        indexOfSet[blades] = sets.count - 1
        return sets.count - 1
    }

    /// Those that reach the disk, as `SharedStorage.reaches` has it: an index of `sets`.
    mutating func set(reaching path: String) -> Int {
        var found = setOfName[path].map { [$0] } ?? []
        if !SharedStorage.climbs(path) {
            for slash in path.indices where path[slash] == "/" {
                if let directory = setOfName[String(path[...slash])], !found.contains(directory) { found.append(directory) }
            }
        }
        if found.count == 1 { return found[0] }
        if let known = joint[found] { return known }
        let set = index(of: Set(found.flatMap { sets[$0] }).sorted())
        joint[found] = set
        return set
    }
}
