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
    /// N+1: zones whose loss the fleet is to survive.
    public var survive: [SurviveResource]

    public init(
        balance: BalanceMode, chassis: [ChassisPolicyResource], frozen: FreezeResource? = nil, minimumGainPermille: Int, maxMovesPerHour: Int,
        survive: [SurviveResource]
    ) {
        self.balance = balance
        self.chassis = chassis
        self.frozen = frozen
        self.minimumGainPermille = minimumGainPermille
        self.maxMovesPerHour = maxMovesPerHour
        self.survive = survive
    }

    public static let summary = "What automation may do."
    public static let fields = [
        "balance": "For chassis that are not named in `chassis`.",
        "chassis": "For each chassis with a policy of its own.",
        "frozen": "Present: all automation is stopped until `podp thaw`.",
        "minimumGainPermille": "A balance must improve the objective by this many thousandths.",
        "maxMovesPerHour": "Automatic moves in any hour, over the whole fleet.",
        "survive": "N+1: zones whose loss the fleet is to survive.",
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

/// A kind of zone whose loss, one at a time, the fleet is to survive.
public struct SurviveResource: Documented {
    /// Its kind.
    public var zone: ZoneKind
    /// Absent: no plan makes a loss unbearable. Else it is a wish, and each zone that cannot be lost weighs as much as so many requests that wait.
    public var price: Double?

    public init(zone: ZoneKind, price: Double? = nil) {
        self.zone = zone
        self.price = price
    }

    public static let summary = "A kind of zone whose loss, one at a time, the fleet is to survive."
    public static let fields = [
        "zone": "Its kind.",
        "price": "Absent: no plan makes a loss unbearable. Else it is a wish, and each zone that cannot be lost weighs as much as so many requests that wait.",
    ]
}

/// Blades that fall as one.
public enum ZoneKind: String, StringChoice {
    case blade, chassis
    /// A power domain.
    case power
    /// A switch module that is some blades' only way to the network.
    case network
}

/// What the fleet is to survive.
public struct SurviveOrder: Documented {
    /// In place of what was said before; empty: nothing.
    public var survive: [SurviveResource]

    public init(survive: [SurviveResource]) { self.survive = survive }

    public static let summary = "What the fleet is to survive."
    public static let fields = ["survive": "In place of what was said before; empty: nothing."]
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
