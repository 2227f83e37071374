import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL
import PodpAPI
import PodpModel
import Synchronization

/// A method of HTTP, for files that know nothing of NIO.
typealias HTTPVerb = NIOHTTP1.HTTPMethod

enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case table, json }

/// Where the coordinator is, and how to print: options of every command.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .customLong("coordinator"),
        help: ArgumentHelp(
            "The coordinator: a Unix socket's path, or https://HOST:PORT (then a token is needed).", discussion: "Also $PODP_COORDINATOR.",
            valueName: "path|url"))
    var address: String?
    @Option(help: ArgumentHelp("A file with a bearer token; else $PODP_TOKEN.", valueName: "file"))
    var tokenFile: String?
    @Option(help: ArgumentHelp("Trust this authority alone (PEM); else the system's.", valueName: "file"))
    var ca: String?
    @Option(name: .shortAndLong, help: "table, or json: the API's own answer.")
    var output: OutputFormat = .table

    static let socket = "/run/podp/podp.sock"

    /// Connects, does the work, and closes.
    func withCoordinator<Result>(_ work: (Coordinator) async throws -> Result) async throws -> Result {
        let coordinator = try Coordinator(self)
        do {
            let result = try await work(coordinator)
            try? await coordinator.close()
            return result
        } catch {
            try? await coordinator.close()
            throw error
        }
    }

    /// Shows a resource: the API's own bytes, or what `table` makes of it.
    func show<Shown: Documented>(_ path: String, as type: Shown.Type, query: [(String, String?)] = [], table: (Shown) -> String) async throws {
        try await withCoordinator { coordinator in
            let answer = try await coordinator.get(path, as: type, query: query)
            print(answer, table)
        }
    }

    func print<Shown: Documented>(_ answer: Coordinator.Answer<Shown>, _ table: (Shown) -> String) {
        switch output {
        case .json: Terminal.write(answer.text + "\n", to: STDOUT_FILENO)
        case .table: Terminal.write(table(answer.value), to: STDOUT_FILENO)
        }
    }
}

/// The coordinator's API, from outside.
struct Coordinator: Sendable {
    struct Answer<Value: Sendable>: Sendable {
        var value: Value
        /// As it came.
        var text: String
    }

    private let client: HTTPClient
    private let base: String
    private let token: String?
    /// For messages.
    private let place: String
    private let isSocket: Bool

