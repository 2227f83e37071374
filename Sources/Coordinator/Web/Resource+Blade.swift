import PodpAPI
import PodpCore
import PodpModel

extension BladeResource {
    /// A blade as the API shows it. `domains`: of the whole fleet.
    init(_ view: BladeView, counts: DomainTally, staleAfter: Duration) {
        let link: (BladeLink, Timestamp?) =
            switch view.link {
            case .connected(let since): (.connected, Timestamp(since))
            case .unknown(let since): (.unknown, Timestamp(since))
            case .revoked: (.revoked, nil)
            }
        let host = view.inventory?.host
        let sample = view.report?.host
        self.init(
            id: view.record.id, name: view.name, serial: view.record.identity.serial, chassis: view.record.chassis, bay: view.record.bay, link: link.0,
            linkSince: link.1, draining: view.record.draining, held: view.held, enrolledAt: Timestamp(view.record.enrolledAt),
            certificateExpires: view.record.certificates.last.map { Timestamp($0.notAfter) }, hypervisor: view.hello.map { HypervisorResource($0) },
            cpus: host?.cpus, cpuMegahertz: host.flatMap { $0.cpuMegahertz > 0 ? $0.cpuMegahertz : nil }, cpuModel: view.hello?.cpu.model,
            memoryBytes: host?.memory.count, dom0MemoryBytes: host?.dom0Memory.count, memoryFreeBytes: sample?.memoryFree.count,
            memoryPromisedBytes: view.memoryPromised.count, cpuMillicpus: sample?.cpu, dom0CPUMillicpus: sample?.dom0CPU,
            disk: sample?.disk.map { DiskResource($0) }, network: sample?.network.map { NetworkResource($0) }, agentCPUMillicpus: sample?.agentCPU,
            agentMemoryBytes: sample?.agentMemory?.count, reportAgeSeconds: view.reportAge?.inSeconds, reportInvalid: view.report?.invalid,
            stale: view.isStale(after: staleAfter), clockOffsetSeconds: view.clockOffset?.inSeconds,
            use: ResourceUse.all(mean: view.mean, high: view.high, capacity: view.capacity), domains: counts.all[view.record.id] ?? 0,
            domainsRunning: counts.running[view.record.id] ?? 0, bridges: host?.bridges ?? [],
            storage: host?.storage.map { StorageResource(path: $0.path, sizeBytes: $0.size.count, serial: $0.serial) } ?? [],
            nics: host?.nics.map {
                HostNICResource(name: $0.name, mac: $0.mac, up: $0.isUp, megabitsPerSecond: $0.megabitsPerSecond > 0 ? $0.megabitsPerSecond : nil)
            } ?? [],
            switchModule: view.record.switchModule,
            migrationAddress: host.flatMap { $0.migrationAddress.isEmpty ? nil : $0.migrationAddress }, migrationEncrypted: host?.migrationEncrypted,
            findings: view.findings.map { FindingResource(code: $0.code, severity: Severity($0.severity), what: $0.what, remedy: $0.remedy) })
    }
}

/// How many domains each blade has: counted once for all blades.
struct DomainTally {
    var all: [BladeID: Int] = [:]
    var running: [BladeID: Int] = [:]

    init(_ domains: [DomainView]) {
        for domain in domains {
            guard let blade = domain.blade else { continue }
            all[blade, default: 0] += 1
            if domain.state.executes { running[blade, default: 0] += 1 }
        }
    }
}

extension BladeView {
    /// Its numbers decide nothing: there are none, they are old, they cannot be right, or its agent does not answer.
    func isStale(after age: Duration) -> Bool {
        guard case .connected = link, let report, report.invalid == nil, let reportAge else { return true }
        return reportAge > age
    }

    /// Its capacity and use count for the fleet.
    func takesPart(staleAfter age: Duration) -> Bool { held == nil && !isStale(after: age) }
}

extension HypervisorResource {
    init(_ hello: Hello) {
        self.init(
            kind: hello.hypervisor.kind.rawValue, version: hello.hypervisor.version, libvirtVersion: hello.hypervisor.libvirtVersion,
            agentVersion: hello.agentVersion,
            liveMigration: VirtualisationType.allCases.compactMap { type in hello.hypervisor.liveMigration[type].map { AbilityResource(type, $0) } })
    }
}

extension AbilityResource {
    init(_ type: VirtualisationType, _ ability: Ability) { self.init(type: type.rawValue, possible: ability.isYes, reason: ability.reason) }
}

extension DiskResource {
    init(_ rates: DiskRates) {
        self.init(
            readBytesPerSecond: rates.readBytes, writtenBytesPerSecond: rates.writtenBytes, readsPerSecond: rates.reads, writesPerSecond: rates.writes,
            outOfRequestsPerSecond: rates.outOfRequests)
    }
}

extension NetworkResource {
    init(_ rates: NetworkRates) { self.init(receivedBytesPerSecond: rates.receivedBytes, sentBytesPerSecond: rates.sentBytes) }
}

extension ResourceUse {
    /// One for each resource that podp uses, as far as the arrays reach. A capacity of 0 is an unknown one; without `capacity` there is none to tell.
    static func all(mean: [Int64], high: [Int64], capacity: [Int64]? = nil) -> [ResourceUse] {
        zip(PodpModel.Resource.usual.indices, PodpModel.Resource.usual).compactMap { index, resource in
            guard mean.indices.contains(index), high.indices.contains(index) else { return nil }
            let total = capacity.flatMap { $0.indices.contains(index) && $0[index] > 0 ? $0[index] : nil }
            let free = total.map { $0.subtractingReportingOverflow(mean[index]) }.map { $0.overflow ? 0 : max(0, $0.partialValue) }
            return ResourceUse(resource: resource.name, unit: resource.unit, capacity: total, mean: mean[index], high: high[index], free: free)
        }
    }
}

extension Severity {
    init(_ severity: Finding.Severity) {
        switch severity {
        case .note: self = .note
        case .warning: self = .warning
        case .critical: self = .critical
        }
    }

    init(_ severity: Verdict.Severity) {
        switch severity {
        case .note: self = .note
        case .warning: self = .warning
        case .critical: self = .critical
        }
    }

    init(_ severity: AuditEntry.Severity) {
        switch severity {
        case .info: self = .info
        case .warning: self = .warning
        case .critical: self = .critical
        }
    }
}
