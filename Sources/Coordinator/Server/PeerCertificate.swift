import Foundation
import PodpModel
import SwiftASN1
import X509

/// A certificate that a peer showed and proved to have the key of, and that this coordinator's authority issued to a blade.
struct PeerCertificate: Sendable, Hashable {
    var blade: BladeID
    /// Lower-case hexadecimal.
    var serial: String
    var notBefore: WallTime
    var notAfter: WallTime
    /// The DNS names and addresses in it.
    var addresses: [String]

    enum Validity: Hashable, Sendable { case valid, expired, notYet }

    func validity(at now: WallTime) -> Validity {
        if now < notBefore { return .notYet }
        return now > notAfter ? .expired : .valid
    }
}

extension CertificateAuthority {
    /// Whose certificate this is. Time is not judged here: an expired one may still renew. Throws `.certificate` saying why it is not accepted.
    func blade(ofDER der: [UInt8]) throws(ServerError) -> PeerCertificate {
        func refuse(_ what: String) -> ServerError { ServerError(.certificate, what, remedy: "enrol the blade here: podp-agent enrol TOKEN") }
        guard der.count <= 16 << 10, let peer = try? X509.Certificate(derEncoded: der) else { throw refuse("the peer's certificate cannot be read") }
        guard peer.issuer == certificate.subject, peer.signatureAlgorithm == .ecdsaWithSHA256,
            certificate.publicKey.isValidSignature(peer.signature, for: peer)
        else { throw refuse("the peer's certificate is of another authority: \(peer.issuer)") }
        guard let usage = try? peer.extensions.extendedKeyUsage, usage.contains(.clientAuth),
            let constraints = try? peer.extensions.basicConstraints, constraints == .notCertificateAuthority,
            let names = try? peer.extensions.subjectAlternativeNames
        else { throw refuse("the peer's certificate is not one for a blade") }
        let uris = names.compactMap { name -> String? in if case .uniformResourceIdentifier(let uri) = name { uri } else { nil } }
        guard uris.count == 1, let uri = uris.first, uri.hasPrefix(Names.bladePrefix), let id = ID128(uri.dropFirst(Names.bladePrefix.count)) else {
            throw refuse("the peer's certificate names no blade")
        }
        return PeerCertificate(
            blade: BladeID(id), serial: Hexadecimal.encode(peer.serialNumber.bytes), notBefore: Self.wall(peer.notValidBefore),
            notAfter: Self.wall(peer.notValidAfter), addresses: names.compactMap(Names.text))
    }
}
