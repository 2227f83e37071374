import AgentCore
import NIOSSL
import PodpModel

/// What enrolment brought: the blade's key and certificate, the authority to trust, and where coordinators are.
struct Identity: Sendable {
    static let coordinatorName = "podp://coordinator"
    static let bladePrefix = "podp://blade/"

    /// PEM.
    var key: String
    /// PEM, the blade's own certificate first.
    var chain: String
    /// PEM.
    var authorities: String
    var coordinators: [String]

    /// `nil`: this blade was never enrolled. Throws `file`.
    static func load(_ folder: StateFolder) throws(AgentFailure) -> Identity? {
        guard let both = try StateFolder.read(folder.identity, limit: 1 << 20), let authorities = try StateFolder.read(folder.authorities, limit: 1 << 20)
        else { return nil }
        let text = String(decoding: both, as: UTF8.self)
        guard let start = text.firstRange(of: "-----BEGIN CERTIFICATE-----")?.lowerBound else {
            throw AgentFailure(.file, "\(folder.identity) holds no certificate", remedy: "enrol this blade again: `podp-agent enrol TOKEN`")
        }
        let lines = try StateFolder.read(folder.coordinators, limit: 1 << 20) ?? []
        return Identity(
            key: String(text[..<start]), chain: String(text[start...]), authorities: String(decoding: authorities, as: UTF8.self),
            coordinators: String(decoding: lines, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init))
    }

    /// Key and certificate are one file, so that they change together.
    func store(_ folder: StateFolder) throws(AgentFailure) {
        try StateFolder.write(Array((coordinators.joined(separator: "\n") + "\n").utf8), to: folder.coordinators)
        try StateFolder.write(Array(authorities.utf8), to: folder.authorities)
        try StateFolder.write(Array((key + chain).utf8), to: folder.identity)
    }

    /// TLS for a link. Throws `file` when key and certificate do not belong together or cannot be read.
    func context(protocols: [String]) throws(AgentFailure) -> NIOSSLContext {
        do {
            var tls = Self.configuration(protocols)
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8)).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw AgentFailure(.file, "the blade's key and certificate cannot be used: \(error)", remedy: "enrol this blade again: `podp-agent enrol TOKEN`")
        }
    }

    /// TLS of a blade that has no certificate yet.
    static func strangerContext(protocols: [String]) throws(AgentFailure) -> NIOSSLContext {
        do {
            return try NIOSSLContext(configuration: configuration(protocols))
        } catch {
            throw AgentFailure(.unavailable, "TLS cannot be set up: \(error)", remedy: "")
        }
    }

    private static func configuration(_ protocols: [String]) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        // `PeerVerification` judges in place of the library: a pinned authority, a name in a URI, and no blade's clock.
        tls.certificateVerification = .noHostnameVerification
        tls.trustRoots = .certificates([])
        tls.applicationProtocols = protocols
        tls.shutdownTimeout = .seconds(2)
        return tls
    }

    /// The DER of every certificate in a PEM text; none when it cannot be read.
    static func certificates(_ pem: String) -> [[UInt8]] {
        let all = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
        return (all ?? []).compactMap { try? $0.toDERBytes() }
    }

    /// The blade's own certificate. Throws `file`.
    func leaf() throws(AgentFailure) -> NIOSSLCertificate {
        let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(chain.utf8))
        guard let first = certificates?.first else {
            throw AgentFailure(.file, "the blade's certificate cannot be read", remedy: "enrol this blade again: `podp-agent enrol TOKEN`")
        }
        return first
    }

    func life() throws(AgentFailure) -> AgentCore.CertificateLife {
        let leaf = try leaf()
        func wall(_ time: Int) -> WallTime { WallTime(milliseconds: Int64(time).multipliedReportingOverflow(by: 1000).partialValue) }
        return AgentCore.CertificateLife(notBefore: wall(leaf.notValidBefore), notAfter: wall(leaf.notValidAfter))
    }

    /// Why this identity is not a good one for a blade; `nil`: it is. Blocks (openssl).
    func refusal(for blade: BladeID, folder: StateFolder) throws(AgentFailure) -> String? {
        let leaf = try leaf()
        guard leaf.uris.contains(Self.bladePrefix + blade.description) else { return "the certificate is not for blade \(blade)" }
        _ = try context(protocols: [])
        let draft = folder.authorities + ".candidate"
        try StateFolder.write(Array(authorities.utf8), to: draft)
        return try OpenSSL.refusal(of: chain, authorities: draft, purpose: "sslclient")
    }
}

extension NIOSSLCertificate {
    /// The URIs among its alternative names.
    var uris: [String] {
        _subjectAlternativeNames().compactMap { $0.nameType == .uri ? String(decoding: $0.contents, as: UTF8.self) : nil }
    }
}
