import PodpModel

/// What is asked of a fleet that is not there.
public struct WhatIfOrder: Documented {
    /// Which question.
    public var question: WhatIfQuestion
    /// Of a loss: the blade's UUID or whole name.
    public var blade: String?
    /// Of more: how many.
    public var count: Int?
    /// Of more blades: processors of each.
    public var cores: Int?
    /// Of more blades: memory of each, dom0's part included.
    public var memoryBytes: UInt64?
    /// Of more domains: the UUID or whole name of the one that they are like.
    public var like: String?

    public init(question: WhatIfQuestion, blade: String? = nil, count: Int? = nil, cores: Int? = nil, memoryBytes: UInt64? = nil, like: String? = nil) {
        self.question = question
        self.blade = blade
        self.count = count
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.like = like
    }

    public static let summary = "What is asked of a fleet that is not there."
    public static let fields = [
        "question": "Which question.",
        "blade": "Of a loss: the blade's UUID or whole name.",
        "count": "Of more: how many.",
        "cores": "Of more blades: processors of each.",
        "memoryBytes": "Of more blades: memory of each, dom0's part included.",
        "like": "Of more domains: the UUID or whole name of the one that they are like.",
    ]
}

/// What can be asked.
public enum WhatIfQuestion: String, StringChoice {
    /// A blade is lost: who finds room, and where.
    case lose
    /// More blades: what a balance would look like.
    case add
    /// More domains like one: how many fit, where, and what runs out first.
    case more
}

/// What would come of it. Nothing is kept or done.
public struct OutlookResource: Documented {
    /// Which question.
    public var question: WhatIfQuestion
    /// Whether everybody finds room.
    public var fits: Bool
    /// Who finds room, and where; in the order in which they were placed.
    public var places: [PlaceResource]
    /// Who does not, and why.
    public var homeless: [HomelessResource]
    /// Of more domains: what bounds their number, the scarcest first.
    public var bounds: [BoundResource]
    /// Every blade's load now.
    public var before: [LoadResource]
    /// Every blade's load then.
    public var after: [LoadResource]
    /// Of more blades: moves that the balance makes.
    public var moves: Int
    /// What was assumed, and what was found besides.
    public var remarks: [String]

    public init(
        question: WhatIfQuestion, fits: Bool, places: [PlaceResource], homeless: [HomelessResource], bounds: [BoundResource], before: [LoadResource],
        after: [LoadResource], moves: Int, remarks: [String]
    ) {
        self.question = question
        self.fits = fits
        self.places = places
        self.homeless = homeless
        self.bounds = bounds
        self.before = before
        self.after = after
        self.moves = moves
        self.remarks = remarks
    }

    public static let summary = "What would come of it. Nothing is kept or done."
    public static let fields = [
        "question": "Which question.",
        "fits": "Whether everybody finds room.",
        "places": "Who finds room, and where; in the order in which they were placed.",
        "homeless": "Who does not, and why.",
        "bounds": "Of more domains: what bounds their number, the scarcest first.",
        "before": "Every blade's load now.",
        "after": "Every blade's load then.",
        "moves": "Of more blades: moves that the balance makes.",
        "remarks": "What was assumed, and what was found besides.",
    ]
}

/// A domain that would find room.
public struct PlaceResource: Documented {
    /// Its name; of one that is not there the model's with a number.
    public var domainName: String
    /// Where.
    public var blade: BladeID
    /// That blade's name.
    public var bladeName: String

    public init(domainName: String, blade: BladeID, bladeName: String) {
        self.domainName = domainName
        self.blade = blade
        self.bladeName = bladeName
    }

    public static let summary = "A domain that would find room."
    public static let fields = [
        "domainName": "Its name; of one that is not there the model's with a number.", "blade": "Where.", "bladeName": "That blade's name.",
    ]
}

/// A domain that would find none.
public struct HomelessResource: Documented {
    /// Its name.
    public var domainName: String
    /// In words and amounts, blade by blade.
    public var reason: String

    public init(domainName: String, reason: String) {
        self.domainName = domainName
        self.reason = reason
    }

    public static let summary = "A domain that would find no room."
    public static let fields = ["domainName": "Its name.", "reason": "In words and amounts, blade by blade."]
}

