import PodpModel
import PodpPower
import Testing

/// What must hold whatever the chassis does. A failing seed is a one-line test.
@Suite struct ConfirmationPropertyTests {
    /// A chassis that is slow, deaf, silent and confused, but does not lie.
    static func weather(_ random: inout Seeded, isOn: Bool) -> Scene {
        var scene = Scene(isOn: isOn)
        scene.latency = random.chance(15) ? nil : .milliseconds(random.below(12_000))
        scene.answersTake = .milliseconds(1 + random.below(900))
        let noise = random.below(60), seed = random.below(1_000_000)
        scene.distort = { kind, number, reading in
            var dice = Seeded(seed + number * 8 + (kind == .management ? 0 : 1))
            guard dice.chance(noise) else { return reading }
            var reading = reading
            switch dice.below(5) {
            case 0: return .silent("no answer", bay: 3, source: reading.source, at: reading.at)
            case 1: reading.health = BayHealth.allCases[dice.below(BayHealth.allCases.count)]
            // A module that does not know shows 0, with a health that says so.
            case 2:
                reading.reported = .off
                reading.health = [.unknown, .discovering, .commError, .flashing, .initFailure][dice.below(5)]
            // Of other sources than management modules none is primary: there, this would be a lie.
            case 3 where kind == .management:
                reading.reported = .off
                reading.source.isPrimary = dice.chance(50) ? false : nil
            default: reading.reported = .unknown
            }
            return reading
        }
        scene.answer = { number in
            var dice = Seeded(seed &+ 7 &* number)
            return switch dice.below(4) {
            case 0: (.lost("no answer"), dice.chance(50))
            default: (.accepted, dice.chance(90))
            }
        }
        return scene
    }

    @Test("Off is never confirmed while the blade goes on running, with at most one lying reading", arguments: 0..<600)
    func oneLie(seed: Int) {
        var random = Seeded(seed)
        var scene = Self.weather(&random, isOn: true)
        // Nothing that is asked has an effect: whoever reports off, reports a lie.
        scene.latency = nil
        let liar = 1 + random.below(30), honest = scene.distort
        scene.distort = { kind, number, reading in
            guard number == liar else { return honest(kind, number, reading) }
            var reading = reading
            reading.reported = .off
            reading.health = .good
            return reading
        }
        let outcome = scene.run(.hardOff)
        #expect(outcome != nil, "it ends")
        #expect(outcome?.isConfirmed != true, "\(String(describing: outcome))")
    }

    @Test("Off is confirmed only when it is true, however the chassis stammers", arguments: 0..<600)
    func truthful(seed: Int) {
        var random = Seeded(seed)
        var scene = Self.weather(&random, isOn: random.chance(80))
        let outcome = scene.run(random.chance(80) ? .hardOff : .softOff)
        guard case .confirmed(let state, let readings, let requested) = outcome else { return }
        #expect(state == .off && !scene.isOn)
        #expect(requested == (scene.requests > 0))
        #expect(readings.count == 2 && readings.allSatisfy { $0.state == .off && $0.source.isPrimary == true })
        #expect(readings[1].at - readings[0].at >= .seconds(2))
        // Both after the request, or with none needed.
        #expect(scene.requestTimes.allSatisfy { $0 < readings[0].at })
    }

    @Test("A second source that tells the truth keeps a module that always lies from being believed, and the other way round", arguments: 0..<200)
    func secondSource(seed: Int) {
        var random = Seeded(seed)
        var scene = Self.weather(&random, isOn: true)
        scene.latency = nil
        let liar: PowerSource.Kind = random.chance(50) ? .management : .watts
        let honest = scene.distort
        scene.distort = { kind, number, reading in
            guard kind == liar else { return honest(kind, number, reading) }
            var reading = reading
            reading.reported = .off
            return reading
        }
        var rules = PowerConfirmation.Rules()
        rules.secondSources = [.watts]
        let outcome = scene.run(.hardOff, rules: rules)
        #expect(outcome?.isConfirmed == false, "\(String(describing: outcome))")
    }

