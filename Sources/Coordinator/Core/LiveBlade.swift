import PodpModel

/// What is known of a blade only while this process lives: its link, its last words, its load.
struct LiveBlade: Sendable, Codable {
    var link: LinkID?
    /// When the link's state last changed.
    var since: WallTime
    var lostAt: Instant?
    var hello: Hello?
    var clockOffset: Duration?
    var inventory: Inventory?
    var inventoryAt: Instant?
    /// The link that it came over.
    var inventoryLink: LinkID?
    var report: Report?
    var reportAt: Instant?
    /// Why its last inventory, or its last report, cannot be right.
    var implausibleInventory: String?
    var implausibleReport: String?
    /// Reports that were refused since the last one that was taken.
    var refusedInARow = 0
    var window = DemandWindow()
    /// dom0's own CPU, smoothed, in mCPU.
    var dom0CPU: Int64 = 0
    var powerLine = PowerLine()
    /// Memory that domains may have, and when it was measured: by the last report whose domains were those of the inventory.
    var measuredMemory: Bytes?
    private var measuredMemoryAt: Instant?
    private static let measuredFor = Duration.seconds(1800)
    private var settledAt: Instant?

    init(since: WallTime) { self.since = since }

    /// Reports and inventories come apart from each other: who has just left is free in none yet, or has not left in the other. What they have together changes
    /// rarely.
    ///
    /// What a domain is to have (the inventory's) is what it takes from this later; what it has (the report's) may be more, where its balloon does not follow.
    ///
    /// - Parameter inFlux: whether a domain is on its way here or from here. Its memory is then held before it is told of, so nothing is measured until some
    ///   seconds after; what was measured before stays true.
    mutating func measureMemory(by report: Report, inFlux: Bool, at now: Instant) {
        if inFlux { settledAt = now + .seconds(3) }
        guard let inventory, now >= settledAt ?? now else { return }
        let held = inventory.domains.lazy.filter(\.state.holdsMemory)
        if held.map(\.id).elementsEqual(report.domains.lazy.map(\.id)) {
            (measuredMemory, measuredMemoryAt) = (zip(held, report.domains).reduce(report.host.memoryFree) { $0 + min($1.0.memory, $1.1.memory) }, now)
        } else if let measured = measuredMemoryAt, report.domains.contains(where: { domain($0.id) == nil }) {
            // Whoever the inventory does not know yet takes memory that nobody counts: what was measured before is good for a few seconds more.
            measuredMemoryAt = min(measured, now - (Self.measuredFor - .seconds(3)))
        }
    }

    /// Memory that domains may have as it was measured, in the last half hour if that can be; `nil` before the first report.
    func memoryForDomains(at now: Instant) -> Bytes? {
        guard let report else { return nil }
        if let measuredMemory, let measuredMemoryAt, now - measuredMemoryAt < Self.measuredFor { return measuredMemory }
        return (inventory?.domains ?? []).filter(\.state.holdsMemory).reduce(report.host.memoryFree) { $0 + $1.memory }
    }

    /// Domains by id in the last inventory; binary search, for it comes sorted.
    func domain(_ id: DomainID) -> DomainInventory? {
        guard let domains = inventory?.domains else { return nil }
        var low = 0
        var high = domains.count
        while low < high {
            let middle = (low + high) / 2
            if domains[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < domains.count && domains[low].id == id ? domains[low] : nil
    }
}

/// An open link, before or after its hello was accepted.
struct LiveLink: Sendable, Codable {
    var blade: BladeID
    var hello: Hello
    /// The serial of the certificate that it proved.
    var certificate: String
    /// Waits for the answer of the older link of the same blade: only if that one is dead is this one let in.
    var waitsSince: Instant?
    var lastHeard: Instant
}
