import PodpModel

extension CoordinatorCore {
    /// Operators' requests about one domain.
    mutating func answerDomain(_ request: Request, id: RequestID, by actor: Actor) {
        switch request {
        case .createDomain(let definition, let blade, let start): create(definition, on: blade, start: start, request: id, by: actor)
        case .replaceDomain(let definition): replace(definition, request: id, by: actor)
        case .adoptDomain(let definition, let blade): adopt(definition, on: blade, request: id, by: actor)
        case .describeDomain(let domain, let blade): describe(domain, on: blade, request: id)
        case .releaseDomain(let domain): release(domain, request: id, by: actor)
        case .clearDomain(let domain): clear(domain, request: id, by: actor)
        case .startDomain(let domain, let blade, let force, let despitePolicy):
            withDomain(domain, id) { core, domain in
                core.start(domain, on: blade, force: force, despitePolicy: despitePolicy, request: id, by: actor)
            }
        case .removeDomain(let domain): withDomain(domain, id) { core, domain in core.remove(domain, request: id, by: actor) }
        case .migrateDomain(let domain, let target, let allowStop, let despitePolicy):
            withDomain(domain, id) { core, domain in
                core.migrate(domain, to: target, allowStop: allowStop, despitePolicy: despitePolicy, request: id, by: actor)
            }
        case .setDomain(let domain, let memory, let vcpus, let despitePolicy):
            withDomain(domain, id) { core, domain in
                core.set(domain, memory: memory, vcpus: vcpus, despitePolicy: despitePolicy, request: id, by: actor)
            }
        case .stopDomain(let domain, let deadline):
            act(.shutdown(deadline: deadline), on: domain, when: [.running], "stopped", request: id, by: actor)
        case .destroyDomain(let domain, let blade?):
            withDomain(domain, id) { core, domain in core.destroyCopy(of: domain, on: blade, request: id, by: actor) }
        case .destroyDomain(let domain, nil):
            act(.destroy, on: domain, when: [.running, .paused, .crashed, .shutdown, .incoming, .unknown], "destroyed", request: id, by: actor)
        case .pauseDomain(let domain): act(.pause, on: domain, when: [.running], "paused", request: id, by: actor)
        case .resumeDomain(let domain): act(.resume, on: domain, when: [.paused], "resumed", request: id, by: actor)
        case .rebootDomain(let domain): act(.reboot, on: domain, when: [.running], "rebooted", request: id, by: actor)
        default: refuse(id, Refusal(.unsupported, "this is no request about a domain"))
        }
    }

    private mutating func withDomain(_ id: DomainID, _ request: RequestID, _ body: (inout CoordinatorCore, ManagedDomain) -> Void) {
        guard let domain = decided.domains[id] else { return refuse(request, .noDomain(id)) }
        body(&self, domain)
    }

    private mutating func answer(_ begun: Result<OperationID, Refusal>, to request: RequestID) {
        switch begun {
        case .success(let operation): emitAfterCommit(.answer(request, .operation(operation)))
        case .failure(let refusal): refuse(request, refusal)
        }
    }

    /// An action that is legal in some states of a domain, where it is.
    private mutating func act(_ action: Action, on id: DomainID, when states: [DomainState], _ word: String, request: RequestID, by actor: Actor) {
        withDomain(id, request) { core, domain in
            guard let blade = domain.blade else {
                return core.refuse(request, Refusal(.conflict, "\(domain.definition.name) is on no blade: it cannot be \(word)"))
            }
            let state = core.state(of: domain)
            guard states.contains(state) else {
                return core.refuse(
                    request, Refusal(.conflict, "\(domain.definition.name) is \(state.rawValue) on \(core.name(of: blade)): it cannot be \(word)"))
            }
            let begun = core.begin(action, on: domain, at: blade, by: actor.name)
            core.answer(begun, to: request)
        }
    }

    // MARK: - Coming and going

