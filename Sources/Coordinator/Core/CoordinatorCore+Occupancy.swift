import PodpModel
import PodpPower
import PodpRules

/// An off that waits for its blade's word of what runs there now.
struct PendingOff: Sendable, Codable {
    var blade: BladeID
    var wish: PowerRequest
    var escalateAfter: Duration?
    var despitePolicy = false
    var request: RequestID
    var actor: Actor
    /// Refused then, if the blade has not answered.
    var until = Instant.zero
}

/// What runs on a blade that is to be switched off: not what was told some time, but what its agent says when it is asked.
extension CoordinatorCore {
    static let lookLimit = Duration.seconds(15)

    /// Asks the blade's agent to look before anything is asked of the chassis.
    mutating func look(at blade: BladeID, over link: LinkID, before off: PendingOff) {
        let number = newTicket()
        var off = off
        off.until = now.instant + Self.lookLimit
        pendingOffs[number] = off
        emitAfterCommit(.send(link, .observe(number)))
    }

    /// The blade has looked, and its inventory is the answer.
    mutating func looked(_ number: UInt64, at blade: BladeID) {
        guard let off = pendingOffs[number], off.blade == blade else { return }
        pendingOffs[number] = nil
        switchBlade(
            blade, off.wish, unknownDomains: false, escalateAfter: off.escalateAfter, despitePolicy: off.despitePolicy, hasLooked: true, request: off.request,
            by: off.actor)
    }

    /// Those that wait for a blade that cannot answer any more, or has not in time. `nil`: of all blades, those whose time has come.
    mutating func refusePendingOffs(of blade: BladeID? = nil) {
        for (number, off) in pendingOffs.sorted(by: { $0.key < $1.key }) where blade == nil ? now.instant >= off.until : off.blade == blade {
            pendingOffs[number] = nil
            let reason =
                blade == nil
                ? "its agent was asked to look, and has not answered for \(Self.lookLimit.components.seconds) s" : "the link to its agent was lost"
            refuse(off.request, .unknownDomains(on: name(of: off.blade), reason))
        }
    }

    /// Why a blade stays on for what runs, or may run, on it.
    func refusal(ofOff id: BladeID, unknownDomains: Bool, by reading: PowerReading?) -> Refusal? {
        if let reason = whyNotOff(id) {
            let isSilent = blades[id]?.link == nil
            return Refusal(
                .conflict, "\(name(of: id)) is not switched off: \(reason)",
                remedy: isSilent
                    ? "bring its agent back; a blade that hangs is switched off past podp: `podp chassis power URL --bay N off` ends what runs there"
                    : "`podp blade evacuate \(name(of: id))` moves what can be moved; then ask again")
        }
        guard !unknownDomains, let reason = whyNotKnown(whatRunsOn: id), !isOff(id, by: reading) else { return nil }
        return .unknownDomains(on: name(of: id), reason)
    }

    /// Why nobody can say what runs on a blade; `nil`: its agent says so, over the link that it has now.
    func whyNotKnown(whatRunsOn id: BladeID) -> String? {
        guard let blade = blades[id], blade.inventory != nil else { return "its agent has told nothing since podp started" }
        guard let link = blade.link else { return "its agent is not connected" }
        guard blade.inventoryLink == link else { return "its agent has told nothing since it connected" }
        return blade.implausibleInventory.map { "what its agent tells cannot be right: it \($0)" }
    }

    /// Whether nothing can run on it: by the chassis' last word, or confirmed and not contradicted since. Before anything is asked for, it is read anew.
    func isOff(_ id: BladeID, by reading: PowerReading?) -> Bool {
        reading?.state == .off || bladesThatAreOff[id] != nil && reading?.state != .on
    }

    /// What runs on a blade, may run on it, or is on its way to it; `nil`: nothing.
    func whyNotOff(_ id: BladeID) -> String? {
        func list(_ names: [String]) -> String {
            names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
        }
        let managed = decided.domains.values.filter { $0.blade == id }
        let unknown = managed.filter { state(of: $0) == .unknown && $0.wish == .running }.map(\.definition.name).sorted()
        if !unknown.isEmpty { return "its agent does not answer, and \(list(unknown)) may run on it" }
        let running = (blades[id]?.inventory?.domains ?? []).filter { $0.state.holdsMemory || $0.state.executes }.map(\.name).sorted()
        let reading = seat(of: id).flatMap { chassis[$0.chassis]?.readings?.bay($0.bay)?.power }
        if !running.isEmpty, blades[id]?.link != nil { return "\(list(running)) \(running.count == 1 ? "runs" : "run") on it" }
        if !running.isEmpty, !isOff(id, by: reading) { return "its agent does not answer, and \(list(running)) ran on it when it last did" }
        let coming = decided.openOperations.filter { $0.blade == id || $0.destination == id }.map(\.domainName).sorted()
        if !coming.isEmpty { return "\(list(coming)): an operation is under way" }
        return nil
    }
}

extension Refusal {
    fileprivate static func unknownDomains(on name: String, _ reason: String) -> Refusal {
        Refusal(
            .conflict, "\(name) is not switched off: what runs on it is not known, for \(reason)",
            remedy: "start its agent; or, if you know that nothing runs there that is missed: `podp blade off \(name) --unknown-domains`")
    }
}
