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

extension ChassisClock {
    /// Time passes when somebody waits, and never otherwise: however loaded the machine is, a minute in here is as many looks as it is in the
    /// field. For one that waits at a time, or several whose deadlines are far away.
    static func passing() -> ChassisClock {
        let time = Mutex(Instant.zero)
        return ChassisClock(now: { time.withLock { $0 } }, passesByItself: false) { until in
            try Task.checkCancellation()
            time.withLock { $0 = max($0, until) }
            await Task.yield()
        }
    }
}

/// A few tests with servers at a time: all at once, on a small machine, none would be answered in time.
actor Seats {
    static let shared = Seats()
    private var free = 3
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private func enter() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }

    static func with<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        await shared.enter()
        do {
            let result = try await body()
            await shared.leave()
            return result
        } catch {
            await shared.leave()
            throw error
        }
    }
}
