import PodpModel

/// One blade's shortages, each with its evidence. One rule a function.
struct BladeDiagnosis {
    private let blade: FleetWindow.Blade
    private let thresholds: Thresholds

    init(_ blade: FleetWindow.Blade, _ thresholds: Thresholds) {
        self.blade = blade
        self.thresholds = thresholds
    }

    /// What the blade itself is short of: dom0's own shortages are not cured by moving domains about.
    var shortages: [String] { [cpu, memory, disk, network].compactMap { $0?.resource } }

    var verdicts: [Verdict] { [cpu, dom0CPU, dom0Memory, memory, disk, network].compactMap { $0 } + ownCPUs }

    private func verdict(_ resource: String, _ isCritical: Bool, _ sentence: String) -> Verdict {
        Verdict(resource: resource, blade: blade.id, severity: isCritical ? .critical : .warning, sentence: sentence)
    }

    // MARK: - CPU

    /// Ready time proves that domains waited; without it a busy blade is taken to be one whose domains wait.
    private var cpu: Verdict? {
        let share = blade.cpu.mean
        let ready = blade.ready
        let wasMeasured = blade.domains.contains { $0.ready != nil }
        let waits = ready >= thresholds.readyLeast && ready >= thresholds.readyShare * max(blade.usedByDomains, 0.001)
        guard share >= thresholds.cpuShare || (waits && share >= thresholds.cpuShare * 0.75) else { return nil }
        let isCritical = share >= thresholds.cpuShareCritical || (waits && ready >= thresholds.readyShareCritical * blade.usedByDomains)
        var sentence =
            "CPU is short on \(blade.name): \(Figure.percent(share)) of \(Figure.count(blade.cpus, "CPU")) busy "
            + "(95th percentile \(Figure.percent(blade.cpu.high)))"
        if waits {
            sentence += ", domains waited for \(Figure.tenths(ready)) CPUs while they used \(Figure.tenths(blade.usedByDomains))"
        } else if wasMeasured {
            sentence += ", though domains hardly wait yet (\(Figure.tenths(ready)) CPUs)"
        }
        return verdict("cpu", isCritical, sentence + most(of: blade.domains, \.cpu.mean) { "\(Figure.tenths($0)) CPUs" })
    }

    /// A domain whose own vCPUs are full while the blade has time left: moving it helps nobody, another vCPU would.
    private var ownCPUs: [Verdict] {
        guard blade.cpu.mean < thresholds.cpuShare else { return [] }
        return blade.domains.filter { $0.vcpus > 0 && $0.cpu.mean >= thresholds.vcpuShare * Double($0.vcpus) && $0.vcpus < blade.cpus }.map { domain in
            Verdict(
                resource: "cpu", blade: blade.id, severity: .note,
                sentence:
                    "\(domain.name) on \(blade.name) uses \(Figure.tenths(domain.cpu.mean)) of its \(Figure.count(domain.vcpus, "vCPU")) while the blade is at "
                    + "\(Figure.percent(blade.cpu.mean)): more vCPUs would help it, another blade would not")
        }
    }

    // MARK: - dom0

    private var dom0CPU: Verdict? {
        guard let used = blade.dom0CPU?.mean, blade.dom0VCPUs > 0 else { return nil }
        let share = used / Double(blade.dom0VCPUs)
        guard share >= thresholds.dom0Share else { return nil }
        return verdict(
            "cpu", share >= thresholds.dom0ShareCritical,
            "dom0 itself is short of CPU on \(blade.name): it uses \(Figure.tenths(used)) of its \(Figure.count(blade.dom0VCPUs, "vCPU")), "
                + "and all disks and networks of the blade wait for it"
                + most(of: blade.domains, { $0.diskRequests?.mean ?? 0 }) { "\(Figure.whole($0)) disk requests/s" })
    }

    private var dom0Memory: Verdict? {
        guard let free = blade.dom0MemoryFree?.mean, blade.dom0Memory.count > 0 else { return nil }
        let share = free / Double(blade.dom0Memory.count)
        guard share < thresholds.dom0FreeShare else { return nil }
        return verdict(
            "memory", share < thresholds.dom0FreeShareCritical,
            "dom0 itself is short of memory on \(blade.name): \(Figure.bytes(free)) of \(Figure.bytes(Double(blade.dom0Memory.count))) are free")
    }

    // MARK: - Memory, disk, network

    private var memory: Verdict? {
        guard blade.memoryFreeShare < thresholds.memoryFreeShare else { return nil }
        return Verdict(
            resource: "memory", blade: blade.id, severity: .warning,
            sentence:
                "RAM is short on \(blade.name): \(Figure.bytes(blade.memoryFree.mean)) of \(Figure.bytes(Double(blade.memory.count))) are free for domains")
    }

    private var disk: Verdict? {
        guard let out = blade.outOfRequests?.mean, out >= thresholds.outOfRequestsLeast else { return nil }
        let requests = blade.diskRequests?.mean ?? 0
        let share = requests > 0 ? out / requests : 1
        guard share >= thresholds.outOfRequestsShare else { return nil }
        let ofWhat = requests > 0 ? " of \(Figure.whole(requests))" : ""
        return verdict(
            "disk", share >= thresholds.outOfRequestsShareCritical,
            "disk I/O is short on \(blade.name): \(Figure.whole(out))\(ofWhat) requests a second found the disk's queue full"
                + most(of: blade.domains, { $0.outOfRequests?.mean ?? 0 }) { "\(Figure.whole($0)) a second" })
    }

    private var network: Verdict? {
        guard let rate = blade.network, blade.linkMegabitsPerSecond > 0 else { return nil }
        let link = Double(blade.linkMegabitsPerSecond) * 125_000
        let share = rate.mean / link
        guard share >= thresholds.networkShare else { return nil }
        return verdict(
            "network", share >= thresholds.networkShareCritical,
            "network is short on \(blade.name): \(Figure.bytes(rate.mean))/s of \(Figure.bytes(link))/s (\(Figure.percent(share)) of the link)"
                + most(of: blade.domains, { $0.network?.mean ?? 0 }) { "\(Figure.bytes($0))/s" })
    }
}

/// `; most of it by db-1 (3.1 CPUs) and web-7 (1.2 CPUs)`; nothing where no domain has any.
private func most(of domains: [FleetWindow.Domain], _ amount: (FleetWindow.Domain) -> Double, unit: (Double) -> String) -> String {
    let top = domains.map { (name: $0.name, amount: amount($0)) }.filter { $0.amount > 0 }.sorted { (-$0.amount, $0.name) < (-$1.amount, $1.name) }.prefix(2)
    guard !top.isEmpty else { return "" }
    return "; most by " + top.map { "\($0.name) (\(unit($0.amount)))" }.joined(separator: " and ")
}