    @Test("Of three witnesses beside the module one that tells the truth is enough", arguments: 0..<300)
    func witnesses(seed: Int) {
        var random = Seeded(seed)
        var scene = Self.weather(&random, isOn: true)
        scene.latency = nil
        let all: [PowerSource.Kind] = [.management, .watts, .console, .pdu]
        let truthful = all[random.below(4)], honest = scene.distort
        scene.distort = { kind, number, reading in
            guard kind != truthful else { return honest(kind, number, reading) }
            var reading = reading
            reading.reported = .off
            return reading
        }
        var rules = PowerConfirmation.Rules.usual(for: .softOff)
        rules.secondSources = [.watts, .console, .pdu]
        #expect(scene.run(random.chance(50) ? .hardOff : .softOff, rules: rules)?.isConfirmed == false)
    }

    @Test("A PDU beside the module is confirmed like any second source, and cut after a soft-off, once its operating system is down")
    func feeds() {
        var scene = Scene(isOn: true)
        scene.latency = .seconds(8)
        // The feed stays on until it is cut.
        scene.distort = { kind, _, reading in
            var reading = reading
            if kind == .pdu { reading.reported = .on }
            return reading
        }
        var rules = PowerConfirmation.Rules.usual(for: .softOff)
        rules.secondSources = [.pdu]
        rules.deadline = .seconds(30)
        #expect(scene.run(.softOff, rules: rules)?.isConfirmed == false)
        #expect(scene.asked.first == .softOff && scene.asked.contains(.hardOff))
        #expect(scene.requestTimes.count > 1 && scene.requestTimes[1] >= .zero + .seconds(10), "not before the blade read off for two seconds")
    }

