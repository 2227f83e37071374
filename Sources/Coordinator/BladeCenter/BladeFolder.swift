import AgentSimulated
import Foundation
import PodpModel

/// What one blade keeps: its agent's state, its log, and its part of the simulated world.
struct BladeFolder: Sendable {
    let bay: Bay
    private let root: String
    private let world: SimulatedWorld
    private let dayLength: Duration

    /// Makes what is missing. Throws what the file system says.
    init(bay: Bay, in folder: String, dayLength: Duration, pace: Int) throws {
        self.bay = bay
        self.dayLength = dayLength
        // The agent takes an absolute path only.
        let absolute = URL(fileURLWithPath: folder).standardizedFileURL.path
        root = "\(absolute)/\(bay.blade.name)"
        world = SimulatedWorld(path: "\(absolute)/world")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        var settings = SimulatedSettings(identity: bay.blade)
        settings.cpus = Bay.cpus
        settings.memory = Bay.memory
        settings.dom0Memory = Bay.dom0Memory
        settings.dayLength = dayLength
        settings.pace = pace
        try world.install(settings)
    }

    var state: String { root + "/state" }
    var agentLog: String { root + "/agent.log" }

    var isEnrolled: Bool { FileManager.default.fileExists(atPath: state + "/identity.pem") }

    // MARK: - Power

    /// Begins a new boot and returns its id; domains of the last one are off.
    func boot() throws -> ID128 {
        var random = SystemRandomNumberGenerator()
        let id = ID128(high: random.next(), low: random.next())
        try world.powerOn(bay.blade.id, boot: id)
        return id
    }

    func powerOff() throws { try world.powerOff(bay.blade.id) }

    /// How busy its CPUs are, by what its domains want of them.
    func loadPermille() -> Int {
        guard let boot = try? world.boot(of: bay.blade.id), let host = try? world.host(of: bay.blade.id, boot: boot) else { return 0 }
        let now = WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let wanted = host.domains.filter { $0.state(in: boot) == .running }.reduce(0) { sum, domain in
            let demand = host.loads[domain.id] ?? Load(domain: domain.id, dayLength: host.settings.dayLength).demand(at: now)
            return sum + min(1000, max(0, demand)) * max(0, domain.vcpus)
        }
        return min(1000, wanted / Bay.cpus)
    }

    // MARK: - The agent

    private func arguments(boot: ID128?) -> [String] {
        [
            "--state-dir", state, "--hypervisor", "simulated:\(world.path)", "--allow-simulated", "--simulated-blade", bay.blade.id.description,
            "--simulated-name", bay.blade.name, "--simulated-serial", bay.blade.serial, "--simulated-day", "\(Int(dayLength.inSeconds))",
        ] + (boot.map { ["--simulated-boot", $0.description] } ?? [])
    }

    func agentArguments(boot: ID128) -> [String] { ["run"] + arguments(boot: boot) }

    func enrolArguments(token: String) -> [String] { ["enrol", token] + arguments(boot: nil) }

    var tokenArguments: [String] { ["blade", "token", "--chassis", "bladecenter", "--bay", "\(bay.number)"] }
}
