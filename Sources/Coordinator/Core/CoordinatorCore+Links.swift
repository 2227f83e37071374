import PodpModel

extension CoordinatorCore {
    // MARK: - Hello

    mutating func connect(_ link: LinkID, blade id: BladeID, certificate: String, hello: Hello) {
        if let refusal = whyRefused(id, certificate: certificate, hello: hello) {
            refuse(link, blade: id, reason: refusal.reason, permanent: refusal.permanent)
            return
        }
        noteTerm(hello)
        links[link] = LiveLink(blade: id, hello: hello, certificate: certificate, waitsSince: nil, lastHeard: now.instant)
        guard let old = blades[id]?.link, let other = links[old] else {
            accept(link, blade: id, hello: hello)
            return
        }
        if other.hello.bootID == hello.bootID, other.hello.agentRun == hello.agentRun {
            // The same process dialled again: the older connection is dead, it only does not know.
            close(old, reason: "the agent has a newer connection")
            accept(link, blade: id, hello: hello)
        } else {
            // Another process. If the older one still answers, there are two blades with one identity.
            links[link]?.waitsSince = now.instant
            emit(.send(old, .ping(link.number)))
        }
    }

    private func whyRefused(_ id: BladeID, certificate: String, hello: Hello) -> (reason: String, permanent: Bool)? {
        if isStopped || mode == .loading { return ("the coordinator does not take agents at the moment", false) }
        guard hello.blade.id == id else { return ("the certificate is for blade \(id), the hello says \(hello.blade.id)", true) }
        guard hello.minimumVersion <= hello.maximumVersion, protocolVersions.overlaps(hello.minimumVersion...hello.maximumVersion) else {
            return (
                "the agent speaks protocol \(hello.minimumVersion) to \(hello.maximumVersion), this coordinator \(protocolVersions.lowerBound) to "
                    + "\(protocolVersions.upperBound): install matching versions of podp", true
            )
        }
        if decided.removedBlades[id]?.certificates.contains(where: { $0.serial == certificate }) ?? false {
            return ("this certificate (serial \(certificate)) is of before blade \(hello.blade.name) was removed: enrol it again", true)
        }
        guard let record = decided.blades[id] else {
            if case .readOnly = mode { return nil }
            return ("blade \(hello.blade.name) (\(id)) is not known here: enrol it (`podp blade token`, then `podp-agent enrol TOKEN`)", true)
        }
        if record.revoked { return ("the certificate of blade \(record.identity.name) was revoked: enrol it again if it is trusted again", true) }
        if record.revokedCertificates?.contains(where: { $0.serial == certificate }) ?? false {
            return ("this certificate of blade \(record.identity.name) (serial \(certificate)) was revoked: enrol it again", true)
        }
        return nil
    }

    private mutating func refuse(_ link: LinkID, blade id: BladeID, reason: String, permanent: Bool) {
        emit(.send(link, .refused(reason: String(decoding: reason.utf8.prefix(1024), as: UTF8.self), permanent: permanent)))
        emit(.close(link, reason: reason))
        links[link] = nil
        audit("blade-refused", .warning, blade: id, reason)
    }

    /// A higher term than our own means that another coordinator has commanded, or that our store is an old copy.
    private mutating func noteTerm(_ hello: Hello) {
        guard let seen = hello.highestTerm else { return }
        highestTermSeen = max(highestTermSeen, seen.number)
        guard isActive, let term, !term.isAccepted(after: seen) else { return }
        mode = .readOnly(
            "blade \(hello.blade.name) has obeyed term \(seen.number), this coordinator has term \(term.number): its store is an old copy, or another coordinator is at work"
        )
        audit(
            "read-only", .critical, blade: hello.blade.id,
            "blade \(hello.blade.name) has obeyed term \(seen.number), ours is \(term.number): podp decides nothing until `podp-coordinator recover`")
    }