    @Test("Another blade's label, a moment without a blade, and a look without a label are never this blade's off", arguments: 0..<300)
    func labels(seed: Int) {
        var random = Seeded(seed)
        var scene = Scene(isOn: random.chance(50))
        let way = random.below(3), from = 1 + random.below(4)
        scene.latency = .milliseconds(random.below(6_000))
        scene.distort = { _, number, reading in
            var reading = reading
            reading.label = "this"
            guard number >= from else { return reading }
            reading.reported = .off
            switch way {
            case 0: reading.label = "another"
            case 1: if number == from { reading.isPresent = false }
            default: reading.label = nil
            }
            return reading
        }
        var rules = PowerConfirmation.Rules()
        rules.label = "this"
        let outcome = scene.run(.hardOff, rules: rules)
        // Two looks at the right blade may have been enough before.
        if case .confirmed(_, let readings, _)? = outcome { #expect(readings.allSatisfy { $0.label == "this" } && from > 2) }
        if way != 2, outcome?.isConfirmed == false, case .deadline? = outcome { Issue.record("\(String(describing: outcome))") }
    }

    @Test("Nothing is asked of a blade whose label is not told, and nothing is believed before a start that may still come was taken back")
    func asking() {
        var scene = Scene(isOn: true)
        var rules = PowerConfirmation.Rules()
        rules.label = "this"
        #expect(scene.run(.hardOff, rules: rules)?.isConfirmed == false)
        #expect(scene.requests == 0)
        var off = Scene(isOn: false)
        rules = PowerConfirmation.Rules()
        rules.asksAlways = true
        guard case .confirmed(.off, _, requested: true)? = off.run(.hardOff, rules: rules) else {
            Issue.record("not asked")
            return
        }
        #expect(off.requests == 1)
        // What does not run cannot shut down: the button.
        var soft = Scene(isOn: false)
        guard case .confirmed(.off, _, requested: true)? = soft.run(.softOff, rules: rules) else {
            Issue.record("not asked")
            return
        }
        #expect(soft.asked == [.hardOff])
    }

    @Test("A start that may still come is taken back by an off that was accepted, by nothing less", arguments: [0, 1, 2])
    func takenBack(way: Int) {
        var rules = PowerConfirmation.Rules()
        rules.asksAlways = true
        let unheard: RequestOutcome = way == 0 ? .lost("503: busy") : .needless
        // Never accepted: never confirmed, whatever is read.
        var never = Scene(isOn: false)
        never.answer = { _ in (unheard, false) }
        guard case .deadline(_, let why)? = never.run(.hardOff, rules: rules) else {
            Issue.record("confirmed")
            return
        }
        #expect(why.contains("may still come") && never.requests > 3)
        // Accepted at the third time.
        var late = Scene(isOn: false)
        late.answer = { $0 < 3 ? (unheard, false) : (.accepted, true) }
        guard case .confirmed(.off, _, requested: true)? = late.run(.hardOff, rules: rules) else {
            Issue.record("not confirmed")
            return
        }
        #expect(late.requests == 3)
        // What does not run shuts nothing down, whoever accepts it.
        var soft = Scene(isOn: false)
        soft.distort = { kind, number, reading in
            var reading = reading
            if kind == .management, number < 4 { reading.reported = .unknown }
            return reading
        }
        guard case .confirmed(.off, _, requested: true)? = soft.run(.softOff, rules: rules) else {
            Issue.record("not confirmed")
            return
        }
        #expect(soft.asked == [.softOff, .hardOff])
        // After a restart: what was stored before it was sent may not have been sent.
        var resumed = Scene(isOn: false)
        guard case .confirmed? = resumed.run(PowerConfirmation(bay: 3, request: .hardOff, rules: rules, hasRequested: true, isAccepted: way == 2)) else {
            Issue.record("not confirmed")
            return
        }
        #expect(resumed.requests == (way == 2 ? 0 : 1))
    }

    @Test("A soft-off that is to take a start back makes no hard one of one lying reading", arguments: 1...12)
    func softlyTakenBack(liar: Int) {
        var rules = PowerConfirmation.Rules.usual(for: .softOff)
        rules.asksAlways = true
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        scene.distort = { _, number, reading in
            guard number == liar else { return reading }
            var reading = reading
            reading.reported = .off
            return reading
        }
        #expect(scene.run(.softOff, rules: rules)?.isConfirmed == false)
        #expect(!scene.asked.isEmpty && !scene.asked.contains(.hardOff))
    }

    @Test("Refused is what was not done: after a request that may have been heard, a refusal is unknown", arguments: [true, false])
    func refusedLater(isHeard: Bool) {
        var scene = Scene(isOn: true)
        scene.latency = nil
        scene.answer = { $0 == 1 ? (.lost("no answer"), isHeard) : (.refused(PowerRefusal(.notPermitted, "not by you")), false) }
        guard case .unknown(let why)? = scene.run(.hardOff) else {
            Issue.record("not unknown")
            return
        }
        #expect(why.contains("not by you") && scene.requests == 2)
        var first = Scene(isOn: true)
        first.answer = { _ in (.refused(PowerRefusal(.notPermitted, "not by you")), false) }
        guard case .refused? = first.run(.hardOff) else {
            Issue.record("not refused")
            return
        }
    }

    @Test("A refused login ends it at once")
    func denied() {
        var scene = Scene(isOn: true)
        scene.distort = { _, _, reading in .denied("the login is refused", bay: 3, source: reading.source, at: reading.at) }
        guard case .unknown? = scene.run(.hardOff) else {
            Issue.record("it went on")
            return
        }
        #expect(scene.looks == 1)
    }

    @Test("While its agent is connected, off takes longer than the agent is silent", arguments: 0..<100)
    func widened(seed: Int) {
        var random = Seeded(seed)
        var scene = Scene(isOn: true)
        scene.widened = .seconds(22)
        scene.distort = { _, _, reading in
            var reading = reading
            reading.reported = .off
            return reading
        }
        // It reports every 20 s.
        let phase = Duration.milliseconds(random.below(20_000))
        scene.signs = (0..<10).map { (at: .zero + phase + .seconds(20 * $0), what: "its agent reported") }
        guard case .unknown? = scene.run(.hardOff) else {
            Issue.record("confirmed")
            return
        }
    }

    @Test("A sign of life after the first off reading ends the confirmation", arguments: 0..<100)
    func life(seed: Int) {
        var random = Seeded(seed)
        var scene = Scene(isOn: true)
        scene.latency = .milliseconds(random.below(9_000))
        // The module says off from the beginning; the blade speaks later, before two seconds are over.
        scene.distort = { _, _, reading in
            var reading = reading
            reading.reported = .off
            return reading
        }
        scene.signs = [(at: .zero + .milliseconds(40 + random.below(1_900)), what: "its agent spoke")]
        guard case .unknown(let why) = scene.run(.hardOff) else {
            Issue.record("it did not end as unknown")
            return
        }
        #expect(why.contains("its agent spoke"))
    }

    @Test("It always ends, at its deadline at the latest, and says one thing", arguments: 0..<300)
    func ends(seed: Int) {
        var random = Seeded(seed)
        var scene = Self.weather(&random, isOn: random.chance(50))
        let request = PowerRequest.allCases[random.below(3)]
        let outcome = scene.run(request)
        #expect(outcome != nil)
        #expect(scene.now <= .zero + PowerConfirmation.Rules.usual(for: request).deadline + scene.answersTake)
        if case .deadline(_, let why) = outcome { #expect(!why.isEmpty) }
    }
}
