/// What might happen to the fleet, to be looked at beforehand. Nothing is kept or done.
public enum Hypothesis: Hashable, Sendable, Codable {
    /// A blade is gone, and its domains are to be started elsewhere.
    case lose(BladeID)
    /// So many more blades, each with so many CPUs and so much memory.
    case add(blades: Int, cpus: Int, memory: Bytes)
    /// So many more domains like this one.
    case more(Int, like: DomainID)
}

/// What would come of a hypothesis.
public struct Outlook: Hashable, Sendable, Codable {
    /// A domain that would find room, and where.
    public struct Place: Hashable, Sendable, Codable {
        public var domainName: String
        public var blade: BladeID
        public var bladeName: String

        public init(domainName: String, blade: BladeID, bladeName: String) {
            self.domainName = domainName
            self.blade = blade
            self.bladeName = bladeName
        }
    }

    /// A domain that would not.
    public struct Homeless: Hashable, Sendable, Codable {
        public var domainName: String
        /// In words and amounts, blade by blade.
        public var reason: String

        public init(domainName: String, reason: String) {
            self.domainName = domainName
            self.reason = reason
        }
    }

    /// How many more like one would fit if only this resource counted.
    public struct Bound: Hashable, Sendable, Codable {
        /// `cpu`, `memory`, `disk`, `network`.
        public var resource: String
        public var fits: Int
        /// What one takes, and what is left for all, in the resource's unit: `mCPU`, `KiB`, `KiB/s`.
        public var need: Int64
        public var free: Int64
        public var unit: String

        public init(resource: String, fits: Int, need: Int64, free: Int64, unit: String) {
            self.resource = resource
            self.fits = fits
            self.need = need
            self.free = free
            self.unit = unit
        }
    }

    public var hypothesis: Hypothesis
    /// In the order in which they were placed.
    public var places: [Place]
    public var homeless: [Homeless]
    /// Of more domains: by resource, the first one that runs out first.
    public var bounds: [Bound]
    /// Every blade's load now, and then; of more domains and of a loss without blades that are not there.
    public var before: [BladeLoad]
    public var after: [BladeLoad]
    /// Of more blades: moves that a balance would make.
    public var moves: Int
    /// What was assumed, and what was found besides.
    public var remarks: [String]

    public init(
        hypothesis: Hypothesis, places: [Place] = [], homeless: [Homeless] = [], bounds: [Bound] = [], before: [BladeLoad], after: [BladeLoad], moves: Int = 0,
        remarks: [String] = []
    ) {
        self.hypothesis = hypothesis
        self.places = places
        self.homeless = homeless
        self.bounds = bounds
        self.before = before
        self.after = after
        self.moves = moves
        self.remarks = remarks
    }
}
