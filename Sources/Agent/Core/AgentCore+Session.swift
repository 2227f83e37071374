import PodpModel

/// The link to the coordinator: connect, hello, welcome, open, lost, again.
extension AgentCore {
    /// Whether a coordinator has accepted this agent on the present link.
    public var isOpen: Bool { session != nil }

    var session: Session? { if case .open(let session) = link { session } else { nil } }

    /// Whether the present coordinator's word counts: a deposed one may look, not act.
    var obeysSession: Bool { session.map { $0.term.isAccepted(after: journal.highestTerm) } ?? false }

    mutating func send(_ message: AgentMessage, _ out: inout [Effect]) {
        if isOpen { out.append(.send(message)) }
    }

    mutating func connect(_ out: inout [Effect]) {
        guard link == .down, !settings.addresses.isEmpty else { return }
        link = .connecting
        let address = settings.addresses[attempt % settings.addresses.count]
        out.append(.connect(address: address))
        if permanentRefusal == nil { out.append(.status("connecting to \(address)")) }
    }

    mutating func linkUp(clock: WallTime, _ out: inout [Effect]) {
        guard link == .connecting else { return }
        link = .greeting
        let hello = Hello(
            blade: settings.facts.identity, bootID: settings.facts.bootID, agentRun: settings.run, agentVersion: settings.version,
            hypervisor: settings.facts.hypervisor, cpu: settings.facts.cpu, highestTerm: journal.highestTerm, clock: clock, bootTime: latest)
        out.append(.send(.hello(hello)))
        out.append(.arm(.handshake, at: latest + settings.handshakeLimit))
    }

    mutating func handshakeLate(_ out: inout [Effect]) {
        guard link == .greeting else { return }
        out.append(.disconnect(reason: "no welcome within \(settings.handshakeLimit)"))
    }

    mutating func linkDown(reason: String, random: UInt64, _ out: inout [Effect]) {
        guard link != .down else { return }
        if let session, latest - session.openedAt > settings.backoff.upperBound { attempt = 0 }
        let wasOpen = isOpen
        link = .down
        for timer in [Timer.handshake, .silence, .resend, .certificate] { out.append(.disarm(timer)) }
        if case .asked = renewal { renewal = .idle }
        observeNext = []
        observing = []
        inventorySent = nil
        let wait = backoff(random: random)
        out.append(.log(wasOpen || attempt == 0 ? .warning : .info, "no link to the coordinator: \(reason)"))
        out.append(.status(permanentRefusal.map { "refused: \($0)" } ?? "no coordinator: \(reason)"))
        out.append(.arm(.reconnect, at: latest + wait))
        attempt += 1
    }

    /// Doubles with each round over the addresses; between half of it and all of it is waited.
    private func backoff(random: UInt64) -> Duration {
        if permanentRefusal != nil { return jittered(settings.permanentBackoff, random: random) }
        let round = min(attempt / max(1, settings.addresses.count), 16)
        let length = min(settings.backoff.upperBound, settings.backoff.lowerBound * (1 << round))
        return jittered(length, random: random)
    }

    private func jittered(_ length: Duration, random: UInt64) -> Duration {
        let half = max(1, length.nanoseconds / 2)
        return .nanoseconds(half + Int64(random % UInt64(half)))
    }

    mutating func linkWritable(_ isWritable: Bool, _ out: inout [Effect]) {
        guard case .open(var session) = link else { return }
        session.isWritable = isWritable
        link = .open(session)
        flushReports(&out)
    }

    // MARK: - Messages

    mutating func received(_ message: CoordinatorMessage, _ out: inout [Effect]) {
        switch message {
        case .welcome(let welcome): return welcomed(welcome, &out)
        case .refused(let reason, let permanent): return refused(reason, permanent: permanent, &out)
        default: break
        }
        guard isOpen else {
            if link == .greeting { out.append(.disconnect(reason: "the coordinator sent something else than a welcome")) }
            return
        }
        switch message {
        case .welcome, .refused: break
        case .command(let command): commanded(command, &out)
        case .cancel(let operation): cancel(operation, &out)
        case .acknowledge(let operation): acknowledged(operation, &out)
        case .observe(let number): observe(number, &out)
        case .certificate(let chain, let authorities): certificateReceived(chain: chain, authorities: authorities, &out)
        case .describe(let number, let domain): out.append(.describe(number: number, domain))
        case .revocations(let list): out.append(.storeRevocations(list: list))
        case .ping(let number): pinged(number, &out)
        }
    }

    private mutating func welcomed(_ welcome: Welcome, _ out: inout [Effect]) {
        guard link == .greeting else {
            if isOpen { out.append(.disconnect(reason: "a second welcome on one link")) }
            return
        }
        guard protocolVersions.contains(welcome.version) else {
            let spoken = "\(protocolVersions.lowerBound) to \(protocolVersions.upperBound)"
            out.append(.disconnect(reason: "the coordinator chose protocol version \(welcome.version), this agent speaks \(spoken)"))
            return
        }
        link = .open(Session(term: welcome.term, clock: welcome.clock, clockAt: latest, openedAt: latest))
        permanentRefusal = nil
        reportInterval = min(max(welcome.reportInterval, .milliseconds(100)), .seconds(300))
        out.append(.disarm(.handshake))
        out.append(.log(.info, "linked to the coordinator of term \(welcome.term.number)"))
        out.append(.status("linked, term \(welcome.term.number)"))
        if !welcome.term.isAccepted(after: journal.highestTerm) {
            let known = journal.highestTerm?.description ?? "none"
            out.append(.log(.warning, "the coordinator's term \(welcome.term) is older than \(known): it is told everything and obeyed in nothing"))
        } else if welcome.term != journal.highestTerm {
            write([.term(welcome.term)], then: [], &out)
        }
        requestInventory(&out)
        resend(&out)
        flushReports(&out)
        rearmSample(&out)
        checkCertificate(&out)
    }

    private mutating func refused(_ reason: String, permanent: Bool, _ out: inout [Effect]) {
        if permanent { permanentRefusal = reason }
        let again = permanent ? "; this needs somebody's action (`podp blade list` on the coordinator shows it)" : ""
        out.append(.log(permanent ? .error : .warning, "the coordinator refused this agent: \(reason)\(again)"))
        out.append(.disconnect(reason: "refused: \(reason)"))
    }

    private mutating func pinged(_ number: UInt64, _ out: inout [Effect]) {
        send(.pong(number), &out)
        guard case .open(var session) = link else { return }
        if let before = session.pingedAt { session.pingGap = latest - before }
        session.pingedAt = latest
        link = .open(session)
        if session.pingGap != nil { out.append(.arm(.silence, at: latest + silenceLimit(session))) }
    }

    /// Only a coordinator that pings regularly is missed: four of its own gaps, and never less than the limit.
    private func silenceLimit(_ session: Session) -> Duration { max(settings.silenceLimit, (session.pingGap ?? .zero) * 4) }

    mutating func checkSilence(_ out: inout [Effect]) {
        guard let session, let pingedAt = session.pingedAt, session.pingGap != nil else { return }
        let due = pingedAt + silenceLimit(session)
        if due <= latest {
            out.append(.disconnect(reason: "nothing heard from the coordinator since \(latest - pingedAt)"))
        } else {
            out.append(.arm(.silence, at: due))
        }
    }
}
