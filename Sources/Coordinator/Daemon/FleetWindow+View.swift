import PodpCore
import PodpDiagnosis
import PodpModel

extension FleetWindow {
    /// What the diagnosis sees of a view: CPU over the planning window, the rest as last reported.
    init(_ view: FleetView, length: Duration) {
        var domains: [BladeID: [Domain]] = [:]
        for domain in view.domains where domain.state.executes {
            guard let blade = domain.blade else { continue }
            let ready = domain.sample?.ready.map { Double($0) / 1000 }
            let wanted = Reading(mean: Double(domain.mean.cpu) / 1000, high: Double(domain.high.cpu) / 1000)
            domains[blade, default: []].append(
                Domain(
                    id: domain.id, name: domain.name, vcpus: domain.inventory?.vcpus ?? 1,
                    // The window holds what was wanted: used and waited for.
                    cpu: Reading(mean: max(wanted.mean - (ready ?? 0), 0), high: max(wanted.high - (ready ?? 0), 0)), ready: ready.map { Reading($0) },
                    outOfRequests: domain.sample?.disk.map { Reading(Double($0.outOfRequests)) },
                    diskRequests: domain.sample?.disk.map { Reading(Double($0.reads) + Double($0.writes)) },
                    network: domain.sample?.network.map { Reading(Double(max($0.receivedBytes, $0.sentBytes))) }))
        }
        self.init(length: length, blades: view.blades.map { Blade($0, domains: domains[$0.record.id] ?? []) })
    }
}

extension FleetWindow.Blade {
    init(_ view: BladeView, domains: [FleetWindow.Domain]) {
        let host = view.inventory?.host
        let report = view.report?.host
        let cpus = max(host?.cpus ?? 0, 0)
        let dom0 = report?.dom0CPU.map { Double($0) / 1000 }
        let busy = { (milliCPU: Int64) in cpus > 0 ? min((Double(milliCPU) / 1000 + (dom0 ?? 0)) / Double(cpus), 1) : 0 }
        self.init(
            id: view.record.id, name: view.name, excluded: view.held ?? (view.report == nil ? "it has not reported yet" : nil), cpus: cpus,
            memory: host?.memory ?? .zero, dom0VCPUs: host?.dom0VCPUs ?? 1, dom0Memory: host?.dom0Memory ?? .zero,
            linkMegabitsPerSecond: host?.nics.filter(\.isUp).map(\.megabitsPerSecond).max() ?? 0,
            cpu: Reading(mean: busy(view.mean.cpu), high: busy(view.high.cpu)), dom0CPU: dom0.map { Reading($0) },
            memoryFree: Reading(Double(report?.memoryFree.count ?? 0)), dom0MemoryFree: report?.dom0MemoryFree.map { Reading(Double($0.count)) },
            outOfRequests: report?.disk.map { Reading(Double($0.outOfRequests)) },
            diskRequests: report?.disk.map { Reading(Double($0.reads) + Double($0.writes)) },
            network: report?.network.map { Reading(Double(max($0.receivedBytes, $0.sentBytes))) }, domains: domains)
    }
}

extension [Int64] {
    /// The first of `Resource.usual`; 0 where there is none.
    fileprivate var cpu: Int64 { first ?? 0 }
}
