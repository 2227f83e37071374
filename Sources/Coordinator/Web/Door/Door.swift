import FoundationEssentials
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import PodpAPI
import PodpCore
import PodpModel

/// How callers of a listener are known.
enum Door: Sendable {
    /// Everybody who may open the socket operates; the kernel says who it is.
    case unixSocket(PeerNames)
    /// Bearer tokens.
    case tokens
}

extension Door {
    /// Who calls. Throws `unauthenticated` when nobody can tell.
    func caller(_ headers: HTTPFields, channel: any Channel, fleet: any Fleet, now: WallTime) async throws -> Actor {
        switch self {
        case .unixSocket(let names):
            guard let uid = await PeerCredential.uid(of: channel) else { throw Fault(.unauthenticated, "the kernel does not say who is at the socket") }
            return Actor(name: await names.name(uid: uid), mayOperate: true)
        case .tokens:
            guard let header = headers[.authorization] else {
                throw Fault(
                    .unauthenticated, "no token", remedy: "send 'Authorization: Bearer TOKEN'; make one with 'podp token create' on the coordinator's host")
            }
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer", let token = BearerToken(String(parts[1])) else {
                throw Fault(.unauthenticated, "the Authorization header has no bearer token of podp", remedy: "send 'Authorization: Bearer podp_…'")
            }
            guard let known = token.find(in: await fleet.apiTokens(), now: now) else {
                throw Fault(.unauthenticated, "the token is unknown, revoked or expired", remedy: "make a new one with 'podp token create'")
            }
            return Actor(name: "token \(known.name)", mayOperate: known.role == .operate)
        }
    }
}

/// The wall clock.
func wallTimeNow() -> WallTime {
    WallTime(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded()))
}

extension ID128 {
    /// 122 random bits as a UUID of version 4 (RFC 9562).
    static func random() -> ID128 {
        var generator = SystemRandomNumberGenerator()
        let high: UInt64 = generator.next()
        let low: UInt64 = generator.next()
        return ID128(high: high & ~0xF000 | 0x4000, low: low & ~(3 << 62) | 1 << 63)
    }
}
