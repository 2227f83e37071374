import PodpModel

/// A bearer token for the API. The token itself is shown once, when it is made.
public struct TokenResource: Documented {
    /// Its name.
    public var name: String
    /// What it may do.
    public var role: TokenRole
    /// When it was made.
    public var createdAt: Timestamp
    /// When it ends; absent: never.
    public var expires: Timestamp?

    public init(name: String, role: TokenRole, createdAt: Timestamp, expires: Timestamp? = nil) {
        self.name = name
        self.role = role
        self.createdAt = createdAt
        self.expires = expires
    }

    public static let summary = "A bearer token for the API. The token itself is shown once, when it is made."
    public static let fields = [
        "name": "Its name.",
        "role": "What it may do.",
        "createdAt": "When it was made.",
        "expires": "When it ends; absent: never.",
    ]
}

/// A bearer token to be made.
public struct TokenOrder: Documented {
    /// Letters, digits, `-`, `_` and `.`; at most 64.
    public var name: String
    /// What it may do.
    public var role: TokenRole
    /// How long it lives; absent: until it is revoked.
    public var lifetimeSeconds: Int?

    public init(name: String, role: TokenRole, lifetimeSeconds: Int? = nil) {
        self.name = name
        self.role = role
        self.lifetimeSeconds = lifetimeSeconds
    }

    public static let summary = "A bearer token to be made."
    public static let fields = [
        "name": "Letters, digits, `-`, `_` and `.`; at most 64.",
        "role": "What it may do.",
        "lifetimeSeconds": "How long it lives; absent: until it is revoked.",
    ]
}

/// A bearer token that was just made. podp keeps only its SHA-256: this is the one time that it is shown.
public struct TokenSecret: Documented {
    /// Its name.
    public var name: String
    /// What it may do.
    public var role: TokenRole
    /// When it ends; absent: never.
    public var expires: Timestamp?
    /// Send it as `Authorization: Bearer …`.
    public var token: String

    public init(name: String, role: TokenRole, expires: Timestamp? = nil, token: String) {
        self.name = name
        self.role = role
        self.expires = expires
        self.token = token
    }

    public static let summary = "A bearer token that was just made. podp keeps only its SHA-256: this is the one time that it is shown."
    public static let fields = [
        "name": "Its name.",
        "role": "What it may do.",
        "expires": "When it ends; absent: never.",
        "token": "Send it as `Authorization: Bearer …`.",
    ]
}

/// A one-time token for a blade's enrolment that was not used yet. Its secret is nowhere.
public struct BladeTokenResource: Documented {
    /// First 16 digits of its secret's SHA-256.
    public var id: String
    /// When it ends.
    public var expires: Timestamp
    /// Who made it.
    public var createdBy: String
    /// Which blade it was meant for.
    public var note: String
    /// The chassis that the blade will be in; empty: none.
    public var chassis: String
    /// The bay that the blade will be in.
    public var bay: Int?

    public init(id: String, expires: Timestamp, createdBy: String, note: String, chassis: String, bay: Int? = nil) {
        self.id = id
        self.expires = expires
        self.createdBy = createdBy
        self.note = note
        self.chassis = chassis
        self.bay = bay
    }

    public static let summary = "A one-time token for a blade's enrolment that was not used yet. Its secret is nowhere."
    public static let fields = [
        "id": "First 16 digits of its secret's SHA-256.",
        "expires": "When it ends.",
        "createdBy": "Who made it.",
        "note": "Which blade it was meant for.",
        "chassis": "The chassis that the blade will be in; empty: none.",
        "bay": "The bay that the blade will be in.",
    ]
}

/// A one-time token to be made, for a blade's enrolment.
public struct BladeTokenOrder: Documented {
    /// How long it lives (60 to 604800); absent: one hour.
    public var lifetimeSeconds: Int?
    /// Which blade it is meant for.
    public var note: String?
    /// The chassis that the blade is in.
    public var chassis: String?
    /// The bay that the blade is in.
    public var bay: Int?

    public init(lifetimeSeconds: Int? = nil, note: String? = nil, chassis: String? = nil, bay: Int? = nil) {
        self.lifetimeSeconds = lifetimeSeconds
        self.note = note
        self.chassis = chassis
        self.bay = bay
    }

    public static let summary = "A one-time token to be made, for a blade's enrolment."
    public static let fields = [
        "lifetimeSeconds": "How long it lives (60 to 604800); absent: one hour.",
        "note": "Which blade it is meant for.",
        "chassis": "The chassis that the blade is in.",
        "bay": "The bay that the blade is in.",
    ]
}

/// A one-time token that was just made: addresses, the authority's SHA-256, expiry and secret in one text.
public struct BladeTokenSecret: Documented {
    /// What `podp-agent enrol` takes.
    public var token: String
    /// When it ends.
    public var expires: Timestamp
    /// What its maker may not have meant; absent: nothing.
    public var warnings: [String]?

    public init(token: String, expires: Timestamp, warnings: [String]? = nil) {
        self.token = token
        self.expires = expires
        self.warnings = warnings
    }

    public static let summary = "A one-time token that was just made: addresses, the authority's SHA-256, expiry and secret in one text."
    public static let fields = [
        "token": "What `podp-agent enrol` takes.",
        "expires": "When it ends.",
        "warnings": "What its maker may not have meant; absent: nothing.",
    ]
}

/// What a token may do.
public enum TokenRole: String, StringChoice {
    /// See everything, change nothing.
    case read
    /// Everything.
    case operate
}
