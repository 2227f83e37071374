import Foundation
import GRDB
import PodpModel

/// Rolls samples up in memory, and puts closed points into the file a few series at a time.
actor HistoryRecorder {
    struct Result: Sendable {
        var failure: StoreError?
        var lost: UInt64 = 0
    }

    private struct Row: Sendable {
        var place: Int
        var key: SeriesKey
        var pieces: [SeriesState.Full]
    }

    private let limits: History.Limits
    private let queue: DatabaseQueue
    private var places: [SeriesKey: Int] = [:]
    private var keys: [SeriesKey] = []
    private var states: [SeriesState] = []
    /// Where the next tick looks first.
    private var cursor = 0
    private var forgetCursor: Int64 = 0

    init(limits: History.Limits, queue: DatabaseQueue) {
        self.limits = limits
        self.queue = queue
    }

    // MARK: - Taking in

    /// Returns how many samples there was no room for.
    func take(_ samples: [History.Sample]) -> UInt64 {
        var lost: UInt64 = 0
        for sample in samples where sample.report.invalid == nil {
            let host = sample.report.host
            var ready: UInt64?
            for domain in sample.report.domains {
                if let waited = domain.ready { ready = (ready ?? 0) + UInt64(waited) }
                guard let place = place(.domain(domain.id), at: sample.at) else {
                    lost += 1
                    continue
                }
                states[place].add(at: sample.at) { cells in
                    Self.fill(&cells, cpu: domain.cpu, ready: domain.ready.map(UInt64.init), memory: domain.memory, disk: domain.disk, network: domain.network)
                }
            }
            guard let place = place(.blade(sample.blade), at: sample.at) else {
                lost += 1
                continue
            }
            states[place].add(at: sample.at) { cells in
                Self.fill(&cells, cpu: host.cpu, ready: ready, memory: host.memoryFree, disk: host.disk, network: host.network)
            }
        }
        return lost
    }

    private static func fill(_ cells: inout Cells, cpu: MilliCPU, ready: UInt64?, memory: Bytes, disk: DiskRates?, network: NetworkRates?) {
        cells.add(.cpu, UInt64(cpu))
        cells.add(.ready, ready)
        cells.add(.memory, memory.count)
        if let disk {
            cells.add(.diskRead, disk.readBytes)
            cells.add(.diskWritten, disk.writtenBytes)
            cells.add(.diskRequests, disk.reads.addingSaturated(disk.writes))
        }
        if let network {
            cells.add(.received, network.receivedBytes)
            cells.add(.sent, network.sentBytes)
        }
    }

    private func place(_ key: SeriesKey, at now: WallTime) -> Int? {
        if let place = places[key] { return place }
        guard states.count < limits.series else { return nil }
        places[key] = states.count
        keys.append(key)
        states.append(SeriesState(at: now))
        return states.count - 1
    }

    // MARK: - Writing

    /// Few series are written every minute, many every five: the disk sees at most some hundred rows a second either way.
    private var patience: Int64 { states.count <= 2000 ? 60_000 : 300_000 }

    func write(at now: WallTime, everything: Bool) async -> Result {
        var result = Result()
        repeat {
            let rows = pick(at: now, everything: everything)
            guard !rows.isEmpty else { break }
            do {
                try await queue.shieldedWrite { db in
                    for row in rows { try Self.put(row.key, row.pieces, db) }
                }
            } catch {
                for row in rows { result.lost += UInt64(states[row.place].giveBack(row.pieces, at: now, most: 8)) }
                result.failure = StoreError(error, file: queue.path)
                return result
            }
        } while everything
        if !everything { evict(at: now) }
        return result
    }

    private func pick(at now: WallTime, everything: Bool) -> [Row] {
        var rows: [Row] = []
        for _ in states.indices {
            if cursor >= states.count { cursor = 0 }
            let place = cursor
            cursor += 1
            if everything { states[place].closeAll(at: now) }
            guard let since = states[place].waitingSince, everything || abs(now.millisecondsSince(since)) >= patience else { continue }
            rows.append(Row(place: place, key: keys[place], pieces: states[place].take()))
            if rows.count >= limits.rowsPerTick { break }
        }
        return rows
    }

    /// New points are put behind those that the row has: a restarted process need not read them first.
    private static func put(_ key: SeriesKey, _ pieces: [SeriesState.Full], _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT INTO series (key) VALUES (?) ON CONFLICT DO NOTHING").execute(arguments: [key.text])
        guard let series = try Int64.fetchOne(db.cachedStatement(sql: "SELECT id FROM series WHERE key = ?"), arguments: [key.text]) else { return }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO points (series, resolution, chunk, data) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET data = CAST(data || excluded.data AS BLOB)
                """)
        for piece in pieces { try statement.execute(arguments: [series, piece.resolution.rawValue, piece.chunk, Data(piece.bytes)]) }
    }

    /// Series that have not reported for an hour leave the memory; only written ones, and few at a time.
    private func evict(at now: WallTime) {
        guard let place = states.indices.first(where: { now.millisecondsSince(states[$0].heardAt) > 3_600_000 }) else { return }
        states[place].closeAll(at: now)
        // The open intervals are points now: they are written first, and this comes again.
        guard states[place].waitingSince == nil else { return }
        places[keys[place]] = nil
        let last = states.count - 1
        if place != last {
            states[place] = states[last]
            keys[place] = keys[last]
            places[keys[place]] = place
        }
        states.removeLast()
        keys.removeLast()
    }

    /// Deletes what is older than its resolution is kept, some series at each call, and the oldest events over their number.
    func forget(at now: WallTime) async -> Result {
        let limits = limits
        let first = forgetCursor
        do {
            forgetCursor = try await queue.shieldedWrite { db in
                for resolution in Resolution.allCases {
                    let oldest = (now.milliseconds - limits.kept(resolution).nanoseconds / 1_000_000) / resolution.length / resolution.pointsPerChunk
                    try db.cachedStatement(sql: "DELETE FROM points WHERE series BETWEEN ? AND ? AND resolution = ? AND chunk < ?")
                        .execute(arguments: [first, first + 99, resolution.rawValue, oldest])
                }
                try db.cachedStatement(sql: "DELETE FROM series WHERE id BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM points WHERE points.series = series.id)")
                    .execute(arguments: [first, first + 99])
                try db.cachedStatement(sql: "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?").execute(arguments: [limits.events])
                let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(id), 0) FROM series")) ?? 0
                return first + 100 > last ? 0 : first + 100
            }
            return Result()
        } catch {
            return Result(failure: StoreError(error, file: queue.path))
        }
    }

    // MARK: - Reading

    func chart(_ key: SeriesKey, _ metric: Metric, _ resolution: Resolution, from: WallTime, to: WallTime) async throws -> [ChartPoint] {
        let first = from.milliseconds / resolution.length
        let last = to.milliseconds / resolution.length
        guard first <= last else { return [] }
        var points: [Int64: Cell] = [:]
        func add(_ interval: Int64, _ cells: Cells) {
            guard (first...last).contains(interval) else { return }
            points[interval, default: Cell()].merge(cells.cells[metric.rawValue])
        }
        // Between the two readings the actor may write: a point is then missing from this one answer, and in the next.
        let chunks = try await queue.read { db in
            try GRDB.Row.fetchAll(
                db,
                sql: """
                    SELECT chunk, data FROM points WHERE series = (SELECT id FROM series WHERE key = ?) AND resolution = ? AND chunk BETWEEN ? AND ?
                    """,
                arguments: [key.text, resolution.rawValue, first / resolution.pointsPerChunk, last / resolution.pointsPerChunk]
            ).map { row -> (Int64, Data) in (row[0], row[1]) }
        }
        for (chunk, data) in chunks {
            PointCoding.read(data) { place, cells in add(chunk * resolution.pointsPerChunk + place, cells) }
        }
        if let place = places[key] { states[place].unwritten(resolution, add) }
        return points.filter { $0.value.count > 0 }.sorted { $0.key < $1.key }.map { interval, cell in
            ChartPoint(
                at: WallTime(milliseconds: interval * resolution.length), minimum: cell.minimum, mean: cell.mean, maximum: cell.maximum, samples: cell.count)
        }
    }
}
