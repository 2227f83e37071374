import AgentCore
import PodpModel

extension SimulatedHost {
    /// How long an action takes before `perform` makes it so; a migration's is `transfer(of:)`.
    public func duration(of action: Action) -> Duration {
        let real: Duration =
            switch action {
            case .define, .undefine, .pause, .resume: .milliseconds(50)
            case .start: .milliseconds(900)
            case .shutdown(let deadline): min(.milliseconds(1500), max(.zero, deadline))
            case .destroy: .milliseconds(200)
            case .reboot: .milliseconds(1800)
            case .setMemory, .setVCPUs: .milliseconds(300)
            case .migrate: .zero
            }
        return paced(real)
    }

    /// How long a domain's memory takes to the other blade: once all of it, and a tenth again for what changes meanwhile.
    public func transfer(of id: DomainID) -> Duration {
        guard let memory = domain(id)?.memory.count else { return .zero }
        let bandwidth = UInt128(max(1, settings.migrationBandwidth.count))
        return paced(.milliseconds(Int64(clamping: UInt128(memory) * 1100 / bandwidth + 150)))
    }

    private func paced(_ real: Duration) -> Duration { .nanoseconds(Int64(clamping: Int128(real.nanoseconds) * Int128(max(0, settings.pace)) / 1000)) }

    /// Makes an action so, at once. Everything but `migrate`, which takes two hosts.
    public mutating func perform(_ action: Action, on id: DomainID) -> Outcome {
        switch action {
        case .define(let image): return define(image, as: id)
        case .start(let image): return start(image, as: id)
        case .migrate: return .failed(reason: "a migration takes two hosts")
        case .undefine: return undefine(id)
        case .destroy where domain(id) == nil && arrivals.contains { $0.domain.id == id }:
            removeArrival(id)
            return .succeeded
        default: break
        }
        guard var domain = domain(id) else { return .failed(reason: "there is no domain \(id) on \(settings.identity.name)") }
        let state = domain.state(in: bootID)
        let name = domain.definition.name
        switch action {
        case .shutdown, .destroy:
            guard state != .off else { return .failed(reason: "\(name) is not running") }
            if case .shutdown = action, state == .paused { return .failed(reason: "\(name) is paused: its kernel does not hear the request") }
            domain.end()
            guard domain.persistent else {
                remove(id)
                return .succeeded
            }
        case .pause:
            guard state == .running else { return .failed(reason: "\(name) is \(state.rawValue), not running") }
            domain.state = .paused
        case .resume:
            guard state == .paused else { return .failed(reason: "\(name) is \(state.rawValue), not paused") }
            domain.state = .running
        case .reboot:
            guard state == .running else { return .failed(reason: "\(name) is \(state.rawValue), not running") }
            domain.begin(in: bootID)
        case .setMemory(let memory):
            guard memory > .zero, memory <= domain.definition.maxMemory else {
                return .failed(reason: "\(name) can have at most \(domain.definition.maxMemory.mebibytes) MiB, not \(memory.mebibytes)")
            }
            if state != .off, memory > domain.memory, memory - domain.memory > memoryFree {
                return .failed(reason: "only \(memoryFree.mebibytes) MiB are free on \(settings.identity.name)")
            }
            domain.memory = memory
            domain.definition.memory = memory
        case .setVCPUs(let vcpus):
            guard vcpus > 0, vcpus <= domain.definition.maxVCPUs, vcpus <= Self.mostVCPUs else {
                return .failed(reason: "\(name) can have 1 to \(domain.definition.maxVCPUs) vCPUs, not \(vcpus)")
            }
            domain.vcpus = vcpus
            domain.definition.vcpus = vcpus
        case .define, .start, .migrate, .undefine: break
        }
        put(domain)
        return .succeeded
    }

    private mutating func define(_ image: DomainImage, as id: DomainID) -> Outcome {
        let definition = image.definition
        guard definition.id == id else { return .failed(reason: "the definition is that of another domain, \(definition.id)") }
        guard ability(definition.type) == .yes || definition.type == .pv else {
            return .failed(reason: "the simulated hypervisor has no \(definition.type.rawValue) domains")
        }
        if let other = domains.first(where: { $0.definition.name == definition.name && $0.id != id }) {
            return .failed(reason: "another domain here is named \(definition.name): \(other.id)")
        }
        var domain = domain(id) ?? SimulatedDomain(definition: definition)
        domain.definition = definition
        domain.libvirtXML = image.libvirtXML
        domain.persistent = true
        put(domain)
        return .succeeded
    }

