import Logging
import PodpChassis
import PodpCore
import PodpModel
import PodpPower
import ServiceLifecycle
import Synchronization

/// Speaks to every chassis that the core wants watched, by one driver each. Looks and requests go one after the other, and beside a poll: the driver
/// puts one question at a time to the chassis, so that a look waits for one answer, not for all of a poll's.
final class ChassisCrew: Service {
    /// Makes a driver for a chassis. Throws when its URL or a secret's file is wrong.
    typealias Opening = @Sendable (ChassisRecord) async throws(ChassisError) -> any ChassisDriver

    private let lines = Mutex<[String: ChassisLine]>([:])
    private let newcomers: AsyncStream<ChassisLine>
    private let feed: AsyncStream<ChassisLine>.Continuation
    private let open: Opening
    private let tell: @Sendable (String, ChassisNews) -> Void
    private let log: Logger

    init(log: Logger, open: @escaping Opening, tell: @escaping @Sendable (String, ChassisNews) -> Void) {
        (newcomers, feed) = AsyncStream.makeStream()
        self.open = open
        self.tell = tell
        self.log = log
    }

    /// Never blocks.
    func perform(_ order: ChassisOrder, on name: String) {
        switch order {
        case .watch(let record):
            let line = ChassisLine(record: record, log: log, open: open, tell: tell)
            lines.withLock { $0.updateValue(line, forKey: name) }?.end()
            feed.yield(line)
        case .forget: lines.withLock { $0.removeValue(forKey: name) }?.end()
        case .poll, .look, .request: lines.withLock { $0[name] }?.add(order)
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                for await line in newcomers { group.addTask { await line.run() } }
                group.cancelAll()
            }
        }
    }
}

/// The orders for one chassis, and its driver.
private final class ChassisLine: Sendable {
    private struct Queue {
        var urgent: [ChassisOrder] = []
        /// The poll that is wanted next; a second one is the same.
        var poll: ChassisOrder?
        var hasEnded = false
    }

    private let record: ChassisRecord
    private let queue = Mutex(Queue())
    private let urgent: AsyncStream<Void>
    private let urgentWaker: AsyncStream<Void>.Continuation
    private let polls: AsyncStream<Void>
    private let pollWaker: AsyncStream<Void>.Continuation
    private let driver: OpenedDriver
    private let tell: @Sendable (String, ChassisNews) -> Void
    private let log: Logger

    init(record: ChassisRecord, log: Logger, open: @escaping ChassisCrew.Opening, tell: @escaping @Sendable (String, ChassisNews) -> Void) {
        (urgent, urgentWaker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (polls, pollWaker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        driver = OpenedDriver(record, open)
        self.record = record
        self.tell = tell
        self.log = log
    }

    func add(_ order: ChassisOrder) {
        queue.withLock { queue in
            if case .poll(let inventory) = order {
                if case .poll(true)? = queue.poll { return }
                queue.poll = .poll(inventory: inventory)
            } else {
                queue.urgent.append(order)
            }
        }
        if case .poll = order { pollWaker.yield() } else { urgentWaker.yield() }
    }

    func end() {
        queue.withLock { $0.hasEnded = true }
        urgentWaker.finish()
        pollWaker.finish()
    }

    private func nextUrgent() -> ChassisOrder? { queue.withLock { $0.hasEnded || $0.urgent.isEmpty ? nil : $0.urgent.removeFirst() } }

    private func nextPoll() -> ChassisOrder? {
        queue.withLock { queue in
            defer { queue.poll = nil }
            return queue.hasEnded ? nil : queue.poll
        }
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in for await _ in urgent { while !Task.isCancelled, let order = nextUrgent() { await carryOut(order) } } }
            group.addTask { [self] in for await _ in polls { while !Task.isCancelled, let order = nextPoll() { await carryOut(order) } } }
        }
        await driver.close()
    }

    private func carryOut(_ order: ChassisOrder) async {
        do {
            await perform(order, with: try await driver.get())
        } catch {
            refuse(order, because: error)
        }
    }

    private func perform(_ order: ChassisOrder, with driver: any ChassisDriver) async {
        switch order {
        case .poll(let wantsInventory):
            do {
                let readings = try await driver.readings()
                var inventory: ChassisInventory?
                var capabilities: ChassisCapabilities?
                if wantsInventory {
                    // Readings count without them; the core asks for them again.
                    do { inventory = try await driver.inventory() } catch { note("its labels", error) }
                    do { capabilities = try await driver.capabilities() } catch { note("what it can do", error) }
                }
                tell(record.name, .polled(readings, inventory: inventory, capabilities: capabilities))
            } catch {
                tell(record.name, .silent(error.description))
            }
        case .look(let id, let bay, let sources):
            var readings: [PowerReading] = []
            for source in sources { if let reading = await driver.powerState(bay: bay, source: source) { readings.append(reading) } }
            tell(record.name, .looked(id, readings))
        case .request(let id, let bay, let wish, let limits):
            if let label = limits.label, let mistake = await mistake(label, in: bay, driver) {
                tell(record.name, .requested(id, mistake))
            } else if Clock.now.instant >= limits.notAfter {
                tell(record.name, .requested(id, .notAsked("its time was over before its turn came")))
            } else {
                tell(record.name, .requested(id, await driver.request(wish, bay: bay)))
            }
        case .watch, .forget: break
        }
    }

    /// Who is in the bay may have changed since it was looked at last. `nil`: it is the one that is meant.
    private func mistake(_ label: String, in bay: Int, _ driver: any ChassisDriver) async -> RequestOutcome? {
        let reading = await driver.powerState(bay: bay)
        if reading.label == label { return nil }
        guard let told = reading.label else {
            return .notAsked("the chassis does not tell now which blade is in bay \(bay)\(reading.why.isEmpty ? "" : " (\(reading.why))")")
        }
        return .refused(PowerRefusal(.noBlade, "bay \(bay) has another blade in it now: its label says \(told), not \(label)"))
    }

    private func note(_ what: String, _ error: ChassisError) {
        log.warning("chassis \(record.name): \(what) cannot be read: \(error)")
    }

    /// There is no driver: nothing was asked of the chassis, and nothing is known of it.
    private func refuse(_ order: ChassisOrder, because error: ChassisError) {
        let why = error.remedy.isEmpty ? error.description : "\(error.description) (\(error.remedy))"
        switch order {
        case .poll: tell(record.name, .silent(why))
        case .look(let id, let bay, let sources):
            let now = Clock.now.instant
            tell(record.name, .looked(id, sources.map { .silent(why, bay: bay, source: PowerSource($0, isPrimary: nil), at: now) }))
        case .request(let id, _, _, _): tell(record.name, .requested(id, .refused(PowerRefusal(.other, why))))
        case .watch, .forget: break
        }
    }
}

/// A chassis' driver, opened when it is first needed, and again after that failed.
private actor OpenedDriver {
    private let record: ChassisRecord
    private let open: ChassisCrew.Opening
    private var driver: (any ChassisDriver)?

    init(_ record: ChassisRecord, _ open: @escaping ChassisCrew.Opening) {
        self.record = record
        self.open = open
    }

    func get() async throws(ChassisError) -> any ChassisDriver {
        if let driver { return driver }
        let opened = try await open(record)
        // Somebody else may have been faster.
        if let driver {
            await opened.close()
            return driver
        }
        driver = opened
        return opened
    }

    func close() async { await driver?.close() }
}
