import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import PodpAPI
import PodpCore
import PodpModel

/// A request's context: the channel, for who is at its other end.
struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// The API behind one door: who calls, may they, how often; then the endpoint; then whatever went wrong in one form.
struct Site: HTTPResponder {
    typealias Context = CallContext

    private let fleet: any Fleet
    private let door: Door
    private let settings: WebSettings
    private let streams: StreamSlots
    private let document: ByteBuffer
    private let callers: NIOLockedValueBox<RateLimit>
    private let strangers: NIOLockedValueBox<RateLimit>
    private let routes: [Route]

    private struct Route: Sendable {
        var segments: [Substring]
        var endpoint: Endpoint
    }

    init(fleet: any Fleet, door: Door, settings: WebSettings, streams: StreamSlots) throws {
        self.fleet = fleet
        self.door = door
        self.settings = settings
        self.streams = streams
        document = try OpenAPIDocument.bytes(version: settings.version)
        callers = NIOLockedValueBox(RateLimit(perSecond: settings.requestsPerSecond, burst: settings.requestBurst))
        strangers = NIOLockedValueBox(RateLimit(perSecond: settings.strangersPerSecond, burst: settings.strangersBurst))
        routes = Endpoints.all.map { Route(segments: $0.segments, endpoint: $0) }
    }

    func respond(to request: Hummingbird.Request, context: CallContext) async throws -> Response {
        let channel = context.channel
        do {
            return try await withTimeout(settings.requestTimeout) { try await answer(request, channel: channel) }.watched(channel, for: settings.idleTimeout)
        } catch let refusal as TooOften {
            return Reply.fault(refusal.fault, headers: [.retryAfter: "\(refusal.seconds)"]).watched(channel, for: settings.idleTimeout)
        } catch let fault as Fault {
            var headers = HTTPFields()
            if fault.code == Fault.Code.tooLarge.rawValue || fault.code == Fault.Code.timeout.rawValue {
                // What is left of the body is thrown away, for a while only.
                headers[.connection] = "close"
                _ = Watchdog(channel, after: .seconds(5))
            }
            return Reply.fault(fault, headers: headers).watched(channel, for: settings.idleTimeout)
        } catch {
            context.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return Reply.fault(Fault(.internalError, "podp could not answer this", remedy: "its log says more")).watched(channel, for: settings.idleTimeout)
        }
    }

    private func answer(_ request: Hummingbird.Request, channel: any Channel) async throws -> Response {
        let caller = try await known(request, channel: channel)
        if let wait = callers.withLockedValue({ $0.take(caller.name, at: .now) }) {
            throw TooOften("too many requests by \(caller.name)", wait: wait)
        }
        let (endpoint, parameters) = try find(request.method, request.uri.path)
        if endpoint.right == .operate, !caller.mayOperate {
            throw Fault(.forbidden, "\(caller.name) may read, not operate", remedy: "make a token with 'podp token create NAME --role operate'")
        }
        var call = Call(
            fleet: fleet, settings: settings, caller: caller, channel: channel, parameters: parameters, query: Self.query(request.uri.query ?? ""),
            headers: request.headers, streams: streams, document: document)
        call.isStillKnown = { [fleet, door, headers = request.headers] in
            (try? await door.caller(headers, channel: channel, fleet: fleet, now: wallTimeNow())) == caller
        }
        for name in call.query.keys.sorted() where !endpoint.query.contains(where: { $0.name == name }) {
            throw Fault(
                .invalid, "there is no query parameter '\(name)' here",
                remedy: endpoint.query.isEmpty ? "" : "there are: \(endpoint.query.map(\.name).joined(separator: ", "))")
        }
        call.content = try await content(request)
        var response = try await endpoint.perform(&call)
        if let automation = Reply.automation, await fleet.isFrozen() { response.headers[automation] = "frozen" }
        return response
    }

    private func known(_ request: Hummingbird.Request, channel: any Channel) async throws -> Actor {
        do {
            return try await door.caller(request.headers, channel: channel, fleet: fleet, now: wallTimeNow())
        } catch {
            let address = channel.remoteAddress?.ipAddress ?? "socket"
            if let wait = strangers.withLockedValue({ $0.take(address, at: .now) }) {
                throw TooOften("too many requests without a valid token from \(address)", wait: wait)
            }
            throw error
        }
    }

    private func find(_ method: HTTPRequest.Method, _ path: String) throws(Fault) -> (Endpoint, [String: String]) {
        let parts = path.split(separator: "/")
        var isPath = false
        for route in routes where route.segments.count == parts.count {
            var parameters: [String: String] = [:]
            var fits = true
            for (segment, part) in zip(route.segments, parts) {
                if segment.hasPrefix("{") {
                    guard let value = Percent.decoded(part) else { throw Fault(.invalid, "the path is not percent-encoded UTF-8") }
                    parameters[String(segment.dropFirst().dropLast())] = value
                } else if segment != part {
                    fits = false
                    break
                }
            }
            guard fits else { continue }
            if route.endpoint.method == method || (method == .head && route.endpoint.method == .get) { return (route.endpoint, parameters) }
            isPath = true
        }
        if isPath { throw Fault(.methodNotAllowed, "\(path) does not know \(method.rawValue)", remedy: "see /v1/openapi.json") }
        throw Fault(.notFound, "there is no \(path)", remedy: "see /v1/openapi.json")
    }

    private func content(_ request: Hummingbird.Request) async throws -> ByteBuffer {
        let tooLarge = Fault(.tooLarge, "the body is longer than \(settings.bodyLimit) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > settings.bodyLimit { throw tooLarge }
        var content = ByteBuffer()
        for try await part in request.body {
            guard content.readableBytes + part.readableBytes <= settings.bodyLimit else { throw tooLarge }
            content.writeImmutableBuffer(part)
        }
        return content
    }

    /// Names and values of a query; what is not percent-encoded UTF-8 is left as it is.
    private static func query(_ text: String) -> [String: String] {
        func plain(_ part: Substring) -> String {
            Percent.decoded(part, plusIsSpace: true) ?? String(part)
        }
        var query: [String: String] = [:]
        for pair in text.split(separator: "&").prefix(32) {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[plain(sides[0])] = sides.count == 2 ? plain(sides[1]) : ""
        }
        return query
    }
}

/// The work's result, or `timeout` when it takes longer. The work is cancelled then, and waited for.
func withTimeout<Result: Sendable>(_ time: Duration, _ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: time)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            throw Fault(.timeout, "no answer within \(time.components.seconds) s", remedy: "look with 'podp events' whether it was done before you try again")
        }
        return result
    }
}
