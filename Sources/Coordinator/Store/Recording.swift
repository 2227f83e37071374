import Dispatch
import Foundation
import Glibc
import Logging
import PodpCore
import PodpModel
import Synchronization

/// What a recording begins with: the first line of its file.
public struct RecordingStart: Sendable, Codable {
    public static let format = 1

    public var format = Self.format
    /// Of the podp that wrote it.
    public var version: String
    /// As it was before the first event.
    public var core: CoordinatorCore
}

/// Writes down every event that the core takes, and what it wants done, so that an incident can be run again (`podp-coordinator replay`).
///
/// Lines of JSON. The file begins with the whole core, so it may begin at any time: when half of the bytes that are allowed are written, the file
/// becomes `FILE.1`, in place of the one before, and a new one begins. Nobody waits for the disk: what it cannot keep up with is left out, and a new
/// file begins after the gap. It holds no secrets (tokens are hashes), but names everything: only its owner may read it.
public final class Recorder: Sendable {
    private struct Entry: Sendable {
        /// Set: a new file begins with this.
        var before: CoordinatorCore?
        var event: RecordedEvent
    }

    private struct Queue: Sendable {
        var entries: [Entry] = []
        /// The next event is better taken with the core, for a new file.
        var needsState = true
        /// Without the core nothing can be taken: at the beginning, and after a gap.
        var hasNoStart = true
        /// A new file's core waits to be written.
        var startWaits = false
        var isWriting = false
        var gaps: UInt64 = 0
        var isStopped = false
    }

    private struct Output: Sendable {
        var descriptor: Int32 = -1
        var bytes = 0
    }

    /// Events that may wait for the disk.
    static let mostWaiting = 20_000

    public let file: String
    private let half: Int
    private let version: String
    private let log: Logger
    private let queue = Mutex(Queue())
    private let output = Mutex(Output())
    private let writer = DispatchQueue(label: "podp.recorder", qos: .utility)

    /// - Parameter limit: bytes of both files together, a line more or less; at least 64 KiB.
    public init(file: String, limit: Int, version: String, log: Logger) {
        self.file = file
        half = max(limit, 64 << 10) / 2
        self.version = version
        self.log = log
    }

