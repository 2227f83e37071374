import AsyncHTTPClient
import Foundation
import NIOCore
import PodpAPI
import PodpCore
import PodpModel
import Testing
import WebTestSupport

@testable import PodpWeb

@Suite("Limits")
struct LimitTests {
    @Test("a body that is too long is refused with 413, told or not told, and the server answers on")
    func tooLarge() async throws {
        var settings = WebSettings()
        settings.bodyLimit = 4096
        try await withScratchDirectory { directory in
            try await LiveServer.with(FakeFleet(ExampleFleet.view()), directory: directory, settings: settings) { server in
                let long = #"{"reason":""# + String(repeating: "x", count: 5000) + "\"}"
                let told = try await server.send(.POST, "/v1/freeze", long)
                #expect(told.status == 413)
                #expect(try told.fault().code == "tooLarge")
                var request = HTTPClientRequest(url: server.socketBase + "/v1/freeze")
                request.method = .POST
                request.body = .stream(
                    [ByteBuffer(string: String(repeating: "y", count: 3000)), ByteBuffer(string: String(repeating: "y", count: 3000))].async, length: .unknown)
                #expect(try await HTTPClient.shared.execute(request, timeout: .seconds(30)).status.code == 413)
                #expect(try await server.send(.GET, "/healthz").status == 200)
            }
        }
    }

    @Test("who asks too often is told 429, and when to come again")
    func rate() async throws {
        var settings = WebSettings()
        settings.requestBurst = 5
        settings.requestsPerSecond = 0.001
        try await withScratchDirectory { directory in
            try await LiveServer.with(FakeFleet(ExampleFleet.view()), directory: directory, settings: settings) { server in
                for _ in 0..<5 { #expect(try await server.send(.GET, "/healthz").status == 200) }
                let answer = try await server.send(.GET, "/healthz")
                #expect(answer.status == 429)
                // A token comes every 1000 s; a moment of the first has passed.
                let wait = try #require(answer.headers.first(name: "Retry-After").flatMap { Int($0) })
                #expect((980...1000).contains(wait))
                #expect(try answer.fault().remedy == "come again in \(wait) s")
            }
        }
    }

    @Test("a core that does not answer is a 504, not a client that waits for ever")
    func timeout() async throws {
        var settings = WebSettings()
        settings.requestTimeout = .milliseconds(50)
        let fleet = FakeFleet(ExampleFleet.view())
        fleet.with { $0.isStuck = true }
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory, settings: settings) { server in
                let answer = try await server.send(.POST, "/v1/thaw")
                #expect(answer.status == 504)
                #expect(try answer.fault().remedy.contains("podp events"))
            }
        }
    }

    @Test("every refusal of the core arrives with its status, words and remedy", arguments: Refusal.Code.allCases)
    func refusals(_ code: Refusal.Code) async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        fleet.with { $0.answers = [.refused(Refusal(code, "it cannot be", remedy: "do that"))] }
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let answer = try await server.send(.POST, "/v1/domains/web-1/migrate", #"{"blade":"blade-2"}"#)
                let fault = try answer.fault()
                #expect(fault == Fault(Refusal(code, "it cannot be", remedy: "do that")))
                #expect(answer.status == Fault.Code(rawValue: fault.code)?.httpStatus)
                #expect((400..<600).contains(answer.status))
            }
        }
    }

    @Test("a path that is not there is 404, a method that it does not know 405, and both are faults")
    func paths() async throws {
        try await withScratchDirectory { directory in
            try await LiveServer.with(FakeFleet(ExampleFleet.view()), directory: directory) { server in
                for (path, status) in [("/", 404), ("/v1", 404), ("/v1/blades/a/b/c", 404), ("/v1/status/", 200)] {
                    #expect(try await server.send(.GET, path).status == status, "\(path)")
                }
                let answer = try await server.send(.POST, "/v1/status", "{}")
                #expect(answer.status == 405)
                #expect(try answer.fault().code == "methodNotAllowed")
            }
        }
    }

    @Test("percent-encoding is undone once, and what is none, or no UTF-8, is refused")
    func percent() {
        #expect(Percent.decoded("a%20b%2Fc+%C3%A9%2520") == "a b/c+é%20")
        #expect(Percent.decoded("a+b", plusIsSpace: true) == "a b")
        for wrong in ["%", "%2", "%zz", "%FF", "a%C3"] { #expect(Percent.decoded(wrong) == nil) }
    }

    @Test("a flat file's mistakes come back with line and column")
    func flatFile() async throws {
        try await withScratchDirectory { directory in
            try await LiveServer.with(FakeFleet(ExampleFleet.view()), directory: directory) { server in
                let answer = try await server.send(.POST, "/v1/domains", #"{"flatFile":"name = \"a\"\nmemory = [\n","fileName":"a.cfg"}"#)
                #expect(answer.status == 400)
                let problem = try #require(try answer.fault().problems?.first)
                #expect(problem.file == "a.cfg")
                #expect(problem.line >= 2 && problem.column >= 1)
            }
        }
    }

    @Test("a bucket gives its burst, then its rate, whatever the order of callers", arguments: 0..<20 as Range<UInt64>)
    func bucket(_ seed: UInt64) {
        var random = Seeded(state: seed)
        let burst = Double(Int.random(in: 1...20, using: &random))
        let perSecond = Double(Int.random(in: 1...50, using: &random))
        var limit = RateLimit(perSecond: perSecond, burst: burst, maximumCallers: 8)
        let start = ContinuousClock.now
        var elapsed = Duration.zero
        var taken = [0, 0, 0]
        for _ in 0..<400 {
            elapsed += .milliseconds(Int.random(in: 0...40, using: &random))
            let caller = Int.random(in: 0..<3, using: &random)
            if limit.take("\(caller)", at: start + elapsed) == nil { taken[caller] += 1 }
        }
        let allowed = burst + perSecond * (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18) + 1e-6
        for count in taken { #expect(Double(count) <= allowed) }
        #expect(taken.reduce(0, +) > 0)
    }

    @Test("strangers without end take bounded memory, and a full table lets nobody new in before somebody is forgotten")
    func strangers() {
        var limit = RateLimit(perSecond: 1, burst: 2, maximumCallers: 16)
        let start = ContinuousClock.now
        for caller in 0..<16 { #expect(limit.take("\(caller)", at: start) == nil) }
        #expect(limit.take("one more", at: start) != nil)
        #expect(limit.take("one more", at: start + .seconds(2)) == nil)
    }
}

/// SplitMix64.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Array where Element: Sendable {
    /// The elements, one after the other, as an asynchronous sequence.
    var async: AsyncStream<Element> {
        AsyncStream { continuation in
            for element in self { continuation.yield(element) }
            continuation.finish()
        }
    }
}
