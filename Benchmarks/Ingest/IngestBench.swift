import Foundation
import Logging
import PodpCore
import PodpModel
import PodpServer
import PodpStore
import Synchronization

/// How much processor and memory the coordinator needs for taking in reports: listener, codec, core and History, over real TLS 1.3 on the loopback.
///
///     ingest-bench [--agents 14,100,1000] [--domains 40] [--seconds 30] [--directory DIR]
///
/// The agents run in a process of their own, so that their work is not counted. Each sends one report a second, spread over the second.
@main
struct IngestBench {
    static func main() async throws {
        var options = Options()
        try options.read(CommandLine.arguments.dropFirst())
        if let port = options.port { return try await FakeAgents.run(options, port: port) }
        print("agents  domains  reports/s  CPU s/s  of it core  RSS MiB  dropped  backlog (most)")
        for agents in options.agents {
            options.agents = [agents]
            try await measure(options, agents: agents)
        }
    }

    private static func measure(_ options: Options, agents: Int) async throws {
        let folder = options.directory ?? FileManager.default.temporaryDirectory.appendingPathComponent("podp-ingest-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { if options.directory == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let authority = try CertificateAuthority.create(in: "\(folder)/ca", now: Clocks.wall)
        let records = try Credentials.make(agents, authority: authority, in: folder)
        let history = try History(file: "\(folder)/history.db", log: Logger(label: "history"))
        let loop = MeasuredLoop(history: history)
        var configuration = AgentListener.Configuration(names: ["localhost", "127.0.0.1"], directory: "\(folder)/ca")
        configuration.host = "127.0.0.1"
        configuration.port = 0
        // All blades come at once, from one process that has the same processors.
        configuration.limits.greeting = .seconds(60)
        configuration.limits.strangers = agents + 10
        configuration.limits.strangersPerSource = agents + 10
        var log = Logger(label: "listener")
        log.logLevel = .error
        let listener = try AgentListener(configuration: configuration, authority: authority, mailbox: loop, log: log, clock: { Clocks.wall }, welcome: { nil })
        loop.links = listener.links
        try await listener.start()
        let running = Task { await loop.run() }
        let writing = Task { await history.run(clock: { Clocks.wall }) }
        loop.post(.loaded(records, newTermID: ID128(high: 1, low: 1)))

        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--port", "\(listener.port ?? 0)", "--directory", folder, "--agents", "\(agents)", "--domains", "\(options.domains)"]
        child.standardInput = FileHandle.nullDevice
        try child.run()
        while listener.links.count < agents {
            guard child.isRunning else { throw BenchError("the agents ended early") }
            try await Task.sleep(for: .milliseconds(100))
        }
        // Inventories and first windows are in after this.
        try await Task.sleep(for: .seconds(10))
        let before = (usage: Clocks.processorSeconds, core: loop.coreSeconds, frames: listener.counts.frames, at: ContinuousClock.now)
        try await Task.sleep(for: .seconds(options.seconds))
        let passed = (ContinuousClock.now - before.at).inSeconds
        let used = (Clocks.processorSeconds - before.usage) / passed
        let core = (loop.coreSeconds - before.core) / passed
        let rate = Double(listener.counts.frames - before.frames) / passed
        print(
            [
                "\(agents)".padding(6), "\(options.domains)".padding(7), String(format: "%.0f", rate).padding(9), String(format: "%.3f", used).padding(7),
                String(format: "%.3f", core).padding(10), "\(Clocks.residentBytes >> 20)".padding(7),
                "\(listener.counts.droppedReports + history.losses.reports)".padding(7), "\(loop.mostBacklog)",
            ].joined(separator: "  "))
        child.terminate()
        child.waitUntilExit()
        await listener.stop()
        writing.cancel()
        await writing.value
        loop.end()
        await running.value
    }
}

struct BenchError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

struct Options {
    var agents = [14, 100, 1000]
    var domains = 40
    var seconds = 30
    var directory: String?
    /// Set: this process is the agents'.
    var port: Int?

    mutating func read(_ arguments: some Sequence<String>) throws {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard let value = rest.next() else { throw BenchError("\(name) needs a value") }
            let numbers = value.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
            switch (name, numbers.first) {
            case ("--agents", _?): agents = numbers
            case ("--domains", let number?): domains = number
            case ("--seconds", let number?): seconds = number
            case ("--port", let number?): port = number
            case ("--directory", _): directory = value
            default: throw BenchError("\(name) \(value) is not understood: --agents, --domains, --seconds and --directory are")
            }
        }
    }
}

extension String {
    /// Right-aligned.
    func padding(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

enum Clocks {
    static var wall: WallTime { WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    static var now: Moment { Moment(instant: Instant(nanoseconds: read(CLOCK_BOOTTIME)), wall: wall) }

    /// Of this process, all of its threads.
    static var processorSeconds: Double { Double(read(CLOCK_PROCESS_CPUTIME_ID)) / 1e9 }

    /// Of the calling thread.
    static var threadNanoseconds: Int64 { read(CLOCK_THREAD_CPUTIME_ID) }

    static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return pages * 4096
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
