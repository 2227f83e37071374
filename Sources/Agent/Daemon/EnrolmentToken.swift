import PodpModel

/// What `podp blade token` printed: where the coordinator is, which authority to trust, and one secret. `podp1.` and base64url of
///
///     1 byte    version, 1
///     32 bytes  SHA-256 of the authority's certificate (DER)
///     8 bytes   expiry, milliseconds since 1970 (UTC), big-endian
///     1 byte    the secret's length, then the secret
///     1 byte    the number of addresses, then each: 2 bytes length (big-endian), UTF-8 `host:port`
struct EnrolmentToken: Hashable, Sendable {
    static let prefix = "podp1."

    var authorityHash: [UInt8]
    var expires: WallTime
    var secret: [UInt8]
    var addresses: [String]

    /// Throws `usage`, saying what is wrong with the text.
    init(_ text: String) throws(AgentFailure) {
        func refuse(_ what: String) -> AgentFailure {
            AgentFailure(.usage, "this is no enrolment token: \(what)", remedy: "copy the whole line that `podp blade token` printed, or make a new one")
        }
        let token = text.filter { !$0.isWhitespace }
        guard token.utf8.count <= 16 << 10 else { throw refuse("it is longer than 16 KiB") }
        guard token.hasPrefix(Self.prefix) else { throw refuse("it does not begin with '\(Self.prefix)'") }
        guard let bytes = Encoding.decodeBase64URL(token.dropFirst(Self.prefix.count)) else {
            throw refuse("it holds a character that no token has, or is cut")
        }
        var rest = bytes[...]
        func take(_ count: Int) throws(AgentFailure) -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw refuse("it ends too early") }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number(_ count: Int) throws(AgentFailure) -> UInt64 { try take(count).reduce(0) { $0 << 8 | UInt64($1) } }
        let version = try number(1)
        guard version == 1 else { throw refuse("it is of version \(version), which this agent does not know") }
        authorityHash = Array(try take(32))
        expires = WallTime(milliseconds: Int64(bitPattern: try number(8)))
        secret = Array(try take(Int(try number(1))))
        guard !secret.isEmpty else { throw refuse("it holds no secret") }
        addresses = []
        for _ in 0..<(try number(1)) {
            guard let address = String(validating: try take(Int(try number(2))), as: UTF8.self) else { throw refuse("an address is not in UTF-8") }
            guard Address(address) != nil else { throw refuse("'\(address)' is no host:port") }
            addresses.append(address)
        }
        guard rest.isEmpty else { throw refuse("\(rest.count) bytes stand after its end") }
        guard !addresses.isEmpty else { throw refuse("it holds no address") }
    }
}

/// `host:port`, an IPv6 host in brackets.
struct Address: Hashable, Sendable {
    var host: String
    var port: Int

    init?(_ text: String) {
        guard text.utf8.count <= 300, let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "\0" || $0 == "/" }) else { return nil }
        self.host = String(host)
        self.port = port
    }
}
