/// Where a chassis is and how it is spoken to:
///
///     amm+snmpv1://COMMUNITY@HOST[:161]
///     amm+snmpv3://USER@HOST[:161][?auth=sha|md5|none&priv=aes|des|none]
///     redfish://USER@HOST[:443][?pin=sha256:FINGERPRINT][&tls=off]
///     pdu+snmpv1://COMMUNITY@HOST[:161]?outlets=3,4[&also=HOST:PORT/5,6][&profile=NAME]   (pdu+snmpv3 likewise)
///     pdu+snmpv1://COMMUNITY@HOST[:161]?bay1=3,4&bay2=5,6[&also1=HOST:PORT/3,4][&profile=NAME]
///     simulated[://HOST]
///
/// More of AMM's: `console=USER@HOST:PORT` for its command line where that is not USERID on the same host. No secret stands in a URL, but for
/// v1's community, which is no secret on the wire either.
public struct ChassisURL: Hashable, Sendable, CustomStringConvertible {
    public enum Scheme: String, Hashable, Sendable, CaseIterable {
        case ammV1 = "amm+snmpv1"
        case ammV3 = "amm+snmpv3"
        case redfish
        case pduV1 = "pdu+snmpv1"
        case pduV3 = "pdu+snmpv3"
        case simulated

        /// Of single bays.
        fileprivate static let outlets = Set((1...14).flatMap { ["bay\($0)", "also\($0)"] })

        var port: UInt16 { self == .redfish ? 443 : 161 }
        /// Parameters that it knows; another one is a mistake that would otherwise stay silent.
        var parameters: Set<String> {
            switch self {
            case .ammV1: ["console", "timeout"]
            case .ammV3: ["auth", "priv", "console", "timeout"]
            case .redfish: ["pin", "tls", "timeout"]
            case .pduV1: Self.outlets.union(["outlets", "also", "profile", "timeout"])
            case .pduV3: Self.outlets.union(["auth", "priv", "outlets", "also", "profile", "timeout"])
            case .simulated: ["bays"]
            }
        }
    }

    public var scheme: Scheme
    /// SNMPv1's community, else a user.
    public var user: String?
    public var host: String
    public var port: UInt16
    public var parameters: [String: String]

    /// Throws `.configuration`, saying which part is wrong.
    public init(_ text: String) throws(ChassisError) {
        func wrong(_ what: String, _ remedy: String = "") -> ChassisError {
            ChassisError(.configuration, "the chassis' URL '\(Self.redacted(text))': \(what)", remedy: remedy)
        }
        let known = Scheme.allCases.map { $0 == .simulated ? $0.rawValue : "\($0.rawValue)://" }.joined(separator: ", ")
        var rest = text[...]
        var name = rest
        if let colon = rest.firstRange(of: "://") {
            name = rest[..<colon.lowerBound]
            rest = rest[colon.upperBound...]
        } else {
            rest = ""
        }
        guard let scheme = Scheme(rawValue: name.lowercased()) else { throw wrong("it begins with none of \(known)") }
        self.scheme = scheme
        var query: Substring = ""
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        if rest.last == "/" { rest = rest.dropLast() }
        user = nil
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at]
            rest = rest[rest.index(after: at)...]
            if scheme != .ammV1 && scheme != .pduV1, login.contains(":") {
                throw wrong("it carries a password", "put it into a file that only you can read, and name the file with --secrets")
            }
            guard let plain = Self.unescaped(login), !plain.isEmpty else { throw wrong("the user is empty or wrongly escaped") }
            user = plain
        }
        guard !rest.contains("/") else { throw wrong("it has a path") }
        var digits: Substring?
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw wrong("the address lacks its ']'") }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { throw wrong("after the address comes ':' and a port, or nothing") }
            if !after.isEmpty { digits = after.dropFirst() }
        } else if let colon = rest.lastIndex(of: ":") {
            host = String(rest[..<colon])
            digits = rest[rest.index(after: colon)...]
        } else {
            host = String(rest)
        }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), host.utf8.count <= 253 else { throw wrong("the host has characters that no host has") }
        guard !host.isEmpty || scheme == .simulated else { throw wrong("it names no host", "like \(scheme.rawValue)://USER@192.168.70.125") }
        guard !host.contains(":") || rest.first == "[" else { throw wrong("an IPv6 address stands in brackets") }
        port = scheme.port
        if let digits {
            guard let number = UInt16(digits), number > 0 else { throw wrong("'\(digits)' is no port") }
            port = number
        }
        parameters = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = Self.unescaped(parts[1]) else { throw wrong("'\(pair)' is no NAME=VALUE") }
            let key = parts[0].lowercased()
            guard scheme.parameters.contains(key) else {
                let isPDU = scheme == .pduV1 || scheme == .pduV3
                let known = scheme.parameters.filter { !Scheme.outlets.contains($0) }.sorted() + (isPDU ? ["bayN", "alsoN"] : [])
                throw wrong("\(scheme.rawValue) knows no '\(key)'", "it knows \(known.joined(separator: ", "))")
            }
            parameters[key] = value
        }
    }

    /// Without v1's community.
    public var description: String {
        var text = scheme.rawValue
        if scheme == .simulated && host.isEmpty { return text }
        text += "://"
        if let user, scheme != .ammV1, scheme != .pduV1 { text += "\(user)@" }
        return text + place
    }

    /// `HOST:PORT`.
    public var place: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    private static func redacted(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://"), let at = text.lastIndex(of: "@"), at > scheme.upperBound else { return text }
        return text[..<scheme.upperBound] + "…" + text[at...]
    }

    /// `%40` to `@`, and so on; `nil` when it is not well-formed.
    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0 else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