/// How many more like one domain would fit if only this resource counted.
public struct BoundResource: Documented {
    /// cpu, memory, disk or network.
    public var resource: String
    /// So many fit now.
    public var fits: Int
    /// What one takes, in the unit.
    public var need: Int64
    /// What all blades have left, in the unit; of memory to its capacity, else to the comfort level.
    public var free: Int64
    /// mCPU, KiB or KiB/s.
    public var unit: String
    /// By which amount of the unit a day its use has grown lately; absent where there is no history of some days.
    public var growthPerDay: Double?
    /// Days of history that the growth is from.
    public var historyDays: Double?
    /// With those that were asked for, what is left lasts so many days at that growth; absent where it does not grow.
    public var lastsDays: Double?

    public init(
        resource: String, fits: Int, need: Int64, free: Int64, unit: String, growthPerDay: Double? = nil, historyDays: Double? = nil, lastsDays: Double? = nil
    ) {
        self.resource = resource
        self.fits = fits
        self.need = need
        self.free = free
        self.unit = unit
        self.growthPerDay = growthPerDay
        self.historyDays = historyDays
        self.lastsDays = lastsDays
    }

    public static let summary = "How many more like one domain would fit if only this resource counted."
    public static let fields = [
        "resource": "cpu, memory, disk or network.",
        "fits": "So many fit now.",
        "need": "What one takes, in the unit.",
        "free": "What all blades have left, in the unit; of memory to its capacity, else to the comfort level.",
        "unit": "mCPU, KiB or KiB/s.",
        "growthPerDay": "By which amount of the unit a day its use has grown lately; absent where there is no history of some days.",
        "historyDays": "Days of history that the growth is from.",
        "lastsDays": "With those that were asked for, what is left lasts so many days at that growth; absent where it does not grow.",
    ]
}

/// A file that is to be looked at.
public struct PlacementOrder: Documented {
    /// The file's text, as `xl create` reads it, with podp's own `podp_` keys.
    public var flatFile: String
    /// The file's name, for messages.
    public var fileName: String?

    public init(flatFile: String, fileName: String? = nil) {
        self.flatFile = flatFile
        self.fileName = fileName
    }

    public static let summary = "A domain that is not created, described by xl's flat file."
    public static let fields = [
        "flatFile": "The file's text, as `xl create` reads it, with podp's own `podp_` keys.", "fileName": "The file's name, for messages.",
    ]
}

/// Where a domain would be created, and why not elsewhere.
public struct PlacementResource: Documented {
    /// The domain.
    public var domainName: String
    /// Its memory, with what the hypervisor keeps for it.
    public var neededBytes: UInt64
    /// Where; absent: no blade can take it.
    public var blade: BladeID?
    /// That blade's name.
    public var bladeName: String?
    /// Every blade: first those that can, the one that would be least full first.
    public var candidates: [CandidateResource]
    /// What of the file podp does not take over, and the like.
    public var warnings: [String]

    public init(domainName: String, neededBytes: UInt64, blade: BladeID?, bladeName: String?, candidates: [CandidateResource], warnings: [String]) {
        self.domainName = domainName
        self.neededBytes = neededBytes
        self.blade = blade
        self.bladeName = bladeName
        self.candidates = candidates
        self.warnings = warnings
    }

    public static let summary = "Where a domain would be created, and why not elsewhere. Nothing is created."
    public static let fields = [
        "domainName": "The domain.",
        "neededBytes": "Its memory, with what the hypervisor keeps for it.",
        "blade": "Where; absent: no blade can take it.",
        "bladeName": "That blade's name.",
        "candidates": "Every blade: first those that can, the one that would be least full first.",
        "warnings": "What of the file podp does not take over, and the like.",
    ]
}

/// A blade that was looked at for a domain.
public struct CandidateResource: Documented {
    /// The blade.
    public var blade: BladeID
    /// Its name.
    public var name: String
    /// Memory for one more domain.
    public var freeBytes: UInt64
    /// Which of its resources would be the fullest with the domain there.
    public var fullest: String
    /// How full that would be: 1 is the comfort level, above which domains wait.
    public var fullestRatio: Double
    /// Why the domain cannot run there; absent: it can.
    public var reason: String?

    public init(blade: BladeID, name: String, freeBytes: UInt64, fullest: String, fullestRatio: Double, reason: String?) {
        self.blade = blade
        self.name = name
        self.freeBytes = freeBytes
        self.fullest = fullest
        self.fullestRatio = fullestRatio
        self.reason = reason
    }

    public static let summary = "A blade that was looked at for a domain."
    public static let fields = [
        "blade": "The blade.", "name": "Its name.", "freeBytes": "Memory for one more domain.",
        "fullest": "Which of its resources would be the fullest with the domain there.",
        "fullestRatio": "How full that would be: 1 is the comfort level, above which domains wait.",
        "reason": "Why the domain cannot run there; absent: it can.",
    ]
}
