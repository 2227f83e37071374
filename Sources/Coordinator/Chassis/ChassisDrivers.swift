import PodpPower

/// The driver that speaks what a URL says.
public enum ChassisDrivers {
    /// The same, with the outlets that feed its bays, where there are some (`feeds`: a PDU's URL, like `pdu+snmpv1://…?bay3=5,6`). Throws `.configuration`.
    public static func driver(
        for url: ChassisURL, secrets: ChassisSecrets, feeds: ChassisURL?, feedSecrets: ChassisSecrets, clock: ChassisClock = .system
    ) throws(ChassisError) -> any ChassisDriver {
        let chassis = try driver(for: url, secrets: secrets, clock: clock)
        guard let feeds else { return chassis }
        guard feeds.scheme == .pduV1 || feeds.scheme == .pduV3 else {
            throw ChassisError(.configuration, "\(feeds) is no PDU", remedy: "pdu+snmpv3://USER@HOST?bay1=1,2&bay2=3,4")
        }
        return try FedChassis(chassis, feeds: try PDUDriver(feeds, secrets: feedSecrets, clock: clock))
    }

    /// Opens nothing yet: the first call does. Throws `.configuration`.
    public static func driver(for url: ChassisURL, secrets: ChassisSecrets, clock: ChassisClock = .system) throws(ChassisError) -> any ChassisDriver {
        switch url.scheme {
        case .simulated:
            let bays = url.parameters["bays"].map { Int($0) } ?? 14
            guard let bays, (1...14).contains(bays) else { throw ChassisError(.configuration, "bays is from 1 to 14") }
            return SimulatedChassis(bays: bays, clock: clock)
        case .ammV1, .ammV3: return try AMMDriver(url, secrets: secrets, clock: clock)
        case .redfish: return try RedfishDriver(url, secrets: secrets, clock: clock)
        case .pduV1, .pduV3: return try PDUDriver(url, secrets: secrets, clock: clock)
        }
    }
}
