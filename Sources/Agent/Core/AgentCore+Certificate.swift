import PodpModel

/// The agent's certificate renews by itself when two thirds of its life are over, judged by the coordinator's clock.
extension AgentCore {
    enum Renewal: Hashable, Sendable {
        case idle
        case making
        case asked(at: Instant)
        case storing
    }

    /// The coordinator's clock now, as far as the welcome told it.
    private var coordinatorClock: WallTime? {
        session.map { session in
            let passed = (latest - session.clockAt).nanoseconds / 1_000_000
            let (sum, overflow) = session.clock.milliseconds.addingReportingOverflow(passed)
            return WallTime(milliseconds: overflow ? session.clock.milliseconds : sum)
        }
    }

    /// `nil`: not while the link is down, or there is no certificate.
    private var renewalDueIn: Duration? {
        guard let certificate, let clock = coordinatorClock else { return nil }
        let life = max(0, certificate.notAfter.millisecondsSince(certificate.notBefore))
        let passed = clock.millisecondsSince(certificate.notBefore)
        let (left, overflow) = (life / 3 * 2).subtractingReportingOverflow(passed)
        return .milliseconds(overflow ? 0 : max(0, left))
    }

    mutating func checkCertificate(_ out: inout [Effect]) {
        guard let due = renewalDueIn else { return }
        if case .asked(let at) = renewal {
            guard latest - at >= settings.renewalLimit else { return out.append(.arm(.certificate, at: at + settings.renewalLimit)) }
            out.append(.log(.warning, "asked for a new certificate \((latest - at).nanoseconds / 1_000_000_000) s ago and got none; asking again"))
            renewal = .idle
        }
        guard renewal == .idle else { return }
        if due == .zero {
            renewal = .making
            out.append(.makeRequest)
        } else {
            // Long timers are looked at once a day: clocks are set.
            out.append(.arm(.certificate, at: latest + min(due, .seconds(86_400))))
        }
    }

    mutating func requestMade(_ request: String, _ out: inout [Effect]) {
        guard renewal == .making else { return }
        guard isOpen else {
            renewal = .idle
            return
        }
        renewal = .asked(at: latest)
        send(.renew(request: request), &out)
        out.append(.arm(.certificate, at: latest + settings.renewalLimit))
    }

    mutating func certificateReceived(chain: String, authorities: String, _ out: inout [Effect]) {
        guard case .asked = renewal else {
            out.append(.log(.warning, "the coordinator sent a certificate that was not asked for: ignored"))
            return
        }
        renewal = .storing
        out.append(.storeCertificate(chain: chain, authorities: authorities))
    }

    mutating func certificateCame(_ life: CertificateLife, _ out: inout [Effect]) {
        let old = certificate
        certificate = life
        guard renewal == .storing else { return checkCertificate(&out) }
        renewal = .idle
        out.append(.log(.notice, "a new certificate is stored"))
        // An expired one may do nothing but renew: begin again with the new one.
        if let old, let clock = coordinatorClock, clock > old.notAfter {
            out.append(.disconnect(reason: "reconnecting with the renewed certificate"))
        } else {
            checkCertificate(&out)
        }
    }

    mutating func certificateFailed(_ reason: String, _ out: inout [Effect]) {
        out.append(.log(.error, "the certificate was not renewed: \(reason)"))
        guard renewal != .idle else { return }
        renewal = .idle
        if isOpen { out.append(.arm(.certificate, at: latest + settings.renewalLimit)) }
    }
}
