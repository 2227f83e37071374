import Logging
import PodpChassis
import PodpCore
import PodpModel
import PodpPower
import Synchronization
import Testing

@testable import podp_coordinator

/// Whoever speaks to the chassis for the core.
@Suite struct ChassisCrewTests {
    @Test("A look and a request are answered while a poll is still under way, and the poll after them", .timeLimit(.minutes(20)))
    func beside() async throws {
        let (news, feed) = AsyncStream.makeStream(of: ChassisNews.self)
        let driver = SlowPolls()
        let crew = ChassisCrew(log: Logger(label: "test"), open: { _ throws(ChassisError) in driver }, tell: { _, what in feed.yield(what) })
        let operation = OperationID(term: ID128(high: 1, low: 1), sequence: 1)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await crew.run() }
            crew.perform(
                .watch(ChassisRecord(name: "north", url: "simulated", address: "simulated", addedAt: WallTime(milliseconds: 0), addedBy: "root")), on: "north")
            crew.perform(.poll(inventory: true), on: "north")
            await driver.pollHasBegun()
            crew.perform(.look(operation, bay: 2, [.management]), on: "north")
            crew.perform(.request(operation, bay: 2, .hardOff, RequestLimits(label: nil, notAfter: Clock.now.instant + .seconds(600))), on: "north")
            var told: [String] = []
            for await what in news {
                switch what {
                case .polled(_, let inventory, _): told.append(inventory == nil ? "poll" : "poll with labels")
                case .silent(let why): told.append(why)
                case .looked(_, let readings): told.append("look \(readings.map(\.state.rawValue))")
                case .requested(_, let outcome):
                    told.append("request \(outcome == .accepted)")
                    driver.release()
                }
                if told.count == 3 { break }
            }
            #expect(told == ["look [\"on\"]", "request true", "poll with labels"])
            crew.perform(.forget, on: "north")
            group.cancelAll()
        }
    }

    @Test("Nothing is asked of a blade with another label, or with none", .timeLimit(.minutes(20)), arguments: ["another", "none", "right", "late"])
    func labels(way: String) async throws {
        let (news, feed) = AsyncStream.makeStream(of: ChassisNews.self)
        let driver = SimulatedChassis()
        let crew = ChassisCrew(log: Logger(label: "test"), open: { _ throws(ChassisError) in driver }, tell: { _, what in feed.yield(what) })
        let operation = OperationID(term: ID128(high: 1, low: 1), sequence: 1)
        let label = try #require(await driver.powerState(bay: 2).label)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await crew.run() }
            crew.perform(
                .watch(ChassisRecord(name: "north", url: "simulated", address: "simulated", addedAt: WallTime(milliseconds: 0), addedBy: "root")), on: "north")
            // Bay 6 is empty.
            let limits = RequestLimits(
                label: way == "another" ? "another" : label, notAfter: way == "late" ? Clock.now.instant : Clock.now.instant + .seconds(600))
            crew.perform(.request(operation, bay: way == "none" ? 6 : 2, .hardOff, limits), on: "north")
            for await what in news {
                guard case .requested(operation, let outcome) = what else { continue }
                switch (way, outcome) {
                case ("another", .refused(let refusal)): #expect(refusal.reason == .noBlade && refusal.message.contains("not another"))
                case ("none", .notAsked(let why)): #expect(why.contains("does not tell now"))
                case ("late", .notAsked(let why)): #expect(why.contains("its time was over"))
                case ("right", .accepted): break
                default: #expect(Bool(false), "\(way): \(outcome)")
                }
                break
            }
            crew.perform(.forget, on: "north")
            group.cancelAll()
        }
    }
}

/// A chassis whose polls take until they are released.
private final class SlowPolls: ChassisDriver {
    private let driver = SimulatedChassis()
    private let begun: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation) = AsyncStream.makeStream()
    private let released: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation) = AsyncStream.makeStream()

    func pollHasBegun() async { for await _ in begun.stream { return } }
    func release() { released.continuation.finish() }

    func readings() async throws(ChassisError) -> ChassisReadings {
        begun.continuation.yield()
        for await _ in released.stream {}
        return try await driver.readings()
    }
    func inventory() async throws(ChassisError) -> ChassisInventory { try await driver.inventory() }
    func powerState(bay: Int) async -> PowerReading { await driver.powerState(bay: bay) }
    func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome { await driver.request(request, bay: bay) }
    func capabilities() async throws(ChassisError) -> ChassisCapabilities { await driver.capabilities() }
    func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] { await driver.findings(tryWrite: tryWrite) }
}
