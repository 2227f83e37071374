import PodpModel
import PodpPower
import Testing

@testable import PodpCore

/// What a blade draws, learnt from what its chassis measures.
struct PowerLineTests {
    @Test("The line that measurements lie on is found, also where they scatter", arguments: 0..<20 as Range<UInt64>)
    func found(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let (idle, busy) = (Int.random(in: 80..<280, using: &random), Int.random(in: 300..<700, using: &random))
        var line = PowerLine()
        for _ in 0..<400 {
            let use = Double.random(in: 0...1, using: &random)
            line.add(use: use, watts: Int((Double(idle) + use * Double(busy - idle)).rounded()) + Int.random(in: -5...5, using: &random))
        }
        let power = try #require(line.line)
        #expect(abs(power.idleWatts - idle) <= 3 && abs(power.busyWatts - busy) <= 3, "\(power), not \(idle) to \(busy)")
    }

    @Test func `where the use is always the same, half of what is drawn at work is drawn at rest`() {
        var line = PowerLine()
        for _ in 0..<PowerLine.fewest - 1 { line.add(use: 0.5, watts: 150) }
        #expect(line.line == nil, "not long enough")
        line.add(use: 0.5, watts: 150)
        #expect(line.line == BladePower(idleWatts: 100, busyWatts: 200))
    }

    @Test func `what cannot be right is not taken, and what falls with use is not believed`() {
        var line = PowerLine()
        for use in [Double.nan, .infinity, -0.1, 1.1] { for _ in 0..<50 { line.add(use: use, watts: 150) } }
        for watts in [0, -5, Int.min, Int.max] { for _ in 0..<50 { line.add(use: 0.5, watts: watts) } }
        #expect(line.line == nil)
        for index in 0..<100 { line.add(use: index % 2 == 0 ? 0.1 : 0.9, watts: index % 2 == 0 ? 300 : 100) }
        let power = line.line
        #expect(power == BladePower(idleWatts: 133, busyWatts: 267), "200 W at half of the use: two thirds of what it draws at work")
    }

    @Test func `it changes when the blade does`() throws {
        var line = PowerLine()
        for index in 0..<20_000 { line.add(use: index % 2 == 0 ? 0.2 : 0.8, watts: index % 2 == 0 ? 120 : 180) }
        for index in 0..<40_000 { line.add(use: index % 2 == 0 ? 0.2 : 0.8, watts: index % 2 == 0 ? 220 : 280) }
        let power = try #require(line.line)
        #expect(abs(power.idleWatts - 200) <= 1 && abs(power.busyWatts - 300) <= 1)
    }

    @Test func `a chassis' polls teach it, of blades that are on and report, and where the watts are measured`() {
        for (isMeasured, isLinked) in [(true, true), (false, true), (true, false)] {
            var fixture = CoreFixture()
            let link = fixture.connect(1)
            let id = CoreFixture.blade(1).id
            #expect(fixture.ask(.addChassis(ChassisTests.north)) == .done)
            for index in 0..<PowerLine.fewest {
                let cpu = index % 2 == 0 ? 800 : 6400
                fixture.pass(isLinked ? 1 : 5)
                if isLinked { fixture.report(link, UInt64(index + 2)) { $0.host.cpu = MilliCPU(cpu) } }
                var readings = ChassisReadings(at: fixture.moment.instant, primaryModule: 1)
                let power = PowerReading(
                    bay: 3, reported: .on, isPresent: true, health: .good, source: PowerSource(.management), at: fixture.moment.instant)
                readings.bays = [BayReadings(power: power, watts: 100 + cpu / 80, isMeasured: isMeasured)]
                let inventory = ChassisInventory(kind: .simulated, bays: [ChassisBay(number: 3, isPresent: true, uuid: id.uuid)])
                fixture.tell(.chassis("north", .polled(readings, inventory: inventory, capabilities: nil)))
            }
            let power = fixture.core.problem(.balance, weighsWatts: true).blades.first { $0.id == id }?.power
            #expect(power == (isMeasured && isLinked ? BladePower(idleWatts: 100, busyWatts: 200) : nil), "\(isMeasured), \(isLinked)")
        }
    }
}
