import PodpModel

extension CoordinatorCore {
    /// A blade for a domain that is to start, or to move: the wanted one if it can, else the one with the most memory left.
    /// - Parameter disksAt: where its disks are; only blades that reach the same storage count. A move's source is that by itself.
    func place(_ domain: ManagedDomain, on wanted: BladeID?, notOn source: BladeID? = nil, disksAt: BladeID? = nil) -> Result<BladeID, Refusal> {
        let name = domain.definition.name
        if let wanted {
            guard decided.blades[wanted] != nil else { return .failure(.noBlade(wanted)) }
            if let reason = whyNot(domain, on: wanted, from: source, disksAt: disksAt) {
                let remedy = disksAt != nil && storageProblem(domain.definition.disks, on: wanted, from: disksAt) == reason ? Self.sameDisksRemedy(name) : ""
                return .failure(Refusal(.conflict, "\(name) cannot run on \(self.name(of: wanted)): \(reason)", remedy: remedy))
            }
            return .success(wanted)
        }
        var best: (id: BladeID, free: Bytes)?
        var reasons: [String] = []
        for id in decided.blades.keys.sorted() where id != source {
            if let reason = whyNot(domain, on: id, from: source, disksAt: disksAt) {
                reasons.append("\(self.name(of: id)): \(reason)")
                continue
            }
            let free = memoryFree(on: id)
            if best.map({ free > $0.free }) ?? true { best = (id, free) }
        }
        if let best { return .success(best.id) }
        let why =
            reasons.isEmpty
            ? "there is no other blade" : reasons.prefix(6).joined(separator: "; ") + (reasons.count > 6 ? "; and \(reasons.count - 6) more" : "")
        return .failure(Refusal(.conflict, "no blade can take \(name): \(why)", remedy: "`podp blade list` shows what is free"))
    }

    /// Why a domain cannot run on a blade, in words; `nil` when it can.
    func whyNot(_ domain: ManagedDomain, on id: BladeID, from source: BladeID? = nil, disksAt: BladeID? = nil) -> String? {
        if let held = whyHeld(id) { return held }
        if decided.blades[id]?.draining == true { return "it is draining" }
        guard let inventory = blades[id]?.inventory else { return "it has not told what it has" }
        let definition = domain.definition
        let memory = source.flatMap { blades[$0]?.domain(domain.id)?.memory } ?? definition.memory
        let needed = Bytes.kibibytes(UInt64(clamping: Self.memoryNeeded(memory)))
        let free = memoryFree(on: id)
        if needed > free { return "\(free.mebibytes) MiB is free, \(needed.mebibytes) MiB are needed" }
        if let bridge = definition.nics.map(\.bridge).first(where: { !$0.isEmpty && !inventory.host.bridges.contains($0) }) {
            return "it has no bridge \(bridge)"
        }
        if let reason = storageProblem(definition.disks, on: id, from: source ?? disksAt) { return reason }
        if let source, let here = blades[source]?.hello?.cpu.features, let there = blades[id]?.hello?.cpu.features {
            let known = Set(there)
            if let missing = here.first(where: { !known.contains($0) }) { return "its CPUs lack \(missing), which \(definition.name) may rely on" }
        }
        if !definition.policy.onlyOn.isEmpty, !definition.policy.onlyOn.contains(name(of: id)), !definition.policy.onlyOn.contains(id.description) {
            return "its file allows only \(definition.policy.onlyOn.joined(separator: ", "))"
        }
        if let named = definition.policy.neverOn.first(where: { $0 == name(of: id) || $0 == id.description }),
            !definition.policy.prices.contains(where: { GroupPrice($0)?.group == "never_on" })
        {
            return "its file says never on \(named)"
        }
        return groupProblem(domain, on: id)
    }

    private static func sameDisksRemedy(_ name: String) -> String {
        "start it where its disks are; if the very same content is there, `podp domain start \(name) --on BLADE --force`"
    }

    private func storageProblem(_ disks: [Disk], on id: BladeID, from source: BladeID?) -> String? {
        guard let source, source != id else { return nil }
        guard blades[source]?.inventory != nil || disks.isEmpty else { return "what storage \(name(of: source)) reaches is not known, and its disks are there" }
        let there = Set(storage(of: disks, on: id))
        let missing = disks.first { disk in storage(of: [disk], on: source).contains { !there.contains($0) } }
        return missing.map { "it does not reach \($0.source) of \(name(of: source)) (podp knows equal storage by its serial)" }
    }

    private func groupProblem(_ domain: ManagedDomain, on id: BladeID) -> String? {
        let policy = domain.definition.policy
        let wishes = Set(policy.prices.compactMap(GroupPrice.init).map(\.group))
        for other in decided.domains.values.sorted(by: { $0.id < $1.id }) where other.id != domain.id && other.wish == .running {
            guard let place = destination(of: other) else { continue }
            let others = other.definition.policy
            if place == id,
                let group = (policy.exclusive + others.exclusive).first(where: { group in
                    !wishes.contains(group) && !(policy.exclusive.contains(group) && others.exclusive.contains(group))
                })
            {
                return "\(other.definition.name) is there, and one of them shares its blade with nobody (\(group))"
            }
            if place == id, let group = policy.apart.first(where: { others.apart.contains($0) && !wishes.contains($0) }) {
                return "\(other.definition.name) is there, and they stay apart (\(group))"
            }
            if place != id, let group = policy.together.first(where: { others.together.contains($0) && !wishes.contains($0) }) {
                return "\(other.definition.name) is on \(name(of: place)), and they stay together (\(group))"
            }
        }
        return nil
    }

    /// Where a domain is, or is going to.
    private func destination(of domain: ManagedDomain) -> BladeID? {
        decided.openOperation(of: domain.id)?.destination ?? domain.blade
    }
}
