import PodpModel
import PodpPower

/// SplitMix64: the same seed gives the same numbers everywhere.
struct Seeded {
    private var state: UInt64

    /// Neighbouring seeds must not give one stream, shifted: the seed is mixed before it is the state.
    init(_ seed: Int) {
        state = UInt64(truncatingIfNeeded: seed) &* 0xD134_2543_DE82_EF95
        state = next() ^ next() << 1
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

func seconds(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

/// A blade in a chassis that may lie, with a clock that jumps to the next thing that happens. Runs one confirmation to its end.
struct Scene {
    var now = Instant.zero
    /// What the blade is, in truth.
    var isOn: Bool
    /// When it changes, and to what.
    var change: (at: Instant, isOn: Bool)?
    /// How long a request takes to have its effect; `nil`: it never has.
    var latency: Duration? = .seconds(2)
    var answersTake = Duration.milliseconds(30)
    /// What each reading of a source becomes: the number of the reading, and the truth.
    var distort: (PowerSource.Kind, Int, PowerReading) -> PowerReading = { _, _, reading in reading }
    /// How each request is answered, and whether it has its effect.
    var answer: (Int) -> (outcome: RequestOutcome, isHeard: Bool) = { _ in (.accepted, true) }
    /// Comes in beside everything else: signs of life, somebody else's requests.
    var signs: [(at: Instant, what: String)] = []

    /// Its operating system does not shut down when it is asked to.
    var ignoresSoftOff = false
    /// Its agent is connected, and is silent for less than this.
    var widened: Duration?

    private(set) var asked: [PowerRequest] = []
    private(set) var requests = 0
    private(set) var looks = 0
    private(set) var requestTimes: [Instant] = []

    init(isOn: Bool) { self.isOn = isOn }

    mutating func advance(to instant: Instant) {
        now = max(now, instant)
        if let change, change.at <= now {
            isOn = change.isOn
            self.change = nil
        }
    }

    private func truth(_ kind: PowerSource.Kind) -> PowerReading {
        PowerReading(bay: 3, reported: isOn ? .on : .off, isPresent: true, health: .good, source: PowerSource(kind, module: 1), at: now)
    }

    mutating func run(_ request: PowerRequest, rules: PowerConfirmation.Rules? = nil) -> PowerConfirmation.Outcome? {
        run(PowerConfirmation(bay: 3, request: request, rules: rules))
    }

    mutating func run(_ machine: PowerConfirmation) -> PowerConfirmation.Outcome? {
        var machine = machine
        if let widened { machine.widenAgreement(to: widened) }
        var effects = machine.handle(.begin, at: now)
        var wake: Instant?
        for _ in 0..<10_000 {
            var next: PowerConfirmation.Event?
            for effect in effects {
                switch effect {
                case .finished(let outcome): return outcome
                case .wait(let until): wake = until
                case .look(let sources):
                    looks += 1
                    advance(to: now + answersTake)
                    next = .readings(sources.map { distort($0, looks, truth($0)) })
                case .request(let request):
                    requests += 1
                    asked.append(request)
                    requestTimes.append(now)
                    let (outcome, isHeard) = answer(requests)
                    if isHeard, !(ignoresSoftOff && request == .softOff), let latency { change = (now + latency, request == .on) }
                    advance(to: now + answersTake)
                    next = .requested(outcome)
                }
            }
            if let sign = signs.first, sign.at <= (next == nil ? wake ?? now : now) {
                signs.removeFirst()
                advance(to: sign.at)
                let more = machine.handle(.signOfLife(sign.what), at: now)
                if case .finished(let outcome)? = more.last { return outcome }
            }
            if let next {
                effects = machine.handle(next, at: now)
            } else {
                guard let due = wake else { return nil }
                advance(to: due)
                effects = machine.handle(.wake, at: now)
            }
        }
        return nil
    }
}
