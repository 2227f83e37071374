import AsyncHTTPClient
import Crypto
import FoundationEssentials
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Speaks HTTP to one Redfish service, one request at a time, bounded in time and size.
actor RedfishClient {
    struct Reply: Sendable {
        var status: Int
        var node: RedfishNode
        var etag: String?
        var location: String?
        var token: String?
    }

    nonisolated let place: String
    private let url: ChassisURL
    private let password: String?
    private let pin: CertificatePin?
    private let client: HTTPClient
    private var scheme: String
    private var token: String?
    /// Where the session is, to be given back.
    private var session: String?
    private var mayTrySession = true
    private var mayTryPlain: Bool
    private let timeout: Int64
    private let turn = Turn()
    private(set) var requestCount: UInt64 = 0
    /// A refused login, and until when it is not tried again: failed logins lock accounts.
    private var denied: (error: ChassisError, until: ContinuousClock.Instant)?

    /// Throws `.configuration`.
    init(_ url: ChassisURL, _ secrets: ChassisSecrets) throws(ChassisError) {
        self.url = url
        place = url.place
        password = secrets.password
        let pin = try url.parameters["pin"].map { text throws(ChassisError) in try CertificatePin(text) }
        self.pin = pin
        var isPlain = false
        switch url.parameters["tls"]?.lowercased() {
        case nil, "on": break
        case "off": isPlain = true
        case let other?: throw ChassisError(.configuration, "tls is on or off, not '\(other)'")
        }
        if isPlain && pin != nil { throw ChassisError(.configuration, "without TLS there is no certificate to pin") }
        scheme = isPlain ? "http" : "https"
        let timeout = url.parameters["timeout"].flatMap { Int64($0) }.map { min(max($0, 100), 60_000) } ?? 10_000
        self.timeout = timeout
        // On this machine itself nobody listens between: a service without TLS there is spoken to as it is.
        mayTryPlain = !isPlain && pin == nil && url.parameters["tls"] == nil && Self.isHere(url.host)
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .milliseconds(min(timeout, 5000)), read: .milliseconds(timeout)))
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        // Some compress, whatever they are asked for.
        configuration.decompression = .enabled(limit: .size(16 << 20))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
        if let pin {
            // The certificate is looked at before the first request leaves; names and dates say nothing more than its fingerprint.
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            tls.minimumTLSVersion = .tlsv1
            configuration.tlsConfiguration = tls
            configuration.http1_1ConnectionDebugInitializer = { channel in pin.verify(channel) }
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// This machine, by its name or an address: names that only begin like one are not.
    private static func isHere(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// A session is given back: services have few.
    func close() async {
        if let session, token != nil { _ = try? await execute(.DELETE, session, body: nil, etag: nil, within: min(timeout, 2000)) }
        token = nil
        try? await client.shutdown()
    }

    func get(_ path: String) async throws(ChassisError) -> Reply { try await send(.GET, path, body: nil, etag: nil) }

    /// Sent once. Throws `.silent` when nobody knows whether it was heard.
    func post(_ path: String, _ body: [String: String], etag: String? = nil) async throws(ChassisError) -> Reply {
        try await send(.POST, path, body: body, etag: etag)
    }

    // MARK: - Sending

    private func send(_ method: HTTPMethod, _ path: String, body: [String: String]?, etag: String?) async throws(ChassisError) -> Reply {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), path.utf8.count < 2048 else {
            throw ChassisError(.garbled, "\(place) names a resource at '\(path.prefix(80))', which is no path")
        }
        if let denied, ContinuousClock.now < denied.until { throw denied.error }
        await turn.enter()
        let reply: Result<Reply, ChassisError>
        do {
            reply = .success(try await sendInTurn(method, path, body: body, etag: etag))
        } catch {
            reply = .failure(error)
        }
        await turn.leave()
        if case .failure(let error) = reply, error.code == .denied { denied = (error, .now + ChassisError.deniedPause) }
        return try reply.get()
    }

    private func sendInTurn(_ method: HTTPMethod, _ path: String, body: [String: String]?, etag: String?) async throws(ChassisError) -> Reply {
        let reply: Reply
        do {
            reply = try await execute(method, path, body: body, etag: etag)
        } catch let failure where mayTryPlain && failure.code == .unreachable {
            // It speaks no TLS: nothing was sent yet.
            scheme = "http"
            do {
                reply = try await execute(method, path, body: body, etag: etag)
            } catch {
                // Whoever answered without TLS has been found; what is wrong with the answer is said.
                if error.code != .unreachable && error.code != .silent { throw error }
                scheme = "https"
                throw failure
            }
        }
        mayTryPlain = false
        guard reply.status == 401 else { return reply }
        token = nil
        guard mayTrySession, let user = url.user, let password else {
            throw ChassisError(
                .denied, "\(place) wants a login\(password == nil ? "" : " and refuses this one")",
                remedy: password == nil
                    ? "redfish://USER@\(place), and the password in the file of --secrets or in PODP_CHASSIS_PASSWORD" : "check the user and the password")
        }
        // Once: failed logins lock accounts.
        mayTrySession = false
        let login = try await execute(.POST, "/redfish/v1/SessionService/Sessions", body: ["UserName": user, "Password": password], etag: nil, anonymous: true)
        guard (200..<300).contains(login.status), let fresh = login.token else {
            throw ChassisError(.denied, "\(place) refuses the login", remedy: "check the user and the password")
        }
        token = fresh
        session = Self.path(of: login.location)
        let again = try await execute(method, path, body: body, etag: etag)
        if again.status == 401 { throw ChassisError(.denied, "\(place) refuses the login", remedy: "check the user's rights") }
        mayTrySession = true
        return again
    }

    /// `limit`: milliseconds that it may take, if not the client's own.
    private func execute(
        _ method: HTTPMethod, _ path: String, body: [String: String]?, etag: String?, anonymous: Bool = false, within limit: Int64? = nil
    ) async throws(ChassisError) -> Reply {
        let timeout = limit ?? timeout
        requestCount &+= 1
        var request = HTTPClientRequest(url: "\(scheme)://\(place)\(path)")
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "OData-Version", value: "4.0")
        if let etag { request.headers.add(name: "If-Match", value: etag) }
        if !anonymous {
            if let token {
                request.headers.add(name: "X-Auth-Token", value: token)
            } else if let user = url.user, let password {
                request.headers.add(name: "Authorization", value: "Basic " + Data("\(user):\(password)".utf8).base64EncodedString())
            }
        }
        if let body {
            guard let json = try? JSONEncoder().encode(body) else { throw ChassisError(.garbled, "a request for \(place) cannot be written") }
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: json))
        }
        do {
            let began = ContinuousClock.now
            let response = try await client.execute(request, timeout: .milliseconds(timeout))
            let bytes = try await wholeBody(of: response, until: began + .milliseconds(timeout))
            let node = RedfishNode(json: Array(bytes.readableBytesView))
            guard node != nil || bytes.readableBytes == 0 || !(200..<300).contains(Int(response.status.code)) else {
                throw ChassisError(.garbled, "\(place) answers \(path) with what is no JSON")
            }
            return Reply(
                status: Int(response.status.code), node: node ?? .null, etag: response.headers.first(name: "ETag"),
                location: response.headers.first(name: "Location"), token: response.headers.first(name: "X-Auth-Token"))
        } catch let error as ChassisError {
            throw error
        } catch {
            throw await trouble(error)
        }
    }

    /// All of it in time: a service that sends a byte now and then would hold whoever waits for it.
    private func wholeBody(of response: HTTPClientResponse, until end: ContinuousClock.Instant) async throws -> ByteBuffer {
        try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask { try await response.body.collect(upTo: 4 << 20) }
            group.addTask {
                try await Task.sleep(until: end, clock: .continuous)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() else { throw HTTPClientError.cancelled }
            return bytes
        }
    }

    /// A `Location` may be a whole URL.
    private static func path(of location: String?) -> String? {
        guard let location else { return nil }
        guard let scheme = location.firstRange(of: "://") else { return location.hasPrefix("/") ? location : nil }
        return location[scheme.upperBound...].firstIndex(of: "/").map { String(location[$0...]) }
    }

    private func trouble(_ error: any Error) async -> ChassisError {
        if let mismatch = error as? CertificatePin.Mismatch {
            return ChassisError(
                .untrusted, "\(place) has another certificate than the pinned one: sha256:\(mismatch.fingerprint)",
                remedy: "if its certificate was renewed, pin the new one; if not, somebody stands between")
        }
        if let error = error as? HTTPClientError, error == .deadlineExceeded || error == .readTimeout {
            return ChassisError(.silent, "no answer from \(place) in \(timeout) ms", remedy: "is it the right address, and is the service well?")
        }
        if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
            guard pin == nil, let fingerprint = await CertificatePin.fingerprint(of: url) else {
                return ChassisError(.unreachable, "\(place) speaks no TLS that podp speaks", remedy: "?tls=off where the network is closed and it has none")
            }
            return ChassisError(
                .untrusted, "the certificate of \(place) is not signed by anybody this machine trusts",
                remedy: "compare its fingerprint at the device, then pin it: ?pin=sha256:\(fingerprint)")
        }
        if let error = error as? HTTPClientError, error == .connectTimeout {
            return ChassisError(.silent, "no connection to \(place) in time", remedy: "check the address, the port and the route to it")
        }
        if error is NIOConnectionError || error is IOError || error is HTTPClientError {
            return ChassisError(.silent, "\(place) cannot be reached: \(String(describing: error).prefix(160))", remedy: "check the address and the port")
        }
        return ChassisError(.silent, "\(place): \(String(describing: error).prefix(160))")
    }
}

