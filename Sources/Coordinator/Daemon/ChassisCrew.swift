import Logging
import PodpChassis
import PodpCore
import PodpModel
import PodpPower
import ServiceLifecycle
import Synchronization

/// Speaks to every chassis that the core wants watched: one driver each, one call at a time, looks and requests before polls.
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
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let open: ChassisCrew.Opening
    private let tell: @Sendable (String, ChassisNews) -> Void
    private let log: Logger

    init(record: ChassisRecord, log: Logger, open: @escaping ChassisCrew.Opening, tell: @escaping @Sendable (String, ChassisNews) -> Void) {
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.record = record
        self.open = open
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
        waker.yield()
    }

    func end() {
        queue.withLock { $0.hasEnded = true }
        waker.finish()
    }

    private func next() -> ChassisOrder? {
        queue.withLock { queue in
            if queue.hasEnded { return nil }
            if !queue.urgent.isEmpty { return queue.urgent.removeFirst() }
            defer { queue.poll = nil }
            return queue.poll
        }
    }

    func run() async {
        var driver: (any ChassisDriver)?
        for await _ in wake {
            while !Task.isCancelled, let order = next() {
                do {
                    if driver == nil { driver = try await open(record) }
                    if let driver { await perform(order, with: driver) }
                } catch {
                    refuse(order, because: error)
                }
            }
        }
        await driver?.close()
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
        case .request(let id, let bay, let wish): tell(record.name, .requested(id, await driver.request(wish, bay: bay)))
        case .watch, .forget: break
        }
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
        case .request(let id, _, _): tell(record.name, .requested(id, .refused(PowerRefusal(.other, why))))
        case .watch, .forget: break
        }
    }
}
