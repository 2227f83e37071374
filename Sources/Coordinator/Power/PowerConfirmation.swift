import PodpModel

/// Brings a blade to a state of power and says when that can be relied on. The one place where "off" is decided, shared by every driver.
///
/// Read first; what is there already needs no request; ask; read again and again. *Confirmed off* are two readings that say off, the second
/// asked for at least `agreement` after the first was answered, both from the same primary management module, with a blade present and a health
/// that does not hide power (`PowerReading.doubt`), with no other reading between them, and after our own request or with none needed; and, for
/// each second source that is configured, its off in the same time. Where a start may still come (`Rules.asksAlways`), these two are at least
/// `Rules.latestStart` apart, and the device accepted an off before the first. Any sign of life of the blade after the first off reading ends the
/// confirmation, and so does a bay that was empty for a moment or shows another blade's label: what is off there may be another blade.
/// Everything else is unknown and says why. When the deadline comes, it has failed.
///
/// With at most one lying reading, off is never reported while the blade goes on running. A management module that lies twice is beyond this;
/// a second source (`Rules.secondSources`) that is independent of it is what helps.
///
/// A value: events in, effects out, no clock of its own; instants and readings' `at` are of one clock. Whoever runs it performs one `Effect.look` or `Effect.request` at a time, answers it
/// with one `Event.readings` or `Event.requested`, and sends `wake` when the last `Effect.wait` has come. Late answers do no harm.
///
/// A soft-off is followed by a hard one only where `Rules.escalateAfter` asks for that, never by itself.
public struct PowerConfirmation: Sendable, Codable {
    public struct Rules: Hashable, Sendable, Codable {
        public var pollInterval = Duration.seconds(1)
        /// From the first off reading's answer to the second one's question, at least.
        public var agreement = Duration.seconds(2)
        /// From the beginning. A soft-off wants more: an operating system shuts down in minutes.
        public var deadline = Duration.seconds(60)
        /// The request is made again after these, if the blade is still not there. Never for a soft-off that was accepted.
        public var repeats: [Duration] = [.seconds(20), .seconds(40)]
        /// Whose word is confirmed: the management module, or, where a whole chassis is cut off, its PDUs.
        public var mainSource = PowerSource.Kind.management
        /// Must all say off too. They are read beside the main source.
        public var secondSources: Set<PowerSource.Kind> = []
        /// The label of the blade that is meant (`ChassisBay.label`), where the chassis tells labels: nothing is asked of another one, and an "off"
        /// without the label is not its off. `nil`: the first that is told.
        public var label: String?
        /// A hard off is asked for even where it is off already: a start that was asked for before may still come, also in the first seconds after a device
        /// has accepted the off (`latestStart`).
        public var asksAlways = false
        /// A blade that is not off this long after it was asked softly is switched off hard; of several such requests, after the last that may have been heard.
        /// `nil`: never. Of a soft-off alone.
        public var escalateAfter: Duration?

        public init() {}

        /// A device that does each order at its own time may carry out a start that it accepted before an off after that, up to this long: with `asksAlways`,
        /// off readings agree that are this far apart. One second more than the slowest that is known (11 s).
        public static let latestStart = Duration.seconds(12)

        /// What a request usually needs.
        public static func usual(
            for request: PowerRequest, by mainSource: PowerSource.Kind = .management, escalateAfter: Duration? = nil
        ) -> Rules {
            var rules = Rules()
            rules.mainSource = mainSource
            guard request == .softOff else { return rules }
            rules.escalateAfter = escalateAfter
            // What is switched off hard gets as long as if it had been from the beginning.
            rules.deadline = max(.seconds(180), (escalateAfter ?? .zero) + rules.deadline + .seconds(5))
            return rules
        }
    }

    public enum Event: Hashable, Sendable {
        /// The first event, once.
        case begin
        /// The answer to `look`: one reading of each source that was asked for. A source without one counts as silent.
        case readings([PowerReading])
        /// The answer to `request`.
        case requested(RequestOutcome)
        /// The instant of the last `wait` has come.
        case wake
        /// The blade was heard by another way: its agent spoke, its console printed.
        case signOfLife(String)
        /// Nobody wants it any more.
        case cancel(String)
    }

