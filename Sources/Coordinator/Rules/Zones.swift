import PodpModel

/// A fleet's blades by what they fall with, and how sentences call that.
struct Zones {
    let kind: Zone
    /// By blade: an index that blades of one zone share.
    let of: [Int]
    /// By zone.
    let names: [String]
    /// By zone: whether what it is is known.
    let isKnown: [Bool]

    /// - Parameter lumped: blades whose zone is unknown count as one zone, because they may be; else each as one of its own.
    init(_ kind: Zone, of fleet: Fleet, lumped: Bool) {
        self.kind = kind
        var index: [String: Int] = [:]
        var names: [String] = []
        var isKnown: [Bool] = []
        var unknown: Int?
        of = fleet.problem.blades.map { blade in
            guard let zone = blade.zone(kind) else {
                if lumped, let unknown { return unknown }
                names.append(lumped ? "blades whose \(kind.words) is unknown" : blade.name)
                isKnown.append(false)
                unknown = names.count - 1
                return names.count - 1
            }
            if let known = index[zone] { return known }
            index[zone] = names.count
            names.append(kind == .blade ? blade.name : zone)
            isKnown.append(true)
            return names.count - 1
        }
        self.names = names
        self.isKnown = isKnown
    }
}

extension Zone {
    /// In the words of people: `power domain`.
    public var words: String {
        switch self {
        case .blade: "blade"
        case .chassis: "chassis"
        case .power: "power domain"
        case .network: "switch module"
        }
    }

    /// `power domains`.
    public var pluralWords: String { self == .chassis ? "chassis" : words + "s" }
}
