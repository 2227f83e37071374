import AgentCore
import AgentHost
import CLibvirt
import Glibc
import PodpModel
import Synchronization

extension LibvirtActuator {
    /// Peer to peer: this blade's libvirtd talks to the other's over TLS; the other keeps the definition, this one drops it.
    func migrate(
        _ migration: Migration, _ command: Command, on connection: LibvirtConnection, log: DriverLog, progress: @escaping @Sendable (Progress) -> Void
    ) async -> Outcome {
        let before: Look
        do throws(LibvirtFailure) {
            before = try await look(command.domain, on: connection)
        } catch {
            return .failed(reason: error.message)
        }
        guard let state = before.state else { return .failed(reason: "\(command.domainName) is not on this blade") }
        guard state == .running || state == .paused else {
            return .failed(reason: "\(command.domainName) does not run (\(state.rawValue)): only a running domain is moved")
        }
        if migration.live, case .no(let reason) = settings.liveMigration[before.type] ?? .yes { return .failed(reason: "\(command.domainName): \(reason)") }

        let id = command.domain.description
        let name = command.domainName
        let target = Self.target(migration, scheme: scheme)
        let flags = self.flags(migration)
        let begun = HostClock.bootTime()
        let host = host
        let interval = settings.pollInterval
        let ticking = Ticking()
        async let ticks: Void = {
            while !ticking.isOver {
                try? await Task.sleep(for: interval)
                if let job = await Self.job(id, on: host.query) {
                    progress(Progress(done: job.done, remaining: job.remaining, elapsed: HostClock.bootTime() - begun))
                }
            }
        }()
        let outcome: Outcome
        do throws(LibvirtFailure) {
            try await connection.call { connection throws(LibvirtFailure) in
                let domain = try LibvirtDomain(id, in: connection)
                var parameters = TypedParameters()
                defer { parameters.free() }
                if let stream = target.stream { try parameters.add(VIR_MIGRATE_PARAM_URI, stream) }
                guard virDomainMigrateToURI3(domain.handle, target.libvirtd, parameters.list, UInt32(parameters.count), flags) == 0 else {
                    throw .last("migrate \(name) to \(migration.hostName)")
                }
            }
            outcome = .succeeded
        } catch {
            outcome = await unclear(error, state, command, on: connection, log: log)
        }
        ticking.end()
        await ticks
        return outcome
    }

    /// A migration that libvirt says has failed did fail if the domain is here as it was and the two blades' talk did not break off.
    private func unclear(_ failure: LibvirtFailure, _ before: DomainState, _ command: Command, on connection: LibvirtConnection, log: DriverLog) async
        -> Outcome
    {
        guard case .refused(_, let message) = failure else { return outcome(of: failure, log: log) }
        let reason = Self.message(message, log.reasons())
        let after = try? await look(command.domain, on: connection)
        return after?.state == before ? .failed(reason: reason) : .indeterminate(reason: "\(reason). Here it is now \(after?.state?.rawValue ?? "gone")")
    }

    private var scheme: String { host.uri.prefix { $0 != ":" }.split(separator: "+").first.map(String.init) ?? "xen" }

    /// Where the other libvirtd is, and where the memory goes. The name is what its certificate has; a blade that cannot resolve it uses the address,
    /// which the certificate has too.
    static func target(_ migration: Migration, scheme: String) -> (libvirtd: String, stream: String?) {
        func host(_ text: String) -> String { text.contains(":") ? "[\(text)]" : text }
        let name = !migration.hostName.isEmpty && (migration.address.isEmpty || resolves(migration.hostName)) ? migration.hostName : migration.address
        return ("\(scheme)+tls://\(host(name))/system", migration.address.isEmpty ? nil : "tcp://\(host(migration.address))")
    }

    private static func resolves(_ name: String) -> Bool {
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, nil, &list) == 0 else { return false }
        freeaddrinfo(list)
        return true
    }

    private func flags(_ migration: Migration) -> UInt32 {
        var flags = [VIR_MIGRATE_PEER2PEER, VIR_MIGRATE_PERSIST_DEST, VIR_MIGRATE_UNDEFINE_SOURCE]
        if migration.live { flags.append(VIR_MIGRATE_LIVE) }
        if settings.tunnelled { flags.append(VIR_MIGRATE_TUNNELLED) }
        return flags.reduce(0) { $0 | UInt32($1.rawValue) }
    }

    /// How far a migration is. Xen's driver tells the time alone, so both amounts are 0 there.
    private static func job(_ id: String, on query: LibvirtConnection) async -> (done: Bytes, remaining: Bytes)? {
        try? await query.call { connection throws(LibvirtFailure) in
            let domain = try LibvirtDomain(id, in: connection)
            var info = virDomainJobInfo()
            guard virDomainGetJobInfo(domain.handle, &info) == 0, info.type != Int32(VIR_DOMAIN_JOB_NONE.rawValue) else { throw .last("job") }
            return (Bytes(info.dataProcessed), Bytes(info.dataRemaining))
        }
    }
}

/// Whether somebody still waits for progress.
private final class Ticking: Sendable {
    private let over = Mutex(false)
    var isOver: Bool { over.withLock { $0 } }
    func end() { over.withLock { $0 = true } }
}

/// libvirt's list of named values.
struct TypedParameters {
    private(set) var list: virTypedParameterPtr?
    private(set) var count: Int32 = 0
    private var room: Int32 = 0

    mutating func add(_ name: String, _ value: String) throws(LibvirtFailure) {
        guard virTypedParamsAddString(&list, &count, &room, name, value) == 0 else { throw .last(name) }
    }

    mutating func add(_ name: String, _ value: UInt32) throws(LibvirtFailure) {
        guard virTypedParamsAddUInt(&list, &count, &room, name, value) == 0 else { throw .last(name) }
    }

    func free() { virTypedParamsFree(list, count) }
}
