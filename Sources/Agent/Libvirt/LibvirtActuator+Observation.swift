import AgentCore
import CLibvirt
import PodpModel

extension LibvirtActuator {
    /// What libvirt says of a domain now.
    struct Look: Sendable {
        /// `nil`: libvirt does not know it here.
        var state: DomainState?
        var kind = HypervisorKind.kvm
        /// The hypervisor's own number; `nil` when it does not run.
        var number: UInt32?
        var type: VirtualisationType = .unknown
        var isPersistent = false
        var memory = Bytes.zero
        var vcpus = 0
        /// A migration or another long job of libvirt works on it.
        var isBusy = false
    }

    func look(_ id: DomainID, on connection: LibvirtConnection) async throws(LibvirtFailure) -> Look {
        try await connection.call { connection throws(LibvirtFailure) in
            do throws(LibvirtFailure) {
                let domain = try LibvirtDomain(id.description, in: connection)
                guard let told = try LibvirtHost.inventory(domain, connection) else { return Look() }
                var info = virDomainJobInfo()
                let isBusy = told.state != .off && virDomainGetJobInfo(domain.handle, &info) == 0 && info.type != Int32(VIR_DOMAIN_JOB_NONE.rawValue)
                return Look(
                    state: told.state, kind: LibvirtHost.kind(connection), number: told.number, type: told.type, isPersistent: told.persistent,
                    memory: told.memory, vcpus: told.vcpus, isBusy: isBusy)
            } catch {
                if error.isNoSuchDomain { return Look() }
                throw error
            }
        }
    }

    public func observe(_ command: Command) async -> Outcome {
        do throws(LibvirtFailure) {
            var seen = try await look(command.domain, on: host.query)
            // libvirtd goes on with what it was asked, without us: wait until it is through.
            while seen.isBusy {
                try? await Task.sleep(for: settings.pollInterval)
                seen = try await look(command.domain, on: host.query)
            }
            return Self.judge(command, seen)
        } catch {
            return .indeterminate(reason: "the agent was restarted during this, and cannot look: \(error.message)")
        }
    }

    /// What an operation came to that was cut off, by what is there now. Pure: tested row by row.
    static func judge(_ command: Command, _ seen: Look) -> Outcome {
        let name = command.domainName
        func failed(_ now: String) -> Outcome { .failed(reason: "the agent was restarted during this; now \(name) \(now)") }
        let isRunning = seen.state == .running || seen.state == .paused
        switch command.action {
        case .define: return seen.isPersistent ? .succeeded : failed("is not defined here")
        case .start: return isRunning ? .succeeded : failed("does not run")
        case .shutdown:
            if seen.state == nil || seen.state == .off { return .succeeded }
            return .indeterminate(reason: "the agent was restarted during this; \(name) was asked to shut down and may still do so")
        case .destroy: return seen.state == nil || seen.state == .off ? .succeeded : failed("still runs")
        case .pause: return seen.state == .paused ? .succeeded : failed("is not paused")
        case .resume: return seen.state == .running ? .succeeded : failed("does not run")
        case .reboot: return .indeterminate(reason: "the agent was restarted during this; nobody can tell whether \(name) was asked to reboot")
        case .setMemory(let wanted): return seen.memory.mebibytes == wanted.mebibytes ? .succeeded : failed("has \(seen.memory.mebibytes) MiB")
        case .setVCPUs(let wanted): return seen.vcpus == wanted ? .succeeded : failed("has \(seen.vcpus) vCPUs")
        case .undefine: return seen.state == nil || !seen.isPersistent ? .succeeded : failed("is still defined here")
        case .migrate(let migration):
            // Only both ends together tell.
            let here = seen.state.map { "here it is \($0.rawValue)" } ?? "it is not here any more"
            return .indeterminate(reason: "the agent was restarted while \(name) moved to \(migration.hostName); \(here)")
        }
    }
}
