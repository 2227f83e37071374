import PodpModel
import PodpPower

/// A chassis in memory: blades that switch on and off after a while, and everything that a real one does wrong. A value; `SimulatedChassis`
/// is the driver over it, and test servers show it in other protocols.
public struct ChassisWorld: Sendable {
    public struct Blade: Sendable {
        public var name: String
        public var serial: String
        public var uuid: ID128
        public var macs: [String]
        public var power: PowerState
        public var health = BayHealth.good
        public var width = 1
        /// At work, in watts; off it takes 6.
        public var watts = 190
        fileprivate var changes: [(at: Instant, power: PowerState)] = []
    }

    /// What goes wrong.
    public struct Faults: Sendable {
        /// The answers to this many requests are lost, though they are heard.
        public var lostAnswers = 0
        /// This many requests are neither heard nor answered.
        public var lostRequests = 0
        /// Accepts everything, does nothing.
        public var ignoresRequests = false
        /// Answers nothing at all.
        public var isSilent = false
        /// Falls silent after this many more answers.
        public var silentAfter: Int?
        /// This many readings say off, whatever is true.
        public var liesOff = 0
        /// Answers with what means nothing.
        public var garbles = false
        /// The account may read only.
        public var isReadOnly = false
        /// Requests that are refused because of too little power, with these watts left.
        public var remainingWatts: Int?
        /// Each request is carried out at its own time, also one that a later one contradicts; else the last one counts.
        public var keepsRequests = false
        /// Somebody else undoes every request after this.
        public var rival: Duration?

        public init() {}
    }

    public var blades: [Int: Blade]
    public var bayCount: Int
    public var faults = Faults()
    public var onTakes = Duration.seconds(3)
    public var offTakes = Duration.seconds(2)
    public var softOffTakes = Duration.seconds(8)
    /// Which of two management modules leads.
    public var primaryModule = 1
    public private(set) var requestCount = 0
    private var rivals: [(at: Instant, bay: Int, power: PowerState)] = []

    /// Blades in all bays but the sixth; the last two are off.
    public init(bays: Int = 14) {
        bayCount = max(1, min(bays, 14))
        blades = [:]
        for number in 1...bayCount where number != 6 {
            let digits = number < 10 ? "0\(number)" : "\(number)"
            blades[number] = Blade(
                name: "blade-\(digits)", serial: "KQ86\(digits)3", uuid: ID128(high: 0x8cb6_f79b_0ab4_41dc, low: 0x8314_0800_2000_0000 | UInt64(number)),
                macs: ["00:1a:64:76:00:\(digits)"], power: bayCount > 2 && number > bayCount - 2 ? .off : .on)
        }
    }

    /// Lets happen what was due.
    public mutating func advance(to now: Instant) {
        for number in blades.keys {
            for change in blades[number]?.changes.filter({ $0.at <= now }).sorted(by: { $0.at < $1.at }) ?? [] { blades[number]?.power = change.power }
            blades[number]?.changes.removeAll { $0.at <= now }
        }
        for rival in rivals where rival.at <= now {
            blades[rival.bay]?.power = rival.power
            blades[rival.bay]?.changes = []
        }
        rivals.removeAll { $0.at <= now }
    }

    /// Whether the next question is answered at all.
    public mutating func answers() -> Bool {
        if faults.isSilent { return false }
        guard let left = faults.silentAfter else { return true }
        if left <= 0 {
            faults.isSilent = true
            return false
        }
        faults.silentAfter = left - 1
        return true
    }

    /// What a management module shows of a bay's power.
    public mutating func shownPower(_ bay: Int) -> PowerState? {
        if faults.garbles { return .unknown }
        guard let blade = blades[bay] else { return .off }
        guard faults.liesOff > 0 else { return blade.power }
        faults.liesOff -= 1
        return .off
    }

    public mutating func request(_ request: PowerRequest, bay: Int, at now: Instant) -> RequestOutcome {
        requestCount += 1
        if faults.lostRequests > 0 {
            faults.lostRequests -= 1
            return .lost("no answer")
        }
        guard answers() else { return .lost("no answer") }
        if faults.isReadOnly { return .refused(PowerRefusal(.notPermitted, "the account may not switch blades")) }
        guard let blade = blades[bay] else { return .refused(PowerRefusal(.noBlade, "bay \(bay) is empty")) }
        if request == .on, blade.power != .on, let remaining = faults.remainingWatts, remaining < blade.watts * 2 {
            let shortfall = PowerShortfall(domain: powerDomain(bay), neededWatts: blade.watts * 2, remainingWatts: remaining)
            return .refused(PowerRefusal(.insufficientPower, "the chassis has not enough power to start the blade in bay \(bay)", shortfall: shortfall))
        }
        if !faults.ignoresRequests {
            let takes = request == .on ? onTakes : request == .softOff ? softOffTakes : offTakes
            if !faults.keepsRequests { blades[bay]?.changes = [] }
            if faults.keepsRequests || blade.power != request.goal { blades[bay]?.changes.append((now + takes, request.goal)) }
            if let rival = faults.rival { rivals.append((now + takes + rival, bay, request == .on ? .off : .on)) }
        }
        guard faults.lostAnswers > 0 else { return .accepted }
        faults.lostAnswers -= 1
        return .lost("no answer")
    }

    public func powerDomain(_ bay: Int) -> Int { bay <= (bayCount + 1) / 2 ? 1 : 2 }

    public func watts(_ bay: Int) -> Int? { blades[bay].map { $0.power == .on ? $0.watts : 6 } }

    /// The bay of the wide blade that covers this one.
    public func cover(of bay: Int) -> Int? {
        guard blades[bay] == nil else { return nil }
        return blades.first { $0.key < bay && $0.key + $0.value.width > bay }?.key
    }
}
