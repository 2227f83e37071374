import Crypto
import PodpCore
import PodpModel

/// A bearer token of the API: `podp_` and 43 characters of base64url, 256 random bits.
struct BearerToken: Sendable {
    let text: String

    /// `nil` when it cannot be a token of podp.
    init?(_ text: String) {
        guard text.utf8.count == 48, text.hasPrefix("podp_"), text.utf8.dropFirst(5).allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = text
    }

    /// A new one, from the system's randomness.
    init() {
        var generator = SystemRandomNumberGenerator()
        var text = "podp_"
        for _ in 0..<43 {
            // 6 bits a character: 258 bits.
            text.unicodeScalars.append(Unicode.Scalar(Self.alphabet[Int(generator.next() as UInt64 >> 58)]))
        }
        self.text = text
    }

    /// SHA-256 of the text, lower-case hexadecimal: what is stored.
    var hash: String { Self.hexadecimal(SHA256.hash(data: Array(text.utf8))) }

    /// The token that this is, among the known ones. Takes the same time whichever it is, and whether it is one: all are compared, to their last byte.
    func find(in known: [APIToken], now: WallTime) -> APIToken? {
        let mine = Array(hash.utf8)
        var found: APIToken?
        for token in known where Self.equal(mine, Array(token.hash.utf8)) { found = token }
        guard let found else { return nil }
        if let expires = found.expires, expires <= now { return nil }
        return found
    }

    private static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for (x, y) in zip(a, b) { difference |= x ^ y }
        return difference == 0
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
