import AgentCore
import AgentHost
import CLibvirt
import PodpModel

/// Acts on a host's domains through libvirt. Each running operation has a connection and a thread of its own.
public actor LibvirtActuator: Actuator {
    public struct Settings: Sendable {
        /// Sends a migration's memory through libvirt's TLS connection (`VIR_MIGRATE_TUNNELLED`), not beside it in clear.
        public var tunnelled: Bool
        /// What the hypervisor says it can move live; a domain of another type is refused before libvirt is asked.
        public var liveMigration: [VirtualisationType: Ability]
        /// Operations at one time. More are refused, not queued.
        public var limit: Int
        /// Between two looks at a domain that is waited for.
        public var pollInterval: Duration
        /// How long a guest may take to go down for its reboot, where the hypervisor shows that it has.
        public var rebootLimit: Duration
        /// libvirt's log of its Xen driver, where the real reasons stand.
        public var driverLog: String
        /// Makes a domain run that libvirt believes to run and the hypervisor holds: called after each resume, on the operation's thread.
        public var releasePauses: (@Sendable (DomainID) throws(HypervisorError) -> Void)?

        public init(
            tunnelled: Bool = false, liveMigration: [VirtualisationType: Ability] = [:], limit: Int = 8, pollInterval: Duration = .seconds(1),
            rebootLimit: Duration = .seconds(300), driverLog: String = "/var/log/libvirt/libxl/libxl-driver.log",
            releasePauses: (@Sendable (DomainID) throws(HypervisorError) -> Void)? = nil
        ) {
            self.tunnelled = tunnelled
            self.liveMigration = liveMigration
            self.limit = limit
            self.pollInterval = pollInterval
            self.rebootLimit = rebootLimit
            self.driverLog = driverLog
            self.releasePauses = releasePauses
        }
    }

    let host: LibvirtHost
    let settings: Settings
    private var idle: [LibvirtConnection] = []
    private var running: [OperationID: Running] = [:]

    private struct Running {
        var domain: DomainID
        var isCancelled = false
        var isMigration: Bool
    }

    public init(host: LibvirtHost, settings: Settings = Settings()) {
        self.host = host
        self.settings = settings
    }

    public func execute(_ command: Command, progress: @escaping @Sendable (Progress) -> Void) async -> Outcome {
        guard running.count < settings.limit else {
            return .failed(reason: "\(running.count) operations run on this blade already, which is its limit: try again when one has ended")
        }
        guard running[command.operation] == nil else { return .indeterminate(reason: "operation \(command.operation) runs already") }
        var entry = Running(domain: command.domain, isMigration: false)
        if case .migrate = command.action { entry.isMigration = true }
        running[command.operation] = entry
        let connection = idle.popLast() ?? LibvirtConnection(uri: host.uri)
        defer {
            running[command.operation] = nil
            idle.append(connection)
        }
        return await run(command, on: connection, progress: progress)
    }

    public func cancel(_ operation: OperationID) async -> Bool {
        guard let entry = running[operation] else { return false }
        running[operation]?.isCancelled = true
        guard entry.isMigration else { return true }
        let id = entry.domain.description
        // By the connection that answers questions: the operation's own is busy with the migration.
        let aborted: Bool? = try? await host.query.call { connection throws(LibvirtFailure) in
            let domain = try LibvirtDomain(id, in: connection)
            guard virDomainAbortJob(domain.handle) == 0 else { throw .last("cancel the migration") }
            return true
        }
        return aborted ?? false
    }

    func isCancelled(_ operation: OperationID) -> Bool { running[operation]?.isCancelled ?? true }

    public func describe(_ domain: DomainID) async throws(HypervisorError) -> String {
        let id = domain.description
        do throws(LibvirtFailure) {
            return try await host.query.call { connection throws(LibvirtFailure) in
                let domain = try LibvirtDomain(id, in: connection)
                return try domain.xml(inactive: domain.isPersistent)
            }
        } catch {
            throw error.hypervisorError
        }
    }

    // MARK: - Actions

    private func run(_ command: Command, on connection: LibvirtConnection, progress: @escaping @Sendable (Progress) -> Void) async -> Outcome {
        let log = DriverLog(path: settings.driverLog)
        do throws(LibvirtFailure) {
            switch command.action {
            case .define(let image):
                try await define(image, command, on: connection)
            case .start(let image):
                try await start(image, command, on: connection)
            case .shutdown(let deadline):
                return try await shutdown(command, deadline: deadline, on: connection, progress: progress)
            case .destroy:
                try await act(command, "destroy", on: connection) { virDomainDestroy($0) }
            case .pause:
                try await act(command, "pause", on: connection) { virDomainSuspend($0) }
            case .resume:
                try await resume(command, on: connection)
            case .reboot:
                return try await reboot(command, on: connection, progress: progress)
            case .setMemory(let memory):
                try await setMemory(memory, command, on: connection)
            case .setVCPUs(let count):
                try await setVCPUs(count, command, on: connection)
            case .undefine:
                try await undefine(command, on: connection)
            case .migrate(let migration):
                return await migrate(migration, command, on: connection, log: log, progress: progress)
            }
            return .succeeded
        } catch {
            return outcome(of: error, log: log)
        }
    }

    /// A refusal leaves the domain as it was; a broken connection leaves nobody knowing.
    func outcome(of failure: LibvirtFailure, log: DriverLog) -> Outcome {
        switch failure {
        case .notConnected(let message): .failed(reason: message)
        case .interrupted(let message): .indeterminate(reason: "\(message). libvirtd was lost while it worked on this")
        case .refused(_, let message): .failed(reason: Self.message(message, log.reasons()))
        }
    }

    static func message(_ message: String, _ reasons: [String]) -> String {
        reasons.isEmpty ? message : "\(message). libvirt's log of its Xen driver says: \(reasons.joined(separator: "; "))"
    }

    private func act(
        _ command: Command, _ verb: StaticString, on connection: LibvirtConnection, _ body: @escaping @Sendable (OpaquePointer) -> Int32
    ) async throws(LibvirtFailure) {
        let id = command.domain.description
        let what = "\(verb) \(command.domainName)"
        try await connection.call { connection throws(LibvirtFailure) in
            let domain = try LibvirtDomain(id, in: connection)
            guard body(domain.handle) == 0 else { throw .last(what) }
        }
    }

    private func resume(_ command: Command, on connection: LibvirtConnection) async throws(LibvirtFailure) {
        try await act(command, "resume", on: connection) { virDomainResume($0) }
        guard let releasePauses = settings.releasePauses else { return }
        try await connection.call { _ throws(LibvirtFailure) in
            do throws(HypervisorError) {
                try releasePauses(command.domain)
            } catch {
                throw .refused(code: VIR_ERR_OPERATION_FAILED.rawValue, message: "resume \(command.domainName): \(error.message)")
            }
        }
    }

    private func define(_ image: DomainImage, _ command: Command, on connection: LibvirtConnection) async throws(LibvirtFailure) {
        let id = command.domain
        let name = command.domainName
        try await connection.call { connection throws(LibvirtFailure) in _ = try Self.defined(image, id, name, connection) }
    }

    /// Defines a domain, and makes sure that it is the one that was meant.
    private static func defined(_ image: DomainImage, _ id: DomainID, _ name: String, _ connection: OpaquePointer) throws(LibvirtFailure) -> LibvirtDomain {
        guard LibvirtDescription(xml: image.libvirtXML)?.id == id else {
            throw .refused(code: VIR_ERR_XML_ERROR.rawValue, message: "define \(name): the definition's UUID is not \(id)")
        }
        guard let handle = virDomainDefineXML(connection, image.libvirtXML) else { throw .last("define \(name)") }
        return LibvirtDomain(owned: handle)
    }

    private func start(_ image: DomainImage, _ command: Command, on connection: LibvirtConnection) async throws(LibvirtFailure) {
        let id = command.domain
        let name = command.domainName
        try await connection.call { connection throws(LibvirtFailure) in
            var wasDefined = false
            if let before = virDomainLookupByUUIDString(connection, id.description) {
                let before = LibvirtDomain(owned: before)
                guard !before.isActive else { throw .refused(code: VIR_ERR_OPERATION_INVALID.rawValue, message: "start \(name): it runs already") }
                wasDefined = before.isPersistent
            }
            let domain = try Self.defined(image, id, name, connection)
            guard virDomainCreate(domain.handle) == 0 else {
                let failure = LibvirtFailure.last("start \(name)")
                // Failed means: as it was before.
                if case .refused = failure, !wasDefined { _ = virDomainUndefine(domain.handle) }
                throw failure
            }
        }
    }

    /// Asks the guest, then looks until it is off. What the guest does after the deadline is its own affair: it was asked.
    private func shutdown(
        _ command: Command, deadline: Duration, on connection: LibvirtConnection, progress: @escaping @Sendable (Progress) -> Void
    ) async throws(LibvirtFailure) -> Outcome {
        try await act(command, "shut down", on: connection) { virDomainShutdown($0) }
        let begun = HostClock.bootTime()
        while true {
            if try await isOff(command.domain, on: connection) { return .succeeded }
            let elapsed = HostClock.bootTime() - begun
            if isCancelled(command.operation) {
                return .indeterminate(reason: "cancelled, but \(command.domainName) was asked to shut down and may still do so")
            }
            guard elapsed < deadline else {
                return .failed(
                    reason:
                        "\(command.domainName) was asked to shut down and still runs after \(Int(elapsed.inSeconds)) s: its system does not answer, or is slow. `podp domain stop --force` takes its power"
                )
            }
            progress(Progress(done: .zero, remaining: .zero, elapsed: elapsed))
            try? await Task.sleep(for: settings.pollInterval)
        }
    }

    /// Asks the guest. On Xen a reboot ends the domain and makes another of a new number: over when that one runs, so that the next
    /// operation does not meet the gap between the two, in which libvirt calls it off. Elsewhere it is the guest's own affair.
    private func reboot(
        _ command: Command, on connection: LibvirtConnection, progress: @escaping @Sendable (Progress) -> Void
    ) async throws(LibvirtFailure) -> Outcome {
        let before = try await look(command.domain, on: connection)
        try await act(command, "reboot", on: connection) { virDomainReboot($0, 0) }
        guard before.kind == .xen, before.number != nil else { return .succeeded }
        let begun = HostClock.bootTime()
        while true {
            let seen = try await look(command.domain, on: connection)
            if let number = seen.number, number != before.number, seen.state == .running { return .succeeded }
            let elapsed = HostClock.bootTime() - begun
            if isCancelled(command.operation) {
                return .indeterminate(reason: "cancelled, but \(command.domainName) was asked to reboot and may still do so")
            }
            guard elapsed < settings.rebootLimit else {
                return .indeterminate(
                    reason: "\(command.domainName) was asked to reboot and has not after \(Int(elapsed.inSeconds)) s; it is \(seen.state?.rawValue ?? "gone")")
            }
            progress(Progress(done: .zero, remaining: .zero, elapsed: elapsed))
            try? await Task.sleep(for: settings.pollInterval)
        }
    }

    func isOff(_ domain: DomainID, on connection: LibvirtConnection) async throws(LibvirtFailure) -> Bool {
        let state = try await look(domain, on: connection).state
        return state == nil || state == .off
    }

    private func setMemory(_ memory: Bytes, _ command: Command, on connection: LibvirtConnection) async throws(LibvirtFailure) {
        let id = command.domain.description
        let what = "set memory of \(command.domainName)"
        let kibibytes = UInt(clamping: memory.kibibytes)
        try await connection.call { connection throws(LibvirtFailure) in
            let domain = try LibvirtDomain(id, in: connection)
            try Self.set(domain, what) { virDomainSetMemoryFlags($0, kibibytes, $1) }
        }
    }

    private func setVCPUs(_ count: Int, _ command: Command, on connection: LibvirtConnection) async throws(LibvirtFailure) {
        let id = command.domain.description
        let what = "set vCPUs of \(command.domainName)"
        let vcpus = UInt32(clamping: count)
        try await connection.call { connection throws(LibvirtFailure) in
            let domain = try LibvirtDomain(id, in: connection)
            try Self.set(domain, what) { virDomainSetVcpusFlags($0, vcpus, $1) }
        }
    }

    /// Changes the running domain, its definition, or both: whatever there is. Some drivers change only one of them at a time.
    private static func set(_ domain: borrowing LibvirtDomain, _ what: String, _ change: (OpaquePointer, UInt32) -> Int32) throws(LibvirtFailure) {
        let live = domain.isActive ? UInt32(VIR_DOMAIN_AFFECT_LIVE.rawValue) : 0
        let config = domain.isPersistent ? UInt32(VIR_DOMAIN_AFFECT_CONFIG.rawValue) : 0
        if change(domain.handle, live | config) == 0 { return }
        let failure = LibvirtFailure.last(what)
        guard live != 0, config != 0, case .refused(VIR_ERR_INVALID_ARG.rawValue, _) = failure else { throw failure }
        for part in [live, config] {
            guard change(domain.handle, part) == 0 else { throw .last(what) }
        }
    }

    private func undefine(_ command: Command, on connection: LibvirtConnection) async throws(LibvirtFailure) {
        let id = command.domain.description
        let name = command.domainName
        try await connection.call { connection throws(LibvirtFailure) in
            let domain = try LibvirtDomain(id, in: connection)
            guard !domain.isActive else {
                throw .refused(code: VIR_ERR_OPERATION_INVALID.rawValue, message: "undefine \(name): it runs; shut it down first")
            }
            if virDomainUndefineFlags(domain.handle, UInt32(VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue)) == 0 { return }
            let failure = LibvirtFailure.last("undefine \(name)")
            guard failure.isUnsupported, virDomainUndefine(domain.handle) == 0 else { throw failure }
        }
    }
}
