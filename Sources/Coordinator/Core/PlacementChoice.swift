import PodpModel

/// Where a domain that is to be created would go, and why not elsewhere.
public struct PlacementChoice: Hashable, Sendable, Codable {
    public struct Candidate: Hashable, Sendable, Codable {
        public var blade: BladeID
        public var name: String
        /// For one more domain.
        public var free: Bytes
        /// How full its fullest resource would be with the domain there, and which that is.
        public var pressure: Pressure
        /// Why it cannot run there, in words; `nil`: it can.
        public var reason: String?

        public init(blade: BladeID, name: String, free: Bytes, pressure: Pressure, reason: String?) {
            self.blade = blade
            self.name = name
            self.free = free
            self.pressure = pressure
            self.reason = reason
        }
    }

    /// How full a blade's fullest resource is, in thousandths of its comfort level (planner.md, Objective): above 1000, domains wait there.
    public struct Pressure: Hashable, Sendable, Codable {
        public var resource: String
        public var permille: Int

        public init(resource: String, permille: Int) {
            self.resource = resource
            self.permille = permille
        }
    }

    public var domainName: String
    /// Its memory, with what the hypervisor keeps for it.
    public var needed: Bytes
    /// `nil`: no blade can take it.
    public var chosen: BladeID?
    /// Every blade, by id.
    public var candidates: [Candidate]

    public init(domainName: String, needed: Bytes, chosen: BladeID?, candidates: [Candidate]) {
        self.domainName = domainName
        self.needed = needed
        self.chosen = chosen
        self.candidates = candidates
    }

    /// Why none of them can, blades that say the same together.
    ///
    /// - Parameter able: those that can but for N+1: what they say comes first, for remedies are about it.
    static func reasons(of candidates: [Candidate], first able: Set<BladeID>) -> String {
        var named: [(reason: String, blades: [String])] = []
        var known: [String: Int] = [:]
        for candidate in candidates.filter({ able.contains($0.blade) }) + candidates.filter({ !able.contains($0.blade) }) {
            guard let reason = candidate.reason else { continue }
            if known[reason] == nil {
                known[reason] = named.count
                named.append((reason, []))
            }
            if let index = known[reason] { named[index].blades.append(candidate.name) }
        }
        let told = named.prefix(6).map { reason, blades in
            blades.prefix(4).joined(separator: ", ") + (blades.count > 4 ? " and \(blades.count - 4) more" : "") + ": \(reason)"
        }
        return told.joined(separator: "; ") + (named.count > 6 ? "; and \(named[6...].reduce(0) { $0 + $1.blades.count }) more" : "")
    }

    /// Of those that can, the one whose fullest resource is least full; of equals the one with the most memory free, and of those the first.
    static func best(of candidates: [Candidate]) -> Candidate? {
        candidates.reduce(nil) { best, candidate in
            candidate.reason == nil && best.map({ candidate.isBetter(than: $0) }) ?? true ? candidate : best
        }
    }
}

extension PlacementChoice.Candidate {
    /// Whether the domain is better off here; of both, whether they can take it is asked apart.
    public func isBetter(than other: Self) -> Bool {
        pressure.permille != other.pressure.permille ? pressure.permille < other.pressure.permille : free > other.free
    }
}
