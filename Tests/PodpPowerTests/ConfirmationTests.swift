import PodpModel
import PodpPower
import Testing

@Suite struct ConfirmationTests {
    private func reading(
        _ state: PowerState, _ at: Double, present: Bool? = true, health: BayHealth? = .good, module: Int = 1, primary: Bool? = true,
        kind: PowerSource.Kind = .management
    ) -> PowerReading {
        PowerReading(
            bay: 3, reported: state, isPresent: present, health: health, source: PowerSource(kind, module: module, isPrimary: primary), at: seconds(at))
    }

    private func outcome(_ effects: [PowerConfirmation.Effect]) -> PowerConfirmation.Outcome? {
        if case .finished(let outcome)? = effects.last { outcome } else { nil }
    }

    @Test("A blade that is off already needs two readings, two seconds apart, and no request")
    func alreadyOff() {
        var scene = Scene(isOn: false)
        guard case .confirmed(.off, let readings, requested: false) = scene.run(.hardOff) else {
            Issue.record("not confirmed")
            return
        }
        #expect(scene.requests == 0 && readings.count == 2)
        #expect(scene.now >= seconds(2) && scene.now < seconds(4))
    }

    @Test("A blade that is on already needs one reading and no request")
    func alreadyOn() {
        var scene = Scene(isOn: true)
        #expect(scene.run(.on)?.isConfirmed == true)
        #expect(scene.requests == 0 && scene.looks == 1)
    }

    @Test("An off that comes eleven seconds late is confirmed, after one request")
    func late() {
        var scene = Scene(isOn: true)
        scene.latency = .seconds(11)
        #expect(scene.run(.hardOff)?.isConfirmed == true)
        #expect(scene.requests == 1 && scene.now > seconds(13) && scene.now < seconds(16))
    }

    @Test("A device that accepts and does nothing runs into the deadline, asked three times")
    func liar() {
        var scene = Scene(isOn: true)
        scene.latency = nil
        guard case .deadline(let last, let why) = scene.run(.hardOff) else {
            Issue.record("no deadline")
            return
        }
        #expect(last?.state == .on && why.contains("still says on"))
        #expect(scene.requests == 3 && scene.now == seconds(60))
    }

    @Test("A soft-off that was accepted is not made twice")
    func softOnce() {
        var scene = Scene(isOn: true)
        scene.latency = nil
        #expect(scene.run(.softOff)?.isConfirmed == false)
        #expect(scene.requests == 1 && scene.now == seconds(180))
    }

    @Test("A request whose answer was lost is judged by what the blade does")
    func lostAnswer() {
        var scene = Scene(isOn: true)
        scene.answer = { _ in (.lost("no answer"), true) }
        #expect(scene.run(.hardOff)?.isConfirmed == true)
        #expect(scene.requests == 1)
    }

    @Test("An empty bay is not off: nothing is asked, and it ends as unknown soon")
    func empty() {
        for request in PowerRequest.allCases {
            var scene = Scene(isOn: false)
            scene.distort = { _, _, reading in
                var reading = reading
                reading.isPresent = false
                reading.health = .unknown
                return reading
            }
            guard case .unknown(let why) = scene.run(request) else {
                Issue.record("not unknown")
                return
            }
            #expect(why.contains("empty") && scene.requests == 0 && scene.now < seconds(5))
        }
    }