    deinit { output.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// The older half.
    public var olderFile: String { file + ".1" }

    /// How often events were left out because the disk was too slow.
    public var gaps: UInt64 { queue.withLock { $0.gaps } }

    /// Whether `take` needs the core as it is before the next event.
    public var needsState: Bool { queue.withLock { $0.needsState && !$0.isStopped } }

    /// Takes an event. To be called in order, with the core as it was before the event where `needsState` said so.
    public func take(_ event: RecordedEvent, before: CoordinatorCore?) {
        let mustWake = queue.withLock { queue in
            guard !queue.isStopped, before != nil || !queue.hasNoStart else { return false }
            if queue.entries.count >= Self.mostWaiting {
                queue.entries = []
                (queue.needsState, queue.hasNoStart, queue.startWaits) = (true, true, false)
                queue.gaps += 1
                return false
            }
            if before != nil { (queue.needsState, queue.hasNoStart, queue.startWaits) = (false, false, true) }
            queue.entries.append(Entry(before: before, event: event))
            defer { queue.isWriting = true }
            return !queue.isWriting
        }
        if mustWake { writer.async { [self] in write() } }
    }

    /// Waits until all that was taken is in the file.
    public func flush() { writer.sync { write() } }

    private func write() {
        while true {
            let entries = queue.withLock { queue in
                let entries = queue.entries
                queue.entries = []
                queue.isWriting = !entries.isEmpty
                return entries
            }
            if entries.isEmpty { return }
            do {
                try output.withLock { output in
                    for entry in entries { try write(entry, &output) }
                }
            } catch {
                queue.withLock { queue in
                    queue.isStopped = true
                    queue.entries = []
                }
                log.error("\(file) is not written any more: \(error); podp goes on, its recording begins anew when podp is restarted")
            }
        }
    }

    private func write(_ entry: Entry, _ output: inout Output) throws {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        if let core = entry.before {
            queue.withLock { $0.startWaits = false }
            try begin(&output)
            try append(encoder.encode(RecordingStart(version: version, core: core)), to: &output)
        }
        guard output.descriptor >= 0 else { return }
        try append(encoder.encode(entry.event), to: &output)
        if output.bytes >= half { queue.withLock { if !$0.startWaits { $0.needsState = true } } }
    }

    private func begin(_ output: inout Output) throws {
        if output.descriptor >= 0 { close(output.descriptor) }
        output = Output()
        if rename(file, olderFile) != 0, errno != ENOENT { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        output.descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output.descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    private func append(_ line: Data, to output: inout Output) throws {
        let bytes = line + [UInt8(ascii: "\n")]
        output.bytes += bytes.count
        let descriptor = output.descriptor
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
                if count > 0 { offset += count } else if errno != EINTR { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            }
        }
    }
}

/// Reads a recording, line by line.
public struct RecordingReader {
    public let start: RecordingStart
    private let handle: FileHandle
    private let file: String
    private var rest: Data
    private var line = 1
    /// A core of ten thousand domains has some 50 MB.
    private static let longestLine = 1 << 30

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }

    /// Throws `.missing`, `.corrupt`, `.newer`.
    public init(file: String) throws(StoreError) {
        self.file = file
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw StoreError(.missing, "\(file) cannot be read", remedy: "name a file that podp-coordinator run --record wrote")
        }
        self.handle = handle
        var rest = Data()
        struct Format: Codable { var format: Int }
        guard let first = try Self.line(&rest, handle, file), let format = try? JSONDecoder().decode(Format.self, from: first) else {
            throw StoreError(.corrupt, "\(file) is no recording", remedy: "name a file that podp-coordinator run --record wrote")
        }
        guard format.format == RecordingStart.format else {
            throw StoreError(
                .newer, "\(file) is a recording of format \(format.format); this podp knows format \(RecordingStart.format)",
                remedy: "replay it with the podp that wrote it")
        }
        do {
            start = try Self.decoder.decode(RecordingStart.self, from: first)
        } catch {
            throw StoreError(
                .corrupt, "line 1 of \(file) cannot be read: \(error)",
                remedy: "replay it with the version of podp that wrote it: a core's parts change between versions")
        }
        self.rest = rest
    }

    /// The next event; `nil` at the end. A last line that was cut off (a crash) is the end. Throws `.corrupt`.
    public mutating func next() throws(StoreError) -> RecordedEvent? {
        guard let next = try Self.line(&rest, handle, file) else { return nil }
        line += 1
        do {
            return try Self.decoder.decode(RecordedEvent.self, from: next)
        } catch {
            throw StoreError(.corrupt, "line \(line) of \(file) cannot be read: \(error)", remedy: "replay it with the version of podp that wrote it")
        }
    }

    /// A whole line without its end; `nil` when there is none any more.
    private static func line(_ rest: inout Data, _ handle: FileHandle, _ file: String) throws(StoreError) -> Data? {
        var searched = 0
        while true {
            if let end = rest.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) {
                let line = Data(rest[rest.startIndex..<end])
                rest = Data(rest[(end + 1)...])
                return line
            }
            searched = rest.count
            guard rest.count < longestLine else { throw StoreError(.corrupt, "a line of \(file) does not end", remedy: "it is no recording of podp") }
            let more: Data?
            do {
                more = try handle.read(upToCount: 1 << 20)
            } catch {
                throw StoreError(.missing, "\(file) cannot be read: \(error.localizedDescription)", remedy: "see to the file and its disk")
            }
            guard let more, !more.isEmpty else { return nil }
            rest.append(more)
        }
    }
}
