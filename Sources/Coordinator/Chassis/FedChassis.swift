import PodpModel
import PodpPower

/// A chassis whose bays are fed by switched outlets of their own: the management's word and the PDUs', one beside the other.
///
/// It only makes sense where the management itself is fed by something else: a module that falls silent with its blade says no more "off".
public actor FedChassis: ChassisDriver {
    private let chassis: any ChassisDriver
    private let feeds: PDUDriver
    public nonisolated var mainSource: PowerSource.Kind { chassis.mainSource }

    /// Throws `.configuration`: the outlets feed the whole chassis, and are no witness of one blade.
    public init(_ chassis: any ChassisDriver, feeds: PDUDriver) throws(ChassisError) {
        guard feeds.feedsSingleBays else {
            throw ChassisError(
                .configuration, "these outlets feed the whole chassis: they cannot be cut for one blade, and say nothing about it",
                remedy: "name the outlets of each bay: bay1=3,4&bay2=5,6; 'podp chassis power' with the PDU's own URL cuts off the whole chassis")
        }
        self.chassis = chassis
        self.feeds = feeds
    }

    public func inventory() async throws(ChassisError) -> ChassisInventory { try await chassis.inventory() }
    public func readings() async throws(ChassisError) -> ChassisReadings { try await chassis.readings() }
    public func powerState(bay: Int) async -> PowerReading { await chassis.powerState(bay: bay) }
    public func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading? {
        source == .pdu ? await feeds.powerState(bay: bay) : await chassis.powerState(bay: bay, source: source)
    }

    /// Off: the management first, so that what it refuses stays fed. On: the outlets first. A soft-off cuts nothing; the confirmation asks for that
    /// when the operating system is down.
    public func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome {
        // An off could not be confirmed by outlets that nobody has named, so nothing is asked of the management either.
        let unfed = feeds.refusal(bay: bay)
        switch request {
        case .softOff:
            if let unfed { return .refused(unfed) }
            return await chassis.request(.softOff, bay: bay)
        case .hardOff:
            if let unfed { return .refused(unfed) }
            let said = await chassis.request(.hardOff, bay: bay)
            if case .refused = said { return said }
            let fed = await feeds.request(.hardOff, bay: bay)
            // Refused is what was not done, and the management has been asked.
            if case .refused(let refusal) = fed { return .lost("its outlets are not cut: \(refusal)") }
            if case .lost = said { return said }
            return fed
        case .on:
            guard unfed == nil else { return await chassis.request(.on, bay: bay) }
            let fed = await feeds.request(.on, bay: bay)
            if case .refused = fed { return fed }
            let said = await chassis.request(.on, bay: bay)
            if case .lost = fed, said == .accepted || said == .needless { return fed }
            return said
        }
    }

    public func console(bay: Int, takeOver: Bool) async throws(ChassisError) -> ConsoleCommand { try await chassis.console(bay: bay, takeOver: takeOver) }

    public func capabilities() async throws(ChassisError) -> ChassisCapabilities {
        var capabilities = try await chassis.capabilities()
        capabilities.secondSources.insert(.pdu)
        return capabilities
    }

    public func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] {
        try await chassis.findings(tryWrite: tryWrite) + feeds.findings(tryWrite: tryWrite)
    }

    public func resume(log: [ChassisLogEntry]) async { await chassis.resume(log: log) }
    public func resume(seats: [String: Int]) async { await chassis.resume(seats: seats) }

    public func close() async {
        await chassis.close()
        await feeds.close()
    }
}
