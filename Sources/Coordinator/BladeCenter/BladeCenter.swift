import Foundation
import Logging
import PodpModel

/// Fourteen blades, each a real agent's process on a simulated hypervisor, and their power.
actor BladeCenter {
    struct Settings: Sendable {
        var folder: String
        var blades = 14
        /// Where podp-agent is.
        var agent: String
        /// Where podp is, for enrolment tokens.
        var podp: String
        /// The coordinator's Unix socket, for podp; empty: podp's own default.
        var socket = ""
        /// From power to the agent's start; the operating system boots meanwhile.
        var bootTime = Duration.seconds(15)
        /// A simulated day.
        var dayLength = Duration.seconds(86_400)
        /// What operations' durations are multiplied with, in thousandths.
        var pace = 1000
    }

    let settings: Settings
    let log: Logger
    private(set) var bays: [Bay]
    private var agents: [Int: ChildProcess] = [:]
    private var isClosing = false
    private let folders: [BladeFolder]
    private var pending: [Int: Task<Void, Never>] = [:]

    init(settings: Settings, log: Logger) throws {
        self.settings = settings
        self.log = log
        bays = (1...max(1, settings.blades)).map { Bay(number: $0) }
        folders = try bays.map { try BladeFolder(bay: $0, in: settings.folder, dayLength: settings.dayLength, pace: settings.pace) }
    }

    // MARK: - From outside

    /// Switches every blade on. The first time, each is enrolled before its agent starts. Returns when all agents run.
    func begin(bootAtOnce: Bool) async throws {
        let strangers = bays.filter { !folders[$0.number - 1].isEnrolled }
        // A few at a time: each takes two processes and a key.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, bay) in strangers.enumerated() {
                if index >= 4 { try await group.next() }
                group.addTask { try await self.enrol(bay) }
            }
            try await group.waitForAll()
        }
        for bay in bays { powerOn(bay.number, bootTime: bootAtOnce ? .zero : settings.bootTime) }
    }

    func reset(_ number: Int, _ type: ResetType) -> Bool {
        guard let bay = bay(number) else { return false }
        log.notice("\(bay.blade.name): \(type.rawValue)")
        switch type {
        case .on: if bay.power == .off { powerOn(number, bootTime: settings.bootTime) }
        case .forceOff: powerOff(number, after: .milliseconds(800))
        case .gracefulShutdown: shutDown(number, thenOn: false)
        case .forceRestart:
            powerOff(number, after: .milliseconds(800), thenOn: true)
        }
        return true
    }

    /// What Redfish shows.
    func resources() -> RedfishResources {
        RedfishResources(bays: bays.map { RedfishResources.Occupied(bay: $0, loadPermille: $0.power == .on ? folders[$0.number - 1].loadPermille() : 0) })
    }

    /// Ends every agent. Returns when all have ended.
    func close() async {
        isClosing = true
        for task in pending.values { task.cancel() }
        for agent in agents.values { agent.terminate() }
        for _ in 0..<50 where agents.values.contains(where: \.isRunning) { try? await Task.sleep(for: .milliseconds(100)) }
        for agent in agents.values { agent.kill9() }
    }

    // MARK: - Power

    private func bay(_ number: Int) -> Bay? { bays.first { $0.number == number } }

    private func change(_ number: Int, to power: Bay.Power) -> Int {
        bays[number - 1].power = power
        bays[number - 1].change += 1
        return bays[number - 1].change
    }

    /// Does `what` later, unless somebody changed the blade's power meanwhile.
    private func later(_ number: Int, _ delay: Duration, change: Int, _ what: @escaping @Sendable (isolated BladeCenter) -> Void) {
        pending[number]?.cancel()
        pending[number] = Task {
            if delay > .zero { try? await Task.sleep(for: delay) }
            guard !Task.isCancelled, bays[number - 1].change == change, !isClosing else { return }
            what(self)
        }
    }

    private func powerOn(_ number: Int, bootTime: Duration) {
        let change = change(number, to: .poweringOn)
        later(number, min(bootTime, .seconds(2)), change: change) { center in
            center.bays[number - 1].power = .on
            center.bays[number - 1].boots += 1
            center.later(number, max(.zero, bootTime - .seconds(2)), change: change) { $0.boot(number, change: change) }
        }
    }

    private func boot(_ number: Int, change: Int) {
        do {
            let boot = try folders[number - 1].boot()
            startAgent(number, change: change, boot: boot)
        } catch {
            log.error("\(bays[number - 1].blade.name) does not boot: \(error)")
        }
    }

    private func startAgent(_ number: Int, change: Int, boot: ID128) {
        let folder = folders[number - 1]
        do {
            agents[number] = try ChildProcess(
                settings.agent, folder.agentArguments(boot: boot), environment: [:], log: folder.agentLog
            ) { status in
                Task { await self.agentEnded(number, change: change, boot: boot, status: status) }
            }
        } catch {
            log.error("\(bays[number - 1].blade.name): podp-agent does not start: \(error)")
        }
    }

    /// As systemd does: an agent that ends by itself is started again.
    private func agentEnded(_ number: Int, change: Int, boot: ID128, status: Int32) {
        guard !isClosing, bays[number - 1].change == change, bays[number - 1].power == .on else { return }
        log.warning("\(bays[number - 1].blade.name): podp-agent ended with status \(status), starting it again; \(folders[number - 1].agentLog) says why")
        later(number, .seconds(2), change: change) { $0.startAgent(number, change: change, boot: boot) }
    }

    private func powerOff(_ number: Int, after delay: Duration, thenOn: Bool = false) {
        guard bays[number - 1].power != .off else {
            if thenOn { powerOn(number, bootTime: settings.bootTime) }
            return
        }
        let change = change(number, to: .poweringOff)
        agents[number]?.kill9()
        agents[number] = nil
        later(number, delay, change: change) { center in
            center.isOff(number, thenOn: thenOn)
        }
    }

    private func isOff(_ number: Int, thenOn: Bool) {
        bays[number - 1].power = .off
        do {
            try folders[number - 1].powerOff()
        } catch {
            log.error("\(bays[number - 1].blade.name): \(error)")
        }
        if thenOn { powerOn(number, bootTime: settings.bootTime) }
    }

    /// The operating system shuts down first: the agent hears it, and some seconds later the power goes.
    private func shutDown(_ number: Int, thenOn: Bool) {
        guard bays[number - 1].power == .on else { return }
        let change = change(number, to: .poweringOff)
        agents[number]?.terminate()
        later(number, .seconds(4), change: change) { center in
            center.agents[number]?.kill9()
            center.agents[number] = nil
            center.isOff(number, thenOn: thenOn)
        }
    }

    // MARK: - Enrolment

    private func enrol(_ bay: Bay) async throws {
        let folder = folders[bay.number - 1]
        let socket = settings.socket.isEmpty ? [:] : ["PODP_COORDINATOR": settings.socket]
        let token = try await ChildProcess.output(of: settings.podp, folder.tokenArguments, environment: socket)
            .split(whereSeparator: \.isWhitespace).map(String.init).first { $0.hasPrefix("podp1.") }
        guard let token else { throw ChildProcess.Failure(description: "podp blade token printed no token for \(bay.blade.name)") }
        _ = try await ChildProcess.output(of: settings.agent, folder.enrolArguments(token: token))
        log.info("\(bay.blade.name) is enrolled")
    }
}
