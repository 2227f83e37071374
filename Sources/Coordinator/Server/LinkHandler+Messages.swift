import NIOCore
import PodpCore
import PodpFrame
import PodpModel

extension LinkHandler {
    /// A whole, decoded message; the session has allowed its kind.
    func heard(_ message: AgentMessage) {
        switch (phase, message) {
        case (.greeting, .hello(let hello)): greeted(hello)
        case (.greeting, .enrol(let secret, let request, let blade, let addresses)): enrol(secret, request, blade, addresses)
        case (.greeting, .renew(let request)):
            guard let peer else { return refuse("this blade showed no certificate: enrol it with podp-agent enrol TOKEN", permanent: true) }
            phase = .asked
            renew(peer, request)
        case (.renewing, .renew(let request)), (.open, .renew(let request)):
            if let peer { renew(peer, request) }
        // What a blade with an expired certificate tells is not known to be its own word.
        case (.renewing, _): break
        case (.open, .pong(let number)) where number & Self.ownPing != 0: break
        case (.open, .report) where shared.mailbox.backlog > shared.limits.backlog: shared.count(\.droppedReports)
        case (.open, _):
            if let id { shared.mailbox.post(.received(id, message)) }
        default: refuse("a \(message.kind) was not expected now", permanent: false)
        }
    }

    private func greeted(_ hello: Hello) {
        guard let peer else { return refuse("this blade showed no certificate", permanent: true) }
        guard hello.blade.id == peer.blade else {
            return refuse("the certificate is that of blade \(peer.blade), but the hello says \(hello.blade.id): enrol this blade anew", permanent: true)
        }
        let versions = protocolVersions
        guard hello.minimumVersion <= versions.upperBound, hello.maximumVersion >= versions.lowerBound, hello.minimumVersion <= hello.maximumVersion else {
            return refuse(
                "the agent (podp \(hello.agentVersion)) speaks protocol \(hello.minimumVersion) to \(hello.maximumVersion), the coordinator \(versions.lowerBound) to "
                    + "\(versions.upperBound): install matching versions", permanent: true)
        }
        switch peer.validity(at: shared.clock()) {
        case .notYet:
            refuse("the certificate of this blade is not valid yet: check the coordinator's clock", permanent: false)
        case .expired:
            guard let welcome = shared.welcome() else { return refuse("the coordinator is not ready yet", permanent: false) }
            shared.log.notice("blade \(peer.blade) shows an expired certificate (serial \(peer.serial)): it may only renew")
            introduce()
            phase = .renewing
            send(.welcome(welcome))
        case .valid:
            connect(peer, hello)
        }
    }

    private func connect(_ peer: PeerCertificate, _ hello: Hello) {
        guard let loop else { return }
        introduce()
        let id = shared.table.makeID()
        self.id = id
        phase = .asked
        arm(shared.limits.answer, "got no answer from the coordinator's core in time")
        shared.table.add(id, LinkTable.Entry(eventLoop: loop, link: NIOLoopBound(self, eventLoop: loop)))
        shared.mailbox.post(.connected(id, blade: peer.blade, certificate: peer.serial, hello))
    }

    private func enrol(_ secret: String, _ request: String, _ blade: BladeIdentity, _ addresses: [String]) {
        guard let loop else { return }
        let now = loop.now
        guard shared.withGate({ [source] in $0.mayEnrol(source, at: now) }) else {
            shared.count(\.refusedEnrolments)
            return refuse("too many enrolments: try again in a minute", permanent: false)
        }
        guard let hash = EnrolmentTokenText.secretHash(ofText: secret) else {
            shared.count(\.refusedEnrolments)
            return refuse("the token's secret cannot be read: make a new token with podp blade token", permanent: true)
        }
        phase = .asked
        ask(.enrol(secretHash: hash, request: request, blade: blade, addresses: addresses), by: "blade \(blade.id) at \(source)") { [self] answer in
            switch answer {
            case .certificate(let chain, let authorities):
                shared.count(\.enrolments)
                finish(.certificate(chain: chain, authorities: authorities), "enrolled")
            case .refused(let refusal):
                shared.count(\.refusedEnrolments)
                refuse(refusal.description, permanent: refusal.isPermanent)
            default: refuse("the coordinator's answer was none to an enrolment", permanent: false)
            }
        }
    }

    private func renew(_ peer: PeerCertificate, _ request: String) {
        // Names and addresses stay those that were enrolled: what the agent says now is not asked for.
        ask(.renew(blade: peer.blade, certificate: peer.serial, request: request, addresses: peer.addresses), by: "blade \(peer.blade)") { [self] answer in
            let isOpen = phase == .open
            switch answer {
            case .certificate(let chain, let authorities):
                let message = CoordinatorMessage.certificate(chain: chain, authorities: authorities)
                if isOpen { send(message) } else { finish(message, "renewed its certificate") }
            case .refused(let refusal) where isOpen:
                shared.log.warning("blade \(peer.blade) was given no new certificate: \(refusal)")
            case .refused(let refusal): refuse(refusal.description, permanent: refusal.isPermanent)
            default: refuse("the coordinator's answer was none to a renewal", permanent: false)
            }
        }
    }

    private func finish(_ message: CoordinatorMessage, _ why: String) {
        send(message)
        close(reason: why)
    }

    private func ask(_ request: Request, by name: String, then: @escaping (Answer) -> Void) {
        guard let loop else { return }
        if phase != .open { arm(shared.limits.answer, "got no answer from the coordinator's core in time") }
        let mailbox = shared.mailbox
        loop.makeFutureWithTask { await mailbox.ask(request, by: Actor(name: name, mayOperate: false)) }
            .assumeIsolated()
            .whenSuccess { [self] answer in if phase != .closing { then(answer) } }
    }
}

extension Refusal {
    /// Whether trying again is of no use until somebody acts.
    var isPermanent: Bool {
        switch code {
        case .unavailable, .readOnly, .busy: false
        case .notFound, .conflict, .invalid, .forbidden, .tokenInvalid, .planStale, .unsupported: true
        }
    }
}
