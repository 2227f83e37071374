import Foundation
import GRDB
import Logging
import PodpCore
import PodpModel
import Synchronization

/// What was, for people: the audit log, and samples rolled up to 10 s, 5 min and 1 h. A file of its own, bounded in size, and never in anybody's way:
/// taking in is quick and does not wait for the disk; when the disk is slow the oldest that waits is dropped and counted.
///
/// A crash loses what was not written: events of the last moments, at most five minutes of samples, the begun hour's point.
public final class History: Sendable {
    public struct Limits: Sendable, Hashable {
        /// Lines of the audit log that are kept.
        public var events = 1_000_000
        public var tenSeconds: Duration = .seconds(2 * 3600)
        public var fiveMinutes: Duration = .seconds(30 * 86400)
        public var hour: Duration = .seconds(2 * 365 * 86400)
        /// Series in memory: blades and domains that reported within the hour.
        public var series = 200_000
        public var waitingEvents = 10_000
        public var waitingReports = 5_000
        /// Series that are written at once.
        public var rowsPerTick = 500

        public init() {}

        func kept(_ resolution: Resolution) -> Duration {
            switch resolution {
            case .tenSeconds: tenSeconds
            case .fiveMinutes: fiveMinutes
            case .hour: hour
            }
        }
    }

    /// What was lost, since the start.
    public struct Losses: Sendable, Hashable {
        public var events: UInt64 = 0
        public var reports: UInt64 = 0
        public var points: UInt64 = 0
        public var failedWrites: UInt64 = 0
    }

    struct Sample: Sendable {
        var blade: BladeID
        var report: Report
        var at: WallTime
    }

    private struct Intake: Sendable {
        var events: [Line] = []
        var reports: [Sample] = []
        var nextEvent: Int64
        var listeners: [UInt64: AsyncStream<Int64>.Continuation] = [:]
        var nextListener: UInt64 = 0
        var losses = Losses()
        var isEnded = false
    }

    public let file: String
    let limits: Limits
    let queue: DatabaseQueue
    private let intake: Mutex<Intake>
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let recorder: HistoryRecorder
    private let log: Logger

    /// Opens or makes the file. Throws `.corrupt`, `.newer`, `.readOnly`, `.missing`: History is not needed to run, a new file may take its place.
    public init(file: String, limits: Limits = Limits(), log: Logger) throws(StoreError) {
        self.file = file
        self.limits = limits
        self.log = log
        (wake, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var configuration = Configuration()
        configuration.label = "history"
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA synchronous = NORMAL") }
        do {
            PrivateFile.prepare(file)
            queue = try DatabaseQueue(path: file, configuration: configuration)
            let last = try queue.writeWithoutTransaction { db in
                try HistorySchema.migrate(db, file: file)
                return try Int64.fetchOne(db, sql: "SELECT coalesce(max(id), 0) FROM events") ?? 0
            }
            intake = Mutex(Intake(nextEvent: last + 1))
        } catch {
            throw StoreError(error, file: file)
        }
        recorder = HistoryRecorder(limits: limits, queue: queue)
    }

    public var losses: Losses { intake.withLock { $0.losses } }

    // MARK: - Taking in

    /// Takes a line of the audit log; returns its id, which grows with every line and is never used twice.
    @discardableResult
    public func append(_ entry: AuditEntry) -> Int64 {
        let most = limits.waitingEvents
        let id = intake.withLock { intake in
            let id = intake.nextEvent
            intake.nextEvent += 1
            if intake.events.count >= most {
                intake.events.removeFirst(most / 10 + 1)
                intake.losses.events += UInt64(most / 10 + 1)
            }
            intake.events.append(Line(id: id, entry: entry))
            return id
        }
        waker.yield()
        return id
    }

    /// Takes a blade's report, received at `at`.
    public func record(_ report: Report, of blade: BladeID, at: WallTime) {
        let most = limits.waitingReports
        intake.withLock { intake in
            if intake.reports.count >= most {
                intake.reports.removeFirst(most / 10 + 1)
                intake.losses.reports += UInt64(most / 10 + 1)
            }
            intake.reports.append(Sample(blade: blade, report: report, at: at))
        }
    }

    /// The newest line's id, whenever there is a newer one in the file; ends with `run`.
    public func eventChanges() -> AsyncStream<Int64> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
        let number = intake.withLock { intake -> UInt64? in
            if intake.isEnded { return nil }
            intake.nextListener += 1
            intake.listeners[intake.nextListener] = continuation
            return intake.nextListener
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.intake.withLock { _ = $0.listeners.removeValue(forKey: number) } }
        return stream
    }

    // MARK: - Writing

    /// Writes until the task is cancelled, then writes what is left. `clock` tells what is old enough to be forgotten.
    public func run(clock: @escaping @Sendable () -> WallTime) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [waker] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { waker.yield() }
                waker.finish()
            }
            var ticked = WallTime(milliseconds: .min)
            for await _ in wake {
                await writeEvents()
                let now = clock()
                guard now.millisecondsSince(ticked) >= 1000 || now < ticked else { continue }
                ticked = now
                await fold()
                note(await recorder.write(at: now, everything: false))
                note(await recorder.forget(at: now))
            }
        }
        await flush(at: clock())
        intake.withLock { intake in
            intake.isEnded = true
            let listeners = intake.listeners.values
            intake.listeners = [:]
            return Array(listeners)
        }.forEach { $0.finish() }
    }

    /// Writes all that waits, with the intervals that are open.
    public func flush(at now: WallTime) async {
        await writeEvents()
        await fold()
        note(await recorder.write(at: now, everything: true))
    }

    private func fold() async {
        let reports = intake.withLock { intake in
            defer { intake.reports = [] }
            return intake.reports
        }
        let lost = await recorder.take(reports)
        if lost > 0 { intake.withLock { $0.losses.points += lost } }
    }

    private func writeEvents() async {
        let events = intake.withLock { intake in
            defer { intake.events = [] }
            return intake.events
        }
        guard let last = events.last else { return }
        do {
            try await queue.shieldedWrite { db in try HistorySchema.insert(events, db) }
            let listeners = intake.withLock { Array($0.listeners.values) }
            for listener in listeners { listener.yield(last.id) }
        } catch {
            note(HistoryRecorder.Result(failure: StoreError(error, file: file)))
            let most = limits.waitingEvents
            intake.withLock { intake in
                intake.events = events + intake.events
                let lost = max(0, intake.events.count - most)
                intake.events.removeFirst(lost)
                intake.losses.events += UInt64(lost)
            }
        }
    }

    private func note(_ result: HistoryRecorder.Result) {
        guard result.failure != nil || result.lost > 0 else { return }
        intake.withLock { intake in
            intake.losses.points += result.lost
            if result.failure != nil { intake.losses.failedWrites += 1 }
        }
        if let failure = result.failure { log.warning("history is not written: \(failure)") }
    }

    // MARK: - Charts

    /// The points between two moments, oldest first. Throws when the file cannot be read.
    public func chart(_ series: SeriesKey, _ metric: Metric, _ resolution: Resolution, from: WallTime, to: WallTime) async throws(StoreError) -> [ChartPoint] {
        await fold()
        do {
            return try await recorder.chart(series, metric, resolution, from: from, to: to)
        } catch {
            throw StoreError(error, file: file)
        }
    }
}
