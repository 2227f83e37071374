import AgentCore
import PodpModel

/// The folder that all simulated blades share; the "hardware" of a simulated chassis.
///
///     lock
///     loads/DOMAIN                    a number, 0 to 1000: what the domain wants of its vCPUs, instead of its day's curve
///     blades/BLADE/settings           SimulatedSettings, made with the defaults when it is missing; edit it before the agent starts
///     blades/BLADE/boot               the boot that the blade is in; missing: it is off
///     blades/BLADE/domains/DOMAIN     SimulatedDomain; a migration is the rename of this file
///     blades/BLADE/arrivals/DOMAIN    SimulatedArrival; the paused copy of a migration that has not ended
///     blades/BLADE/faults/ACTION      Fault, by the action's verb, or `counters` and `inventory`
///
/// Every change is made under `lock`; every file is replaced by an atomic rename.
public struct SimulatedWorld: Hashable, Sendable {
    public let path: String

    public init(path: String) { self.path = path.hasSuffix("/") && path.utf8.count > 1 ? String(path.dropLast()) : path }

    /// What goes wrong on purpose. One line: `fail REASON`, `delay MILLISECONDS`, `hang`, or `lose REASON` (done, but the answer is lost).
    public enum Fault: Hashable, Sendable {
        case fail(String)
        case delay(Duration)
        case hang
        case lose(String)

        init?(_ line: String) {
            let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
            let rest = parts.count > 1 ? parts[1].filter { $0 != "\n" } : ""
            switch parts.first {
            case "fail": self = .fail(rest)
            case "lose": self = .lose(rest)
            case "hang": self = .hang
            case "delay": self = .delay(.milliseconds(min(max(0, Int64(rest) ?? 0), 3_600_000)))
            default: return nil
            }
        }
    }

    public func folder(of blade: BladeID) -> String { "\(path)/blades/\(blade)" }
    func domains(of blade: BladeID) -> String { folder(of: blade) + "/domains" }
    func arrivals(of blade: BladeID) -> String { folder(of: blade) + "/arrivals" }
    func file(of domain: DomainID, on blade: BladeID) -> String { "\(domains(of: blade))/\(domain)" }
    func arrival(of domain: DomainID, on blade: BladeID) -> String { "\(arrivals(of: blade))/\(domain)" }

    // MARK: - For those who run a chassis

    /// Makes a blade's folders and, unless they are there, its settings.
    @discardableResult
    public func install(_ settings: SimulatedSettings) throws(HypervisorError) -> SimulatedSettings {
        let blade = settings.identity.id
        for folder in [path + "/loads", domains(of: blade), arrivals(of: blade), folder(of: blade) + "/faults"] { try Files.makeFolder(folder) }
        let file = folder(of: blade) + "/settings"
        if let known: SimulatedSettings = try read(file) { return known }
        try write(settings, to: file)
        return settings
    }

    /// The settings that a blade was installed with.
    public func settings(of blade: BladeID) throws(HypervisorError) -> SimulatedSettings? { try read(folder(of: blade) + "/settings") }

    /// Switches a blade on: the agent that is started with the same boot id finds its domains as they are, with another id all are off.
    public func powerOn(_ blade: BladeID, boot: ID128) throws(HypervisorError) {
        try locked { () throws(HypervisorError) in
            let file = folder(of: blade) + "/boot"
            if try self.boot(of: blade) == boot { return }
            // What was on its way when the blade went down is lost.
            for name in try Files.names(in: arrivals(of: blade)) { try Files.remove("\(arrivals(of: blade))/\(name)") }
            for name in try Files.names(in: domains(of: blade)) {
                let domain: SimulatedDomain? = try read("\(domains(of: blade))/\(name)")
                if let domain, !domain.persistent, domain.state(in: boot) == .off { try Files.remove("\(domains(of: blade))/\(name)") }
            }
            try Files.write(Array(boot.description.utf8), to: file)
        }
    }

