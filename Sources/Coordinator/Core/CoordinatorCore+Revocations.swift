import PodpModel

extension CoordinatorCore {
    /// The blades' certificates that are revoked, or of a blade that was removed, and have not expired. Those that live longest come first: what
    /// does not fit a list expires first.
    var revokedSerials: [String] {
        let all = decided.blades.values.flatMap { $0.revokedCertificates ?? [] } + decided.removedBlades.values.flatMap(\.certificates)
        return all.filter { $0.notAfter >= now.wall }.sorted { ($0.notAfter, $0.serial) > ($1.notAfter, $1.serial) }.map(\.serial)
    }

    /// Tells an agent that has come which certificates its libvirtd must not take.
    mutating func tellRevocations(_ link: LinkID) { emitAfterCommit(.revocations([link], serials: revokedSerials)) }

    /// Tells every agent, when a certificate was revoked.
    mutating func tellRevocationsToAll() {
        let links = blades.keys.sorted().compactMap { blades[$0]?.link }
        if !links.isEmpty { emitAfterCommit(.revocations(links, serials: revokedSerials)) }
    }
}
