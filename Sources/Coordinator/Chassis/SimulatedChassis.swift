import PodpModel
import PodpPower

/// The driver over a chassis in memory: for the demo, and for the contract's tests.
public actor SimulatedChassis: ChassisDriver {
    private var world: ChassisWorld
    private let clock: ChassisClock

    public init(bays: Int = 14, clock: ChassisClock = .system) {
        world = ChassisWorld(bays: bays)
        self.clock = clock
    }

    public init(world: ChassisWorld, clock: ChassisClock = .system) {
        self.world = world
        self.clock = clock
    }

    /// Changes the chassis itself: pulls a blade, breaks something.
    public func change(_ what: @Sendable (inout ChassisWorld) -> Void) {
        world.advance(to: clock.now())
        what(&world)
    }

    public func inspect() -> ChassisWorld {
        world.advance(to: clock.now())
        return world
    }

    public func inventory() throws(ChassisError) -> ChassisInventory {
        try answer()
        let bays = (1...world.bayCount).map { number -> ChassisBay in
            let blade = world.blades[number]
            return ChassisBay(
                number: number, isPresent: blade != nil, name: blade?.name, serial: blade?.serial, uuid: blade?.uuid, macs: blade?.macs ?? [],
                model: blade == nil ? nil : "Simulated blade", width: blade?.width, coveredBy: world.cover(of: number),
                powerDomain: world.powerDomain(number), maximumWatts: blade.map { $0.watts * 2 }, mayBeSwitched: blade == nil ? nil : !world.faults.isReadOnly,
                isInventoryReady: blade == nil ? nil : true)
        }
        let modules = (1...2).map { ManagementModule(number: $0, isPresent: true, isPrimary: $0 == world.primaryModule, health: .good) }
        return ChassisInventory(
            kind: .simulated, model: "Simulated BladeCenter", serial: "KQ86000", uuid: ID128(high: 0x8cb6_f79b_0ab4_41dc, low: 0x8314_0800_2fff_0000),
            name: "simulated", bays: bays, managementModules: modules)
    }

    public func readings() throws(ChassisError) -> ChassisReadings {
        try answer()
        var readings = ChassisReadings(at: clock.now(), primaryModule: world.primaryModule, health: .good)
        for number in 1...world.bayCount {
            let isRunning = world.blades[number]?.power == .on
            readings.bays.append(
                BayReadings(
                    power: reading(number), watts: world.watts(number), isMeasured: world.blades[number] == nil ? nil : true,
                    temperatures: world.blades[number] == nil ? [] : [Temperature(sensor: "CPU1", celsius: isRunning ? 48 : nil)]))
        }
        for domain in 1...2 {
            let used = readings.bays.filter { world.powerDomain($0.power.bay) == domain }.reduce(0) { $0 + ($1.watts ?? 0) }
            readings.powerDomains.append(
                PowerDomain(
                    number: domain, health: .good, modules: ["Bay \(2 * domain - 1): 2940W", "Bay \(2 * domain): 2940W"], totalWatts: 2940,
                    allocatedWatts: used, remainingWatts: world.faults.remainingWatts ?? max(0, 2940 - used), usedWatts: used))
        }
        readings.watts = readings.powerDomains.reduce(0) { $0 + ($1.usedWatts ?? 0) }
        readings.blowers = (1...2).map { Blower(number: $0, health: .good, percent: 46, rpm: 2880) }
        readings.powerModules = (1...4).map { PowerModule(number: $0, isPresent: true, health: .good, text: "Power module status OK", watts: 2940) }
        readings.switchModules = (1...2).map { SwitchModule(number: $0, isPresent: true, kind: .ethernet, power: .on, health: .good) }
        readings.temperatures = [Temperature(sensor: "ambient", celsius: 23)]
        return readings
    }

    public func powerState(bay: Int) -> PowerReading {
        world.advance(to: clock.now())
        guard world.answers() else { return .silent("no answer", bay: bay, source: PowerSource(.management, isPrimary: nil), at: clock.now()) }
        return reading(bay)
    }

    public func powerState(bay: Int, source: PowerSource.Kind) -> PowerReading? {
        switch source {
        case .management: return powerState(bay: bay)
        case .watts:
            world.advance(to: clock.now())
            guard let blade = world.blades[bay] else { return nil }
            return PowerReading(
                bay: bay, reported: blade.power == .on ? .on : .off, isPresent: true, health: nil, source: PowerSource(.watts), at: clock.now())
        case .console, .pdu: return nil
        }
    }

    public func request(_ request: PowerRequest, bay: Int) -> RequestOutcome {
        world.advance(to: clock.now())
        return world.request(request, bay: bay, at: clock.now())
    }

    public func capabilities() -> ChassisCapabilities {
        ChassisCapabilities(requests: Set(PowerRequest.allCases), secondSources: [.watts], measuresWatts: true, limits: ["simulated: switches nothing real"])
    }

    public func findings(tryWrite: Bool) -> [ChassisFinding] {
        var findings = [
            ChassisFinding(
                .info, code: "simulated", what: "this chassis is simulated: its off proves nothing about real blades",
                remedy: "use it for demonstrations and tests alone")
        ]
        if world.faults.isReadOnly {
            findings.append(
                ChassisFinding(.critical, code: "read-only", what: "the account may not switch blades", remedy: "give it the right to switch blades"))
        }
        return findings
    }

    private func answer() throws(ChassisError) {
        world.advance(to: clock.now())
        guard world.answers() else { throw ChassisError(.silent, "the simulated chassis does not answer") }
    }

    private func reading(_ bay: Int) -> PowerReading {
        let blade = world.blades[bay]
        var reading = PowerReading(
            bay: bay, reported: world.shownPower(bay) ?? .unknown, isPresent: blade != nil, health: blade?.health ?? .unknown,
            source: PowerSource(.management, module: world.primaryModule), at: clock.now(), label: blade?.uuid.description)
        if world.faults.garbles { reading.driversDoubt = .notTold("the answer means nothing") }
        if !(1...world.bayCount).contains(bay) { reading.driversDoubt = .notTold("the chassis has no bay \(bay)") }
        if let cover = world.cover(of: bay) { reading.driversDoubt = .covered(by: cover) }
        if let health = blade?.health, health.refusesStart, let remaining = world.faults.remainingWatts {
            reading.shortfall = PowerShortfall(domain: world.powerDomain(bay), neededWatts: blade.map { $0.watts * 2 }, remainingWatts: remaining)
        }
        return reading
    }
}
