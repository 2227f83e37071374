import AsyncHTTPClient
import Foundation
import NIOCore
import PodpAPI
import PodpCore
import PodpModel
import Testing
import WebTestSupport

@testable import PodpWeb

@Suite("Events as a stream")
struct EventStreamTests {
    private static func entry(_ number: Int, kind: String = "note") -> AuditEntry {
        AuditEntry(at: ExampleFleet.now, kind: kind, sentence: "event \(number)\nwith a second line")
    }

    /// Reads events until as many were there, or the stream ends.
    private static func read(_ server: LiveServer, _ count: Int, query: String = "", last: String? = nil, opened: @Sendable () async -> Void = {}) async throws
        -> [EventResource]
    {
        var request = HTTPClientRequest(url: server.socketBase + "/v1/events/stream" + query)
        if let last { request.headers.add(name: "Last-Event-ID", value: last) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        #expect(response.status == .ok)
        #expect(response.headers.first(name: "Content-Type") == "text/event-stream")
        var events: [EventResource] = []
        var text = ""
        var isOpen = false
        for try await part in response.body {
            text += String(buffer: part)
            if !isOpen {
                isOpen = true
                await opened()
            }
            while let end = text.range(of: "\n\n") {
                let block = text[..<end.lowerBound]
                text = String(text[end.upperBound...])
                var id: Int64?
                for line in block.split(separator: "\n") {
                    if line.hasPrefix("id: ") { id = Int64(line.dropFirst(4)) }
                    if line.hasPrefix("data: ") {
                        let event = try JSONDecoder().decode(EventResource.self, from: Data(line.dropFirst(6).utf8))
                        #expect(event.id == id)
                        events.append(event)
                    }
                }
            }
            if events.count >= count { break }
        }
        return events
    }

    @Test("a follower gets what follows its last id, then what comes, each once and in order, though wake-ups are lost")
    func resume() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        for number in 1...600 { fleet.log(Self.entry(number)) }
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let events = try await Self.read(server, 900, last: "10") { for number in 601...910 { fleet.log(Self.entry(number)) } }
                #expect(events.map(\.id) == Array(11...910))
                #expect(events.first?.sentence == "event 11\nwith a second line")
            }
        }
    }

    @Test("a follower without a last id begins now, and filters hold")
    func now() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        fleet.log(Self.entry(1, kind: "wanted"))
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let events = try await Self.read(server, 1, query: "?kind=wanted") {
                    fleet.log(Self.entry(2))
                    fleet.log(Self.entry(3, kind: "wanted"))
                }
                #expect(events.map(\.id) == [3])
            }
        }
    }

    @Test("a silent stream has heartbeats, and ends when the server stops")
    func heartbeat() async throws {
        var settings = WebSettings()
        settings.heartbeat = .milliseconds(20)
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            let body = try await LiveServer.with(fleet, directory: directory, settings: settings) { server in
                let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: server.socketBase + "/v1/events/stream"), timeout: .seconds(60))
                var text = ""
                for try await part in response.body {
                    text += String(buffer: part)
                    if text.hasSuffix(":\n\n:\n\n") { break }
                }
                return text
            }
            #expect(body.hasPrefix(": podp\nretry: 2000\n\n"))
        }
    }

    @Test("followers are bounded, and a place that is left can be taken again")
    func bounded() async throws {
        var settings = WebSettings()
        settings.streamsPerCaller = 2
        settings.heartbeat = .milliseconds(20)
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory, settings: settings) { server in
                let url = server.socketBase + "/v1/events/stream"
                let first = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
                let second = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
                #expect([first.status, second.status] == [.ok, .ok])
                let third = try await server.send(.GET, "/v1/events/stream")
                #expect(third.status == 429)
                for try await _ in first.body { break }
                // The server learns that the first is gone with a heartbeat that cannot be written.
                var status = 429
                for _ in 0..<500 where status == 429 {
                    let again = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
                    status = Int(again.status.code)
                    if status == 429 { try await Task.sleep(for: .milliseconds(20)) }
                }
                #expect(status == 200)
            }
        }
    }
}
