import PodpModel
import PodpPower
import Testing

/// What comes in the midst of a confirmation and changes what counts.
@Suite struct RestlessTests {
    @Test("A look that does not come back ends at the deadline, also where that has moved meanwhile because the blade's agent came")
    func moved() {
        var machine = PowerConfirmation(bay: 3, request: .hardOff)
        #expect(machine.handle(.begin, at: .zero) == [.wait(until: seconds(60)), .look([.management])])
        machine.widenAgreement(to: .seconds(22))
        #expect(machine.handle(.wake, at: seconds(60)) == [.wait(until: seconds(80))])
        guard case .finished(.deadline)? = machine.handle(.wake, at: seconds(80)).last else {
            Issue.record("not ended")
            return
        }
    }

    @Test("An off of whoever was in the bay before its label was told is no off of this blade")
    func unlabelled() {
        var scene = Scene(isOn: false)
        scene.distort = { _, number, reading in
            var reading = reading
            reading.label = number == 1 ? nil : "A"
            return reading
        }
        guard case .confirmed(.off, let readings, _)? = scene.run(.hardOff) else {
            Issue.record("not confirmed")
            return
        }
        #expect(readings.count == 2 && readings.allSatisfy { $0.label == "A" })
    }

    @Test("A blade that starts after all, its start taken back too late, is asked to shut down then")
    func lateStart() {
        var rules = PowerConfirmation.Rules.usual(for: .softOff, escalateAfter: .seconds(30))
        rules.asksAlways = true
        for ignoresSoftOff in [false, true] {
            var scene = Scene(isOn: false)
            scene.ignoresSoftOff = ignoresSoftOff
            scene.change = (seconds(4), true)
            scene.answer = { (.accepted, $0 > 1) }
            #expect(scene.run(.softOff, rules: rules)?.isConfirmed == true)
            #expect(scene.asked == (ignoresSoftOff ? [.hardOff, .softOff, .hardOff] : [.hardOff, .softOff]))
        }
    }

    @Test("After a take-back one reading that is not off presses nothing on a blade that is off", arguments: [0, 1])
    func oneDoubt(kind: Int) {
        var rules = PowerConfirmation.Rules.usual(for: .softOff)
        rules.asksAlways = true
        var scene = Scene(isOn: false)
        scene.distort = { _, number, reading in
            var reading = reading
            // The take-back comes after two offs that agree: this is the first look after it.
            if number == 5 { if kind == 0 { reading.reported = .on } else { reading.health = .commError } }
            return reading
        }
        #expect(scene.run(.softOff, rules: rules)?.isConfirmed == true)
        #expect(scene.asked == [.hardOff])
        #expect(scene.looks > 5, "the odd reading was looked at")
    }

    @Test("One lying off presses no button of a blade that runs, where a start may still come", arguments: 1...3)
    func oneLie(liar: Int) {
        var rules = PowerConfirmation.Rules()
        rules.asksAlways = true
        var scene = Scene(isOn: true)
        // It runs by the start, and what is asked of it is refused: what was asked while it read off would show.
        scene.distort = { _, number, reading in
            var reading = reading
            if number == liar { reading.reported = .off } else if number < 8 { reading.driversDoubt = .silent("no answer") }
            return reading
        }
        _ = scene.run(.hardOff, rules: rules)
        #expect(scene.requestTimes.allSatisfy { $0 >= seconds(6) }, "asked at \(scene.requestTimes)")
    }

    @Test("A start comes after the off that took it back was accepted: off is not confirmed before that, and not while it runs", arguments: 1...11)
    func ownTime(late: Int) {
        var rules = PowerConfirmation.Rules()
        rules.asksAlways = true
        var scene = Scene(isOn: false)
        let at = seconds(3.2 + Double(late))
        // The device has done the off that it accepted, and the start before it is done at its own time.
        scene.change = (at, true)
        scene.answer = { (.accepted, $0 > 1) }
        #expect(scene.run(.hardOff, rules: rules)?.isConfirmed == true)
        #expect(!scene.isOn && scene.change == nil && scene.now > at && scene.asked.count == 2)
    }

    @Test("Where a start may still come and the agent reports seldom, the readings are as far apart as both want", arguments: [5, 12, 22])
    func bothSpans(widened: Int) {
        var rules = PowerConfirmation.Rules()
        rules.asksAlways = true
        var scene = Scene(isOn: false)
        scene.widened = .seconds(widened)
        guard case .confirmed(.off, let readings, requested: true)? = scene.run(.hardOff, rules: rules), readings.count == 2 else {
            Issue.record("not confirmed")
            return
        }
        #expect(readings[1].at - readings[0].at >= .seconds(max(12, widened)))
    }

    @Test("A restart after a take-back does not count as having asked softly")
    func restartAfterTakeBack() {
        var rules = PowerConfirmation.Rules.usual(for: .softOff, escalateAfter: .seconds(10))
        rules.asksAlways = true
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        let again = PowerConfirmation(bay: 3, request: .softOff, rules: rules, hasRequested: true, hasAskedSoftly: false)
        #expect(scene.run(again)?.isConfirmed == true)
        guard scene.asked.prefix(2) == [.softOff, .hardOff] else {
            Issue.record("asked \(scene.asked)")
            return
        }
        #expect(scene.requestTimes[1] - scene.requestTimes[0] >= .seconds(10))
    }

    @Test("A hard off that nobody has accepted takes no start back, though the soft one before it was accepted")
    func lostEscalation() {
        var rules = PowerConfirmation.Rules.usual(for: .softOff, escalateAfter: .seconds(10))
        rules.asksAlways = true
        var scene = Scene(isOn: true)
        scene.ignoresSoftOff = true
        // The hard ones are lost; the blade goes off all the same, by somebody else.
        scene.answer = { $0 == 1 ? (.accepted, true) : (.lost("no answer"), false) }
        scene.distort = { _, number, reading in
            var reading = reading
            if number > 14 { reading.reported = .off }
            return reading
        }
        #expect(scene.run(.softOff, rules: rules)?.isConfirmed == false)
        #expect(scene.asked.first == .softOff && scene.asked.dropFirst().allSatisfy { $0 == .hardOff } && scene.asked.count > 3)
        // So it is after a restart, if the record says that nobody has accepted the hard one.
        let again = PowerConfirmation(bay: 3, request: .softOff, rules: rules, hasRequested: true, isAccepted: false, hasEscalated: true)
        var later = Scene(isOn: false)
        later.latency = nil
        #expect(later.run(again)?.isConfirmed == true)
        #expect(later.asked == [.hardOff])
    }
}
