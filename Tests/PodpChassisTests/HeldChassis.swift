import PodpChassis
import PodpModel
import PodpPower
import Synchronization

/// A clock that jumps to whatever is slept for, and that passes beside those who do not sleep.
final class HeldClock: Sendable {
    private let time = Mutex(Instant.zero)

    var clock: ChassisClock {
        ChassisClock(now: { [self] in time.withLock { $0 } }) { [self] until in
            // Others that are ready to run come first: time is short, not they.
            for _ in 0..<200 { await Task.yield() }
            try Task.checkCancellation()
            time.withLock { $0 = max($0, until) }
        }
    }
}

/// A chassis of which one look, by its number from 1, or every request (`nil`) does not come back until it is released.
final class StuckChassis: ChassisDriver {
    private let driver: SimulatedChassis
    private let number: Int?
    private let state = Mutex<(looks: Int, isReleased: Bool, waiting: [CheckedContinuation<Void, Never>])>((0, false, []))

    init(_ driver: SimulatedChassis, at number: Int?) {
        self.driver = driver
        self.number = number
    }

    func release() {
        let waiting = state.withLock { state in
            state.isReleased = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    private func stick() async {
        await withCheckedContinuation { continuation in
            let isReleased = state.withLock { state in
                if !state.isReleased { state.waiting.append(continuation) }
                return state.isReleased
            }
            if isReleased { continuation.resume() }
        }
    }

    func powerState(bay: Int) async -> PowerReading {
        let look = state.withLock { state in
            state.looks += 1
            return state.looks
        }
        if look == number { await stick() }
        return await driver.powerState(bay: bay)
    }
    func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome {
        if number == nil { await stick() }
        return await driver.request(request, bay: bay)
    }
    func inventory() async throws(ChassisError) -> ChassisInventory { try await driver.inventory() }
    func readings() async throws(ChassisError) -> ChassisReadings { try await driver.readings() }
    func capabilities() async throws(ChassisError) -> ChassisCapabilities { await driver.capabilities() }
    func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] { await driver.findings(tryWrite: tryWrite) }
}

/// Another driver, with something happening after each look, before its answer counts.
final class HookedChassis: ChassisDriver {
    private let driver: any ChassisDriver
    private let hook = Mutex<(looks: Int, body: @Sendable (Int) async -> Void)>((0, { _ in }))
    let mainSource: PowerSource.Kind

    init(_ driver: any ChassisDriver) {
        self.driver = driver
        mainSource = driver.mainSource
    }

    /// With the look's number, from 1.
    func onLook(_ body: @escaping @Sendable (Int) async -> Void) { hook.withLock { $0.body = body } }

    private func looked() async {
        let (number, body) = hook.withLock { hook in
            hook.looks += 1
            return (hook.looks, hook.body)
        }
        await body(number)
    }

    func powerState(bay: Int) async -> PowerReading {
        let reading = await driver.powerState(bay: bay)
        await looked()
        return reading
    }
    func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading? {
        let reading = await driver.powerState(bay: bay, source: source)
        await looked()
        return reading
    }
    func inventory() async throws(ChassisError) -> ChassisInventory { try await driver.inventory() }
    func readings() async throws(ChassisError) -> ChassisReadings { try await driver.readings() }
    func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome { await driver.request(request, bay: bay) }
    func capabilities() async throws(ChassisError) -> ChassisCapabilities { try await driver.capabilities() }
    func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] { try await driver.findings(tryWrite: tryWrite) }
}