    private mutating func start(_ image: DomainImage, as id: DomainID) -> Outcome {
        let name = image.definition.name
        if let state = domain(id)?.state(in: bootID), state != .off { return .failed(reason: "\(name) is \(state.rawValue) already") }
        if arrivals.contains(where: { $0.domain.id == id }) { return .failed(reason: "\(name) is on its way to this blade") }
        if let lacking = lacking(image.definition) { return .failed(reason: "\(name) cannot start: \(lacking)") }
        let defined = define(image, as: id)
        guard defined == .succeeded, var domain = domain(id) else { return defined }
        domain.begin(in: bootID)
        put(domain)
        return .succeeded
    }

    /// What this blade lacks for a domain, in words; `nil`: nothing.
    private func lacking(_ definition: DomainDefinition) -> String? {
        let blade = settings.identity.name
        guard definition.vcpus > 0 else { return "it has no vCPUs" }
        guard definition.vcpus <= Self.mostVCPUs else { return "\(definition.vcpus) vCPUs are more than the \(Self.mostVCPUs) that there can be" }
        guard definition.memory <= memoryFree else { return "it needs \(definition.memory.mebibytes) MiB, \(memoryFree.mebibytes) MiB are free on \(blade)" }
        for nic in definition.nics where !nic.bridge.isEmpty && !settings.bridges.contains(nic.bridge) { return "\(blade) has no bridge \(nic.bridge)" }
        for disk in definition.disks where !disk.isCDROM && !settings.storage.contains(where: { reaches($0.path, disk.source) }) {
            return "\(blade) has no \(disk.source)"
        }
        return nil
    }

    private func reaches(_ storage: String, _ source: String) -> Bool { storage.hasSuffix("/") ? source.hasPrefix(storage) : source == storage }

    private mutating func undefine(_ id: DomainID) -> Outcome {
        guard var domain = domain(id) else { return .failed(reason: "there is no domain \(id) on \(settings.identity.name)") }
        if domain.state(in: bootID) == .off {
            remove(id)
        } else {
            // As libvirt does: it runs on, and is gone when it ends.
            domain.persistent = false
            put(domain)
        }
        return .succeeded
    }

    // MARK: - Migration, in the order in which the two hosts are asked

    /// At the source: why a domain cannot leave; `nil`: it can.
    public func hindrance(toMigrate id: DomainID, live: Bool) -> String? {
        guard let domain = domain(id) else { return "there is no domain \(id) on \(settings.identity.name)" }
        let state = domain.state(in: bootID)
        guard state == .running || state == .paused else { return "\(domain.definition.name) is \(state.rawValue)" }
        return live ? ability(domain.definition.type).reason : nil
    }

    /// At the destination: keeps room for the paused copy. Returns why not.
    public mutating func admit(_ domain: SimulatedDomain, from source: BladeID) -> String? {
        let name = settings.identity.name
        if let state = self.domain(domain.id)?.state(in: bootID), state != .off { return "\(domain.definition.name) is \(state.rawValue) on \(name) already" }
        if arrivals.contains(where: { $0.domain.id == domain.id }) { return "\(domain.definition.name) is on its way to \(name) already" }
        var asItIs = domain.definition
        asItIs.memory = domain.memory
        asItIs.vcpus = domain.vcpus
        if let lacking = lacking(asItIs) { return lacking }
        put(SimulatedArrival(domain: domain, from: source))
        return nil
    }

    /// At the source, at the switch: the domain as it goes on elsewhere. It is gone here.
    public mutating func depart(_ id: DomainID, to boot: ID128) -> SimulatedDomain? {
        guard var domain = domain(id), domain.state(in: bootID) != .off else { return nil }
        remove(id)
        domain.boots = [boot]
        domain.lives &+= 1
        domain.persistent = true
        return domain
    }

    /// At the destination, at the switch: goes on with the domain.
    public mutating func arrive(_ domain: SimulatedDomain) {
        removeArrival(domain.id)
        var here = domain
        here.boots = [bootID]
        put(here)
    }
}
