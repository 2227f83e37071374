import PodpModel

/// One series in memory: the intervals that are open, and the points that are not in the file yet. Pure.
struct SeriesState: Sendable {
    /// One resolution of it.
    struct Level: Sendable {
        /// The open interval, in lengths since 1970.
        var interval: Int64 = .min
        var open = Cells()
        /// Points of `chunk` that wait to be written.
        var chunk: Int64 = .min
        var bytes: [UInt8] = []
    }

    /// Bytes of a chunk that were pushed out by a newer chunk before they were written.
    struct Full: Sendable {
        var resolution: Resolution
        var chunk: Int64
        var bytes: [UInt8]
    }

    private(set) var levels = InlineArray<3, Level>(repeating: Level())
    private(set) var full: [Full] = []
    /// When the oldest point that waits was closed.
    private(set) var waitingSince: WallTime?
    private(set) var heardAt: WallTime

    init(at now: WallTime) { heardAt = now }

    /// Takes in one sample. A clock that went back adds to the interval that is open.
    mutating func add(at now: WallTime, _ fill: (inout Cells) -> Void) {
        heardAt = now
        open(.tenSeconds, at: now)
        fill(&levels[0].open)
    }

    private mutating func open(_ resolution: Resolution, at now: WallTime) {
        let interval = now.milliseconds / resolution.length
        if interval > levels[resolution.rawValue].interval {
            close(resolution, at: now)
            levels[resolution.rawValue].interval = interval
        }
    }

    /// Ends the open interval: its point waits to be written, and counts in the coarser one.
    private mutating func close(_ resolution: Resolution, at now: WallTime) {
        let index = resolution.rawValue
        let cells = levels[index].open
        guard !cells.isEmpty else { return }
        let interval = levels[index].interval
        let chunk = interval / resolution.pointsPerChunk
        if chunk != levels[index].chunk {
            if !levels[index].bytes.isEmpty { full.append(Full(resolution: resolution, chunk: levels[index].chunk, bytes: levels[index].bytes)) }
            levels[index].chunk = chunk
            levels[index].bytes = []
        }
        PointCoding.append(cells, place: interval - chunk * resolution.pointsPerChunk, to: &levels[index].bytes)
        levels[index].open = Cells()
        if waitingSince == nil { waitingSince = now }
        guard let coarser = Resolution(rawValue: index + 1) else { return }
        open(coarser, at: WallTime(milliseconds: interval * resolution.length))
        levels[index + 1].open.merge(cells)
    }

    /// Ends all open intervals, for the end of the process.
    mutating func closeAll(at now: WallTime) {
        for resolution in Resolution.allCases { close(resolution, at: now) }
    }

    /// What waits to be written, which then waits no more.
    mutating func take() -> [Full] {
        var all = full
        for resolution in Resolution.allCases where !levels[resolution.rawValue].bytes.isEmpty {
            all.append(Full(resolution: resolution, chunk: levels[resolution.rawValue].chunk, bytes: levels[resolution.rawValue].bytes))
            levels[resolution.rawValue].bytes = []
        }
        full = []
        waitingSince = nil
        return all
    }

    /// What could not be written waits again, unless that would be too much: then the oldest is lost and counted.
    mutating func giveBack(_ pieces: [Full], at now: WallTime, most: Int) -> Int {
        full = pieces + full
        if waitingSince == nil, !full.isEmpty { waitingSince = now }
        let lost = max(0, full.count - most)
        full.removeFirst(lost)
        return lost
    }

    /// The points of this series that are not in the file, the open one among them.
    func unwritten(_ resolution: Resolution, _ point: (_ interval: Int64, Cells) -> Void) {
        let level = levels[resolution.rawValue]
        for piece in full where piece.resolution == resolution {
            PointCoding.read(piece.bytes) { place, cells in point(piece.chunk * resolution.pointsPerChunk + place, cells) }
        }
        PointCoding.read(level.bytes) { place, cells in point(level.chunk * resolution.pointsPerChunk + place, cells) }
        if !level.open.isEmpty { point(level.interval, level.open) }
    }
}
