import PodpModel

/// A certificate that is being made, for whom.
struct SignTicket: Sendable, Codable {
    enum Receiver: Sendable, Codable {
        case request(RequestID)
        case link(LinkID)
    }

    var receiver: Receiver
    var blade: BladeIdentity
    /// Of an enrolment: the token that it uses up.
    var token: EnrolmentToken?
}

extension CoordinatorCore {
    mutating func enrol(_ request: RequestID, secretHash: String, certificateRequest: String, blade: BladeIdentity, addresses: [String], by actor: Actor) {
        guard let token = decided.enrolmentTokens[secretHash], token.expires >= now.wall else {
            audit(
                "enrolment-refused", .warning, by: actor.name, blade: blade.id, "\(blade.name) came with a token that is not valid: unknown, used, or expired")
            refuse(
                request,
                Refusal(
                    .tokenInvalid, "the token is not valid: it is unknown, was used already, or has expired", remedy: "make a new one with `podp blade token`"))
            return
        }
        if blade.id.uuid == .zero || blade.id.uuid == ID128(high: .max, low: .max) {
            refuse(
                request,
                Refusal(
                    .invalid, "blade \(blade.name) says that its DMI UUID is \(blade.id)",
                    remedy: "set the blade's UUID in its firmware, or give the agent one (PODP_BLADE_UUID)"))
            return
        }
        if let known = decided.blades[blade.id], !known.revoked, let link = blades[blade.id]?.link, let hello = links[link]?.hello {
            audit(
                "enrolment-refused", .warning, by: actor.name, blade: blade.id,
                "\(blade.name) (serial \(blade.serial)) came with a token and the UUID of \(hello.blade.name), whose agent is connected")
            refuse(
                request,
                Refusal(
                    .conflict, "blade \(hello.blade.name) (serial \(hello.blade.serial)) has this UUID, and its agent is connected",
                    remedy: "if this is that blade: stop its agent first (systemctl stop podp-agent), or `podp blade revoke \(hello.blade.name)`; "
                        + "if it is another: set its UUID in its firmware, or PODP_BLADE_UUID"))
            return
        }
        if let known = decided.blades[blade.id], known.identity.serial != blade.serial {
            refuse(
                request,
                Refusal(
                    .conflict, "blade \(known.identity.name) (serial \(known.identity.serial)) has this UUID already, and this one's serial is \(blade.serial)",
                    remedy: "if the blade was replaced: `podp blade remove \(known.identity.name)`, then enrol again"))
            return
        }
        // Used up now: two blades with one token never both pass.
        delete(Record.enrolmentToken(token).key)
        let ticket = newTicket()
        signing[ticket] = SignTicket(receiver: .request(request), blade: blade, token: token)
        emitAfterCommit(.sign(ticket: ticket, request: certificateRequest, blade: blade, addresses: addresses))
    }

    /// Over a live link: the agent proved its certificate when it connected.
    mutating func renew(_ id: BladeID, link: LinkID, request: String) {
        guard isActive, let record = decided.blades[id], !record.revoked else { return }
        if let refusal = whyNoFurther(record) { return audit("renewal-refused", .warning, blade: id, "\(refusal)") }
        let ticket = newTicket()
        signing[ticket] = SignTicket(receiver: .link(link), blade: record.identity, token: nil)
        emit(.sign(ticket: ticket, request: request, blade: record.identity, addresses: addresses(of: id)))
    }

    /// With an expired certificate that we gave out ourselves: this, and nothing else.
    mutating func renew(_ request: RequestID, blade id: BladeID, certificate: String, certificateRequest: String, addresses: [String], by actor: Actor) {
        guard let record = decided.blades[id], !record.revoked, record.certificates.contains(where: { $0.serial == certificate }) else {
            audit("renewal-refused", .warning, by: actor.name, blade: id, "\(name(of: id)) asked to renew a certificate that is revoked or not known here")
            refuse(request, Refusal(.forbidden, "the certificate is revoked or not known here", remedy: "enrol the blade again: `podp blade token`"))
            return
        }
        if let refusal = whyNoFurther(record) {
            audit("renewal-refused", .warning, by: actor.name, blade: id, "\(refusal)")
            return refuse(request, refusal)
        }
        let ticket = newTicket()
        signing[ticket] = SignTicket(receiver: .request(request), blade: record.identity, token: nil)
        emit(.sign(ticket: ticket, request: certificateRequest, blade: record.identity, addresses: addresses))
    }

    /// More than this many at once has no blade that renews as it should.
    static let mostCertificates = 64
    /// For a serial whose certificate was never seen here (an older store was restored): longer than any authority gives.
    private static let longestLifetime: Int64 = 5 * 366 * 86_400_000

    private func whyNoFurther(_ record: BladeRecord) -> Refusal? {
        guard unexpired(record.certificates).count >= Self.mostCertificates else { return nil }
        return Refusal(
            .conflict, "\(record.identity.name) has \(Self.mostCertificates) certificates that have not expired, and wants one more",
            remedy: "look at its agent; `podp blade revoke`, then enrol it again")
    }

    private func unexpired(_ certificates: [BladeRecord.Certificate]) -> [BladeRecord.Certificate] {
        certificates.filter { $0.notAfter >= now.wall }
    }

    /// Everything of this blade that would still pass as a certificate: active, revoked before, and what its link was made with.
    /// Asked before the link is closed.
    private func certificatesInForce(of record: BladeRecord) -> [BladeRecord.Certificate] {
        var all = unexpired((record.revokedCertificates ?? []) + record.certificates)
        if let link = blades[record.id]?.link, let serial = links[link]?.certificate, !all.contains(where: { $0.serial == serial }) {
            all.append(BladeRecord.Certificate(serial: serial, notAfter: WallTime(milliseconds: now.wall.milliseconds + Self.longestLifetime)))
        }
        return all
    }

