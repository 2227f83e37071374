import PodpModel
import PodpPower

/// A chassis as everybody outside the core sees it.
public struct ChassisView: Sendable {
    public struct Bay: Sendable {
        public var number: Int
        /// The enrolled blade that is in it, by UUID or address.
        public var blade: BladeID?
        public var bladeName: String?
        public var label: ChassisBay?
        public var readings: BayReadings?
        /// The request for power that is under way.
        public var power: OperationID?

        public init(number: Int, blade: BladeID?, bladeName: String?, label: ChassisBay?, readings: BayReadings?, power: OperationID?) {
            self.number = number
            self.blade = blade
            self.bladeName = bladeName
            self.label = label
            self.readings = readings
            self.power = power
        }
    }

    public var record: ChassisRecord
    public var inventory: ChassisInventory?
    public var capabilities: ChassisCapabilities?
    /// The last ones, however old.
    public var readings: ChassisReadings?
    /// Since the readings came in, at the view's moment.
    public var readingsAge: Duration?
    /// Set: nothing answers, why, and since when.
    public var silence: String?
    public var silentSince: WallTime?
    /// What keeps it from being used, in sentences: it is watched twice, or has not the second sources that it is to have.
    public var faults: [String] = []
    /// Its readings are older than three polls, or there are none.
    public var isStale: Bool
    public var bays: [Bay]

    public init(
        record: ChassisRecord, inventory: ChassisInventory?, capabilities: ChassisCapabilities?, readings: ChassisReadings?, readingsAge: Duration?,
        silence: String?, silentSince: WallTime?, isStale: Bool, bays: [Bay]
    ) {
        self.record = record
        self.inventory = inventory
        self.capabilities = capabilities
        self.readings = readings
        self.readingsAge = readingsAge
        self.silence = silence
        self.silentSince = silentSince
        self.isStale = isStale
        self.bays = bays
    }

    /// Watts of the whole chassis: its own sum, or that of its power domains.
    public var watts: Int? {
        if let watts = readings?.watts { return watts }
        let domains = (readings?.powerDomains ?? []).compactMap(\.usedWatts)
        return domains.isEmpty ? nil : domains.reduce(0) { sum($0, $1) }
    }

    private func sum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}

extension CoordinatorCore {
    func chassisViews(at now: Moment) -> [ChassisView] {
        let places = places()
        return committed.chassis.values.sorted { $0.name < $1.name }.map { record in
            let live = chassis[record.name]
            let age = live?.readingsAt.map { now.instant - $0 }
            let numbers = Set((live?.inventory?.bays ?? []).map(\.number) + (live?.readings?.bays ?? []).map(\.power.bay)).sorted()
            let seats = Self.bays(of: record.name, in: places)
            let bays = numbers.map { number in
                let blade = seats[number]
                return ChassisView.Bay(
                    number: number, blade: blade, bladeName: blade.map(name(of:)), label: live?.inventory?.bay(number), readings: live?.readings?.bay(number),
                    power: committed.power.values.first { $0.chassis == record.name && $0.bay == number && !$0.state.isEnded }?.id)
            }
            var faults: [String] = []
            if let twin = record.sameAs { faults.append("it is the same chassis as \(twin): nothing is switched by this one") }
            if let missing = live?.missingSources(of: record), !missing.isEmpty { faults.append(LiveChassis.sentence(missing: missing)) }
            var view = ChassisView(
                record: record, inventory: live?.inventory, capabilities: live?.capabilities, readings: live?.readings, readingsAge: age,
                silence: live?.silence, silentSince: live?.silentSince,
                isStale: live?.readings == nil || (age.map { $0 > configuration.chassisPollInterval * 3 } ?? true), bays: bays)
            view.faults = faults
            return view
        }
    }
}
