import PodpModel

/// The fleet's part: for each resource that is short somewhere, on how many blades, and whether the others could help.
struct FleetDiagnosis {
    private let blades: [FleetWindow.Blade]
    /// Blades by what they are short of.
    private let short: [String: Int]
    private let thresholds: Thresholds

    init(_ blades: [FleetWindow.Blade], _ thresholds: Thresholds) {
        self.blades = blades
        short = blades.reduce(into: [:]) { counts, blade in
            for resource in BladeDiagnosis(blade, thresholds).shortages { counts[resource, default: 0] += 1 }
        }
        self.thresholds = thresholds
    }

    var verdicts: [Verdict] { [cpu, memory, disk, network].compactMap { $0 } }

    private func blades(shortOf resource: String) -> Int { short[resource] ?? 0 }

    private func verdict(_ resource: String, _ isCritical: Bool, _ sentence: String) -> Verdict {
        Verdict(resource: resource, blade: nil, severity: isCritical ? .critical : .warning, sentence: sentence)
    }

    private var cpu: Verdict? {
        let count = blades(shortOf: "cpu")
        guard count > 0 else { return nil }
        let idle = blades.count { $0.cpu.mean < thresholds.idleShare }
        let cpus = blades.reduce(0.0) { $0 + Double($1.cpus) }
        let share = blades.reduce(0.0) { $0 + $1.cpu.mean * Double($1.cpus) } / max(cpus, 1)
        let whole = "CPU is short on \(count) of \(Figure.count(blades.count, "blade"))"
        if idle > 0 {
            return verdict("cpu", false, "\(whole) while \(idle) \(idle == 1 ? "is" : "are") below \(Figure.percent(thresholds.idleShare)): balance would help")
        }
        if share < thresholds.cpuShare * 0.9 { return verdict("cpu", false, "\(whole), the fleet is at \(Figure.percent(share)): balance may help") }
        return verdict(
            "cpu", true, "\(whole), and the fleet is at \(Figure.percent(share)) of \(Figure.whole(cpus)) CPUs: more blades are needed, balance would not help")
    }

    /// Memory is short in the fleet before a blade is full: where little is free nothing can be moved, started or restarted.
    private var memory: Verdict? {
        let count = blades(shortOf: "memory")
        let free = blades.reduce(0.0) { $0 + $1.memoryFree.mean }
        let whole = blades.reduce(0.0) { $0 + Double($1.memory.count) }
        guard whole > 0 else { return nil }
        if free / whole < thresholds.fleetMemoryFreeShare {
            return verdict(
                "memory", free / whole < thresholds.memoryFreeShare,
                "RAM is short in the fleet: \(Figure.bytes(free)) of \(Figure.bytes(whole)) are free on "
                    + "\(Figure.count(blades.count, "blade")); a blade's domains may not find room elsewhere"
            )
        }
        guard count > 0 else { return nil }
        return verdict("memory", false, "RAM is short on \(count) of \(Figure.count(blades.count, "blade")), \(Figure.bytes(free)) are free in the fleet")
    }

    private var disk: Verdict? {
        let count = blades(shortOf: "disk")
        guard count > 0 else { return nil }
        if count * 2 > blades.count, blades.count > 1 {
            return verdict(
                "disk", true,
                "disk I/O is short on \(count) of \(Figure.count(blades.count, "blade")): the storage that they share is the bottleneck, balance would not help"
            )
        }
        return verdict("disk", false, "disk I/O is short on \(count) of \(Figure.count(blades.count, "blade"))")
    }

    private var network: Verdict? {
        let count = blades(shortOf: "network")
        return count == 0 ? nil : verdict("network", false, "network is short on \(count) of \(Figure.count(blades.count, "blade"))")
    }
}

/// Numbers in the words of people. Sound numbers only: `FleetWindow.Blade.impossibility` keeps the others out.
enum Figure {
    static func percent(_ share: Double) -> String { "\(whole(share * 100)) %" }

    static func whole(_ value: Double) -> String { "\(Int(min(max(value, 0), 1e15) + 0.5))" }

    static func tenths(_ value: Double) -> String {
        let count = Int(min(max(value, 0), 1e15) * 10 + 0.5)
        return count % 10 == 0 ? "\(count / 10)" : "\(count / 10).\(count % 10)"
    }

    static func bytes(_ count: Double) -> String {
        if count >= 0x1p40 { return tenths(count / 0x1p40) + " TiB" }
        if count >= 0x1p30 { return tenths(count / 0x1p30) + " GiB" }
        if count >= 0x1p20 { return tenths(count / 0x1p20) + " MiB" }
        return tenths(count / 1024) + " KiB"
    }

    /// `1 blade`, `14 blades`.
    static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
