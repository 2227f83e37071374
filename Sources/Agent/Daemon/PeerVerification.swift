import NIOSSL
import Synchronization

/// Whether the other end of a connection is the coordinator: its certificate comes from the pinned authority and names `podp://coordinator`.
///
/// TLS itself proves that the peer has the certificate's key. Validity in time is not judged: a blade's clock may be off, and a
/// coordinator renews its own certificate. Blocks (openssl), but not twice for one certificate.
final class PeerVerification: Sendable {
    enum Trust: Sendable {
        /// A file of authorities, from enrolment.
        case authorities(file: String)
        /// The SHA-256 of the authority's certificate, from a token; the peer shows the certificate itself, which is kept in `file`.
        case hash([UInt8], file: String)
    }

    private struct State {
        var verified: [UInt8] = []
        var refusal: String?
    }

    private let trust: Trust
    private let state = Mutex(State())

    init(_ trust: Trust) { self.trust = trust }

    /// Why the last peer was refused.
    var refusal: String? { state.withLock { $0.refusal } }

    func isGood(_ chain: [NIOSSLCertificate]) -> Bool {
        do throws(AgentFailure) {
            let refusal = try judge(chain)
            state.withLock { $0.refusal = refusal }
            return refusal == nil
        } catch {
            state.withLock { $0.refusal = error.description }
            return false
        }
    }

    private func judge(_ chain: [NIOSSLCertificate]) throws(AgentFailure) -> String? {
        guard let leaf = chain.first, let der = try? leaf.toDERBytes() else { return "it showed no certificate" }
        guard leaf.uris.contains(Identity.coordinatorName) else { return "its certificate is not a coordinator's" }
        if state.withLock({ $0.verified == der }) { return nil }
        let file: String
        switch trust {
        case .authorities(let known): file = known
        case .hash(let hash, let candidate):
            let authority = chain.lazy.compactMap { try? $0.toDERBytes() }.first { SHA256.hash($0) == hash }
            guard let authority else {
                return "it does not show the authority that the token names: the token is another coordinator's, or somebody stands between"
            }
            try StateFolder.write(Array(Encoding.pem(certificate: authority).utf8), to: candidate)
            file = candidate
        }
        if let refusal = try OpenSSL.refusal(of: Encoding.pem(certificate: der), authorities: file, purpose: "sslserver") {
            return "its certificate is not from the trusted authority (\(refusal))"
        }
        state.withLock { $0.verified = der }
        return nil
    }
}
