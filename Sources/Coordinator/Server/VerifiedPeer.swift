import NIOSSL

/// The verdict on one connection's client certificate. Written in TLS' callback and read after the handshake, both on the channel's event loop.
final class VerifiedPeer {
    private let authority: CertificateAuthority
    private(set) var peer: PeerCertificate?
    /// Why the certificate that was shown is not accepted.
    private(set) var refusal: ServerError?

    init(authority: CertificateAuthority) { self.authority = authority }

    /// Accepts what this authority issued to a blade, expired or not; TLS itself proves that the peer has the key.
    func judge(_ chain: [NIOSSLCertificate]) -> NIOSSLVerificationResult {
        do {
            guard let leaf = chain.first else { throw ServerError(.certificate, "the peer showed an empty certificate chain", remedy: "") }
            peer = try authority.blade(ofDER: leaf.toDERBytes())
            return .certificateVerified
        } catch {
            refusal = error as? ServerError ?? ServerError(.certificate, "\(error)", remedy: "")
            return .failed
        }
    }
}
