import Crypto
import Foundation
import PodpModel
import X509

/// The coordinator's own certificate and key, PEM.
public struct ServerCertificate: Sendable, Hashable {
    public var chain: String
    public var key: String
    public var notAfter: WallTime
}

extension CertificateAuthority {
    /// The coordinator's certificate in `directory`, for these DNS names and addresses; made anew when there is none, when it is not of this
    /// authority, when it lacks one of the names, and when less than a third of its time is left. Throws `.file`, `.certificate`.
    public func serverCertificate(in directory: String, hosts: [String], now: WallTime) throws(ServerError) -> ServerCertificate {
        let keyFile = "\(directory)/server.key"
        let file = "\(directory)/server.crt"
        if FileManager.default.fileExists(atPath: keyFile), FileManager.default.fileExists(atPath: file),
            let present = try? present(key: SecretFile.read(keyFile, secret: true), chain: SecretFile.read(file, secret: false), hosts: hosts, now: now)
        {
            return present
        }
        do {
            let key = P256.Signing.PrivateKey()
            let (certificate, pem) = try issue(
                .init(key.publicKey), organization: "podp", name: "podp coordinator", uri: Names.coordinator, hosts: hosts, lifetime: lifetimes.server, now: now
            )
            let keyText = key.pemRepresentation + "\n"
            try SecretFile.write(keyText, to: keyFile, mode: 0o600)
            try SecretFile.write(pem, to: file, mode: 0o644)
            return ServerCertificate(chain: pem, key: keyText, notAfter: Self.wall(certificate.notValidAfter))
        } catch let error as ServerError {
            throw error
        } catch {
            throw ServerError(.certificate, "the coordinator's certificate could not be made: \(error)", remedy: "report this as a bug of podp")
        }
    }

    private func present(key: String, chain: String, hosts: [String], now: WallTime) throws -> ServerCertificate? {
        let certificate = try X509.Certificate(pemEncoded: chain)
        let privateKey = try P256.Signing.PrivateKey(pemRepresentation: key)
        let begin = Self.wall(certificate.notValidBefore)
        let end = Self.wall(certificate.notValidAfter)
        let lifetime = end.millisecondsSince(begin)
        guard certificate.publicKey == X509.Certificate.PublicKey(privateKey.publicKey),
            self.certificate.publicKey.isValidSignature(certificate.signature, for: certificate),
            now >= begin, end.millisecondsSince(now) > lifetime / 3, let names = try certificate.extensions.subjectAlternativeNames
        else { return nil }
        for host in hosts.prefix(64) {
            if let name = Names.alternativeName(Names.host(of: host)), !names.contains(name) { return nil }
        }
        return ServerCertificate(chain: chain, key: key, notAfter: end)
    }
}
