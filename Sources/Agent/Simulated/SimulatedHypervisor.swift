import AgentCore
import Glibc
import PodpModel

/// The simulated hypervisor of one blade of a `SimulatedWorld`: what an agent uses in place of Xen.
///
/// Domains outlive the agent, as they do on a real blade: they are files, and what they used meanwhile follows from their load. A
/// migration that its agent does not survive leaves the domain at the source, and the paused copy at the destination until somebody
/// destroys it or the source's next agent looks.
public actor SimulatedHypervisor: Telemetry, Actuator {
    public struct Clock: Sendable {
        public var now: @Sendable () -> Instant
        public var wall: @Sendable () -> WallTime
        public var sleep: @Sendable (Duration) async -> Void

        public init(now: @escaping @Sendable () -> Instant, wall: @escaping @Sendable () -> WallTime, sleep: @escaping @Sendable (Duration) async -> Void) {
            self.now = now
            self.wall = wall
            self.sleep = sleep
        }

        /// The machine's own.
        public static let system = Clock(
            now: {
                var time = timespec()
                clock_gettime(CLOCK_BOOTTIME, &time)
                return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
            },
            wall: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return WallTime(milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
            },
            sleep: { try? await Task.sleep(for: $0) })
    }

    let world: SimulatedWorld
    let blade: BladeID
    private let clock: Clock
    private var host: SimulatedHost
    /// The folders' stamps as they were when they were last read.
    private var loaded: [[Int]]?
    private var cancelled: Set<OperationID> = []
    private var cancellable: Set<OperationID> = []
    private let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// Switches the blade on in `boot` and takes it over. Throws `.failed` or `.malformed` about the world's files.
    public init(world: SimulatedWorld, settings: SimulatedSettings, boot: ID128, clock: Clock = .system) throws(HypervisorError) {
        self.world = world
        self.clock = clock
        blade = settings.identity.id
        let installed = try world.install(settings)
        try world.powerOn(blade, boot: boot)
        var host = SimulatedHost(settings: installed, bootID: boot, now: clock.now(), wall: clock.wall())
        try world.load(into: &host)
        self.host = host
    }

    /// Watches the world's files for what others did there, until it is cancelled. Run it beside the agent.
    public func watch() async {
        var seen: [[Int]] = []
        while !Task.isCancelled {
            let now = [world.domains(of: blade), world.arrivals(of: blade), world.folder(of: blade) + "/settings"].map(Files.stamp)
            if now != seen, !seen.isEmpty { continuation.yield() }
            seen = now
            await clock.sleep(.milliseconds(500))
        }
        continuation.finish()
    }

    nonisolated public func changes() -> AsyncStream<Void> { stream }

    // MARK: - Telemetry

    public func facts() async throws(HypervisorError) -> HostFacts { host.facts }

    public func inventory() async throws(HypervisorError) -> Inventory {
        try await suffer("inventory")
        try refresh()
        return host.inventory
    }

    public func counters() async throws(HypervisorError) -> Counters {
        try await suffer("counters")
        try refresh()
        return host.counters()
    }

    private func refresh() throws(HypervisorError) {
        host.advance(to: clock.now(), wall: clock.wall())
        let folders = [world.domains(of: blade), world.arrivals(of: blade), world.path + "/loads", world.folder(of: blade)]
        let stamps = folders.map(Files.stamp)
        guard stamps != loaded else { return }
        // A folder that changed within the clock's last tick may change again without another stamp: it is read again next time.
        loaded = folders.allSatisfy(Files.isSettled) ? stamps : nil
        if let settings = try world.settings(of: blade) { host.settings = settings }
        try world.load(into: &host)
    }

    private func suffer(_ what: String) async throws(HypervisorError) {
        switch world.fault(what, on: blade) {
        case .fail(let reason), .lose(let reason): throw HypervisorError(.unavailable, reason)
        case .delay(let time): await clock.sleep(time)
        case .hang: while world.fault(what, on: blade) == .hang, !Task.isCancelled { await clock.sleep(.milliseconds(200)) }
        case nil: break
        }
    }

    // MARK: - Actuator

    public func execute(_ command: Command, progress: @escaping @Sendable (Progress) -> Void) async -> Outcome {
        let fault = world.fault(command.action.verb, on: blade)
        switch fault {
        case .fail(let reason): return .failed(reason: reason)
        case .delay(let time): await clock.sleep(time)
        case .hang: while world.fault(command.action.verb, on: blade) == .hang, !Task.isCancelled { await clock.sleep(.milliseconds(200)) }
        case .lose, nil: break
        }
        let outcome = await carryOut(command, progress: progress)
        continuation.yield()
        if case .lose(let reason) = fault, outcome == .succeeded { return .indeterminate(reason: reason) }
        return outcome
    }

    private func carryOut(_ command: Command, progress: @escaping @Sendable (Progress) -> Void) async -> Outcome {
        do throws(HypervisorError) {
            if case .migrate(let migration) = command.action { return try await migrate(command, migration, progress: progress) }
            if case .shutdown = command.action { cancellable.insert(command.operation) }
            let isWhole = await wait(host.duration(of: command.action), for: command.operation) { _ in }
            guard isWhole else { return .failed(reason: "cancelled") }
            return try performNow(command)
        } catch {
            return .failed(reason: error.message)
        }
    }

    private func performNow(_ command: Command) throws(HypervisorError) -> Outcome {
        try world.locked { () throws(HypervisorError) in
            try refresh()
            loaded = nil
            let outcome = host.perform(command.action, on: command.domain)
            guard outcome == .succeeded else { return outcome }
            if let domain = host.domain(command.domain) {
                try world.save(domain, on: blade)
            } else {
                try Files.remove(world.file(of: command.domain, on: blade))
                try Files.remove(world.arrival(of: command.domain, on: blade))
            }
            return outcome
        }
    }

    /// Waits in small steps. `false` when the operation was cancelled meanwhile.
    private func wait(_ whole: Duration, for operation: OperationID, step: (Duration) -> Void) async -> Bool {
        defer {
            cancellable.remove(operation)
            cancelled.remove(operation)
        }
        var passed = Duration.zero
        while passed < whole {
            if cancelled.contains(operation) { return false }
            let slice = min(.milliseconds(100), whole - passed)
            await clock.sleep(slice)
            passed += slice
            step(passed)
        }
        return !cancelled.contains(operation)
    }

    public func cancel(_ operation: OperationID) async -> Bool {
        guard cancellable.contains(operation) else { return false }
        cancelled.insert(operation)
        return true
    }

    public func describe(_ domain: DomainID) async throws(HypervisorError) -> String {
        try refresh()
        guard let found = host.domain(domain) else { throw HypervisorError(.noSuchDomain, "there is no domain \(domain) on \(host.settings.identity.name)") }
        guard let xml = found.libvirtXML else {
            throw HypervisorError(.unsupported, "the simulated hypervisor has no libvirt, and domain \(domain) was not defined by podp")
        }
        return xml
    }

    // MARK: - Migration

    private func migrate(_ command: Command, _ migration: Migration, progress: @escaping @Sendable (Progress) -> Void) async throws(HypervisorError) -> Outcome
    {
        let target = migration.destination
        guard target != blade else { return .failed(reason: "\(command.domainName) is on this blade already") }
        try refresh()
        if let hindrance = host.hindrance(toMigrate: command.domain, live: migration.live) { return .failed(reason: hindrance) }
        if let refusal = try reserve(command.domain, on: target) { return .failed(reason: refusal) }
        let memory = host.domain(command.domain)?.memory ?? .zero
        let whole = host.transfer(of: command.domain)
        let wasRunning = migration.live ? false : try pause(command.domain)
        cancellable.insert(command.operation)
        let isWhole = await wait(whole, for: command.operation) { passed in
            let share = UInt128(passed.nanoseconds) * UInt128(memory.count) / UInt128(max(1, whole.nanoseconds))
            let done = Bytes(UInt64(clamping: share))
            progress(Progress(done: done, remaining: memory - done, elapsed: passed))
        }
        let failure = isWhole ? try switchOver(command.domain, to: target, resume: wasRunning) : "cancelled before the switch"
        guard let failure else { return .succeeded }
        try world.locked { () throws(HypervisorError) in
            try Files.remove(world.arrival(of: command.domain, on: target))
            try refresh()
            guard wasRunning, var domain = host.domain(command.domain), domain.state(in: host.bootID) == .paused else { return }
            domain.state = .running
            host.put(domain)
            try world.save(domain, on: blade)
        }
        return .failed(reason: failure)
    }

    /// A move that is not live: the domain stands still for the whole transfer. Returns whether it ran.
    private func pause(_ id: DomainID) throws(HypervisorError) -> Bool {
        try world.locked { () throws(HypervisorError) in
            guard var domain = host.domain(id), domain.state(in: host.bootID) == .running else { return false }
            loaded = nil
            domain.state = .paused
            host.put(domain)
            try world.save(domain, on: blade)
            return true
        }
    }

    /// Keeps room at the destination. Returns why it has none.
    private func reserve(_ id: DomainID, on target: BladeID) throws(HypervisorError) -> String? {
        try world.locked { () throws(HypervisorError) in
            guard let domain = host.domain(id) else { return "the domain is gone" }
            guard let boot = try world.boot(of: target) else { return "cannot connect to the destination \(target): it is off" }
            var destination = try world.host(of: target, boot: boot)
            if let refusal = destination.admit(domain, from: blade) { return refusal }
            try world.write(SimulatedArrival(domain: domain, from: blade), to: world.arrival(of: id, on: target))
            return nil
        }
    }

    /// The moment at which the domain changes sides: one rename. Returns why it did not happen.
    private func switchOver(_ id: DomainID, to target: BladeID, resume: Bool) throws(HypervisorError) -> String? {
        try world.locked { () throws(HypervisorError) in
            try refresh()
            guard try world.boot(of: blade) == host.bootID else { return "this blade was switched off" }
            guard let boot = try world.boot(of: target) else { return "the destination was switched off" }
            let destination = try world.host(of: target, boot: boot)
            guard destination.arrivals.contains(where: { $0.domain.id == id }) else { return "the destination has lost the copy" }
            guard var leaving = host.domain(id), leaving.state(in: host.bootID) != .off else { return "the domain ended during the transfer" }
            // Valid in both boots while the file changes folders: wherever it is found, it runs there and only there.
            leaving.boots = [host.bootID, boot]
            leaving.lives &+= 1
            leaving.persistent = true
            if resume { leaving.state = .running }
            try world.save(leaving, on: blade)
            try Files.move(world.file(of: id, on: blade), to: world.file(of: id, on: target))
            host.remove(id)
            try Files.remove(world.arrival(of: id, on: target))
            return nil
        }
    }

    // MARK: - Looking back

    public func observe(_ command: Command) async -> Outcome {
        do throws(HypervisorError) {
            try refresh()
            return try lookBack(command)
        } catch {
            return .indeterminate(reason: error.message)
        }
    }

    private func lookBack(_ command: Command) throws(HypervisorError) -> Outcome {
        let domain = host.domain(command.domain)
        let state = domain?.state(in: host.bootID)
        func holds(_ isSo: Bool, _ otherwise: String) -> Outcome { isSo ? .succeeded : .failed(reason: "\(otherwise) after the agent was restarted") }
        switch command.action {
        case .define(let image): return holds(domain?.definition == image.definition, "it is not defined so")
        case .start: return holds(state == .running || state == .paused, "it does not run")
        case .shutdown, .destroy: return holds(state == nil || state == .off, "it still runs")
        case .pause: return holds(state == .paused, "it is not paused")
        case .resume: return holds(state == .running, "it does not run")
        case .reboot: return .indeterminate(reason: "nobody knows whether it rebooted before the agent was restarted")
        case .setMemory(let memory): return holds(domain?.memory == memory, "its memory is another")
        case .setVCPUs(let vcpus): return holds(domain?.vcpus == vcpus, "it has other vCPUs")
        case .undefine: return holds(domain == nil || domain?.persistent == false, "it is still defined")
        case .migrate(let migration):
            if let state, state != .off {
                // The agent was the transfer: nothing goes on without it, as libvirt ends a migration whose client is gone.
                try world.locked { () throws(HypervisorError) in try Files.remove(world.arrival(of: command.domain, on: migration.destination)) }
                if state == .paused, !migration.live { return .indeterminate(reason: "it stands paused at the source") }
                return .failed(reason: "it is still here after the agent was restarted")
            }
            let there: SimulatedDomain? = try world.read(world.file(of: command.domain, on: migration.destination))
            return there == nil ? .indeterminate(reason: "it is neither here nor at the destination") : .succeeded
        }
    }
}
