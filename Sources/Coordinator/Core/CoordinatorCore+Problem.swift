import PodpModel

extension CoordinatorCore {
    /// The fleet as a planner's problem. `automatic`: only what policy lets automation touch may move.
    func problem(_ goal: Problem.Goal, automatic: Bool = false, weighsWatts: Bool = false, despitePolicy: Bool = false) -> Problem {
        let ids = decided.blades.keys.sorted()
        var index: [BladeID: Int] = [:]
        var problemBlades: [Problem.Blade] = []
        let places = places()
        for (position, id) in ids.enumerated() {
            index[id] = position
            problemBlades.append(problemBlade(id, at: places[id], automatic: automatic))
        }
        var domains: [Problem.Domain] = []
        for id in decided.domains.keys.sorted() {
            guard let domain = decided.domains[id], let blade = domain.blade, let position = index[blade] else { continue }
            if let live = blades[blade], live.inventory != nil, live.link != nil, live.domain(id)?.state.holdsMemory != true { continue }
            // What is not to run, and did not when its blade was last heard of, needs room nowhere.
            if domain.wish == .off, blades[blade]?.domain(id)?.state.holdsMemory != true, decided.openOperation(of: id) == nil { continue }
            domains.append(problemDomain(domain, on: blade, at: position, automatic: automatic))
        }
        var limits = PlanLimits()
        limits.migrationBytesPerSecond = configuration.migrationBytesPerSecond
        limits.minimumGainPermille = decided.settings.minimumGainPermille
        limits.weighsWatts = weighsWatts
        // Whoever asks for an empty blade wants it emptied, however many run there, and room may have to be made.
        if case .evacuate(let id) = goal { limits.maxMoves += domains.count { problemBlades[$0.blade].id == id } }
        return Problem(
            revision: revision, goal: goal, blades: problemBlades, domains: domains, rules: rules(on: ids, despitePolicy: despitePolicy), limits: limits)
    }

    private func problemBlade(_ id: BladeID, at place: Place?, automatic: Bool) -> Problem.Blade {
        let record = decided.blades[id]
        let live = blades[id]
        let host = live?.inventory?.host
        var reason = whyHeld(id)
        if reason == nil, record?.draining == true { reason = Problem.Blade.draining }
        if reason == nil, automatic, let chassis = record?.chassis, policy(of: chassis) == .manual { reason = "the policy of \(chassis) is manual" }
        var reserved = [Int64](repeating: 0, count: Resource.usual.count)
        for domain in live?.inventory?.domains ?? [] where domain.state.holdsMemory && (decided.domains[domain.id]?.blade != id) {
            if let window = windows[domain.id] { for resource in 0..<reserved.count where resource != 1 { reserved[resource] += window.mean[resource] } }
            reserved[1] += Self.memoryNeeded(domain.memory)
        }
        reserved[1] += Int64(clamping: incoming(to: id).kibibytes)
        return Problem.Blade(
            id: id, name: name(of: id), chassis: record?.chassis ?? "", zones: zones(of: id, at: place), capacity: capacity(of: id),
            comfort: comfortLevels,
            reserved: reserved,
            accepts: reason == nil, reason: reason, cpuFeatures: live?.hello?.cpu.features ?? [], bridges: (host?.bridges ?? []).sorted(),
            sharedStorage: live?.devices.shared ?? [],
            power: live?.powerLine.line)
    }

    func problemDomain(_ domain: ManagedDomain, on blade: BladeID, at position: Int, automatic: Bool) -> Problem.Domain {
        let found = blades[blade]?.domain(domain.id)
        let window = windows[domain.id]
        let memory = found?.memory ?? domain.definition.memory
        var mean = window?.mean ?? [Int64](repeating: 0, count: Resource.usual.count)
        var high = window?.high ?? mean
        mean[1] = Self.memoryNeeded(memory)
        high[1] = mean[1]
        for resource in 0..<mean.count { high[resource] = max(high[resource], mean[resource]) }
        return Problem.Domain(
            id: domain.id, name: domain.definition.name, blade: position, mean: mean, high: high,
            mobility: mobility(of: domain, found: found, on: blade, automatic: automatic), memory: memory,
            cpuFeatures: blades[blade]?.hello?.cpu.features ?? [], bridges: Set((found?.nics ?? domain.definition.nics).map(\.bridge)).sorted(),
            storage: storage(of: found?.disks ?? domain.definition.disks, on: blade))
    }