    private mutating func create(_ definition: DomainDefinition, on blade: BladeID?, start: Bool, request: RequestID, by actor: Actor) {
        if let refusal = whyNotNew(definition) { return refuse(request, refusal) }
        var stored = definition
        stored.revision = 1
        var domain = ManagedDomain(definition: stored, blade: nil, wish: start ? .running : .off)
        // One that is only defined takes no room yet: its start will be asked.
        switch place(domain, on: blade, despitePolicy: !start) {
        case .failure(let refusal): refuse(request, refusal)
        case .success(let target):
            if let taken = diskTaken(domain, on: target, running: false) { return refuse(request, taken) }
            domain.blade = target
            put(.domain(domain))
            audit("domain-created", by: actor.name, blade: target, domain: domain.id, "\(definition.name) is podp's, on \(name(of: target))")
            let image = DomainImage(definition: stored, libvirtXML: "")
            let begun = begin(start ? .start(image) : .define(image), on: domain, at: target, by: actor.name)
            if case .failure = begun { delete(Record.domain(domain).key) }
            answer(begun, to: request)
        }
    }

    /// Another definition of the same domain: its owner has changed the file.
    private mutating func replace(_ definition: DomainDefinition, request: RequestID, by actor: Actor) {
        if let problem = definition.problem { return refuse(request, Refusal(.invalid, "\(definition.name): \(problem)")) }
        guard var domain = decided.domains[definition.id] else {
            guard let other = decided.domains.values.first(where: { $0.definition.name == definition.name }) else {
                return refuse(request, Refusal(.notFound, "podp has no domain \(definition.name)", remedy: "leave --replace out, and it is created"))
            }
            return refuse(
                request,
                Refusal(
                    .conflict, "podp's \(definition.name) has the UUID \(other.id), this file says \(definition.id)",
                    remedy: "take the `uuid` line out of the file"))
        }
        guard domain.definition.name == definition.name else {
            return refuse(
                request,
                Refusal(
                    .conflict, "the domain with this UUID is \(domain.definition.name), this file says \(definition.name)",
                    remedy: "a domain keeps its name; create another one"))
        }
        if let busy = decided.openOperation(of: domain.id) { return refuse(request, .busy(definition.name, busy)) }
        var stored = definition
        stored.revision = domain.definition.revision + 1
        let before = domain.definition
        domain.definition = stored
        if let home = domain.blade, let taken = diskTaken(domain, on: home, running: false) { return refuse(request, taken) }
        put(.domain(domain))
        audit(
            "domain-replaced", by: actor.name, blade: domain.blade, domain: domain.id,
            "\(definition.name) has another definition (revision \(stored.revision), \(before.memory.mebibytes) MiB and \(before.vcpus) vCPUs before, "
                + "\(stored.memory.mebibytes) MiB and \(stored.vcpus) from its next start on)")
        emitAfterCommit(.answer(request, .domain(domain.id)))
    }

    private mutating func adopt(_ definition: DomainDefinition, on blade: BladeID, request: RequestID, by actor: Actor) {
        guard decided.blades[blade] != nil else { return refuse(request, .noBlade(blade)) }
        guard let found = blades[blade]?.domain(definition.id) else {
            return refuse(request, Refusal(.notFound, "\(name(of: blade)) has no domain \(definition.name) (\(definition.id))"))
        }
        if let problem = definition.problem { return refuse(request, Refusal(.invalid, "\(definition.name): \(problem)")) }
        guard decided.domains[definition.id] == nil else { return refuse(request, Refusal(.conflict, "podp manages \(definition.name) already")) }
        if decided.domains.values.contains(where: { $0.definition.name == definition.name }) {
            return refuse(request, Refusal(.conflict, "podp has another domain named \(definition.name)", remedy: "rename one of them first"))
        }
        var stored = definition
        stored.revision = 1
        let domain = ManagedDomain(definition: stored, blade: blade, wish: found.state.holdsMemory ? .running : .off)
        put(.domain(domain))
        audit("domain-adopted", by: actor.name, blade: blade, domain: domain.id, "\(definition.name) on \(name(of: blade)) is podp's from now on")
        emitAfterCommit(.answer(request, .domain(domain.id)))
    }

    private mutating func release(_ id: DomainID, request: RequestID, by actor: Actor) {
        guard let domain = decided.domains[id] else { return refuse(request, .noDomain(id)) }
        if let busy = decided.openOperation(of: id), case .running = busy.state { return refuse(request, .busy(domain.definition.name, busy)) }
        if let open = decided.openOperation(of: id) { end(open, as: .failed(reason: "\(actor.name) released the domain")) }
        delete(Record.domain(domain).key)
        audit("domain-released", by: actor.name, blade: domain.blade, domain: id, "\(domain.definition.name) is not podp's any more; nothing was done to it")
        emitAfterCommit(.answer(request, .done))
    }

