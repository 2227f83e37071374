import PodpModel
import Testing

@testable import AgentXen

@Suite struct ReadyTests {
    @Test func `one vCPU, or all of them blocked, costs no further call`() {
        var tally = ReadyTally()
        tally.add([.dom0, .sample(1), .sample(2, vcpus: 4) { $0.isBlocked = true }]) { _, _ in
            Issue.record("nothing more needs to be asked")
            return nil
        }
        #expect(tally.take() == [1: .init(blocked: 0, samples: 1), 2: .init(blocked: 4, samples: 4)])
        #expect(tally.take().isEmpty)
    }

    @Test func `each online vCPU of a busy domain is looked at`() {
        var tally = ReadyTally()
        let blocked: [Bool?] = [true, false, nil, true]
        tally.add([.sample(3, vcpus: 3) { $0.maxVCPUs = 4 }]) { _, vcpu in blocked[Int(vcpu)] }
        #expect(tally.take() == [3: .init(blocked: 2, samples: 3)])
    }

    @Test func `domains that cannot want CPU are not sampled`() {
        var tally = ReadyTally()
        tally.add([.dom0, .sample(1) { $0.isPaused = true }, .sample(2) { $0.shutdownReason = 3 }, .sample(4, vcpus: 0)]) { _, _ in false }
        #expect(tally.take().isEmpty)
    }

    /// Three burners and a sampling dom0 share two CPUs: the naive estimate (neither blocked nor running) takes the sampler's own time for waiting.
    @Test(arguments: [UInt64](1...20)) func `blocked plus used gives ready, whatever the sampler disturbs`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let busy = Double.random(in: 0.1...0.9, using: &random)
        var tally = ReadyTally()
        for _ in 0..<4000 {
            let wants = Double.random(in: 0..<1, using: &random) < busy
            tally.add([.sample(1) { $0.isBlocked = !wants }]) { _, _ in nil }
        }
        let count = tally.take()[1] ?? .init()
        let used = busy * 0.6
        let ready = 1 - Double(count.blocked) / Double(count.samples) - used
        // Four standard deviations of 4000 samples.
        #expect(abs(ready - (busy - used)) < 4 * (0.25 / 4000).squareRoot())
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