    public enum Effect: Hashable, Sendable {
        case look([PowerSource.Kind])
        case request(PowerRequest)
        /// Send `wake` then; replaces what was asked for before.
        case wait(until: Instant)
        case finished(Outcome)
    }

    public enum Outcome: Hashable, Sendable, Codable {
        /// With the readings that say so, and whether a request was needed.
        case confirmed(PowerState, by: [PowerReading], requested: Bool)
        case refused(PowerRefusal)
        /// It cannot become known by waiting.
        case unknown(String)
        /// The deadline passed; the last reading, and why it was not enough.
        case deadline(last: PowerReading?, why: String)

        public var isConfirmed: Bool { if case .confirmed = self { true } else { false } }
    }

    private enum Phase: Hashable, Sendable, Codable {
        case idle
        case looking(asked: Instant)
        case requesting
        case waiting
        case finished
    }

    /// Off readings that agree so far.
    private struct Streak: Hashable, Sendable, Codable {
        var first: [PowerReading]
        var firstAnswered: Instant
        var module: Int?
    }

    public let bay: Int
    public let request: PowerRequest
    public let rules: Rules
    private var phase = Phase.idle
    private var begun = Instant.zero
    /// Its deadline, once it has begun.
    public private(set) var end = Instant.zero
    private var streak: Streak?
    private var absentSince: Instant?
    /// Of the blade that is switched, and whether the last reading was of it.
    private var label: String?
    private var isLabelled = false
    /// From the first off reading's answer to the second one's question, at least.
    private var agreement: Duration
    /// Since when the module says off while what feeds the blade is on.
    private var fedSince: Instant?
    /// When the next repetition is due; as many as `rules.repeats`.
    private var repetition = 0
    private var hasRequested = false
    /// Before what was asked last.
    private var hadRequested = false
    /// What was to be asked last was not.
    private var isOwed = false
    /// Whether what is being asked for was accepted: after an escalation, the hard off.
    public private(set) var isAccepted = false
    /// Whether one may have been carried out: it was accepted, or nobody knows what became of it.
    private var mayBeDone = false
    /// A hard off was accepted: what was asked for before it does not come any more.
    private var hasTakenBack = false
    private var lastAsked: PowerRequest?
    /// With `asksAlways`: when it is asked for the next time.
    private var takeBackFrom = Instant.zero
    /// When the operating system was asked to shut down, by this value: when that was answered or given up.
    private var softAsked: Instant?
    /// Before this began, it was asked to shut down.
    private let hasAskedSoftly: Bool
    /// Readings in a row that say on.
    private var onInARow = 0
    /// The device knows no soft-off: nothing is asked until the hard one is due.
    private var knowsNoSoftOff = false
    /// What was to end softly is switched off hard from now on.
    public private(set) var hasEscalated = false
    /// From when on the repetitions count.
    private var repeatsFrom = Instant.zero
    private var last: PowerReading?
    private var hasSeenRunningAgain = false

    /// `hasRequested`, `isAccepted`, `hasEscalated`: the request was made before this began, by a run of podp that did not see its end. The time
    /// until a hard off counts anew then: never is it shorter than what was asked for. `hasAskedSoftly`: of a soft-off, whether such a request was among them.
    public init(
        bay: Int, request: PowerRequest, rules: Rules? = nil, hasRequested: Bool = false, isAccepted: Bool = false, hasEscalated: Bool = false,
        hasAskedSoftly: Bool = true
    ) {
        self.bay = bay
        self.request = request
        self.rules = rules ?? .usual(for: request)
        label = self.rules.label
        agreement = self.rules.agreement
        self.hasRequested = hasRequested
        self.isAccepted = hasRequested && isAccepted
        mayBeDone = hasRequested
        self.hasAskedSoftly = hasRequested && hasAskedSoftly
        self.hasEscalated = hasRequested && hasEscalated && request == .softOff
        hasTakenBack = self.isAccepted && (request == .hardOff || self.hasEscalated)
    }