    /// Switches a blade off. Its agent is the caller's to stop.
    public func powerOff(_ blade: BladeID) throws(HypervisorError) {
        try locked { () throws(HypervisorError) in try Files.remove(folder(of: blade) + "/boot") }
    }

    /// The boot that a blade is in; `nil`: it is off.
    public func boot(of blade: BladeID) throws(HypervisorError) -> ID128? {
        guard let bytes = try Files.read(folder(of: blade) + "/boot") else { return nil }
        return ID128(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }

    /// Makes a domain want so much, in thousandths of its vCPUs; `nil`: its day's curve again.
    public func setLoad(_ milli: Int?, of domain: DomainID) throws(HypervisorError) {
        let file = "\(path)/loads/\(domain)"
        if let milli { try Files.write(Array("\(milli)\n".utf8), to: file) } else { try Files.remove(file) }
    }

    /// Puts a domain on a blade, as `podp domain create` would: for the first state of a demonstration.
    public func put(_ domain: SimulatedDomain, on blade: BladeID) throws(HypervisorError) {
        try locked { () throws(HypervisorError) in try save(domain, on: blade) }
    }

    // MARK: - Reading and writing

    func locked<Result>(_ body: () throws(HypervisorError) -> Result) throws(HypervisorError) -> Result { try Files.locked(path + "/lock", body) }

    func save(_ domain: SimulatedDomain, on blade: BladeID) throws(HypervisorError) { try write(domain, to: file(of: domain.id, on: blade)) }

    /// A blade as its files have it, with its own boot.
    public func host(of blade: BladeID, boot: ID128) throws(HypervisorError) -> SimulatedHost {
        guard let settings = try settings(of: blade) else { throw HypervisorError(.failed, "there is no simulated blade \(blade) in \(path)") }
        var host = SimulatedHost(settings: settings, bootID: boot, now: .zero, wall: WallTime(milliseconds: 0))
        try load(into: &host)
        return host
    }

    /// Replaces the host's domains and arrivals by those of its files.
    func load(into host: inout SimulatedHost) throws(HypervisorError) {
        let blade = host.settings.identity.id
        let files = try Files.names(in: domains(of: blade))
        for domain in host.domains where !files.contains(domain.id.description) { host.remove(domain.id) }
        for name in files {
            guard let domain: SimulatedDomain = try read("\(domains(of: blade))/\(name)") else { continue }
            guard domain.id.description == name else { throw HypervisorError(.malformed, "\(domains(of: blade))/\(name) holds the domain \(domain.id)") }
            if host.domain(domain.id) != domain { host.put(domain) }
        }
        for arrival in host.arrivals { host.removeArrival(arrival.domain.id) }
        for name in try Files.names(in: arrivals(of: blade)) {
            if let arrival: SimulatedArrival = try read("\(arrivals(of: blade))/\(name)") { host.put(arrival) }
        }
        host.loads = [:]
        for name in try Files.names(in: path + "/loads") {
            guard let id = ID128(name), let bytes = try Files.read("\(path)/loads/\(name)") else { continue }
            host.loads[DomainID(id)] = Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
        }
    }

    func fault(_ name: String, on blade: BladeID) -> Fault? {
        guard let bytes = try? Files.read("\(folder(of: blade))/faults/\(name)") else { return nil }
        return Fault(String(decoding: bytes, as: UTF8.self))
    }

    func read<Value: Decodable>(_ file: String) throws(HypervisorError) -> Value? {
        guard let bytes = try Files.read(file) else { return nil }
        do {
            return try JSONTree(parsing: bytes).value(as: Value.self)
        } catch {
            throw HypervisorError(.malformed, "\(file) cannot be read: \(error); correct it or remove it")
        }
    }

    func write(_ value: some Encodable, to file: String) throws(HypervisorError) {
        try Files.write(Array((JSONTree.text(of: value) + "\n").utf8), to: file)
    }
}
