import PodpModel

/// A blade was asked to look anew.
struct Observation: Sendable {
    var blade: BladeID
    /// For which indeterminate operation.
    var operation: OperationID
}

extension CoordinatorCore {
    mutating func receive(_ inventory: Inventory, from id: BladeID) {
        if let problem = Plausibility.problem(of: inventory) {
            if blades[id]?.implausibleInventory != problem {
                audit("inventory-refused", .critical, blade: id, "nothing is planned on \(name(of: id)), and its domains are taken to be where they were: it \(problem)")
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
        revision += 1
        guard isActive else { return }
        reconcile(id, inventory)
        if let number = inventory.answers, let observation = observations.removeValue(forKey: number), observation.blade == id {
            observed(observation.operation, at: id)
        }
    }

    /// Brings the record of where domains are in line with what a blade says it has, and names what does not fit.
    private mutating func reconcile(_ id: BladeID, _ inventory: Inventory) {
        for found in inventory.domains where found.state.holdsMemory && found.state != .incoming {
            guard var domain = decided.domains[found.id], decided.openOperation(of: found.id) == nil else { continue }
            if found.state.executes, let other = otherRunner(of: found.id, than: id) {
                let reason = "it runs on \(name(of: id)) and on \(name(of: other)) at once: stop the wrong copy, then `podp domain clear \(domain.definition.name)`"
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