    private func mobility(of domain: ManagedDomain, found: DomainInventory?, on blade: BladeID, automatic: Bool) -> Problem.Mobility {
        if let held = domain.held { return .fixed(reason: "held: \(held)") }
        if let operation = decided.openOperation(of: domain.id) { return .fixed(reason: "an operation is under way (\(operation.action.word))") }
        guard let found, blades[blade]?.link != nil else { return .fixed(reason: "\(name(of: blade)) is unknown") }
        if let reason = whyHeld(blade), decided.blades[blade]?.held == nil { return .fixed(reason: "\(name(of: blade)): \(reason)") }
        if found.state != .running { return .fixed(reason: "it is \(found.state.rawValue)") }
        if domain.definition.policy.stays { return .fixed(reason: "its file says that it stays (podp_stays)") }
        if automatic {
            if let chassis = decided.blades[blade]?.chassis, policy(of: chassis) == .manual { return .fixed(reason: "the policy of \(chassis) is manual") }
            if decided.blades[blade]?.held != nil { return .fixed(reason: "\(name(of: blade)) is held") }
            let settle = configuration.settleTime.nanoseconds / 1_000_000
            if let moved = domain.movedAt, now.wall.millisecondsSince(moved) < settle {
                return .fixed(reason: "it was moved \(now.wall.millisecondsSince(moved) / 1000) s ago")
            }
            if let failed = domain.moveFailedAt, now.wall.millisecondsSince(failed) < settle {
                return .fixed(reason: "its last move failed \(now.wall.millisecondsSince(failed) / 1000) s ago")
            }
            if windows[domain.id].map({ $0.age == 0 }) ?? true { return .fixed(reason: "it was not measured long enough") }
        }
        guard let reason = found.liveMigration.reason else { return .live }
        guard let downtime = domain.definition.policy.allowedDowntime else { return .fixed(reason: reason) }
        return .stopAndGo(downtime: downtime)
    }

    // MARK: - Amounts

    /// Above which domains wait, by `Resource.usual`, in thousandths of the capacity.
    var comfortLevels: [Int64] {
        let comfort = configuration.comfortPermille
        return [comfort, 900, comfort, comfort]
    }

    func policy(of chassis: String) -> BalancePolicy {
        decided.settings.chassis.first { $0.chassis == chassis }?.balance ?? decided.settings.balance
    }

    /// What domains may have, by `Resource.usual`: dom0's part and the hypervisor's own are taken off.
    func capacity(of id: BladeID) -> [Int64] {
        guard let live = blades[id], let inventory = live.inventory, live.implausibleInventory == nil else { return [0, 0, 0, 0] }
        let host = inventory.host
        let cpu = max(Int64(host.cpus) * 1000 - live.dom0CPU, 0)
        let most = host.memory - host.dom0Memory
        let memory = live.memoryForDomains(at: now.instant).map { min($0, most) } ?? most
        let megabits = host.nics.filter(\.isUp).map(\.megabitsPerSecond).max() ?? 0
        let disk = Int64(clamping: decided.blades[id]?.diskMebibytesPerSecond ?? 0) * 1024
        return [cpu, Int64(clamping: memory.kibibytes), disk, Int64(clamping: megabits) * 122]
    }

    /// KiB that a domain takes from its blade: its own, and what the hypervisor keeps for it (page tables, p2m, rings).
    static func memoryNeeded(_ memory: Bytes) -> Int64 {
        Int64(clamping: (memory + Bytes(memory.count / 256) + .mebibytes(2)).kibibytes)
    }

    /// Promised to domains that are on their way to a blade and do not show there yet.
    func incoming(to id: BladeID) -> Bytes {
        var sum = Bytes.zero
        for (domain, ids) in decided.open {
            for operation in ids.compactMap({ decided.operations[$0] }) where operation.resolves == nil {
                let memory: Bytes
                switch operation.action {
                case .start(let image) where operation.blade == id: memory = image.definition.memory
                case .migrate(let migration) where migration.destination == id:
                    memory = blades[operation.blade]?.domain(domain)?.memory ?? decided.domains[domain]?.definition.memory ?? .zero
                case .setMemory(let wanted) where operation.blade == id:
                    memory = wanted - (blades[id]?.domain(domain)?.memory ?? .zero)
                default: continue
                }
                if case .setMemory = operation.action {
                    sum += memory
                } else {
                    // Inventory's part of it counts already.
                    let there = blades[id]?.domain(domain).flatMap { $0.state.holdsMemory ? $0.memory : nil } ?? .zero
                    sum += Bytes.kibibytes(UInt64(clamping: Self.memoryNeeded(memory))) - there
                }
            }
        }
        return sum
    }

    /// Free for one more domain, as far as is known and promised.
    func memoryFree(on id: BladeID) -> Bytes {
        let inventory = blades[id]?.inventory
        let used = (inventory?.domains ?? []).filter(\.state.holdsMemory).reduce(Int64(0)) { $0 + Self.memoryNeeded($1.memory) }
        return .kibibytes(UInt64(clamping: capacity(of: id)[1] - used)) - incoming(to: id)
    }

    // MARK: - Storage

    /// Disks as keys that are equal on two blades only where both reach the same storage.
    func storage(of disks: [Disk], on blade: BladeID) -> [String] {
        let devices = blades[blade]?.devices
        return Set(disks.filter { !$0.source.isEmpty }.map { Self.storageKey(for: $0.source, among: devices, local: blade) }).sorted()
    }

    static func storageKey(_ path: String, serial: String) -> String { "\(path) (\(serial))" }

    private static func storageKey(for source: String, among devices: Devices?, local: BladeID) -> String {
        guard let device = devices?.device(of: source), !device.serial.isEmpty else { return storageKey(plain(source), serial: "local to \(local)") }
        return storageKey(device.path, serial: device.serial)
    }
}
