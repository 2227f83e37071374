import Crypto
import Foundation
import PodpCore
import PodpModel
import SwiftASN1
import X509

/// podp's own certificate authority: the coordinator's certificate, the blades' certificates, and whose certificate a peer shows.
///
/// Four files in one directory: `ca.key` (0600), `ca.crt`, `server.key` (0600), `server.crt`. Keys are P-256.
public struct CertificateAuthority: Sendable {
    public struct Lifetimes: Sendable, Hashable {
        /// Ten years.
        public var authority: Duration = .seconds(3652 * 86400)
        public var server: Duration = .seconds(365 * 86400)
        public var blade: Duration = .seconds(90 * 86400)
        /// Certificates are valid from this long ago: blades' clocks differ, and libvirtd judges by its own.
        public var backdate: Duration = .seconds(86400)

        public init() {}
    }

    public let lifetimes: Lifetimes
    /// The CA certificate, PEM: what blades trust.
    public let certificatePEM: String
    let certificate: X509.Certificate
    let key: P256.Signing.PrivateKey
    private let certificateDER: [UInt8]

    /// Makes a new authority in `directory` (made with mode 0700 when missing). Throws `.file` when there is one already.
    public static func create(in directory: String, lifetimes: Lifetimes = Lifetimes(), now: WallTime) throws(ServerError) -> CertificateAuthority {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw ServerError(
                .file, "\(directory): \(String(cString: strerror(errno)))", remedy: "make its parent directory, and run this as podp-coordinator's user")
        }
        for name in ["ca.key", "ca.crt"] where FileManager.default.fileExists(atPath: "\(directory)/\(name)") {
            throw ServerError(
                .file, "\(directory)/\(name) exists: this coordinator has an authority", remedy: "use it; a new one would make every blade enrol again")
        }
        let key = P256.Signing.PrivateKey()
        do {
            let name = try DistinguishedName {
                OrganizationName("podp")
                CommonName("podp authority \(Hexadecimal.encode((0..<4).map { _ in UInt8.random(in: 0...255) }))")
            }
            let identifier = SubjectKeyIdentifier(hash: .init(key.publicKey))
            let certificate = try X509.Certificate(
                version: .v3, serialNumber: serialNumber(), publicKey: .init(key.publicKey),
                notValidBefore: date(now) - lifetimes.backdate.inSeconds, notValidAfter: date(now) + lifetimes.authority.inSeconds,
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: X509.Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    identifier
                },
                issuerPrivateKey: .init(key))
            let pem = try certificate.serializeAsPEM().pemString + "\n"
            // The key first: a crash between the two leaves a key without a certificate, which `create` reports.
            try SecretFile.write(key.pemRepresentation + "\n", to: "\(directory)/ca.key", mode: 0o600)
            try SecretFile.write(pem, to: "\(directory)/ca.crt", mode: 0o644)
            return try CertificateAuthority(key: key, certificatePEM: pem, lifetimes: lifetimes)
        } catch let error as ServerError {
            throw error
        } catch {
            throw ServerError(.certificate, "no authority could be made: \(error)", remedy: "report this as a bug of podp")
        }
    }

    /// Reads the authority in `directory`. Throws `.file`, `.certificate`.
    public init(directory: String, lifetimes: Lifetimes = Lifetimes()) throws(ServerError) {
        let keyText = try SecretFile.read("\(directory)/ca.key", secret: true)
        let pem = try SecretFile.read("\(directory)/ca.crt", secret: false)
        do {
            try self.init(key: P256.Signing.PrivateKey(pemRepresentation: keyText), certificatePEM: pem, lifetimes: lifetimes)
        } catch {
            throw ServerError(.certificate, "the authority in \(directory) cannot be used: \(error)", remedy: "restore ca.key and ca.crt from a backup")
        }
    }

    private init(key: P256.Signing.PrivateKey, certificatePEM: String, lifetimes: Lifetimes) throws {
        self.key = key
        self.certificatePEM = certificatePEM
        self.lifetimes = lifetimes
        certificate = try X509.Certificate(pemEncoded: certificatePEM)
        guard certificate.publicKey == X509.Certificate.PublicKey(key.publicKey) else {
            throw ServerError(.certificate, "ca.key is not the key of ca.crt", remedy: "")
        }
        certificateDER = try Self.der(certificate)
    }

    /// SHA-256 of the CA certificate's DER, as tokens carry it.
    public var hash: [UInt8] { Array(SHA256.hash(data: certificateDER)) }

    /// The end of the authority's own validity.
    public var notAfter: WallTime { Self.wall(certificate.notValidAfter) }

    // MARK: - Signing

    /// Answers `Effect.sign`: subject and names come from `blade` and `addresses`; of the request only its key is used, after its signature was verified.
    public func sign(request: String, blade: BladeIdentity, addresses: [String], now: WallTime) -> SigningResult {
        do {
            let publicKey = try CertificateRequest.publicKey(of: request)
            let (certificate, pem) = try issue(
                publicKey, organization: "podp blade", name: blade.id.description, uri: Names.bladePrefix + blade.id.description,
                hosts: [blade.name] + addresses,
                lifetime: lifetimes.blade, now: now)
            return .certificate(
                chain: pem, authorities: certificatePEM, serial: Hexadecimal.encode(certificate.serialNumber.bytes),
                notAfter: Self.wall(certificate.notValidAfter))
        } catch let error as ServerError {
            return .refused(reason: error.description)
        } catch {
            return .refused(reason: "the certificate could not be made: \(error)")
        }
    }

    /// A certificate of this authority for a key; hosts that are neither a name nor an address are left out. It never outlives the authority.
    func issue(
        _ key: X509.Certificate.PublicKey, organization: String, name: String, uri: String, hosts: [String], lifetime: Duration, now: WallTime
    ) throws -> (X509.Certificate, pem: String) {
        var names: [GeneralName] = [.uniformResourceIdentifier(uri)]
        for host in hosts.prefix(64) {
            if let name = Names.alternativeName(Names.host(of: host)), !names.contains(name) { names.append(name) }
        }
        guard now < notAfter else {
            throw ServerError(
                .certificate, "the authority's own certificate has expired", remedy: "check the coordinator's clock; or make a new authority and enrol again")
        }
        let certificate = try X509.Certificate(
            version: .v3, serialNumber: Self.serialNumber(), publicKey: key,
            notValidBefore: Self.date(now) - lifetimes.backdate.inSeconds,
            notValidAfter: min(Self.date(now) + lifetime.inSeconds, self.certificate.notValidAfter),
            issuer: self.certificate.subject,
            subject: try DistinguishedName {
                OrganizationName(organization)
                CommonName(name)
            },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try X509.Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                // Not critical: libvirt 9.0's TLS refuses a critical key usage without key encipherment, which an elliptic curve has no use for.
                KeyUsage(digitalSignature: true, keyEncipherment: P256.Signing.PublicKey(key) == nil)
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(names)
                SubjectKeyIdentifier(hash: key)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: self.certificate.publicKey).keyIdentifier)
            },
            issuerPrivateKey: .init(self.key))
        return (certificate, try certificate.serializeAsPEM().pemString + "\n")
    }

    // MARK: - Small change

    /// 127 random bits: positive, never 0, and never the same twice.
    private static func serialNumber() -> X509.Certificate.SerialNumber {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes[0] = bytes[0] & 0x7F | 0x40
        return X509.Certificate.SerialNumber(bytes: bytes)
    }

    static func der(_ certificate: X509.Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    static func date(_ time: WallTime) -> Date { Date(timeIntervalSince1970: Double(time.milliseconds) / 1000) }
    static func wall(_ date: Date) -> WallTime { WallTime(milliseconds: Int64(max(-1e15, min(1e15, (date.timeIntervalSince1970 * 1000).rounded())))) }
}