    // MARK: - Starting, setting, moving

    private mutating func start(
        _ domain: ManagedDomain, on wanted: BladeID?, force: Bool, despitePolicy: Bool, request: RequestID, by actor: Actor
    ) {
        // Before room is looked for: its own operation may have taken it.
        if let busy = decided.openOperation(of: domain.id) { return refuse(request, .busy(domain.definition.name, busy)) }
        let state = state(of: domain)
        guard state == .off || state == .shutdown else {
            let place = domain.blade.map(name(of:)) ?? "no blade"
            let remedy = state == .unknown ? "starting it elsewhere could run it twice: wait for the blade, or see that it is off" : ""
            return refuse(request, Refusal(.conflict, "\(domain.definition.name) is \(state.rawValue) on \(place)", remedy: remedy))
        }
        if let refusal = whyMayRun(domain) { return refuse(request, refusal) }
        // What is to run, and was lost, is what N+1 keeps room for: it may take that. Not more than it had, where its home still tells.
        let ran = domain.blade.flatMap { blades[$0]?.domain(domain.id)?.memory } ?? domain.definition.memory
        let mayTakeReserve = despitePolicy || domain.wish == .running && domain.definition.memory.mebibytes <= ran.mebibytes
        // Where it is defined is good enough, unless something else is wanted or it has no room any more.
        let here = domain.blade.flatMap { blade in
            wanted == nil && whyNot(domain, on: blade) == nil && (mayTakeReserve || survivalProblem(domain, on: blade, from: nil) == nil) ? blade : nil
        }
        let disksAt = force ? nil : domain.blade
        let found =
            here.map { .success($0) } ?? place(domain, on: wanted, disksAt: disksAt, despitePolicy: mayTakeReserve, options: force ? " --force" : "")
        switch found {
        case .failure(let refusal): refuse(request, refusal)
        case .success(let target):
            if let taken = diskTaken(domain, on: target, running: true) { return refuse(request, taken) }
            var domain = domain
            domain.blade = target
            let begun = begin(.start(DomainImage(definition: domain.definition, libvirtXML: "")), on: domain, at: target, by: actor.name)
            if case .success = begun { put(.domain(domain)) }
            answer(begun, to: request)
        }
    }

    private mutating func set(
        _ domain: ManagedDomain, memory: Bytes?, vcpus: Int?, despitePolicy: Bool, request: RequestID, by actor: Actor
    ) {
        guard (memory == nil) != (vcpus == nil) else {
            return refuse(request, Refusal(.invalid, "set memory or vCPUs, one at a time", remedy: "`podp domain set` does both in turn"))
        }
        let definition = domain.definition
        if let memory, memory > definition.maxMemory || memory < .mebibytes(16) {
            return refuse(
                request,
                Refusal(
                    .invalid, "\(definition.name) may have 16 to \(definition.maxMemory.mebibytes) MiB while it runs, not \(memory.mebibytes)",
                    remedy: "`maxmem` is the most: change it in its file, `podp domain create FILE --replace`, then stop and start it"))
        }
        if let vcpus, vcpus > definition.maxVCPUs || vcpus < 1 {
            return refuse(
                request,
                Refusal(
                    .invalid, "\(definition.name) may have 1 to \(definition.maxVCPUs) vCPUs while it runs, not \(vcpus)",
                    remedy: "`maxvcpus` is the most: change it in its file, `podp domain create FILE --replace`, then stop and start it"))
        }
        guard let blade = domain.blade, state(of: domain) == .running else {
            return refuse(request, Refusal(.conflict, "\(definition.name) does not run"))
        }
        if let busy = decided.openOperation(of: domain.id) { return refuse(request, .busy(domain.definition.name, busy)) }
        if let memory, let have = blades[blade]?.domain(domain.id)?.memory, memory > have {
            let free = memoryFree(on: blade)
            guard memory - have <= free else {
                return refuse(
                    request, Refusal(.conflict, "\(name(of: blade)) has \(free.mebibytes) MiB free, \((memory - have).mebibytes) MiB more are wanted"))
            }
            if !despitePolicy, let loss = survivalProblem(domain, growingTo: memory) {
                return refuse(
                    request,
                    Refusal(
                        .conflict, "\(definition.name) does not get \(memory.mebibytes) MiB: \(loss)",
                        remedy: "`podp domain set \(definition.name) --memory \(memory.mebibytes) --despite-policy` gives them nevertheless"))
            }
        }
        let action: Action = memory.map { .setMemory($0) } ?? .setVCPUs(vcpus ?? 1)
        let begun = begin(action, on: domain, at: blade, by: actor.name)
        answer(begun, to: request)
    }

