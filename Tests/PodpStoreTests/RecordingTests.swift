import Foundation
import Logging
import PodpCore
import PodpModel
import PodpStore
import Testing

/// What the core was told, on disk, and again.
struct RecordingTests {
    private static let log = Logger(label: "podp.test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs a core through timers and requests, as the daemon does; returns how many events it took.
    private func work(_ recorder: Recorder, events: Int, flushEach: Int = 50) -> Int {
        var core = CoordinatorCore()
        var taken = 0
        func handle(_ event: Event, _ core: inout CoordinatorCore) {
            let at = Moment(instant: Instant(nanoseconds: Int64(taken) * 1_000_000_000), wall: WallTime(milliseconds: 1_800_000_000_000 + Int64(taken) * 1000))
            let before = recorder.needsState ? core : nil
            let effects = core.handle(event, at: at)
            recorder.take(RecordedEvent(at: at, event: event, effects: effects), before: before)
            taken += 1
            for case .commit(let batch) in effects { handle(.committed(batch: batch.id), &core) }
            if taken.isMultiple(of: flushEach) { recorder.flush() }
        }
        handle(.loaded([.blade(blade(1))], newTermID: ID128(high: 1, low: 1)), &core)
        while taken < events {
            handle(.timer, &core)
            handle(.request(RequestID(UInt64(taken)), .freeze(reason: "test \(taken)"), by: Actor(name: "operator", mayOperate: true)), &core)
        }
        recorder.flush()
        return taken
    }

    /// Replays a whole file; returns how many events it has.
    private func replayed(_ file: String) throws -> UInt64 {
        var reader = try RecordingReader(file: file)
        var replay = Replay(from: reader.start.core)
        while let event = try reader.next() {
            if let difference = replay.next(event) { throw Unequal(description: difference.description) }
        }
        return replay.events
    }

    private struct Unequal: Error, CustomStringConvertible { var description: String }

    @Test func `a recording replays whole, names its podp, and is its owner's alone`() throws {
        let folder = try Folder()
        let recorder = Recorder(file: folder.file("core.rec"), limit: 64 << 20, version: "9.9", log: Self.log)
        let taken = work(recorder, events: 300)
        #expect(try replayed(recorder.file) == UInt64(taken))
        #expect(try RecordingReader(file: recorder.file).start.version == "9.9")
        let mode = try FileManager.default.attributesOfItem(atPath: recorder.file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `a recording is bounded: the older half is kept beside it, each half replays alone, and nothing is missing between them`() throws {
        let folder = try Folder()
        let limit = 256 << 10
        let recorder = Recorder(file: folder.file("core.rec"), limit: limit, version: "1", log: Self.log)
        _ = work(recorder, events: 3000, flushEach: 10)
        func size(_ file: String) throws -> Int { try #require(try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) }
        // Some lines are taken before the writer says that a file is full.
        #expect(try size(recorder.file) + size(recorder.olderFile) < limit * 2)
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["core.rec", "core.rec.1"])
        #expect(try replayed(recorder.file) > 0)
        #expect(try replayed(recorder.olderFile) > 0)
        var older = try RecordingReader(file: recorder.olderFile)
        var last: RecordedEvent?
        while let event = try older.next() { last = event }
        var newer = try RecordingReader(file: recorder.file)
        let first = try #require(try newer.next())
        #expect(first.at.instant - (try #require(last)).at.instant == .seconds(1))
        #expect(recorder.gaps == 0)
    }

    @Test func `a file that becomes full between two events loses neither`() throws {
        let folder = try Folder()
        let recorder = Recorder(file: folder.file("core.rec"), limit: 64 << 10, version: "1", log: Self.log)
        var core = CoordinatorCore()
        var taken: UInt64 = 0
        func handle(_ event: Event, before: CoordinatorCore?) {
            let at = Moment(instant: Instant(nanoseconds: Int64(taken) * 1_000_000_000), wall: WallTime(milliseconds: 1_800_000_000_000))
            recorder.take(RecordedEvent(at: at, event: event, effects: core.handle(event, at: at)), before: before)
            taken += 1
        }
        handle(.loaded([.blade(blade(1))], newTermID: ID128(high: 1, low: 1)), before: core)
        recorder.flush()
        while !recorder.needsState {
            handle(.timer, before: nil)
            recorder.flush()
        }
        // The core was asked for after the coordinator had looked whether it is.
        handle(.timer, before: nil)
        recorder.flush()
        #expect(try replayed(recorder.file) == taken)
        // A new file's beginning that still waits is asked for once, though the old one grows meanwhile.
        let older = taken
        handle(.timer, before: core)
        recorder.flush()
        #expect(!recorder.needsState)
        #expect(try replayed(recorder.olderFile) == older && replayed(recorder.file) == 1)
    }

    @Test func `a line that a crash cut off is the end, and what is no recording is refused with what to do`() throws {
        let folder = try Folder()
        let recorder = Recorder(file: folder.file("core.rec"), limit: 64 << 20, version: "1", log: Self.log)
        let taken = work(recorder, events: 40)
        let whole = try Data(contentsOf: URL(fileURLWithPath: recorder.file))
        try whole.dropLast(20).write(to: URL(fileURLWithPath: folder.file("torn.rec")))
        #expect(try replayed(folder.file("torn.rec")) == UInt64(taken - 1))

        func code(_ bytes: Data?) throws -> StoreError.Code? {
            let file = folder.file("bad.rec")
            if let bytes { try bytes.write(to: URL(fileURLWithPath: file)) }
            do { _ = try replayed(bytes == nil ? folder.file("none.rec") : file) } catch let error as StoreError {
                #expect(!error.remedy.isEmpty)
                return error.code
            }
            return nil
        }
        #expect(try code(nil) == .missing)
        #expect(try code(Data()) == .corrupt)
        #expect(try code(Data("hello\n".utf8)) == .corrupt)
        #expect(try code(Data("{\"format\":2}\n".utf8)) == .newer)
        #expect(try code(Data("{\"format\":1}\n".utf8)) == .corrupt)
        #expect(try code(whole + Data("{\"at\":1}\n".utf8)) == .corrupt)
    }

    @Test func `a disk that takes nothing ends the recording, and not the coordinator`() throws {
        let folder = try Folder()
        let recorder = Recorder(file: folder.file("no/such/folder/core.rec"), limit: 64 << 20, version: "1", log: Self.log)
        #expect(work(recorder, events: 100) >= 100)
        #expect(!recorder.needsState)
    }
}