    private mutating func accept(_ link: LinkID, blade id: BladeID, hello: Hello) {
        guard let term else { return }
        links[link]?.waitsSince = nil
        let rebooted = blades[id]?.hello.map { $0.bootID != hello.bootID } ?? false
        var blade = blades[id] ?? LiveBlade(since: now.wall)
        blade.link = link
        blade.since = now.wall
        blade.lostAt = nil
        blade.hello = hello
        blade.clockOffset = .milliseconds(hello.clock.millisecondsSince(now.wall))
        blade.report = nil
        blade.implausibleReport = nil
        blade.refusedInARow = 0
        if rebooted {
            blade.inventory = nil
            blade.window = DemandWindow()
            blade.measuredMemory = nil
        }
        blades[id] = blade
        if showsLife { noteSignOfLife(of: id, "its agent connected") }
        noteBoot(hello.bootID, of: id)
        noteStart(hello, of: id)
        noteBootAfterOff(hello, of: id)
        let version = min(hello.maximumVersion, protocolVersions.upperBound)
        // After the commit: no agent hears of a term that is not stored.
        emitAfterCommit(.send(link, .welcome(Welcome(version: version, term: term, reportInterval: configuration.reportInterval, clock: now.wall))))
        tellRevocations(link)
        if isActive, var record = decided.blades[id], record.identity != hello.blade {
            record.identity = hello.blade
            put(.blade(record))
        }
        audit(
            "blade-connected", blade: id,
            "\(hello.blade.name) is connected\(rebooted ? ", after a boot" : "") (\(hello.hypervisor.kind.rawValue) \(hello.hypervisor.version))")
        resumeOperations(on: id, boot: hello.bootID)
        resumeArrivals(on: id)
    }

    // MARK: - Messages

    mutating func receive(_ message: AgentMessage, from link: LinkID) {
        guard var sender = links[link] else { return }
        sender.lastHeard = now.instant
        links[link] = sender
        if showsLife { noteSignOfLife(of: sender.blade, "its agent spoke") }
        if case .pong(let number) = message {
            receivePong(number, from: link)
            return
        }
        guard blades[sender.blade]?.link == link else { return }
        switch message {
        case .inventory(let inventory): receive(inventory, from: sender.blade)
        case .update(let update): receive(update, from: sender.blade, link: link)
        case .renew(let request): renew(sender.blade, link: link, request: request)
        case .description(let number, let xml, let reason): finishDescribing(number, xml: xml, reason: reason)
        case .report(let report): receive(report, from: link)
        case .pong: break
        case .hello, .enrol:
            close(link, reason: "a second hello")
        }
    }

    /// The older link of a blade answers while another agent waits with the same identity.
    private mutating func receivePong(_ number: UInt64, from link: LinkID) {
        let waiting = LinkID(number)
        guard let newcomer = links[waiting], newcomer.waitsSince != nil, let old = links[link], old.blade == newcomer.blade else { return }
        refuse(
            waiting, blade: newcomer.blade, reason: "another agent with the identity of blade \(old.hello.blade.name) is connected and alive", permanent: false)
        hold(
            blade: newcomer.blade,
            because:
                "two agents have its identity: \(old.hello.blade.name) (serial \(old.hello.blade.serial)) and \(newcomer.hello.blade.name) (serial \(newcomer.hello.blade.serial))"
        )
    }

    /// An older link that did not answer in time is dead: the newcomer is let in.
    mutating func admitPatient() {
        for id in links.keys.sorted() {
            guard let link = links[id], let since = link.waitsSince, now.instant - since >= configuration.duplicatePatience else { continue }
            if let old = blades[link.blade]?.link { close(old, reason: "it does not answer, and its agent has a newer connection") }
            accept(id, blade: link.blade, hello: link.hello)
        }
    }

    // MARK: - End

    mutating func close(_ link: LinkID, reason: String) {
        emit(.close(link, reason: reason))
        forget(link, reason: reason)
    }

    mutating func disconnect(_ link: LinkID, reason: String) {
        forget(link, reason: reason)
    }

    private mutating func forget(_ link: LinkID, reason: String) {
        guard let gone = links.removeValue(forKey: link) else { return }
        for (ticket, waiting) in describing.sorted(by: { $0.key < $1.key }) where waiting.link == link {
            finishDescribing(ticket, xml: nil, reason: "the link to its blade was lost: \(reason)")
        }
        guard var blade = blades[gone.blade], blade.link == link else { return }
        blade.link = nil
        blade.since = now.wall
        blade.lostAt = now.instant
        blades[gone.blade] = blade
        for (number, observation) in observations where observation.blade == gone.blade { observations[number] = nil }
        refusePendingOffs(of: gone.blade)
        audit("blade-unknown", .warning, blade: gone.blade, "\(gone.hello.blade.name) is unknown: its link was lost (\(reason)); its domains may run on")
        if let waiting = links.keys.sorted().first(where: { links[$0]?.blade == gone.blade && links[$0]?.waitsSince != nil }), let newcomer = links[waiting] {
            accept(waiting, blade: gone.blade, hello: newcomer.hello)
        }
    }

    mutating func hold(blade id: BladeID, because reason: String) {
        guard isActive, var record = decided.blades[id], record.held != reason else { return }
        record.held = reason
        put(.blade(record))
        audit(
            "blade-held", .critical, blade: id,
            "automation leaves \(record.identity.name) alone: \(reason); `podp blade release \(record.identity.name)` when it is mended")
    }
}
