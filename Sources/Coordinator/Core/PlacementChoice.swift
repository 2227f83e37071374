import PodpModel

/// Where a domain that is to be created would go, and why not elsewhere.
public struct PlacementChoice: Hashable, Sendable, Codable {
    public struct Candidate: Hashable, Sendable, Codable {
        public var blade: BladeID
        public var name: String
        /// For one more domain.
        public var free: Bytes
        /// Why it cannot run there, in words; `nil`: it can.
        public var reason: String?

        public init(blade: BladeID, name: String, free: Bytes, reason: String?) {
            self.blade = blade
            self.name = name
            self.free = free
            self.reason = reason
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

    /// Of those that can, the one with the most memory free; of equals the first.
    static func best(of candidates: [Candidate]) -> Candidate? {
        candidates.reduce(nil) { best, candidate in
            candidate.reason == nil && best.map({ candidate.free > $0.free }) ?? true ? candidate : best
        }
    }
}
