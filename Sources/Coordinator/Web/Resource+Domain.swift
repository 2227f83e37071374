import PodpAPI
import PodpCore
import PodpModel

extension DomainResource {
    /// A domain as the API shows it; `blades`: the fleet's, by id, for the age of its numbers.
    init(_ view: DomainView, blades: [BladeID: BladeView], staleAfter: Duration) {
        let home = view.blade.flatMap { blades[$0] }
        let definition = view.managed?.definition
        let type = view.inventory?.type ?? definition?.type
        // Of a blade that tells nothing, what is defined is still known.
        let disks = view.inventory?.disks ?? definition?.disks ?? []
        let nics = view.inventory?.nics ?? definition?.nics ?? []
        self.init(
            id: view.id, name: view.name, managed: view.managed != nil, state: DomainPhase(view.state), blade: view.blade, bladeName: view.bladeName,
            wish: view.managed.map { $0.wish == .running ? .running : .off }, held: view.managed?.held, operation: view.operation, type: type?.rawValue,
            vcpus: view.inventory?.vcpus ?? definition?.vcpus, maxVCPUs: view.inventory?.maxVCPUs ?? definition?.maxVCPUs,
            memoryBytes: (view.inventory?.memory ?? definition?.memory)?.count, maxMemoryBytes: (view.inventory?.maxMemory ?? definition?.maxMemory)?.count,
            revision: definition?.revision, liveMigration: view.inventory.map { AbilityResource($0.type, $0.liveMigration) }, cpuMillicpus: view.sample?.cpu,
            readyMillicpus: view.sample?.ready, disk: view.sample?.disk.map { DiskResource($0) }, network: view.sample?.network.map { NetworkResource($0) },
            sampleAgeSeconds: view.sample == nil ? nil : home?.reportAge?.inSeconds,
            stale: view.sample == nil || home.map { $0.isStale(after: staleAfter) } ?? true, use: ResourceUse.all(mean: view.mean, high: view.high),
            disks: disks.map { DomainDiskResource(target: $0.target, source: $0.source, readOnly: $0.readOnly, shared: $0.shared) },
            nics: nics.map { DomainNICResource(mac: $0.mac, bridge: $0.bridge) }, drift: view.drift, alsoOn: view.alsoOn,
            movedAt: view.managed?.movedAt.map { Timestamp($0) }, policy: definition.map { DomainPolicyResource($0.policy) })
    }
}

extension DomainPolicyResource {
    init(_ policy: DomainPolicy) {
        self.init(
            allowedDowntimeSeconds: policy.allowedDowntime?.inSeconds, stays: policy.stays, apart: policy.apart, together: policy.together,
            onlyOn: policy.onlyOn, neverOn: policy.neverOn, spread: policy.spread, near: policy.near, exclusive: policy.exclusive, prices: policy.prices,
            priority: policy.priority)
    }
}

extension DomainPhase {
    init(_ state: DomainState) {
        switch state {
        case .running: self = .running
        case .paused: self = .paused
        case .shutdown: self = .shutdown
        case .crashed: self = .crashed
        case .off: self = .off
        case .incoming: self = .incoming
        case .unknown: self = .unknown
        }
    }
}

extension OperationResource {
    init(_ view: OperationView) {
        let record = view.record
        let end: (OperationPhase, String?) =
            switch record.state {
            case .running: (.running, nil)
            case .succeeded: (.succeeded, nil)
            case .failed(let reason): (.failed, reason)
            case .indeterminate(let reason): (.indeterminate, reason)
            }
        var live: Bool?
        if case .migrate(let migration) = record.action { live = migration.live }
        self.init(
            id: record.id, action: record.action.word, live: live, domain: record.domain, domainName: record.domainName, blade: record.blade,
            bladeName: view.bladeName, destination: record.destination, destinationName: view.destinationName, state: end.0, reason: end.1, by: record.by,
            plan: record.plan, startedAt: Timestamp(record.startedAt), endedAt: record.endedAt.map { Timestamp($0) },
            progress: view.progress.map {
                ProgressResource(doneBytes: $0.done.count, remainingBytes: $0.remaining.count, elapsedSeconds: $0.elapsed.inSeconds)
            })
    }
}

extension Action {
    /// As the API and metrics name it.
    var word: String {
        switch self {
        case .define: "define"
        case .start: "start"
        case .shutdown: "shutdown"
        case .destroy: "destroy"
        case .pause: "pause"
        case .resume: "resume"
        case .reboot: "reboot"
        case .setMemory: "set-memory"
        case .setVCPUs: "set-vcpus"
        case .migrate: "migrate"
        case .undefine: "undefine"
        }
    }
}
