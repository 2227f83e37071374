import PodpModel

/// Says why a blade's numbers cannot be right, in words; `nil` when they can.
enum Plausibility {
    static func problem(of inventory: Inventory) -> String? {
        let host = inventory.host
        if host.cpus < 1 { return "reports \(host.cpus) CPUs" }
        if host.cpus > 16_384 { return "reports \(host.cpus) CPUs" }
        if host.memory == .zero { return "reports no memory" }
        if host.dom0Memory > host.memory { return "reports more memory for dom0 (\(host.dom0Memory.mebibytes) MiB) than it has (\(host.memory.mebibytes) MiB)" }
        var last: DomainID?
        var promised = Bytes.zero
        for domain in inventory.domains {
            if let last, domain.id <= last {
                return domain.id == last ? "reports domain \(domain.id) twice" : "reports its domains out of order"
            }
            last = domain.id
            if domain.name.isEmpty { return "reports domain \(domain.id) without a name" }
            // One that is still being built, or comes in, has its memory before its vCPUs.
            if domain.state.executes, domain.vcpus < 1 { return "reports \(domain.name) with \(domain.vcpus) vCPUs" }
            if domain.state.holdsMemory { promised += domain.memory }
        }
        if promised > host.memory { return "reports domains with \(promised.mebibytes) MiB together on \(host.memory.mebibytes) MiB" }
        return nil
    }

    static func problem(of report: Report, after last: Report?, on host: HostInventory?) -> String? {
        if let invalid = report.invalid { return invalid }
        if let last {
            if report.sequence <= last.sequence { return "report \(report.sequence) came after report \(last.sequence)" }
            if report.sampledAt <= last.sampledAt { return "its clock went backwards between two reports" }
        }
        if report.interval <= .zero || report.interval > .seconds(3600) { return "report over \(report.interval.inSeconds) s" }
        guard let host else { return nil }
        let most = UInt64(max(host.cpus, 0)) * 1000
        // An interval's ends are read a moment apart, so a full machine may seem a little over full.
        if UInt64(report.host.cpu) > most + most / 10 + 200 { return "reports \(report.host.cpu) mCPU in use on \(host.cpus) CPUs" }
        if report.host.memoryFree > host.memory { return "reports more free memory (\(report.host.memoryFree.mebibytes) MiB) than it has" }
        return nil
    }
}