    @Test("Part of a wide blade is refused, with the bay that it is of")
    func covered() {
        var scene = Scene(isOn: false)
        scene.distort = { _, _, reading in
            var reading = reading
            reading.driversDoubt = .covered(by: 2)
            return reading
        }
        guard case .refused(let refusal) = scene.run(.hardOff) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.reason == .noBlade && refusal.message.contains("bay 2") && scene.requests == 0)
    }

    @Test("Healths that hide power never confirm off", arguments: BayHealth.allCases)
    func healths(health: BayHealth) {
        var scene = Scene(isOn: false)
        scene.distort = { _, _, reading in
            var reading = reading
            reading.health = health
            return reading
        }
        #expect(scene.run(.hardOff)?.isConfirmed == !health.hidesPower)
    }

    @Test("Standby and hibernation are not off")
    func standby() {
        var scene = Scene(isOn: false)
        scene.distort = { _, _, reading in
            var reading = reading
            reading.reported = .standby
            return reading
        }
        #expect(scene.run(.hardOff)?.isConfirmed == false)
    }

    @Test("A start that the chassis has no power for fails at once, with the watts that are missing")
    func insufficient() {
        var scene = Scene(isOn: false)
        scene.latency = nil
        scene.distort = { _, _, reading in
            var reading = reading
            reading.health = .insufficientPower
            reading.shortfall = PowerShortfall(domain: 1, neededWatts: 345, remainingWatts: 200)
            return reading
        }
        guard case .refused(let refusal) = scene.run(.on) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.reason == .insufficientPower && refusal.shortfall?.missingWatts == 145)
        #expect(refusal.description.contains("145 W are missing in power domain 1"))
        #expect(scene.requests == 1 && scene.now < seconds(3))
    }

    @Test("A failover between the two readings begins the count anew")
    func failover() {
        var machine = PowerConfirmation(bay: 3, request: .hardOff)
        _ = machine.handle(.begin, at: seconds(0))
        #expect(outcome(machine.handle(.readings([reading(.off, 0.1, module: 1)]), at: seconds(0.1))) == nil)
        _ = machine.handle(.wake, at: seconds(2.5))
        #expect(outcome(machine.handle(.readings([reading(.off, 2.6, module: 2)]), at: seconds(2.6))) == nil)
        _ = machine.handle(.wake, at: seconds(3.6))
        #expect(outcome(machine.handle(.readings([reading(.off, 3.7, module: 2)]), at: seconds(3.7))) == nil)
        _ = machine.handle(.wake, at: seconds(4.7))
        #expect(outcome(machine.handle(.readings([reading(.off, 4.8, module: 2)]), at: seconds(4.8)))?.isConfirmed == true)
    }

    @Test("A reading from before it was asked for, of another bay, or of a module that is not primary says nothing")
    func strangers() {
        for wrong in [reading(.off, -1), reading(.off, 9, primary: false), reading(.off, 9, primary: nil), reading(.off, 9, present: nil)] {
            var machine = PowerConfirmation(bay: 3, request: .hardOff)
            _ = machine.handle(.begin, at: seconds(0))
            #expect(machine.handle(.readings([wrong]), at: seconds(0.1)).contains(.request(.hardOff)))
            #expect(!machine.hasSeenOff)
        }
        var machine = PowerConfirmation(bay: 4, request: .hardOff)
        _ = machine.handle(.begin, at: seconds(0))
        _ = machine.handle(.readings([reading(.off, 0.1)]), at: seconds(0.1))
        #expect(!machine.hasSeenOff)
    }

    @Test("What comes after the deadline, or after the end, changes nothing")
    func tooLate() {
        var machine = PowerConfirmation(bay: 3, request: .on)
        _ = machine.handle(.begin, at: seconds(0))
        guard case .deadline? = outcome(machine.handle(.readings([reading(.on, 60.1)]), at: seconds(60.1))) else {
            Issue.record("no deadline")
            return
        }
        #expect(machine.isFinished && machine.handle(.wake, at: seconds(61)).isEmpty)
        #expect(machine.handle(.readings([reading(.on, 62)]), at: seconds(62)).isEmpty)
    }

    @Test("Silence is asked again; nothing is said to who does not answer")
    func silence() {
        var scene = Scene(isOn: true)
        scene.distort = { _, number, reading in
            number < 5 ? .silent("no answer", bay: 3, source: reading.source, at: reading.at) : reading
        }
        #expect(scene.run(.hardOff)?.isConfirmed == true)
        #expect(scene.requests == 1 && scene.requestTimes.allSatisfy { $0 > seconds(4) })
    }
}
