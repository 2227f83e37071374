import Glibc
import PodpChassis
import PodpModel
import PodpPower

/// What asking and switching an Advanced Management Module costs, against one that answers at URL (the emulator of Tests/Peers, or a real one):
///
///     swift run -c release chassis-bench URL [poll|off|many] [BAY]
///
/// `poll` (the default): time and packets of a first poll with all labels, and of those after it. `off BAY`: switches a blade off, and says how
/// long it took from the request to the confirmation. `many`: sixteen sessions with the same chassis, polled every 5 s for 30 s: this process' CPU.
/// Secrets come from the environment, as `podp chassis` takes them.
@main
struct Program {
    static func main() async {
        do {
            try await measure()
        } catch {
            print("chassis-bench: \(error)")
            exit(1)
        }
    }

    private static func measure() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let text = arguments.first else {
            print("usage: chassis-bench URL [poll|off|many] [BAY]")
            exit(2)
        }
        let url = try ChassisURL(text)
        var environment: [String: String] = [:]
        for name in ["PASSWORD", "AUTH", "PRIV", "COMMUNITY"].map({ "PODP_CHASSIS_\($0)" }) {
            environment[name] = getenv(name).flatMap { String(validatingCString: $0) }
        }
        let secrets = try ChassisSecrets(environment: environment)
        switch arguments.dropFirst().first ?? "poll" {
        case "off": try await off(url, secrets, bay: arguments.dropFirst(2).first.flatMap { Int($0) } ?? 1)
        case "many": try await many(url, secrets)
        default: try await poll(url, secrets)
        }
    }

    static func poll(_ url: ChassisURL, _ secrets: ChassisSecrets) async throws {
        let driver = try AMMDriver(url, secrets: secrets)
        var start = ContinuousClock.now
        let inventory = try await driver.inventory()
        _ = try await driver.readings()
        print("first poll, with labels, of \(inventory.bays.count) bays: \(await driver.requestCount) requests, \(ContinuousClock.now - start)")
        var times: [Duration] = []
        let before = await driver.requestCount
        for _ in 0..<21 {
            start = ContinuousClock.now
            _ = try await driver.readings()
            times.append(ContinuousClock.now - start)
        }
        times.sort()
        print("later polls: \(Double(await driver.requestCount - before) / 21) requests; of 21 fastest \(times[0]), median \(times[10]), slowest \(times[20])")
        await driver.close()
    }

    static func off(_ url: ChassisURL, _ secrets: ChassisSecrets, bay: Int) async throws {
        let runner = ChassisRunner(driver: try AMMDriver(url, secrets: secrets))
        _ = await runner.bring(bay: bay, .on)
        let start = ContinuousClock.now
        let outcome = await runner.bring(bay: bay, .hardOff)
        print("bay \(bay): \(outcome.word) after \(ContinuousClock.now - start)")
        _ = await runner.bring(bay: bay, .on)
        await runner.close()
    }

    static func many(_ url: ChassisURL, _ secrets: ChassisSecrets) async throws {
        let drivers = try (0..<16).map { _ in try AMMDriver(url, secrets: secrets) }
        for driver in drivers { _ = try await driver.readings() }
        let before = clock(), start = ContinuousClock.now
        var requests: UInt64 = 0
        for driver in drivers { requests += await driver.requestCount }
        await withTaskGroup(of: Void.self) { group in
            for (index, driver) in drivers.enumerated() {
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(index * 300))
                    for _ in 0..<6 {
                        let next = ContinuousClock.now + .seconds(5)
                        _ = try? await driver.readings()
                        try? await Task.sleep(until: next)
                    }
                }
            }
        }
        var after: UInt64 = 0
        for driver in drivers { after += await driver.requestCount }
        let cpu = Double(clock() - before) / Double(CLOCKS_PER_SEC), wall = (ContinuousClock.now - start).inSeconds
        print("16 chassis, polled every 5 s: \(after - requests) requests in \(Int(wall)) s, \(Int(cpu / wall * 1000)) thousandths of one processor")
        for driver in drivers { await driver.close() }
    }
}