    /// A blade's certificates with a new one: cut by expiry. The last few that have expired stay, so that a blade that slept can renew, and so does
    /// the one that its link was made with.
    private func kept(_ record: BladeRecord, with new: BladeRecord.Certificate) -> [BladeRecord.Certificate] {
        let linked = blades[record.id]?.link.flatMap { links[$0]?.certificate }
        let last = record.certificates.count - 4
        let kept = record.certificates.enumerated().filter { $0.offset >= last || $0.element.notAfter >= now.wall || $0.element.serial == linked }
        return kept.map(\.element) + [new]
    }

    /// Timer: what has expired is refused without podp's memory.
    mutating func forgetRemovedBlades() {
        for removed in decided.removedBlades.values.sorted(by: { $0.id < $1.id }) where unexpired(removed.certificates).isEmpty {
            delete(Record.removedBlade(removed).key)
        }
    }

    private func addresses(of id: BladeID) -> [String] {
        guard let address = blades[id]?.inventory?.host.migrationAddress, !address.isEmpty else { return [] }
        return [address]
    }

    mutating func finishSigning(_ number: UInt64, result: SigningResult) {
        guard let ticket = signing.removeValue(forKey: number), isActive else { return }
        switch result {
        case .refused(let reason):
            audit("certificate-refused", .warning, blade: ticket.blade.id, "no certificate for \(ticket.blade.name): \(reason)")
            if case .request(let request) = ticket.receiver {
                refuse(request, Refusal(.invalid, "the certificate request is not accepted: \(reason)", remedy: "run `podp-agent enrol` with a new token"))
            }
        case .certificate(let chain, let authorities, let serial, let notAfter):
            var record =
                decided.blades[ticket.blade.id]
                ?? BladeRecord(id: ticket.blade.id, identity: ticket.blade, chassis: ticket.token?.chassis ?? "", bay: ticket.token?.bay, enrolledAt: now.wall)
            if let token = ticket.token {
                record.revoked = false
                record.enrolledAt = now.wall
                record.identity = ticket.blade
                if !token.chassis.isEmpty { record.chassis = token.chassis }
                if let bay = token.bay { record.bay = bay }
            } else if record.revoked {
                if case .request(let request) = ticket.receiver { refuse(request, Refusal(.forbidden, "the blade was revoked")) }
                return
            }
            if record.chassis.isEmpty { record.chassis = configuration.chassis }
            if let removed = decided.removedBlades[record.id] {
                record.revokedCertificates = unexpired((record.revokedCertificates ?? []) + removed.certificates)
                delete(Record.removedBlade(removed).key)
            }
            record.certificates = kept(record, with: BladeRecord.Certificate(serial: serial, notAfter: notAfter))
            put(.blade(record))
            if blades[record.id] == nil { blades[record.id] = LiveBlade(since: now.wall) }
            audit(ticket.token == nil ? "certificate-renewed" : "blade-enrolled", blade: record.id, "\(record.identity.name) has certificate \(serial)")
            switch ticket.receiver {
            case .request(let request): emitAfterCommit(.answer(request, .certificate(chain: chain, authorities: authorities)))
            case .link(let link): emitAfterCommit(.send(link, .certificate(chain: chain, authorities: authorities)))
            }
        }
    }

    mutating func revoke(_ id: BladeID, request: RequestID, by actor: Actor) {
        guard var record = decided.blades[id] else { return refuse(request, .noBlade(id)) }
        record.revoked = true
        record.revokedCertificates = certificatesInForce(of: record)
        record.certificates = []
        put(.blade(record))
        audit(
            "blade-revoked", .warning, by: actor.name, blade: id, "\(record.identity.name) is revoked: its state is unknown from now on; its domains may run on"
        )
        if let link = blades[id]?.link {
            emit(.send(link, .refused(reason: "the certificate was revoked by \(actor.name)", permanent: true)))
            close(link, reason: "revoked")
        }
        tellRevocationsToAll()
        emitAfterCommit(.answer(request, .done))
    }

    mutating func remove(_ id: BladeID, request: RequestID, by actor: Actor) {
        guard let record = decided.blades[id] else { return refuse(request, .noBlade(id)) }
        let held = decided.domains.values.filter { $0.blade == id }.map(\.definition.name).sorted()
        guard held.isEmpty else {
            return refuse(
                request,
                Refusal(
                    .conflict, "\(record.identity.name) has \(held.count) domains of podp's: \(held.prefix(5).joined(separator: ", "))",
                    remedy: "`podp blade evacuate \(record.identity.name)`, or `podp domain release` them"))
        }
        let known = certificatesInForce(of: record) + unexpired(decided.removedBlades[id]?.certificates ?? [])
        if let link = blades[id]?.link {
            emit(.send(link, .refused(reason: "the blade was removed by \(actor.name)", permanent: true)))
            close(link, reason: "removed")
        }
        if !known.isEmpty { put(.removedBlade(RemovedBlade(id: id, name: record.identity.name, certificates: known))) }
        delete(Record.blade(record).key)
        blades[id] = nil
        if !known.isEmpty { tellRevocationsToAll() }
        audit(
            "blade-removed", by: actor.name, blade: id, "\(record.identity.name) is removed: its certificate is worth nothing here until it is enrolled again")
        emitAfterCommit(.answer(request, .done))
    }
}
