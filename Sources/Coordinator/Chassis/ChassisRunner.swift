import PodpModel
import PodpPower

/// Something that happened on the way to a confirmation, for people and for the log.
public enum PowerStep: Hashable, Sendable {
    case looked([PowerReading], at: Instant)
    case requested(PowerRequest, RequestOutcome, at: Instant)
    /// A start waits for the one before it.
    case waits(until: Instant)
}

/// One chassis and what is done with it: requests one after the other, starts apart in time, and every confirmation by `PowerConfirmation`.
///
/// The coordinator has one for each chassis; `podp chassis` has one for a moment. Polls may run beside confirmations: the driver puts one
/// question at a time to the management module, so a look waits for one answer, not for a poll.
///
///     let runner = ChassisRunner(driver: try ChassisDrivers.driver(for: url, secrets: secrets))
///     let readings = try await runner.readings()                                  // every poll
///     let outcome = await runner.bring(bay: 3, .hardOff)                          // confirmed, refused, unknown or deadline
///     await runner.signOfLife(bay: 3, "its agent spoke")                          // whenever a blade is heard
public actor ChassisRunner {
    public struct Settings: Sendable {
        /// Between two starts in one chassis: inrush current, and a management module that is slow to give permission.
        public var startSpacing = Duration.seconds(2)
        public init() {}
    }

    /// What was done so far, for metrics.
    public struct Tally: Hashable, Sendable {
        /// By request and how it ended: `confirmed`, `refused`, `unknown`, `deadline`.
        public var requests: [String: UInt64] = [:]
        public var confirmations: UInt64 = 0
        /// Of all confirmations together, from the first look to the last.
        public var confirmationTime = Duration.zero
        /// Confirmations that took at most this many seconds; the bounds are `Tally.bounds`.
        public var buckets = [UInt64](repeating: 0, count: Tally.bounds.count)
        public static let bounds: [Int64] = [1, 2, 5, 10, 20, 30, 60, 120, 300]

        public init() {}
    }

    public nonisolated let driver: any ChassisDriver
    private let settings: Settings
    private let clock: ChassisClock
    private let requests = Turn()
    private var witnesses: [PowerSource.Kind: @Sendable (Int) async -> PowerReading] = [:]
    /// What happened beside a bay's confirmation, to be told to it before what was read.
    private var running: [Int: [PowerConfirmation.Event]] = [:]
    private var nextStart: Instant
    private var cachedInventory: ChassisInventory?
    public private(set) var tally = Tally()

    public init(driver: any ChassisDriver, settings: Settings = Settings(), clock: ChassisClock = .system) {
        self.driver = driver
        self.settings = settings
        self.clock = clock
        nextStart = clock.now()
    }

    /// Another source for every blade of this chassis, as a PDU that feeds it. Used where `Rules.secondSources` names its kind.
    public func addWitness(_ kind: PowerSource.Kind, _ look: @escaping @Sendable (_ bay: Int) async -> PowerReading) { witnesses[kind] = look }

    // MARK: - Looking

    /// Read once and kept; again when `refresh` says so, or a poll has shown another blade (`readings()`).
    public func inventory(refresh: Bool = false) async throws(ChassisError) -> ChassisInventory {
        if let cachedInventory, !refresh { return cachedInventory }
        let inventory = try await driver.inventory()
        cachedInventory = inventory
        return inventory
    }

    /// One poll. When a bay was filled or emptied, the next `inventory()` asks anew.
    public func readings() async throws(ChassisError) -> ChassisReadings {
        let readings = try await driver.readings()
        if let inventory = cachedInventory {
            let hasChanged = readings.bays.contains { bay in
                guard let isPresent = bay.power.isPresent, let known = inventory.bay(bay.power.bay) else { return false }
                return known.isPresent != isPresent || (isPresent && known.isInventoryReady == false)
            }
            if hasChanged { cachedInventory = nil }
        }
        return readings
    }

    public func powerState(bay: Int) async -> PowerReading { await driver.powerState(bay: bay) }

    // MARK: - Switching

    /// Brings a bay's blade to what the request is for, and says when that can be relied on. One at a time for each bay.
    ///
    /// Cancelling the task ends it as unknown.
    public func bring(
        bay: Int, _ request: PowerRequest, rules: PowerConfirmation.Rules? = nil, report: @escaping @Sendable (PowerStep) -> Void = { _ in }
    ) async -> PowerConfirmation.Outcome {
        guard running[bay] == nil else {
            return .refused(PowerRefusal(.other, "bay \(bay) is being switched already; wait for that to end"))
        }
        running[bay] = []
        defer { running[bay] = nil }
        if request == .on { await waitForStart(bay: bay, report: report) }
        let begun = clock.now()
        let outcome = await confirm(PowerConfirmation(bay: bay, request: request, rules: rules ?? .usual(for: request, by: driver.mainSource)), report)
        count(request, outcome, took: clock.now() - begun)
        return outcome
    }

    /// The blade was heard by another way than the chassis: ends a confirmation of its "off" that has begun to believe it.
    public func signOfLife(bay: Int, _ what: String) { running[bay]?.append(.signOfLife(what)) }

    /// Gives up what is being done with a bay; it ends as unknown after the look or the pause that it is in.
    public func cancel(bay: Int, _ why: String) { running[bay]?.append(.cancel(why)) }

    public func close() async {
        for bay in running.keys { cancel(bay: bay, "podp is stopping") }
        await driver.close()
    }

    /// One thing after the other. A look or a request that does not come back before the deadline is left to the driver, which bounds it by itself.
    private func confirm(_ confirmation: PowerConfirmation, _ report: @escaping @Sendable (PowerStep) -> Void) async -> PowerConfirmation.Outcome {
        var confirmation = confirmation
        let bay = confirmation.bay
        var events: [PowerConfirmation.Event] = [.begin]
        while true {
            var due: Instant?
            var next: PowerConfirmation.Event?
            for event in events {
                for effect in confirmation.handle(event, at: clock.now()) {
                    switch effect {
                    case .finished(let outcome): return outcome
                    case .wait(let until): due = until
                    case .look(let sources):
                        let readings = await clock.within(due) { await self.look(bay, sources) }
                        if let readings { report(.looked(readings, at: clock.now())) }
                        next = readings.map { .readings($0) } ?? .wake
                    case .request(let request):
                        let outcome = await clock.within(due) { await self.ask(request, bay) } ?? .lost("no answer before the deadline")
                        report(.requested(request, outcome, at: clock.now()))
                        next = .requested(outcome)
                    }
                }
            }
            if next == nil, let due { try? await clock.sleep(due) }
            // What was heard meanwhile comes before what was read.
            let heard = running[bay] ?? []
            running[bay] = []
            events = heard + (Task.isCancelled ? [.cancel("the task was cancelled")] : []) + [next ?? .wake]
        }
    }

    private func look(_ bay: Int, _ sources: [PowerSource.Kind]) async -> [PowerReading] {
        var readings: [PowerReading] = []
        for source in sources {
            if let witness = witnesses[source] {
                readings.append(await witness(bay))
            } else if let reading = await driver.powerState(bay: bay, source: source) {
                readings.append(reading)
            } else {
                readings.append(.silent("this chassis has no \(PowerSource(source))", bay: bay, source: PowerSource(source, isPrimary: nil), at: clock.now()))
            }
        }
        return readings
    }

    private func ask(_ request: PowerRequest, _ bay: Int) async -> RequestOutcome {
        await requests.enter()
        let outcome = await driver.request(request, bay: bay)
        await requests.leave()
        return outcome
    }

    /// Starts are apart; a blade that is on already waits for nothing.
    private func waitForStart(bay: Int, report: @Sendable (PowerStep) -> Void) async {
        guard nextStart > clock.now() else {
            nextStart = clock.now() + settings.startSpacing
            return
        }
        if await driver.powerState(bay: bay).state == .on { return }
        let turn = max(nextStart, clock.now())
        nextStart = turn + settings.startSpacing
        report(.waits(until: turn))
        try? await clock.sleep(turn)
    }

    private func count(_ request: PowerRequest, _ outcome: PowerConfirmation.Outcome, took: Duration) {
        tally.requests["\(request.rawValue) \(outcome.word)", default: 0] += 1
        guard outcome.isConfirmed else { return }
        tally.confirmations += 1
        tally.confirmationTime += took
        for (index, bound) in Tally.bounds.enumerated() where took <= .seconds(bound) { tally.buckets[index] += 1 }
    }
}

extension PowerConfirmation.Outcome {
    /// Short and stable, for metrics and scripts.
    public var word: String {
        switch self {
        case .confirmed: "confirmed"
        case .refused: "refused"
        case .unknown: "unknown"
        case .deadline: "deadline"
        }
    }
}

/// One at a time, in the order in which they came.
actor Turn {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}
