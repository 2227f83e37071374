import PodpModel

/// A blade was asked to look anew.
struct Observation: Sendable, Codable {
    var blade: BladeID
    /// For which indeterminate operation.
    var operation: OperationID
}

extension CoordinatorCore {
    mutating func receive(_ inventory: Inventory, from id: BladeID) {
        if let problem = Plausibility.problem(of: inventory) {
            if blades[id]?.implausibleInventory != problem {
                audit(
                    "inventory-refused", .critical, blade: id,
                    "nothing is planned on \(name(of: id)), and its domains are taken to be where they were: it \(problem)")
            }
            blades[id]?.implausibleInventory = problem
            return
        }
        if blades[id]?.implausibleInventory != nil {
            blades[id]?.implausibleInventory = nil
            audit("inventory-accepted", blade: id, "\(name(of: id)) tells what can be right again")
        }
        blades[id]?.inventory = inventory
        blades[id]?.inventoryAt = now.instant
        let link = blades[id]?.link
        blades[id]?.inventoryLink = link
        revision += 1
        guard isActive else { return }
        reconcile(id, inventory)
        seekMissing(from: id)
        if let number = inventory.answers { looked(number, at: id) }
        if let number = inventory.answers, let observation = observations.removeValue(forKey: number), observation.blade == id {
            confirmArrival(by: observation)
            observed(observation.operation, at: id)
        }
    }

    /// Brings the record of where domains are in line with what a blade says it has, and names what does not fit.
    private mutating func reconcile(_ id: BladeID, _ inventory: Inventory) {
        for found in inventory.domains where found.state.holdsMemory && found.state != .incoming {
            guard var domain = decided.domains[found.id], decided.openOperation(of: found.id) == nil else { continue }
            if found.state.executes, let other = otherRunner(of: found.id, than: id) {
                let reason =
                    "it runs on \(name(of: id)) and on \(name(of: other)) at once: `podp domain destroy \(domain.definition.name) --on BLADE` ends the wrong copy, then `podp domain clear \(domain.definition.name)`"
                if domain.held != reason {
                    domain.held = reason
                    put(.domain(domain))
                    audit("two-copies", .critical, blade: id, domain: found.id, "\(domain.definition.name): \(reason)")
                }
                continue
            }
            guard domain.blade != id else { continue }
            let before = domain.blade
            // What a blade without a voice has cannot be known: the record stays until it speaks or an operator does.
            if let before, blades[before]?.link == nil || blades[before]?.inventory == nil { continue }
            if let before, blades[before]?.domain(found.id)?.state.holdsMemory == true { continue }
            domain.blade = id
            put(.domain(domain))
            audit(
                "domain-found", .warning, blade: id, domain: found.id,
                "\(domain.definition.name) is on \(name(of: id))\(before.map { ", not on \(name(of: $0))" } ?? ""): somebody else moved it")
        }
    }

    /// Domains that are recorded on a blade which has not got them: another blade may have told of them before.
    private mutating func seekMissing(from id: BladeID) {
        let recorded = decided.domains.values.filter { $0.blade == id && blades[id]?.domain($0.id)?.state.holdsMemory != true }.sorted { $0.id < $1.id }
        for var domain in recorded where decided.openOperation(of: domain.id) == nil {
            guard let other = otherRunner(of: domain.id, than: id) else { continue }
            domain.blade = other
            put(.domain(domain))
            audit(
                "domain-found", .warning, blade: other, domain: domain.id,
                "\(domain.definition.name) is on \(name(of: other)), not on \(name(of: id)): somebody else moved it")
        }
    }

    /// An operation's success is its blade's word about the domain; the next inventory says it again.
    mutating func patchInventories(_ operation: OperationRecord, _ domain: ManagedDomain) {
        let here = operation.blade
        let fresh = fresh(domain.definition, on: here)
        switch operation.action {
        case .define: patch(domain.id, on: here) { $0 ?? fresh }
        case .start: patch(domain.id, on: here) { with($0 ?? fresh) { $0.state = .running } }
        case .shutdown, .destroy: patch(domain.id, on: here) { $0.flatMap { found in found.persistent ? with(found) { $0.state = .off } : nil } }
        case .pause: patch(domain.id, on: here) { $0.map { with($0) { $0.state = .paused } } }
        case .resume: patch(domain.id, on: here) { $0.map { with($0) { $0.state = .running } } }
        case .setMemory(let memory): patch(domain.id, on: here) { $0.map { with($0) { $0.memory = memory } } }
        case .setVCPUs(let vcpus): patch(domain.id, on: here) { $0.map { with($0) { $0.vcpus = vcpus } } }
        case .undefine: patch(domain.id, on: here) { _ in nil }
        case .reboot: break
        case .migrate(let migration):
            let moved = blades[here]?.domain(domain.id) ?? fresh
            patch(domain.id, on: here) { _ in nil }
            // What the target said before the end may be of an old copy that is off, or of the domain while it came in.
            patch(domain.id, on: migration.destination) { found in
                with(moved) { $0.state = operation.wasPaused && found?.state != .running ? .paused : .running }
            }
        }
    }

    private func fresh(_ definition: DomainDefinition, on id: BladeID) -> DomainInventory {
        DomainInventory(
            id: definition.id, name: definition.name, state: .off, type: definition.type, vcpus: definition.vcpus, maxVCPUs: definition.maxVCPUs,
            memory: definition.memory, maxMemory: definition.maxMemory, disks: definition.disks, nics: definition.nics,
            liveMigration: blades[id]?.hello?.hypervisor.liveMigration[definition.type] ?? .no(reason: "its blade has not said yet"))
    }

    private mutating func patch(_ domain: DomainID, on id: BladeID, _ change: (DomainInventory?) -> DomainInventory?) {
        guard var inventory = blades[id]?.inventory else { return }
        let place = inventory.domains.firstIndex { $0.id >= domain } ?? inventory.domains.count
        let isThere = place < inventory.domains.count && inventory.domains[place].id == domain
        let changed = change(isThere ? inventory.domains[place] : nil)
        if isThere { inventory.domains.remove(at: place) }
        if let changed { inventory.domains.insert(changed, at: place) }
        blades[id]?.inventory = inventory
        revision += 1
    }

    private func otherRunner(of domain: DomainID, than blade: BladeID) -> BladeID? {
        blades.keys.sorted().first { $0 != blade && blades[$0]?.link != nil && blades[$0]?.domain(domain)?.state.executes == true }
    }

    /// A domain's state as the blade that should have it says; `.unknown` where no blade answers for it.
    func state(of domain: ManagedDomain) -> DomainState {
        guard let id = domain.blade, let blade = blades[id] else { return .off }
        guard blade.link != nil, blade.inventory != nil, blade.implausibleInventory == nil else { return .unknown }
        return blade.domain(domain.id)?.state ?? .off
    }
}

private func with(_ domain: DomainInventory, _ change: (inout DomainInventory) -> Void) -> DomainInventory {
    var changed = domain
    change(&changed)
    return changed
}
