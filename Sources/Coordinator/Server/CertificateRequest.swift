import Crypto
import SwiftASN1
import X509

/// Blades' certificate requests (PKCS#10, PEM). Only the key is taken from them.
enum CertificateRequest {
    static let maximumBytes = 16 << 10
    static let smallestRSA = 2048
    static let largestRSA = 8192

    /// The request's key, when the request is signed with it and the key is good enough: P-256, or RSA from 2048 bits. Throws `.certificate`.
    static func publicKey(of request: String) throws(ServerError) -> X509.Certificate.PublicKey {
        func refuse(_ what: String) -> ServerError {
            ServerError(.certificate, "the certificate request was refused: \(what)", remedy: "make one with a P-256 key, as `podp-agent enrol` does")
        }
        guard request.utf8.count <= maximumBytes else { throw refuse("it is longer than \(maximumBytes >> 10) KiB") }
        let parsed: CertificateSigningRequest
        do {
            parsed = try CertificateSigningRequest(pemEncoded: request)
        } catch {
            throw refuse("it is no PEM certificate request that can be read, with a P-256 key or an RSA key of 2048 bits and more")
        }
        guard parsed.signatureAlgorithm != .sha1WithRSAEncryption else { throw refuse("it is signed with SHA-1") }
        if P256.Signing.PublicKey(parsed.publicKey) == nil {
            guard let bits = rsaBits(parsed.publicKey) else { throw refuse("its key is neither P-256 nor RSA") }
            guard (smallestRSA...largestRSA).contains(bits) else { throw refuse("its RSA key has \(bits) bits, not \(smallestRSA) to \(largestRSA)") }
        }
        guard parsed.publicKey.isValidSignature(parsed.signature, for: parsed) else { throw refuse("its signature is not that of its key") }
        return parsed.publicKey
    }

    /// The modulus' length of an RSA key (PKCS#1 `RSAPublicKey`, RFC 8017 A.1.1); `nil`: it is no RSA key.
    private static func rsaBits(_ key: X509.Certificate.PublicKey) -> Int? {
        // Only RSA has a DER structure here; an elliptic curve's point begins with 0x04 and does not parse as one.
        guard let root = try? DER.parse(Array(key.subjectPublicKeyInfoBytes)),
            let modulus = try? DER.sequence(
                root, identifier: .sequence,
                { nodes -> ArraySlice<UInt8> in
                    let modulus = try ArraySlice<UInt8>(derEncoded: &nodes)
                    _ = try ArraySlice<UInt8>(derEncoded: &nodes)
                    return modulus
                })
        else { return nil }
        let significant = modulus.drop { $0 == 0 }
        guard let first = significant.first else { return nil }
        return significant.count * 8 - first.leadingZeroBitCount
    }
}
