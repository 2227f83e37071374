import AgentCore
import Testing

@testable import AgentXen

struct XenPausesTests {
    @Test(arguments: [1, 2, 3, 255]) func `a domain runs when every pause is taken away`(_ pauses: Int) throws {
        let xen = paused(pauses)
        try XenPauses(hypervisor: xen).release(id(1))
        #expect(xen.state.withLock { $0.domains.map(\.state) } == [.running, .running, .paused])
        #expect(xen.state.withLock { $0.pauses } == [1: 0, 2: 1])
    }

    @Test func `one that runs, that is not here, or that is suspended is left as it is`() throws {
        let xen = paused(1)
        xen.set { $0.domains[1].shutdownReason = 2 }
        let pauses = XenPauses(hypervisor: xen)
        for number: UInt64 in [0, 1, 9] { try pauses.release(id(number)) }
        #expect(xen.state.withLock { $0.pauses } == [1: 1, 2: 1])
    }

    @Test func `one that stays paused whatever is done is an error`() {
        let xen = paused(1000)
        #expect(throws: HypervisorError.self) { try XenPauses(hypervisor: xen).release(id(1)) }
    }

    private func paused(_ pauses: Int) -> FakeXen {
        FakeXen {
            $0.domains = [.dom0, .sample(1) { $0.isPaused = true }, .sample(2) { $0.isPaused = true }]
            $0.pauses = [1: pauses, 2: 1]
        }
    }
}