/// A certificate by its fingerprint, or by its key's: SHA-256, hexadecimal (with or without colons) or base64.
struct CertificatePin: Hashable, Sendable {
    struct Mismatch: Error {
        var fingerprint: String
    }

    let digest: [UInt8]

    init(_ text: String) throws(ChassisError) {
        let wrong = ChassisError(
            .configuration, "pin=\(text) is no fingerprint",
            remedy: "pin=sha256:… as 'openssl x509 -noout -fingerprint -sha256' prints it")
        guard text.lowercased().hasPrefix("sha256:") else { throw wrong }
        let body = text.dropFirst("sha256:".count)
        let digits = body.filter { $0 != ":" }
        if digits.count == 64, digits.allSatisfy(\.isHexDigit) {
            var bytes: [UInt8] = []
            var rest = digits[...]
            while let byte = UInt8(rest.prefix(2), radix: 16) {
                bytes.append(byte)
                rest = rest.dropFirst(2)
            }
            digest = bytes
        } else if let data = Data(base64Encoded: String(body)), data.count == 32 {
            digest = Array(data)
        } else {
            throw wrong
        }
    }

    func matches(_ certificate: NIOSSLCertificate) -> Bool {
        if let whole = try? certificate.toDERBytes(), Array(SHA256.hash(data: whole)) == digest { return true }
        if let key = try? certificate.extractPublicKey().toSPKIBytes(), Array(SHA256.hash(data: key)) == digest { return true }
        return false
    }

    /// After the handshake, before anything is sent: another certificate closes the connection.
    func verify(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
            guard let certificate, matches(certificate) else { throw Mismatch(fingerprint: certificate.map(Self.fingerprint) ?? "none") }
        }.flatMapError { error in
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    static func fingerprint(_ certificate: NIOSSLCertificate) -> String {
        let digest = (try? certificate.toDERBytes()).map { Array(SHA256.hash(data: $0)) } ?? []
        return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// What a service shows to whoever connects; sends nothing. `nil`: it speaks no TLS.
    static func fingerprint(of url: ChassisURL) async -> String? {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        tls.minimumTLSVersion = .tlsv1
        let seen = NIOLockedValueBox<String?>(nil)
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(3), read: .seconds(3)))
        configuration.tlsConfiguration = tls
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
                let fingerprint = certificate.map(fingerprint)
                seen.withLockedValue { $0 = fingerprint }
                throw Mismatch(fingerprint: fingerprint ?? "none")
            }.flatMapError { error in
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        _ = try? await client.execute(HTTPClientRequest(url: "https://\(url.place)/redfish/v1/"), timeout: .seconds(5))
        try? await client.shutdown()
        return seen.withLockedValue { $0 }
    }
}