    private mutating func migrate(
        _ domain: ManagedDomain, to wanted: BladeID?, allowStop: Bool, despitePolicy: Bool, request: RequestID, by actor: Actor
    ) {
        if let busy = decided.openOperation(of: domain.id) { return refuse(request, .busy(domain.definition.name, busy)) }
        guard let source = domain.blade else { return refuse(request, Refusal(.conflict, "\(domain.definition.name) is on no blade")) }
        if wanted == nil, domain.definition.policy.stays {
            return refuse(
                request,
                Refusal(
                    .conflict, "\(domain.definition.name) stays where it is: its file says podp_stays",
                    remedy: "to move it all the same, name the blade: `podp domain migrate \(domain.definition.name) BLADE`"))
        }
        if wanted == source { return refuse(request, Refusal(.conflict, "\(domain.definition.name) is on \(name(of: source)) already")) }
        switch place(domain, on: wanted, notOn: source, despitePolicy: despitePolicy, options: allowStop ? " --allow-stop" : "") {
        case .failure(let refusal): refuse(request, refusal)
        case .success(let target):
            let begun = move(domain, from: source, to: target, allowStop: allowStop, by: actor.name, plan: nil)
            answer(begun, to: request)
        }
    }

    /// Begins one domain's move, live where it can, stopped where that is allowed.
    mutating func move(_ domain: ManagedDomain, from source: BladeID, to target: BladeID, allowStop: Bool, by actor: String, plan: String?) -> Result<
        OperationID, Refusal
    > {
        let name = domain.definition.name
        if let held = domain.held { return .failure(Refusal(.conflict, "\(name) is held: \(held)", remedy: "`podp domain clear \(name)` when it is mended")) }
        guard let found = blades[source]?.domain(domain.id), found.state == .running || found.state == .paused else {
            return .failure(Refusal(.conflict, "\(name) is \(state(of: domain).rawValue) on \(self.name(of: source)): only a running domain is migrated"))
        }
        if let reason = found.liveMigration.reason, !allowStop {
            return .failure(
                Refusal(
                    .unsupported, "\(name) cannot migrate live: \(reason)",
                    remedy: "`podp domain migrate --allow-stop` stops it for the transfer; `podp_allowed_downtime` in its file lets plans do so"))
        }
        guard let host = blades[target]?.inventory?.host, let hello = blades[target]?.hello else {
            return .failure(Refusal(.unavailable, "\(self.name(of: target)) has not told what it has"))
        }
        guard !host.migrationAddress.isEmpty else {
            return .failure(
                Refusal(.unsupported, "\(self.name(of: target)) has no address on a migration network", remedy: "set PODP_MIGRATION_INTERFACE in its agent.env")
            )
        }
        guard blades[source]?.hello?.hypervisor.kind == hello.hypervisor.kind else {
            return .failure(Refusal(.unsupported, "\(self.name(of: source)) and \(self.name(of: target)) have different hypervisors"))
        }
        let migration = Migration(destination: target, address: host.migrationAddress, hostName: hello.blade.name, live: found.liveMigration.isYes)
        return begin(.migrate(migration), on: domain, at: source, by: actor, plan: plan)
    }
}

extension DomainDefinition {
    /// What no hypervisor could run, in words; `nil` when it can be tried.
    var problem: String? {
        if name.isEmpty || name.utf8.count > 128 { return "a name has 1 to 128 bytes" }
        if name.utf8.contains(where: { $0 < 0x21 || $0 == 0x7f || $0 == UInt8(ascii: "/") }) { return "a name has no spaces, control characters or slashes" }
        if vcpus < 1 || maxVCPUs < vcpus || maxVCPUs > 512 { return "vCPUs are 1 to 512, and no more than `maxvcpus`" }
        if memory < .mebibytes(4) || maxMemory < memory { return "memory is at least 4 MiB, and no more than `maxmem`" }
        return nil
    }
}
