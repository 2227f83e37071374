import Logging
import PodpCore
import PodpModel
import Synchronization
import Testing

@testable import podp_coordinator

@Suite struct CoreLoopTests {
    @Test("the loop works on after any number of rounds, on the stack that it began with")
    func manyRounds() {
        let loop = CoreLoop(configuration: CoordinatorCore.Configuration(), log: Logger(label: "test"))
        let refused = Mutex(0)
        loop.perform { effect in if case .answer(_, .refused) = effect { refused.withLock { $0 += 1 } } }
        // What one round leaves on the stack may be little.
        for number in 0..<40_000 as Range<UInt64> {
            loop.post(.request(RequestID(number), .thaw, by: .automation))
            loop.drain()
        }
        #expect(refused.withLock { $0 } == 40_000)
    }
}
