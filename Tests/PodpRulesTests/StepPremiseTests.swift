import PodpModel
import PodpRules
import Testing

@Suite("StepPremise: what has changed since a plan was made")
struct StepPremiseTests {
    @Test("Nothing has changed: the step's premise holds")
    func holds() {
        let problem = fleet()
        #expect(StepPremise.changes(for: move(0, 0, 2, in: problem), in: problem).isEmpty)
    }

    @Test("A domain that has gone elsewhere, or is gone, is told")
    func elsewhere() {
        let planned = fleet()
        let step = move(0, 0, 2, in: planned)
        var now = planned
        now.domains[0].blade = 1
        #expect(StepPremise.changes(for: step, in: now) == ["web-1 no longer runs on blade-0: it runs on blade-1"])
        now.domains.removeFirst()
        #expect(StepPremise.changes(for: step, in: now) == ["web-1 is gone"])
        now = planned
        now.blades.removeLast()
        #expect(StepPremise.changes(for: step, in: now) == ["blade-2 is gone"])
    }

    @Test("Less memory than was planned on is told with both amounts")
    func memory() {
        let planned = fleet()
        var now = planned
        now.blades[2].reserved[1] = 24 * gibibyte - 1_258_292
        #expect(StepPremise.changes(for: move(0, 0, 2, in: planned), in: now) == ["blade-2 has 1.2 GiB of memory free, 2 GiB are needed for web-1"])
    }

    @Test("Moves that are under way count at both ends")
    func inFlight() {
        let planned = fleet()
        var now = planned
        now.blades[2].capacity[1] = 9 * gibibyte
        let other = move(1, 0, 2, in: planned)
        #expect(StepPremise.changes(for: move(0, 0, 2, in: planned), in: now).isEmpty)
        #expect(
            StepPremise.changes(for: move(0, 0, 2, in: planned), in: now, inFlight: [other]) == ["blade-2 has 1 GiB of memory free, 2 GiB are needed for web-1"]
        )
        now.domains[1].blade = 2
        #expect(StepPremise.changes(for: move(0, 0, 2, in: planned), in: now, inFlight: [other]).count == 1)
    }

    @Test("A blade that drains by now, a flag that is missing by now, a domain that may no longer move live")
    func others() {
        let planned = fleet()
        let step = move(0, 0, 2, in: planned)
        var now = planned
        now.blades[2].accepts = false
        now.blades[2].reason = "draining"
        now.blades[2].cpuFeatures = ["aes"]
        now.domains[0].mobility = .fixed(reason: "a PCI device was passed through")
        #expect(StepPremise.changes(for: step, in: now).count == 3)
    }

    @Test("One domain by itself may not leave a group that runs together, which a plan that moves it whole may begin with")
    func alone() {
        var problem = fleet()
        problem.rules = [Rule(name: "shop", kind: .together([domainID(0), domainID(1)]))]
        #expect(StepPremise.changes(for: move(0, 0, 2, in: problem), in: problem).isEmpty)
        #expect(
            StepPremise.objections(moving: domainID(0), to: bladeID(2), live: true, in: problem) == [
                "web-1 and db-1 are to run together (shop), and run on blade-0 and blade-2"
            ])
        #expect(StepPremise.objections(moving: domainID(2), to: bladeID(2), live: true, in: problem).isEmpty)
        #expect(StepPremise.objections(moving: domainID(2), to: bladeID(1), live: true, in: problem) == ["web-2 runs on blade-1 already"])
        #expect(StepPremise.objections(moving: domainID(8), to: bladeID(1), live: true, in: problem).count == 1)
    }
}
