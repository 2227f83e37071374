import PodpModel

/// What a chassis is asked to do with a blade. All three may be asked twice with the effect of once.
///
/// There is no "restart": a restart is an off that was confirmed, and then an on. A chassis' own restart command, repeated after a lost
/// answer, restarts twice.
public enum PowerRequest: String, Hashable, Sendable, Codable, CaseIterable {
    case on
    /// The operating system shuts down first.
    case softOff
    case hardOff

    /// What it is asked for.
    public var goal: PowerState { self == .on ? .on : .off }
}

/// Why a chassis will not.
public struct PowerRefusal: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable, Codable, CaseIterable {
        case insufficientPower
        case powerDenied
        /// The account or community may read only, or remote power control is disabled.
        case notPermitted
        /// The bay is empty, covered, or there is none of this number.
        case noBlade
        /// The device has no such action.
        case unsupported
        case other
    }

    public var reason: Reason
    /// What and why, in words.
    public var message: String
    public var shortfall: PowerShortfall?

    public init(_ reason: Reason, _ message: String, shortfall: PowerShortfall? = nil) {
        self.reason = reason
        self.message = message
        self.shortfall = shortfall
    }

    public var description: String {
        guard let shortfall else { return message }
        let domain = shortfall.domain.map { " in power domain \($0)" } ?? ""
        if let missing = shortfall.missingWatts { return "\(message): \(missing) W are missing\(domain)" }
        if let remaining = shortfall.remainingWatts { return "\(message): \(remaining) W remain\(domain)" }
        return message
    }
}

/// How a request was answered. Accepted is not done.
public enum RequestOutcome: Hashable, Sendable, Codable {
    case accepted
    /// The device says that it is so already, and has done nothing.
    case needless
    case refused(PowerRefusal)
    /// No answer: it may have been heard, or not.
    case lost(String)
    /// Nothing was sent to the device, and why not.
    case notAsked(String)
}
