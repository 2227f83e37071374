import PodpModel

/// What automation may do.
public struct PolicyResource: Documented {
    /// For chassis that are not named in `chassis`.
    public var balance: BalanceMode
    /// For each chassis with a policy of its own.
    public var chassis: [ChassisPolicyResource]
    /// Present: all automation is stopped until `podp thaw`.
    public var frozen: FreezeResource?
    /// A balance must improve the objective by this many thousandths.
    public var minimumGainPermille: Int
    /// Automatic moves in any hour, over the whole fleet.
    public var maxMovesPerHour: Int

    public init(balance: BalanceMode, chassis: [ChassisPolicyResource], frozen: FreezeResource? = nil, minimumGainPermille: Int, maxMovesPerHour: Int) {
        self.balance = balance
        self.chassis = chassis
        self.frozen = frozen
        self.minimumGainPermille = minimumGainPermille
        self.maxMovesPerHour = maxMovesPerHour
    }

    public static let summary = "What automation may do."
    public static let fields = [
        "balance": "For chassis that are not named in `chassis`.",
        "chassis": "For each chassis with a policy of its own.",
        "frozen": "Present: all automation is stopped until `podp thaw`.",
        "minimumGainPermille": "A balance must improve the objective by this many thousandths.",
        "maxMovesPerHour": "Automatic moves in any hour, over the whole fleet.",
    ]
}

/// One chassis' own policy.
public struct ChassisPolicyResource: Documented {
    /// Its name.
    public var chassis: String
    /// What the balancer may do by itself there.
    public var balance: BalanceMode

    public init(chassis: String, balance: BalanceMode) {
        self.chassis = chassis
        self.balance = balance
    }

    public static let summary = "One chassis' own policy."
    public static let fields = [
        "chassis": "Its name.",
        "balance": "What the balancer may do by itself there.",
    ]
}

/// A policy to set.
public struct PolicyChange: Documented {
    /// What the balancer may do by itself.
    public var balance: BalanceMode
    /// For this chassis only; absent: for all, and what was set for one chassis is dropped.
    public var chassis: String?

    public init(balance: BalanceMode, chassis: String? = nil) {
        self.balance = balance
        self.chassis = chassis
    }

    public static let summary = "A policy to set."
    public static let fields = [
        "balance": "What the balancer may do by itself.",
        "chassis": "For this chassis only; absent: for all, and what was set for one chassis is dropped (`warnings` says so).",
    ]
}

/// Why all automation is to stop.
public struct FreezeOrder: Documented {
    /// For the audit log and everybody who looks.
    public var reason: String?

    public init(reason: String? = nil) {
        self.reason = reason
    }

    public static let summary = "Why all automation is to stop."
    public static let fields = [
        "reason": "For the audit log and everybody who looks."
    ]
}
