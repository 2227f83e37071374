import PodpModel
import PodpPower
import Testing

/// A soft-off that is not obeyed: followed by a hard one where that was asked for, and nowhere else.
@Suite struct EscalationTests {
    @Test("The time to shut down counts from the request that may have been heard last")
    func heardLate() {
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        scene.answer = { $0 == 1 ? (.lost("it was not asked"), false) : (.accepted, true) }
        #expect(scene.run(.softOff, rules: .usual(for: .softOff, escalateAfter: .seconds(30)))?.isConfirmed == true)
        guard scene.asked == [.softOff, .softOff, .hardOff] else {
            Issue.record("asked \(scene.asked)")
            return
        }
        #expect(scene.requestTimes[2] - scene.requestTimes[1] >= .seconds(30))
    }

    @Test("What was not asked at all counts for nothing: it is asked at the next look, and the time to shut down counts from when it is", arguments: 0...2)
    func notAsked(unasked: Int) {
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        // The first so many are not made, and neither is the first hard one.
        scene.answer = { $0 <= unasked || $0 == unasked + 2 ? (.notAsked("the label is not told"), false) : (.accepted, true) }
        #expect(scene.run(.softOff, rules: .usual(for: .softOff, escalateAfter: .seconds(30)))?.isConfirmed == true)
        let wanted = [PowerRequest](repeating: .softOff, count: unasked + 1) + [.hardOff, .hardOff]
        guard scene.asked == wanted else {
            Issue.record("asked \(scene.asked)")
            return
        }
        if unasked > 0 { #expect(scene.requestTimes[1] - scene.requestTimes[0] < .seconds(3)) }
        #expect(scene.requestTimes[unasked + 1] - scene.requestTimes[unasked] >= .seconds(30))
        #expect(scene.requestTimes[unasked + 2] - scene.requestTimes[unasked + 1] < .seconds(3))
        // It was off by itself.
        var alone = Scene(isOn: true)
        alone.change = (seconds(5), false)
        alone.answer = { _ in (.notAsked("the label is not told"), false) }
        guard case .confirmed(.off, _, requested: false)? = alone.run(.softOff) else {
            Issue.record("not confirmed, or by a request that was never made")
            return
        }
        var never = Scene(isOn: true)
        never.answer = { _ in (.notAsked("the label is not told"), false) }
        guard case .deadline? = never.run(.softOff, rules: .usual(for: .softOff, escalateAfter: .seconds(30))) else {
            Issue.record("not ended by its deadline")
            return
        }
        #expect(!never.asked.contains(.hardOff))
    }

    private func rules(_ after: Duration?) -> PowerConfirmation.Rules { .usual(for: .softOff, escalateAfter: after) }

    @Test("A blade that does not shut down is switched off hard when the time is over, once it was looked at again")
    func deaf() {
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        #expect(scene.run(.softOff, rules: rules(.seconds(90)))?.isConfirmed == true)
        #expect(scene.asked == [.softOff, .hardOff])
        #expect(scene.requestTimes[1] - scene.requestTimes[0] >= .seconds(90))
        #expect(scene.now < seconds(100))
    }

    @Test("A blade that shuts down in time is not switched off hard, and neither is one whose first off reading comes just before the time")
    func obedient() {
        for latency in [2, 58, 59, 59.9] {
            var scene = Scene(isOn: true)
            scene.latency = .milliseconds(Int64(latency * 1000))
            #expect(scene.run(.softOff, rules: rules(.seconds(60)))?.isConfirmed == true)
            #expect(scene.asked == [.softOff], "\(latency)")
        }
    }

    @Test("Without being asked for, it never happens, whatever the chassis does", arguments: 0..<200)
    func never(seed: Int) {
        var random = Seeded(seed)
        var scene = ConfirmationPropertyTests.weather(&random, isOn: true)
        scene.ignoresSoftOff = random.chance(60)
        #expect(scene.run(.softOff) != nil)
        #expect(!scene.asked.contains(.hardOff))
    }

    @Test("It comes never before its time, nothing is asked softly after it, it ends by its deadline, and says off only of a blade that is", arguments: 0..<400)
    func order(seed: Int) {
        var random = Seeded(seed)
        var scene = ConfirmationPropertyTests.weather(&random, isOn: true)
        scene.ignoresSoftOff = random.chance(80)
        let rules = rules(.seconds(1 + random.below(150)))
        let outcome = scene.run(.softOff, rules: rules)
        #expect(outcome != nil)
        #expect(scene.now <= .zero + rules.deadline + scene.answersTake)
        if outcome?.isConfirmed == true { #expect(!scene.isOn) }
        guard let hard = scene.asked.firstIndex(of: .hardOff) else { return }
        #expect(hard > 0 && scene.requestTimes[hard] - scene.requestTimes[0] >= rules.escalateAfter ?? .zero)
        #expect(scene.asked[hard...].allSatisfy { $0 == .hardOff } && scene.asked.count - hard <= 3)
    }

    @Test("A chassis that knows no soft-off is not asked for it again; the hard one comes at its time, not before")
    func unsupported() {
        var scene = Scene(isOn: true)
        scene.answer = { $0 == 1 ? (.refused(PowerRefusal(.unsupported, "no soft-off here")), false) : (.accepted, true) }
        #expect(scene.run(.softOff, rules: rules(.seconds(60)))?.isConfirmed == true)
        #expect(scene.asked == [.softOff, .hardOff] && scene.requestTimes[1] - scene.requestTimes[0] >= .seconds(60))
        var plain = Scene(isOn: true)
        plain.answer = scene.answer
        guard case .refused? = plain.run(.softOff, rules: rules(nil)) else {
            Issue.record("not refused")
            return
        }
    }

    @Test("A refused hard off after a soft one ends it as unknown: it may still shut down")
    func refused() {
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        scene.answer = { $0 == 1 ? (.accepted, true) : (.refused(PowerRefusal(.notPermitted, "not by you")), false) }
        guard case .unknown(let why)? = scene.run(.softOff, rules: rules(.seconds(60))) else {
            Issue.record("not unknown")
            return
        }
        #expect(why.contains("not by you") && why.contains("may still"))
        #expect(scene.asked == [.softOff, .hardOff])
    }

    @Test("After a restart the time counts anew, and what was switched off hard before is asked for again hard, and later")
    func restarts() {
        var soft = Scene(isOn: true)
        soft.latency = .seconds(1)
        _ = soft.run(PowerConfirmation(bay: 3, request: .softOff, rules: rules(.seconds(60)), hasRequested: true, isAccepted: true))
        #expect(soft.asked == [.hardOff] && soft.requestTimes[0] >= seconds(60))
        var hard = Scene(isOn: true)
        hard.latency = .seconds(1)
        _ = hard.run(PowerConfirmation(bay: 3, request: .softOff, rules: rules(.seconds(60)), hasRequested: true, isAccepted: true, hasEscalated: true))
        #expect(hard.asked == [.hardOff] && hard.requestTimes[0] >= seconds(20) && hard.requestTimes[0] < seconds(22))
    }

    @Test("Two seconds after the hard off nothing else has changed: off is off when two readings say so, and a sign of life ends it")
    func life() {
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        scene.signs = [(at: seconds(63.5), what: "its agent spoke")]
        guard case .unknown(let why)? = scene.run(.softOff, rules: rules(.seconds(60))) else {
            Issue.record("not unknown")
            return
        }
        #expect(why.contains("its agent spoke"))
    }
}