    init(_ options: ConnectionOptions) throws {
        func environment(_ name: String) -> String? { getenv(name).flatMap { String(validatingCString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        let address = options.address ?? environment("PODP_COORDINATOR") ?? ConnectionOptions.socket
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(5), read: nil))
        configuration.redirectConfiguration = .disallow
        place = address
        if address.hasPrefix("https://") {
            isSocket = false
            base = String(address.hasSuffix("/") ? address.dropLast() : address[...])
            if let file = options.tokenFile {
                guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { throw Trouble(.usage, "the token file \(file) cannot be read") }
                token = text.split(whereSeparator: \.isWhitespace).first.map(String.init)
            } else {
                token = environment("PODP_TOKEN")
            }
            guard let token, token.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
                throw Trouble(
                    .usage, "\(address) needs a token", remedy: "set PODP_TOKEN or give --token-file; 'podp token create' on the coordinator's host makes one")
            }
            if let ca = options.ca {
                var tls = TLSConfiguration.makeClientConfiguration()
                guard (try? NIOSSLCertificate.fromPEMFile(ca)) != nil else { throw Trouble(.usage, "\(ca) has no certificate in PEM") }
                tls.trustRoots = .file(ca)
                configuration.tlsConfiguration = tls
            }
        } else if address.contains("://") {
            throw Trouble(.usage, "'\(address)' is neither a socket's path nor https://", remedy: "a token is sent over TLS only")
        } else {
            isSocket = true
            token = nil
            let encoded = address.utf8.map { byte -> String in
                let isPlain =
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                return isPlain
                    ? String(UnicodeScalar(byte)) : "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }.joined()
            base = "http+unix://\(encoded)"
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func close() async throws { try await client.shutdown() }

    func get<Shown: Documented>(_ path: String, as type: Shown.Type, query: [(String, String?)] = []) async throws -> Answer<Shown> {
        try decode(try await send(.GET, path + Self.query(query), body: nil as Nothing?), as: type)
    }

    func send<Body: Documented, Shown: Documented>(_ method: HTTPVerb, _ path: String, _ body: Body, as type: Shown.Type) async throws -> Answer<Shown> {
        try decode(try await send(method, path, body: body), as: type)
    }

    func send<Shown: Documented>(_ method: HTTPVerb, _ path: String, as type: Shown.Type) async throws -> Answer<Shown> {
        try decode(try await send(method, path, body: nil as Nothing?), as: type)
    }

    private func decode<Shown: Documented>(_ body: ByteBuffer, as type: Shown.Type) throws -> Answer<Shown> {
        do {
            return Answer(value: try JSONDecoder().decode(type, from: Data(body.readableBytesView)), text: String(buffer: body))
        } catch {
            throw Trouble(
                .failed, "the answer of \(place) is not understood", remedy: "is podp as new as the coordinator? compare 'podp --version' with 'podp status'")
        }
    }

    private func request(_ method: HTTPVerb, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "podp/\(Release.version)")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        return request
    }

    private func send(_ method: HTTPVerb, _ path: String, body: (some Documented)?) async throws -> ByteBuffer {
        guard !path.hasSuffix("/"), !path.contains("//") else {
            throw Trouble(.usage, "a name is empty", remedy: "name what the command is about; in a script: is the variable set?")
        }
        var request = request(method, path)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        }
        let response: HTTPClientResponse
        let bytes: ByteBuffer
        do {
            response = try await client.execute(request, timeout: .seconds(90))
            bytes = try await response.body.collect(upTo: 256 << 20)
        } catch {
            throw method != .GET && Self.wasSent(error) ? lost : unreachable(error)
        }
        if response.headers.first(name: "Podp-Automation") == "frozen", !Self.saysItself.contains(where: path.hasPrefix) {
            Self.sayFrozen()
        }
        guard (200..<300).contains(Int(response.status.code)) else { throw trouble(response.status, bytes) }
        return bytes
    }

    /// What says by itself that automation is frozen.
    private static let frozenIsSaid = Mutex(false)

    /// Once, however often is asked.
    private static func sayFrozen() {
        let isFirst = frozenIsSaid.withLock { said in
            defer { said = true }
            return !said
        }
        if isFirst { Terminal.complain(Terminal.errors.yellow("automation is frozen: 'podp status' says by whom, 'podp thaw' ends it")) }
    }

    private static let saysItself = ["/v1/status", "/v1/policy", "/v1/freeze", "/v1/thaw"]

    private func trouble(_ status: HTTPResponseStatus, _ bytes: ByteBuffer) -> Trouble {
        if let fault = try? JSONDecoder().decode(Fault.self, from: Data(bytes.readableBytesView)) { return Trouble(fault) }
        return Trouble(
            .failed, "\(place) answered \(status.code) \(status.reasonPhrase), and not as podp's coordinator does", remedy: "is that the coordinator's address?"
        )
    }

    /// Whether the request may have arrived before this went wrong.
    private static func wasSent(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError {
            return [.remoteConnectionClosed, .readTimeout, .writeTimeout, .deadlineExceeded, .cancelled, .uncleanShutdown].contains(error)
        }
        if let error = error as? IOError { return error.errnoCode == ECONNRESET || error.errnoCode == EPIPE }
        return error is ChannelError
    }

    private var lost: Trouble {
        Trouble(
            .indeterminate, "\(place) was lost before it answered: it may have been begun, or not",
            remedy: "look before you try again: 'podp operations', 'podp events', 'podp domain list'")
    }

    private func unreachable(_ error: any Error) -> Trouble {
        if isSocket {
            if access(place, F_OK) == 0, access(place, W_OK) != 0 {
                return Trouble(
                    .unreachable, "you may not use \(place)", remedy: "join group podp ('sudo adduser $USER podp', then log in anew), or use sudo")
            }
            return Trouble(
                .unreachable, "no coordinator answers at \(place)",
                remedy: "start one with 'systemctl start podp-coordinator' (or try './deploy/demo'), or name another with --coordinator or $PODP_COORDINATOR")
        }
        return Trouble(
            .unreachable, "\(place) cannot be reached: \(Self.words(error))",
            remedy: "is the coordinator running, and does --ca name the authority of its certificate?")
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? HTTPClientError {
            if error == .connectTimeout { return "no connection within 5 s" }
            if error == .deadlineExceeded || error == .readTimeout { return "no answer in time" }
        }
        if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError { return "its certificate is not trusted, or it speaks no TLS" }
        return String(String(describing: error).prefix(200))
    }

    /// The lines of the audit log as they come, each event's JSON. Goes on after the coordinator was away; ends never by itself.
    func follow(query: [(String, String?)], _ take: (EventResource, String) -> Void) async throws {
        var last: String?
        var isFirst = true
        while true {
            do {
                var request = try request(.GET, "/v1/events/stream" + Self.query(query))
                if let last { request.headers.add(name: "Last-Event-ID", value: last) }
                let response = try await client.execute(request, deadline: .distantFuture)
                guard response.status == .ok else { throw trouble(response.status, try await response.body.collect(upTo: 1 << 20)) }
                isFirst = false
                var lines = LineSplitter()
                for try await part in response.body {
                    for line in lines.take(part.readableBytesView) {
                        if line.hasPrefix("id: ") { last = String(line.dropFirst(4)) }
                        guard line.hasPrefix("data: ") else { continue }
                        let text = String(line.dropFirst(6))
                        if let event = try? JSONDecoder().decode(EventResource.self, from: Data(text.utf8)) { take(event, text) }
                    }
                }
            } catch let trouble as Trouble {
                throw trouble
            } catch {
                if isFirst { throw unreachable(error) }
            }
            try await Task.sleep(for: .seconds(2))
        }
    }

    private static func query(_ pairs: [(String, String?)]) throws -> String {
        if let (name, _) = pairs.first(where: { $0.1?.isEmpty ?? false }) {
            throw Trouble(.usage, "--\(name) is empty", remedy: "leave it out, or name one; in a script: is the variable set?")
        }
        let given = pairs.compactMap { name, value in value.map { "\(name)=\(segment($0))" } }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }

    /// Text as one segment of a path, or as a value of a query.
    static func segment(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(UnicodeScalar(byte))
            default: encoded += "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}

/// Lines out of parts; a line of more than a megabyte is given up.
struct LineSplitter {
    private var rest: [UInt8] = []

    mutating func take(_ part: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in part {
            if byte == UInt8(ascii: "\n") {
                lines.append(String(decoding: rest, as: UTF8.self))
                rest.removeAll(keepingCapacity: true)
            } else if rest.count < 1 << 20 {
                rest.append(byte)
            }
        }
        return lines
    }
}
