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
        let ticket = newTicket()
        signing[ticket] = SignTicket(receiver: .request(request), blade: record.identity, token: nil)
        emit(.sign(ticket: ticket, request: certificateRequest, blade: record.identity, addresses: addresses))
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
            record.certificates = (record.certificates + [BladeRecord.Certificate(serial: serial, notAfter: notAfter)]).suffix(4)
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
        record.revokedCertificates = ((record.revokedCertificates ?? []).filter { $0.notAfter >= now.wall } + record.certificates).suffix(32)
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
        if let link = blades[id]?.link {
            emit(.send(link, .refused(reason: "the blade was removed by \(actor.name)", permanent: true)))
            close(link, reason: "removed")
        }
        delete(Record.blade(record).key)
        blades[id] = nil
        audit(
            "blade-removed", by: actor.name, blade: id, "\(record.identity.name) is removed: its certificate is worth nothing here until it is enrolled again")
        emitAfterCommit(.answer(request, .done))
    }
}
