import PodpPower

/// The driver that speaks what a URL says.
public enum ChassisDrivers {
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
