import PodpModel

/// How full blades are, for a domain that is to start: memory alone would send it where the CPUs are busiest.
extension CoordinatorCore {
    /// The fullest of the blade's resources with the domain there, in thousandths of what is comfortable there.
    ///
    /// What is not measured yet (the newcomer itself, and whoever came a moment ago or is on its way) is taken to use what a vCPU uses in this fleet;
    /// of disk and network nothing. Capacities that are unknown are passed over.
    /// - Parameter usual: mCPU that a vCPU uses, `usualCPU()`.
    func pressure(of domain: ManagedDomain, on id: BladeID, usual: Int64) -> PlacementChoice.Pressure {
        let capacity = capacity(of: id)
        var used = [Int64](repeating: 0, count: Resource.usual.count)
        func add(_ domain: DomainID, vcpus: Int) {
            let window = windows[domain]
            used[0] &+= window?.mean[0] ?? usual &* Int64(clamping: min(max(vcpus, 0), 4096))
            for resource in 2..<used.count { used[resource] &+= window?.mean[resource] ?? 0 }
        }
        var counted: Set<DomainID> = [domain.id]
        for other in blades[id]?.inventory?.domains ?? [] where other.state.holdsMemory && counted.insert(other.id).inserted {
            add(other.id, vcpus: other.vcpus)
        }
        for (other, operations) in decided.open where !counted.contains(other) {
            guard operations.contains(where: { isComing($0, to: id) }), let coming = decided.domains[other] else { continue }
            add(other, vcpus: coming.definition.vcpus)
        }
        add(domain.id, vcpus: domain.definition.vcpus)
        used[1] = capacity[1] &- Int64(clamping: memoryFree(on: id).kibibytes) &+ Self.memoryNeeded(domain.definition.memory)
        let levels = comfortLevels
        var fullest = PlacementChoice.Pressure(resource: Resource.memory.name, permille: 0)
        for (index, resource) in Resource.usual.enumerated() where capacity[index] > 0 && levels[index] > 0 {
            let share = Double(max(0, used[index])) / Double(capacity[index]) * 1_000_000 / Double(levels[index])
            let permille = Int(min(share, 1_000_000))
            if permille > fullest.permille { fullest = PlacementChoice.Pressure(resource: resource.name, permille: permille) }
        }
        return fullest
    }

    private func isComing(_ id: OperationID, to blade: BladeID) -> Bool {
        guard let operation = decided.operations[id] else { return false }
        if case .start = operation.action { return operation.blade == blade }
        return operation.action.destination == blade
    }

    /// What a vCPU uses in this fleet, mCPU: the mean of all domains that were measured; 0 where none was.
    func usualCPU() -> Int64 {
        var (used, vcpus) = (Int64(0), Int64(0))
        for blade in blades.values {
            for domain in blade.inventory?.domains ?? [] where domain.state == .running {
                guard let window = windows[domain.id], window.age > 0 else { continue }
                used &+= window.mean[0]
                vcpus &+= Int64(clamping: min(max(domain.vcpus, 0), 4096))
            }
        }
        return vcpus > 0 ? used / vcpus : 0
    }
}
