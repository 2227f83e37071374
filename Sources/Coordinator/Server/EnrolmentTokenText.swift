import Crypto
import PodpModel

/// An enrolment token as people carry it from the coordinator to a blade: `podp1.` and base64url (no padding) of
///
///     1 byte    version, 1
///     32 bytes  SHA-256 of the CA certificate's DER
///     8 bytes   expiry, milliseconds since 1970 (UTC), big-endian
///     1 byte    the secret's length, then the secret
///     1 byte    the number of addresses, then each: 2 bytes length (big-endian), UTF-8 `host:port`
public struct EnrolmentTokenText: Hashable, Sendable {
    public static let prefix = "podp1."
    public static let secretLength = 32

    /// SHA-256 of the CA certificate's DER: the blade trusts no other.
    public var authorityHash: [UInt8]
    public var expires: WallTime
    public var secret: [UInt8]
    /// `host:port`, IPv6 in brackets; tried in order.
    public var addresses: [String]

    /// With a new secret from the system's random numbers. Throws `.token` when an address cannot be carried.
    public init(authorityHash: [UInt8], expires: WallTime, addresses: [String]) throws(ServerError) {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<Self.secretLength).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try self.init(authorityHash: authorityHash, expires: expires, secret: secret, addresses: addresses)
    }

    public init(authorityHash: [UInt8], expires: WallTime, secret: [UInt8], addresses: [String]) throws(ServerError) {
        func refuse(_ what: String) -> ServerError { ServerError(.token, "no token can be made: \(what)", remedy: "give one to 255 addresses as host:port") }
        guard authorityHash.count == 32 else { throw refuse("the authority's hash has \(authorityHash.count) bytes, not 32") }
        guard (1...255).contains(secret.count) else { throw refuse("the secret has \(secret.count) bytes") }
        guard (1...255).contains(addresses.count) else { throw refuse("there are \(addresses.count) addresses") }
        for address in addresses {
            guard Self.isAddress(address) else { throw refuse("'\(address)' is no host:port") }
        }
        self.authorityHash = authorityHash
        self.expires = expires
        self.secret = secret
        self.addresses = addresses
    }

    /// The secret as `AgentMessage.enrol` carries it: lower-case hexadecimal.
    public var secretText: String { Hexadecimal.encode(secret) }

    /// SHA-256 of the secret, as the coordinator keeps it: lower-case hexadecimal.
    public var secretHash: String { Hexadecimal.encode(SHA256.hash(data: secret)) }

    /// `secretHash` of a secret that came as `secretText`. `nil` when it is no hexadecimal.
    public static func secretHash(ofText text: String) -> String? {
        guard text.utf8.count <= 510, let secret = Hexadecimal.decode(text), !secret.isEmpty else { return nil }
        return Hexadecimal.encode(SHA256.hash(data: secret))
    }

    public func encoded() -> String {
        var bytes: [UInt8] = [1]
        bytes += authorityHash
        let expiry = UInt64(bitPattern: expires.milliseconds)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: expiry >> UInt64(shift))) }
        bytes.append(UInt8(truncatingIfNeeded: secret.count))
        bytes += secret
        bytes.append(UInt8(truncatingIfNeeded: addresses.count))
        for address in addresses {
            let length = address.utf8.count
            bytes.append(UInt8(truncatingIfNeeded: length >> 8))
            bytes.append(UInt8(truncatingIfNeeded: length))
            bytes += Array(address.utf8)
        }
        return Self.prefix + Base64URL.encode(bytes)
    }

    /// Reads what `encoded` wrote; white space around it is ignored. Throws `.token` that says what is wrong.
    public init(decoding text: String) throws(ServerError) {
        func refuse(_ what: String) -> ServerError {
            ServerError(.token, "this is no enrolment token: \(what)", remedy: "copy the whole line that `podp blade token` printed, or make a new one")
        }
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        let token = String(trimmed)
        guard token.utf8.count <= 16 << 10 else { throw refuse("it is longer than 16 KiB") }
        guard token.hasPrefix(Self.prefix) else { throw refuse("it does not begin with '\(Self.prefix)'") }
        guard let bytes = Base64URL.decode(token.dropFirst(Self.prefix.count)) else { throw refuse("it holds a character that no token has, or is cut") }
        var rest = bytes[...]
        func take(_ count: Int) throws(ServerError) -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw refuse("it ends too early") }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func byte() throws(ServerError) -> Int { Int(try take(1).first ?? 0) }
        let version = try byte()
        guard version == 1 else { throw refuse("it is of version \(version), which this podp does not know") }
        let hash = Array(try take(32))
        let expiry = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let secret = Array(try take(try byte()))
        var addresses: [String] = []
        for _ in 0..<(try byte()) {
            let length = try byte() << 8 | byte()
            guard let address = String(validating: try take(length), as: UTF8.self) else { throw refuse("an address is not in UTF-8") }
            addresses.append(address)
        }
        guard rest.isEmpty else { throw refuse("there are \(rest.count) bytes after its end") }
        do {
            try self.init(authorityHash: hash, expires: WallTime(milliseconds: Int64(bitPattern: expiry)), secret: secret, addresses: addresses)
        } catch {
            throw refuse(error.message)
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= 300, let colon = text.lastIndex(of: ":") else { return false }
        let host = text[..<colon]
        guard !host.isEmpty, let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return false }
        if host.hasPrefix("[") { return host.hasSuffix("]") && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        return !host.contains(":") && host.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}
