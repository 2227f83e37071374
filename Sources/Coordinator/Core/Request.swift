import PodpModel
import PodpPower

/// What an operator, a blade that enrols, or the daemon itself asks of the core. Secrets and random ids are made by the asker.
public enum Request: Hashable, Sendable, Codable {
    // Identity
    case createEnrolmentToken(EnrolmentToken)
    /// A blade's certificate request with the SHA-256 of its token's secret; answered with `.certificate`.
    case enrol(secretHash: String, request: String, blade: BladeIdentity, addresses: [String])
    /// A blade that proved an expired, known certificate of its own; answered with `.certificate`.
    case renew(blade: BladeID, certificate: String, request: String, addresses: [String])
    case revokeBlade(BladeID)
    /// Forgets a blade that has no domains.
    case removeBlade(BladeID)
    case setDraining(BladeID, Bool)
    case releaseBlade(BladeID)
    /// What its disks do together; 0: not known, no limit.
    case setBlade(BladeID, diskMebibytesPerSecond: Int? = nil, switchModule: String? = nil)
    case createAPIToken(APIToken)
    case revokeAPIToken(name: String)

    // Domains
    /// Stores the definition, places it (`on`, or where it fits best), and starts it if `start`.
    case createDomain(DomainDefinition, on: BladeID?, start: Bool)
    /// Stores another definition of a domain that podp has, by its UUID; effective with its next start.
    case replaceDomain(DomainDefinition)
    /// `force`: an operator knows that its disks' content is the same on the other blade, though podp cannot see that.
    /// `despitePolicy`: even where hard N+1 would be lost by it.
    case startDomain(DomainID, on: BladeID?, force: Bool, despitePolicy: Bool = false)
    case stopDomain(DomainID, deadline: Duration)
    /// `on`: not its home's copy but this blade's, where two hold memory.
    case destroyDomain(DomainID, on: BladeID?)
    case pauseDomain(DomainID)
    case resumeDomain(DomainID)
    case rebootDomain(DomainID)
    /// `despitePolicy`: even where hard N+1 would be lost by it.
    case setDomain(DomainID, memory: Bytes?, vcpus: Int?, despitePolicy: Bool = false)
    /// `allowStop`: a domain that cannot migrate live may be stopped for the transfer.
    /// `despitePolicy`: even where hard N+1 would be lost by it.
    case migrateDomain(DomainID, to: BladeID?, allowStop: Bool, despitePolicy: Bool = false)
    /// Asks its blade for libvirt's XML; answered with `.description`. The daemon reads it, then asks `adoptDomain`.
    case describeDomain(DomainID, on: BladeID)
    case adoptDomain(DomainDefinition, on: BladeID)
    /// podp forgets it; it runs on, unmanaged.
    case releaseDomain(DomainID)
    /// Undefines it on its blade and forgets it. Its disks are left alone.
    case removeDomain(DomainID)
    /// Automation may touch it again after an incident.
    case clearDomain(DomainID)

    // Chassis
    /// Watches a chassis from now on; when and by whom it was added is filled in.
    case addChassis(ChassisRecord)
    case removeChassis(name: String)
    /// Switches a blade by the chassis that it sits in; answered with `.operation`. "Off" is refused while domains run there.
    /// `unknownDomains`: off even though nobody has told podp what runs on the blade. `escalateAfter`: a soft-off that is not obeyed by then is
    /// followed by a hard one; 1 s to 1 h. `despitePolicy`: off even though a loss that the fleet is to survive could not be borne without the blade.
    case switchBlade(BladeID, PowerRequest, unknownDomains: Bool = false, escalateAfter: Duration? = nil, despitePolicy: Bool = false)

    /// Somebody opens a bay's serial console, or has left it: for the audit log; podp sees nothing of the session.
    case noteConsole(chassis: String, bay: Int, ConsoleMoment)

    // Plans and policy
    /// `despitePolicy`: what operators want survived (hard N+1) counts as a wish.
    case plan(Problem.Goal, weighsWatts: Bool = false, despitePolicy: Bool = false)
    case applyPlan(id: String)
    /// The inverse of a plan that was carried out, wholly or in part; answered with `.plan`, applied as any other.
    case rollbackPlan(id: String)
    /// What would come of something that may happen; answered with `.outlook`. Nothing is kept.
    case whatIf(Hypothesis)
    /// Where `createDomain` would put it, and why; answered with `.placement`. Nothing is kept.
    case placeDomain(DomainDefinition)
    case setPolicy(BalancePolicy, chassis: String?)
    /// N+1: what the fleet is to survive from now on, in place of what was said before.
    case setSurvival([Settings.Survive])
    case freeze(reason: String)
    case thaw
    case cancelOperation(OperationID)

    /// Of a coordinator that met a higher term than its own: adopt what the agents observe, take a higher term.
    case recover(newTermID: ID128)
}

/// Of a session on a serial console.
public enum ConsoleMoment: String, Hashable, Sendable, Codable, CaseIterable {
    case opened
    /// Somebody else's session, if there is one, ends by it.
    case takenOver = "taken-over"
    case closed
}

/// The answer to a request. Nothing durable is acknowledged before it is stored.
public enum Answer: Hashable, Sendable, Codable {
    case done
    /// Begun; it ends as its operation ends.
    case operation(OperationID)
    case operations([OperationID])
    case plan(PlanRecord)
    case certificate(chain: String, authorities: String)
    case description(xml: String)
    case domain(DomainID)
    case outlook(Outlook)
    case placement(PlacementChoice)
    case refused(Refusal)
}

/// Why a request is not done, and what to do.
public struct Refusal: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        case notFound, conflict, invalid, forbidden, unavailable, readOnly, busy, tokenInvalid, planStale, unsupported
    }

    public var code: Code
    /// What and where.
    public var message: String
    /// What to do; empty when there is nothing to do.
    public var remedy: String

    public init(_ code: Code, _ message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.isEmpty ? message : "\(message) (\(remedy))" }
}
