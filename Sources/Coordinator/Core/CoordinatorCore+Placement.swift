import PodpModel
import PodpRules

extension CoordinatorCore {
    /// A blade for a domain that is to start, or to move: the wanted one if it can, else the one whose fullest resource is least full with it.
    /// - Parameters:
    ///   - disksAt: where its disks are; only blades that reach the same storage count. A move's source is that by itself.
    ///   - options: others of the operator's command, for remedies.
    func place(
        _ domain: ManagedDomain, on wanted: BladeID?, notOn source: BladeID? = nil, disksAt: BladeID? = nil, despitePolicy: Bool = false,
        options: String = ""
    ) -> Result<BladeID, Refusal> {
        let name = domain.definition.name
        if let wanted {
            guard decided.blades[wanted] != nil else { return .failure(.noBlade(wanted)) }
            let hindrance = whyNot(domain, on: wanted, from: source, disksAt: disksAt)
            if hindrance == nil, !despitePolicy, let loss = survivalProblem(domain, on: wanted, from: source) {
                let remedy = survivalRemedy(domain, to: self.name(of: wanted), isMove: source != nil, options: options)
                return .failure(Refusal(.conflict, "\(name) cannot run on \(self.name(of: wanted)): \(loss)", remedy: remedy))
            }
            if let reason = hindrance {
                let remedy = disksAt != nil && storageProblem(domain.definition.disks, on: wanted, from: disksAt) == reason ? Self.sameDisksRemedy(name) : ""
                return .failure(Refusal(.conflict, "\(name) cannot run on \(self.name(of: wanted)): \(reason)", remedy: remedy))
            }
            return .success(wanted)
        }
        var candidates = candidates(for: domain, notOn: source, disksAt: disksAt)
        let fits = PlacementChoice.best(of: candidates)
        let able = Set(candidates.filter { $0.reason == nil }.map(\.blade))
        let keeping = despitePolicy ? fits?.blade : best(of: &candidates, for: domain, from: source)
        if let best = keeping { return .success(best) }
        let why = candidates.isEmpty ? "there is no other blade" : PlacementChoice.reasons(of: candidates, first: able)
        let isMove = source != nil
        let remedy =
            fits == nil
            ? "`podp blade list` shows what is free"
            : remedy(forNotAsked: candidates, isMove: isMove) + survivalRemedy(domain, to: nil, isMove: isMove, options: options)
        return .failure(Refusal(.conflict, "no blade can take \(name): \(why)", remedy: remedy))
    }

    /// Every blade that it could go to, with what is free there or why it cannot, by id.
    func candidates(for domain: ManagedDomain, notOn source: BladeID? = nil, disksAt: BladeID? = nil) -> [PlacementChoice.Candidate] {
        let usual = usualCPU()
        let neighbours = neighbours(of: domain)
        return decided.blades.keys.sorted().filter { $0 != source }.map { id in
            PlacementChoice.Candidate(
                blade: id, name: name(of: id), free: memoryFree(on: id), pressure: pressure(of: domain, on: id, usual: usual),
                reason: whyNot(domain, on: id, from: source, disksAt: disksAt, among: neighbours))
        }
    }

    /// Answers where `create` would put a domain; it makes the same checks and the same choice.
    mutating func showPlace(of definition: DomainDefinition, request: RequestID) {
        if let refusal = whyNotNew(definition) { return refuse(request, refusal) }
        let domain = ManagedDomain(definition: definition, blade: nil, wish: .running)
        var candidates = candidates(for: domain)
        let needed = Bytes.kibibytes(UInt64(clamping: Self.memoryNeeded(definition.memory)))
        let best = best(of: &candidates, for: domain)
        if let best, let taken = diskTaken(domain, on: best, running: false) { return refuse(request, taken) }
        let choice = PlacementChoice(domainName: definition.name, needed: needed, chosen: best, candidates: candidates)
        emitAfterCommit(.answer(request, .placement(choice)))
    }

    /// Why a definition cannot become a domain of podp's, wherever: it cannot be run, or its name or UUID is taken.
    func whyNotNew(_ definition: DomainDefinition) -> Refusal? {
        if let problem = definition.problem { return Refusal(.invalid, "\(definition.name): \(problem)") }
        if let taken = decided.domains[definition.id] {
            return Refusal(
                .conflict, "podp has a domain with this UUID: \(taken.definition.name)",
                remedy: "take the `uuid` line out of the file, and podp makes a new one")
        }
        if decided.domains.values.contains(where: { $0.definition.name == definition.name }) {
            return Refusal(
                .conflict, "podp has a domain named \(definition.name)", remedy: "choose another name, or `podp domain remove \(definition.name)`")
        }
        if let found = blades.keys.sorted().first(where: { blades[$0]?.inventory?.domains.contains { $0.name == definition.name } ?? false }) {
            return Refusal(
                .conflict, "\(name(of: found)) has a domain named \(definition.name) that podp does not manage",
                remedy: "`podp domain adopt \(definition.name)`, or choose another name")
        }
        return nil
    }

    /// Why a domain cannot run on a blade, in words; `nil` when it can.
    ///
    /// - Parameter neighbours: of the domain, for whoever asks about many blades.
    func whyNot(
        _ domain: ManagedDomain, on id: BladeID, from source: BladeID? = nil, disksAt: BladeID? = nil, among neighbours: Neighbours? = nil
    ) -> String? {
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
        let priced = Set(definition.policy.prices.compactMap(GroupPrice.init).map(\.group))
        if !definition.policy.onlyOn.isEmpty, !priced.contains("only_on"), !definition.policy.onlyOn.contains(name(of: id)),
            !definition.policy.onlyOn.contains(id.description)
        {
            return "its file allows only \(definition.policy.onlyOn.joined(separator: ", "))"
        }
        if let named = definition.policy.neverOn.first(where: { $0 == name(of: id) || $0 == id.description }),
            !priced.contains("never_on")
        {
            return "its file says never on \(named)"
        }
        return groupProblem(domain, on: id, among: neighbours ?? self.neighbours(of: domain))
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
}
