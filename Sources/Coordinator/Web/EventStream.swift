import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import PodpAPI
import PodpCore
import ServiceLifecycle

/// The audit log as server-sent events (WHATWG HTML, "Server-sent events").
///
/// A follower holds no queue here: a wake-up makes it read what follows its last id, so it misses nothing however slow it is.
enum EventStream {
    private static let batch = 256
    private enum Tick: Sendable { case change, beat }

    static func response(to call: Call) async throws -> Response {
        var query = try await call.auditQuery()
        if let text = HTTPField.Name("Last-Event-ID").flatMap({ call.headers[$0] }) {
            guard let id = Int64(text), id >= 0 else { throw Fault(.invalid, "Last-Event-ID is no number of an event") }
            query.after = id
        }
        query.limit = batch
        // Before the newest id is read: what comes in between is not lost.
        let changes = await call.fleet.auditChanges()
        if query.after == nil { query.after = try await call.fleet.audit(AuditQuery(limit: 1)).last?.id ?? 0 }
        let caller = call.caller.name
        guard call.streams.take(caller) else {
            // When a place comes free nobody knows; a heartbeat's time notices followers that are gone.
            throw TooOften(
                "too many followers of events", remedy: "end one, or come again later; \(call.settings.streamsPerCaller) for each user or token",
                wait: call.settings.heartbeat)
        }
        let slot = Slot(streams: call.streams, caller: caller)
        let start = query
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        headers[.xContentTypeOptions] = "nosniff"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                defer { slot.give() }
                try await follow(start, changes: changes, call: call, into: &writer)
                try await writer.finish(nil)
            })
    }

    private static func follow(_ start: AuditQuery, changes: AsyncStream<Int64>, call: Call, into writer: inout any ResponseBodyWriter) async throws {
        var query = start
        let (ticks, continuation) = AsyncStream.makeStream(of: Tick.self, bufferingPolicy: .bufferingNewest(1))
        let heartbeat = call.settings.heartbeat
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in changes { continuation.yield(.change) }
                continuation.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: heartbeat)) != nil { continuation.yield(.beat) }
            }
            defer { group.cancelAll() }
            try await send(": podp\nretry: 2000\n\n", call: call, into: &writer)
            try await drain(&query, call: call, into: &writer)
            for await tick in ticks.cancelOnGracefulShutdown() {
                guard await call.isStillKnown() else { return }
                let wrote = try await drain(&query, call: call, into: &writer)
                if tick == .beat, !wrote { try await send(":\n\n", call: call, into: &writer) }
            }
        }
    }

    /// Sends all that follows the query's `after`, and moves it on. Whether there was anything.
    @discardableResult
    private static func drain(_ query: inout AuditQuery, call: Call, into writer: inout any ResponseBodyWriter) async throws -> Bool {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var wrote = false
        while true {
            let lines = try await call.fleet.audit(query)
            guard let last = lines.last else { return wrote }
            var text = ""
            for line in lines {
                // JSON of one line: JSONEncoder escapes line breaks within strings.
                text += "id: \(line.id)\nevent: podp\ndata: \(String(decoding: try encoder.encode(EventResource(line)), as: UTF8.self))\n\n"
            }
            try await send(text, call: call, into: &writer)
            wrote = true
            query.after = last.id
            if lines.count < query.limit { return wrote }
        }
    }

    private static func send(_ text: String, call: Call, into writer: inout any ResponseBodyWriter) async throws {
        let dog = Watchdog(call.channel, after: call.settings.idleTimeout)
        defer { dog.cancel() }
        try await writer.write(ByteBuffer(string: text))
    }

    /// A place among the followers, given back once: by the body's end, or when the body is never asked for.
    private final class Slot: Sendable {
        private let streams: StreamSlots
        private let caller: String
        private let given = NIOLockedValueBox(false)

        init(streams: StreamSlots, caller: String) {
            self.streams = streams
            self.caller = caller
        }

        func give() {
            let first = given.withLockedValue { given in
                defer { given = true }
                return !given
            }
            if first { streams.give(caller) }
        }

        deinit { give() }
    }
}
