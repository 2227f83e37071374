import PodpModel

/// What is known of a blade only while this process lives: its link, its last words, its load.
struct LiveBlade: Sendable, Codable {
    var link: LinkID?
    /// When the link's state last changed.
    var since: WallTime
    var lostAt: Instant?
    var hello: Hello?
    var clockOffset: Duration?
    var inventory: Inventory? {
        didSet {
            let storage = inventory?.host.storage ?? []
            if storage != oldValue?.host.storage { known = Devices(storage) }
        }
    }
    /// Of the inventory. Optional, because a recording that an older podp made lacks it.
    private var known: Devices?
    var devices: Devices { known ?? Devices(inventory?.host.storage ?? []) }
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
    /// Memory that domains may have, and when that was true last: as it was measured where report and inventory told of the same domains.
    var measuredMemory: Bytes?
    private var measuredMemoryAt: Instant?
    private static let measuredFor = Duration.seconds(1800)
    /// It is no more than this, by the last report.
    private var mostMemory: Bytes?
    /// Until then an inventory may come that is older than what an operation has changed.
    private var settledAt: Instant?

    init(since: WallTime) { self.since = since }

    /// Reports and inventories come apart from each other: who has just left is free in none yet, or has not left in the other. What they have together changes
    /// rarely.
    ///
    /// - Parameters:
    ///   - inFlux: whether a domain's memory is on its way here or from here. It is then held before it is told of, so nothing is measured, and what was
    ///     measured before stays true, as far as the report allows.
    ///   - promised: what may be held already by those who are on their way and do not show.
    mutating func measureMemory(by report: Report, inFlux: Bool, promised: Bytes, at now: Instant) {
        guard let inventory else { return }
        let isSettled = now >= settledAt ?? now
        let isKnown = isMeasured(at: now)
        if isKnown, inFlux || !isSettled { measuredMemoryAt = now }
        mostMemory = nil
        guard isSettled else { return }
        let told = Self.memory(by: report, inventory)
        let isSame = inventory.domains.lazy.filter(\.state.holdsMemory).map(\.id).elementsEqual(report.domains.lazy.map(\.id))
        if !inFlux, isSame || !isKnown {
            // Where one of its domains is never in a report, what both tell has to do.
            (measuredMemory, measuredMemoryAt) = (told, isSame ? now : now - (Self.measuredFor - .seconds(3)))
        } else {
            mostMemory = told + promised
        }
    }

    /// A domain has come, or gone, by an operation that has ended now.
    mutating func domainMoved(at now: Instant) { settledAt = now + .seconds(3) }

    private func isMeasured(at now: Instant) -> Bool { measuredMemory != nil && measuredMemoryAt.map { now - $0 < Self.measuredFor } ?? false }

    /// What is free, and what those have that the inventory counts.
    ///
    /// What a domain is to have (the inventory's) is what it takes from this later; what it has (the report's) may be more, where its balloon does not follow.
    private static func memory(by report: Report, _ inventory: Inventory) -> Bytes {
        var samples = report.domains[...]
        return inventory.domains.lazy.filter(\.state.holdsMemory).reduce(report.host.memoryFree) { sum, domain in
            samples = samples.drop { $0.id < domain.id }
            return sum + (samples.first.map { $0.id == domain.id ? min(domain.memory, $0.memory) : domain.memory } ?? domain.memory)
        }
    }

    /// Memory that domains may have as it was measured, in the last half hour if that can be; `nil` before the first report.
    func memoryForDomains(at now: Instant) -> Bytes? {
        guard let report else { return nil }
        if let measuredMemory, isMeasured(at: now) { return min(measuredMemory, mostMemory ?? measuredMemory) }
        return inventory.map { Self.memory(by: report, $0) } ?? report.host.memoryFree
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
