import Crypto
import Foundation
import PodpModel
import SwiftASN1
import X509

/// A certificate revocation list (RFC 5280, section 5), for the blades' libvirtd, which talk to each other without the coordinator.
///
/// It does not run out before the authority does: a list that has run out would stop every migration of a fleet whose coordinator was away,
/// and what it says is not less true then.
struct RevocationList {
    /// Serial numbers, most significant byte first.
    var serials: [[UInt8]]
    var issuer: DistinguishedName
    var issuerKeyIdentifier: ArraySlice<UInt8>
    var thisUpdate: Date
    var nextUpdate: Date
    /// Grows with every list (5.2.3).
    var number: Int64

    /// Signed with the authority's key, PEM.
    func pem(signedWith key: P256.Signing.PrivateKey) throws -> String {
        var body = DER.Serializer()
        try body.appendConstructedNode(identifier: .sequence, serialize)
        let signature = try key.signature(for: body.serializedBytes)
        var list = DER.Serializer()
        try list.appendConstructedNode(identifier: .sequence) { coder in
            coder.serializeRawBytes(body.serializedBytes)
            try Self.appendAlgorithm(to: &coder)
            try coder.serialize(ASN1BitString(bytes: ArraySlice(signature.derRepresentation)))
        }
        return PEMDocument(type: "X509 CRL", derBytes: list.serializedBytes).pemString + "\n"
    }

    /// TBSCertList (5.1.2), version 2.
    private func serialize(into coder: inout DER.Serializer) throws {
        try coder.serialize(1)
        try Self.appendAlgorithm(to: &coder)
        try coder.serialize(issuer)
        try Self.append(thisUpdate, to: &coder)
        try Self.append(nextUpdate, to: &coder)
        if !serials.isEmpty {
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                for serial in serials {
                    try coder.appendConstructedNode(identifier: .sequence) { coder in
                        // Integers are signed; a serial number is not.
                        try coder.serialize(ArraySlice((serial.first.map { $0 & 0x80 != 0 } ?? true) ? [0] + serial : serial))
                        try Self.append(thisUpdate, to: &coder)
                    }
                }
            }
        }
        try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { coder in
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                try Self.append(.authorityKeyIdentifier, to: &coder) { coder in
                    coder.appendConstructedNode(identifier: .sequence) { coder in
                        coder.appendPrimitiveNode(identifier: .init(tagWithNumber: 0, tagClass: .contextSpecific)) {
                            $0.append(contentsOf: issuerKeyIdentifier)
                        }
                    }
                }
                try Self.append(.cRLNumber, to: &coder) { try $0.serialize(number) }
            }
        }
    }

    /// AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758, 3.2): no parameters.
    private static func appendAlgorithm(to coder: inout DER.Serializer) throws {
        try coder.appendConstructedNode(identifier: .sequence) { try $0.serialize(ASN1ObjectIdentifier.ecdsaWithSHA256) }
    }

    private static func append(_ extensionID: ASN1ObjectIdentifier, to coder: inout DER.Serializer, value: (inout DER.Serializer) throws -> Void) throws {
        var content = DER.Serializer()
        try value(&content)
        try coder.appendConstructedNode(identifier: .sequence) { coder in
            try coder.serialize(extensionID)
            try coder.serialize(ASN1OctetString(contentBytes: ArraySlice(content.serializedBytes)))
        }
    }

    /// UTCTime until 2049, GeneralizedTime from 2050 on (5.1.2.4).
    private static func append(_ date: Date, to coder: inout DER.Serializer) throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        let (year, month, day) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
        let (hour, minute, second) = (parts.hour ?? 0, parts.minute ?? 0, parts.second ?? 0)
        if year < 2050 {
            try coder.serialize(UTCTime(year: year, month: month, day: day, hours: hour, minutes: minute, seconds: second))
        } else {
            try coder.serialize(GeneralizedTime(year: year, month: month, day: day, hours: hour, minutes: minute, seconds: second, fractionalSeconds: 0))
        }
    }
}

extension ASN1ObjectIdentifier {
    fileprivate static let ecdsaWithSHA256: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
    fileprivate static let authorityKeyIdentifier: ASN1ObjectIdentifier = [2, 5, 29, 35]
    fileprivate static let cRLNumber: ASN1ObjectIdentifier = [2, 5, 29, 20]
}

extension CertificateAuthority {
    /// The most serial numbers that fit a message to an agent.
    static let longestRevocationList = 500

    /// A list of these certificates (serials in hexadecimal), PEM; what is no serial number is left out. Throws `.certificate`.
    public func revocationList(of serials: [String], now: WallTime) throws(ServerError) -> String {
        do {
            return try RevocationList(
                serials: serials.prefix(Self.longestRevocationList).compactMap { Hexadecimal.decode($0) }, issuer: certificate.subject,
                issuerKeyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier,
                thisUpdate: Self.date(now) - lifetimes.backdate.inSeconds, nextUpdate: certificate.notValidAfter, number: now.milliseconds
            ).pem(signedWith: key)
        } catch {
            throw ServerError(.certificate, "the list of revoked certificates could not be made: \(error)", remedy: "report this as a bug of podp")
        }
    }
}
