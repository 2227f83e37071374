import AgentCore
import NIOCore
import NIOPosix
import PodpFrame
import PodpModel
import PodpWireC

/// `podp-agent enrol TOKEN`: key and request, one message, one certificate.
struct Enrolment {
    var token: EnrolmentToken
    var folder: StateFolder
    var blade: BladeIdentity
    /// For the certificate: where other blades reach this one.
    var addresses: [String]

    /// Tries the token's addresses in turn. Throws `refused`, `noHost`, `file`, `unavailable`.
    func run(loop: any EventLoop, pool: NIOThreadPool) async throws -> Identity {
        let hosts = [blade.name] + addresses
        let name = blade.id.description
        let (key, request) = try await pool.runIfActive {
            let key = try OpenSSL.makeKey()
            return (key, try OpenSSL.makeRequest(key: key, name: name, hosts: hosts))
        }
        let message = AgentMessage.enrol(secret: Encoding.hexadecimal(token.secret), request: request, blade: blade, addresses: addresses)
        let candidate = folder.authorities + ".candidate"
        let verification = PeerVerification(.hash(token.authorityHash, file: candidate))
        var failures: [String] = []
        for address in token.addresses {
            switch await ask(message, at: address, verification: verification, loop: loop, pool: pool) {
            case .certificate(let chain, let authorities):
                let identity = Identity(key: key, chain: chain, authorities: authorities, coordinators: token.addresses)
                try await pool.runIfActive { try accept(identity) }
                return identity
            case .refused(let reason, let isPermanent):
                if isPermanent { throw AgentFailure(.refused, "the coordinator refused: \(reason)", remedy: "make a new token with `podp blade token`") }
                failures.append("\(address): \(reason)")
            case .failed(let reason): failures.append("\(address): \(reason)")
            }
        }
        throw AgentFailure(
            .noHost, "no coordinator could be asked: " + failures.joined(separator: "; "),
            remedy: "check that podp-coordinator runs and that its port is open to this blade")
    }

    /// The authorities that came must hold the one of the token.
    private func accept(_ identity: Identity) throws(AgentFailure) {
        guard Self.holds(identity.authorities, hash: token.authorityHash) else {
            throw AgentFailure(.refused, "the coordinator sent another authority than the token's", remedy: "make a new token with `podp blade token`")
        }
        if let refusal = try identity.refusal(for: blade.id, folder: folder) {
            throw AgentFailure(.refused, "the coordinator's certificate for this blade is not good: \(refusal)", remedy: "report this as a bug of podp")
        }
        try identity.store(folder)
    }

    private enum Answer: Sendable {
        case certificate(chain: String, authorities: String)
        case refused(String, isPermanent: Bool)
        case failed(String)
    }

    private func ask(_ message: AgentMessage, at text: String, verification: PeerVerification, loop: any EventLoop, pool: NIOThreadPool) async -> Answer {
        guard let address = Address(text) else { return .failed("no host:port") }
        let (events, post) = AsyncStream.makeStream(of: Link.Event.self, bufferingPolicy: .bufferingOldest(16))
        let link: Link
        let frame: [UInt8]
        do {
            frame = try WireCodecC().encode(message)
            let tls = try Identity.strangerContext(protocols: [Link.applicationProtocol(.enrolment)])
            link = Link.open(to: address, purpose: .enrolment, tls: tls, verification: verification, loop: loop, pool: pool) { post.yield($0) }
        } catch {
            return .failed("\(error)")
        }
        let deadline = loop.scheduleTask(in: .seconds(60)) { link.close(reason: "no answer within a minute") }
        defer {
            deadline.cancel()
            link.close(reason: "done")
        }
        for await event in events {
            switch event {
            case .up: link.send(frame, kind: message.kind)
            case .message(.certificate(let chain, let authorities)): return .certificate(chain: chain, authorities: authorities)
            case .message(.refused(let reason, let permanent)): return .refused(reason, isPermanent: permanent)
            case .message, .writable: break
            case .down(let reason): return .failed(reason)
            }
        }
        return .failed("the link ended")
    }
}

extension Enrolment {
    /// Whether one of the certificates (PEM) has this SHA-256.
    static func holds(_ authorities: String, hash: [UInt8]) -> Bool {
        Identity.certificates(authorities).contains { SHA256.hash($0) == hash }
    }
}
