import PodpChassis
import PodpModel
import PodpPower
import Synchronization

/// A chassis in memory that a test's server shows, and that the test breaks.
final class WorldBox: Sendable {
    private let world: Mutex<ChassisWorld>
    let clock: ChassisClock

    init(_ world: ChassisWorld = ChassisWorld(), clock: ChassisClock) {
        self.world = Mutex(world)
        self.clock = clock
    }

    /// Looks at it, or changes it, as of now.
    func with<Result: Sendable>(_ body: (inout ChassisWorld) -> Result) -> Result {
        let now = clock.now()
        return world.withLock {
            $0.advance(to: now)
            return body(&$0)
        }
    }
}