    /// The blade's agent is connected, and is silent for this long without meaning it: off is believed only when it said nothing for longer. The
    /// deadline moves by as much.
    public mutating func widenAgreement(to span: Duration) {
        guard request.goal == .off, span > agreement, phase != .finished else { return }
        end = end + (span - agreement)
        agreement = span
    }

    public var isFinished: Bool { phase == .finished }
    /// Whether the blade was seen to be off and still has to be so a second time.
    public var hasSeenOff: Bool { streak != nil }

    public mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        if phase == .finished { return [] }
        if case .begin = event {
            guard phase == .idle else { return [] }
            begun = now
            repeatsFrom = now
            if hasAskedSoftly, request == .softOff { softAsked = now }
            end = now + rules.deadline + (agreement - rules.agreement)
            return look(at: now)
        }
        guard phase != .idle else { return [] }
        if case .cancel(let why) = event { return finish(.unknown("it was given up: \(why)")) }
        if case .signOfLife(let what) = event {
            guard streak != nil, request.goal == .off else { return [] }
            return finish(.unknown("the chassis said off, and then the blade showed life: \(what)"))
        }
        // What comes after the deadline does not count, whatever it says.
        if now >= end { return finish(.deadline(last: last, why: shortcoming)) }
        switch event {
        case .readings(let readings):
            guard case .looking(let asked) = phase else { return [] }
            return judge(readings, asked: asked, at: now)
        case .requested(let outcome):
            guard phase == .requesting else { return [] }
            return judge(outcome, at: now)
        // The deadline may have moved while a look or a request was out.
        case .wake: return phase == .waiting ? look(at: now) : [.wait(until: end)]
        case .begin, .cancel, .signOfLife: return []
        }
    }

    // MARK: - Judging

    private mutating func judge(_ readings: [PowerReading], asked: Instant, at now: Instant) -> [Effect] {
        guard var main = readings.first(where: { $0.source.kind == rules.mainSource }) else {
            return fail("no reading came of the \(PowerSource(rules.mainSource))", at: now)
        }
        if main.bay != bay || main.at < asked { main.driversDoubt = .stale }
        last = main
        if case .covered(let other)? = main.doubt {
            return finish(.refused(PowerRefusal(.noBlade, "bay \(bay) is part of the wide blade in bay \(other): name that bay")))
        }
        if main.doubt == .absent { return seeAbsent(at: now) }
        if absentSince != nil { return finish(.unknown("bay \(bay) was empty for a moment: the blade that is in it now may be another one")) }
        if let denied = readings.lazy.compactMap(\.doubt).first(where: { if case .denied = $0 { true } else { false } }) {
            return finish(.unknown("\(denied); trying again could lock the account"))
        }
        if let told = main.label, let label, told != label {
            return finish(.unknown("bay \(bay) has another blade in it now: its label says \(told), not \(label)"))
        }
        if main.label == nil, label != nil, main.driversDoubt == nil { main.driversDoubt = .notTold("the chassis does not say which blade this is") }
        // Whoever was off before its label was told may have been another one.
        if label == nil, main.label != nil { (streak, fedSince) = (nil, nil) }
        label = label ?? main.label
        isLabelled = main.label != nil
        last = main
        if hasRequested, request == .on, main.state == .off, let health = main.health, health.refusesStart {
            return finish(.refused(refusal(health, main.shortfall)))
        }
        return request == .on ? judgeOn(main, at: now) : judgeOff(main, readings, asked: asked, at: now)
    }

    private mutating func judgeOn(_ main: PowerReading, at now: Instant) -> [Effect] {
        if main.state == .on { return finish(.confirmed(.on, by: [main], requested: hasRequested)) }
        if case .silent? = main.doubt { return pause(at: now) }
        return askOrPause(at: now)
    }

    private mutating func judgeOff(_ main: PowerReading, _ readings: [PowerReading], asked: Instant, at now: Instant) -> [Effect] {
        onInARow = main.state == .on ? onInARow + 1 : 0
        guard main.state == .off else {
            hasSeenRunningAgain = hasSeenRunningAgain || streak != nil
            streak = nil
            fedSince = nil
            // To a module that does not answer nothing is said; to one that answers without knowing, the request is made.
            if case .silent? = main.doubt { return pause(at: now) }
            return askOrPause(at: now)
        }
        let seconds = rules.secondSources.map { kind in readings.first { $0.source.kind == kind && $0.bay == bay && $0.at >= asked } }
        guard seconds.allSatisfy({ $0?.state == .off }) else {
            // The module says off and another source does not (yet): nothing is repeated on that ground, nothing is believed.
            streak = nil
            let others = seconds.filter { $0?.state != .off }
            if let other = others.first ?? nil { last = other }
            if asking == .softOff, isAccepted, others.count == 1, let feed = others.first ?? nil, feed.source.kind == .pdu, feed.state == .on {
                return cut(asked: asked, at: now)
            }
            fedSince = nil
            return askOrPause(at: now)
        }
        fedSince = nil
        let agreeing = [main] + seconds.compactMap { $0 }
        guard let streak, streak.module == main.source.module else {
            self.streak = Streak(first: agreeing, firstAnswered: now, module: main.source.module)
            return pause(at: now)
        }
        let span = rules.asksAlways && hasTakenBack ? max(agreement, Rules.latestStart) : agreement
        guard asked - streak.firstAnswered >= span else { return pause(at: now) }
        // One reading that lies must not press the button of a blade that runs: here, two have agreed.
        if rules.asksAlways, !hasTakenBack { return takeBack(at: now) }
        return finish(.confirmed(.off, by: streak.first + agreeing, requested: hasRequested))
    }

    /// Off already, and a start may still come: an off that the device has accepted takes that back, and nothing less. What does not run shuts nothing
    /// down: it is the button itself.
    private mutating func takeBack(at now: Instant) -> [Effect] {
        streak = nil
        guard now >= takeBackFrom else { return pause(at: now) }
        takeBackFrom = now + .seconds(5)
        return ask(.hardOff)
    }

    /// The operating system is down, by two readings, and nothing but what feeds the blade is still on: a soft-off does not reach that.
    private mutating func cut(asked: Instant, at now: Instant) -> [Effect] {
        let since = fedSince ?? now
        guard asked - since >= rules.agreement else {
            fedSince = since
            return pause(at: now)
        }
        fedSince = nil
        return ask(.hardOff)
    }

    private mutating func ask(_ wish: PowerRequest) -> [Effect] {
        hadRequested = hasRequested
        hasRequested = true
        isOwed = false
        lastAsked = wish
        phase = .requesting
        return [.wait(until: end), .request(wish)]
    }

    /// An empty bay is nothing to switch: twice the same word, and it is over.
    private mutating func seeAbsent(at now: Instant) -> [Effect] {
        streak = nil
        guard let since = absentSince else {
            absentSince = now
            return pause(at: now)
        }
        guard now - since >= rules.agreement else { return pause(at: now) }
        return finish(.unknown("bay \(bay): \(PowerDoubt.absent); an empty bay is not a blade that is off"))
    }

    private mutating func judge(_ outcome: RequestOutcome, at now: Instant) -> [Effect] {
        if case .notAsked = outcome { return owe(at: now) }
        // It may have been heard as late as this.
        if lastAsked == .softOff, !isAccepted, !knowsNoSoftOff { softAsked = now }
        switch outcome {
        case .accepted:
            isAccepted = isAccepted || lastAsked == asking
            mayBeDone = true
            hasTakenBack = hasTakenBack || lastAsked == .hardOff
        case .needless:
            // It did nothing, so it took nothing back.
            if !rules.asksAlways { isAccepted = true }
            mayBeDone = true
        case .refused(let refusal):
            if asking == .softOff, refusal.reason == .unsupported, rules.escalateAfter != nil {
                // It is not sooner that somebody wanted it off at once.
                knowsNoSoftOff = true
                break
            }
            // Refused is what was not done.
            if hasEscalated, mayBeDone { return finish(.unknown("\(refusal) (its operating system was asked to shut down before, and may still do so)")) }
            if mayBeDone { return finish(.unknown("\(refusal) (it was asked before, and that may have been done)")) }
            return finish(.refused(refusal))
        // It may have been heard: what the blade does next tells.
        case .lost: mayBeDone = true
        case .notAsked: break
        }
        return pause(at: now)
    }

    /// Nothing was asked: it is asked at the next look that still wants it.
    private mutating func owe(at now: Instant) -> [Effect] {
        hasRequested = hadRequested
        takeBackFrom = now
        isOwed = lastAsked == asking
        return pause(at: now)
    }

    private func refusal(_ health: BayHealth, _ shortfall: PowerShortfall?) -> PowerRefusal {
        health == .insufficientPower
            ? PowerRefusal(.insufficientPower, "the chassis has not enough power to start the blade in bay \(bay)", shortfall: shortfall)
            : PowerRefusal(.powerDenied, "the chassis denies power to the blade in bay \(bay)", shortfall: shortfall)
    }

    // MARK: - Steps

    private var sources: [PowerSource.Kind] {
        [rules.mainSource] + rules.secondSources.filter { $0 != rules.mainSource }.sorted { $0.rawValue < $1.rawValue }
    }

    private mutating func look(at now: Instant) -> [Effect] {
        if now >= end { return finish(.deadline(last: last, why: shortcoming)) }
        phase = .looking(asked: now)
        // Whoever never answers must not keep it from ending.
        return [.wait(until: end), .look(sources)]
    }

    private mutating func pause(at now: Instant) -> [Effect] {
        phase = .waiting
        return [.wait(until: min(end, now + rules.pollInterval))]
    }

    private mutating func fail(_ why: String, at now: Instant) -> [Effect] {
        streak = nil
        last = .silent(why, bay: bay, source: PowerSource(rules.mainSource, isPrimary: nil), at: now)
        return pause(at: now)
    }

    private mutating func askOrPause(at now: Instant) -> [Effect] {
        // Of which blade it would be asked is not known.
        if label != nil, !isLabelled { return pause(at: now) }
        if isEscalationDue(at: now) {
            hasEscalated = true
            // Of the soft one.
            isAccepted = false
            repeatsFrom = now
            repetition = 0
        } else if asksSoftlyAfterTakeBack {
            // One reading that lies must not press the button of a blade that is off.
            guard onInARow >= 2 else { return pause(at: now) }
        } else if hasRequested, !isOwed {
            guard repetition < rules.repeats.count, now - repeatsFrom >= rules.repeats[repetition] else { return pause(at: now) }
            repetition += 1
            // A second press of the button is not the same as one.
            if asking == .softOff, isAccepted || knowsNoSoftOff { return pause(at: now) }
        }
        return ask(asking)
    }

    /// Whether the operating system has had its time: at the next look that does not say off, the blade is switched off hard.
    public func isEscalationDue(at now: Instant) -> Bool {
        guard let after = rules.escalateAfter, let softAsked, !hasEscalated else { return false }
        return now - softAsked >= after
    }

    private var asking: PowerRequest { hasEscalated ? .hardOff : request }

    /// All that was asked was to take a start back: a soft-off would be the first.
    private var asksSoftlyAfterTakeBack: Bool { hasRequested && asking == .softOff && softAsked == nil }

    private mutating func finish(_ outcome: Outcome) -> [Effect] {
        phase = .finished
        return [.finished(outcome)]
    }

    private var shortcoming: String {
        guard let last else { return "nothing answered before the deadline" }
        let about = hasSeenRunningAgain ? "; it was off before and did not stay so" : ""
        if last.state == .unknown { return "the \(last.source)'s last word is unknown: \(last.why)\(about)" }
        if rules.asksAlways, !hasTakenBack, last.state == .off {
            return "it reads off, but a start was asked for before that may still come, and the device has not accepted an off since: switch it on, wait until "
                + "it is, and then off"
        }
        if last.state == request.goal { return "it was read \(last.state.rawValue) too late to be confirmed\(about)" }
        return "the \(last.source) still says \(last.state.rawValue)\(about)"
    }
}
