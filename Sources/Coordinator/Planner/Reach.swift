import PodpModel

/// Where each domain may go, as one row of bits by blade for each domain: CPU features, bridges, storage, blade sets, acceptance.
struct Reach {
    let words: Int
    /// By domain, `words` each.
    private(set) var rows: [UInt64]

    /// - Parameter restarting: where it could be started after the loss of its blade, whether that accepts now or not; else where it may be moved.
    init(_ problem: Problem, restarting: Bool = false) {
        let words = (problem.blades.count + 63) / 64
        var accepting = [UInt64](repeating: 0, count: words)
        for (index, blade) in problem.blades.enumerated() where restarting || (blade.accepts && problem.goal != .evacuate(blade.id)) {
            accepting[index >> 6] |= 1 << UInt64(index & 63)
        }
        self.words = words
        rows = []
        rows.reserveCapacity(words * problem.domains.count)
        for _ in problem.domains { rows.append(contentsOf: accepting) }
        if !restarting { keepFeatures(problem) }
        keepBridges(problem)
        keepStorage(problem)
        keepBladeSets(problem)
    }

    func allows(_ domain: Int, _ blade: Int) -> Bool { rows[domain * words + (blade >> 6)] >> UInt64(blade & 63) & 1 == 1 }

    private mutating func keep(_ domain: Int, _ mask: [UInt64]) {
        for word in 0..<words { rows[domain * words + word] &= mask[word] }
    }

    private mutating func clear(_ domain: Int) {
        for word in 0..<words { rows[domain * words + word] = 0 }
    }

    /// A blade has all features of a domain that migrates live. Few different sets are in use, so each is worked out once.
    private mutating func keepFeatures(_ problem: Problem) {
        var known: [(features: [String], mask: [UInt64])] = []
        for (index, domain) in problem.domains.enumerated() where domain.mobility == .live && !domain.cpuFeatures.isEmpty {
            if let found = known.last(where: { $0.features == domain.cpuFeatures }) {
                keep(index, found.mask)
                continue
            }
            var mask = [UInt64](repeating: 0, count: words)
            for (position, blade) in problem.blades.enumerated() where Set(blade.cpuFeatures).isSuperset(of: domain.cpuFeatures) {
                mask[position >> 6] |= 1 << UInt64(position & 63)
            }
            if known.count == 32 { known.removeFirst() }
            known.append((domain.cpuFeatures, mask))
            keep(index, mask)
        }
    }

    private mutating func keepBridges(_ problem: Problem) {
        let holders = Holders(needed: problem.domains.lazy.flatMap(\.bridges), words: words, blades: problem.blades.map(\.bridges))
        for (index, domain) in problem.domains.enumerated() {
            for bridge in domain.bridges { keep(index, holders.mask(bridge)) }
        }
    }

    /// Every disk is shared storage at both ends. Directories reach what lies under them.
    private mutating func keepStorage(_ problem: Problem) {
        let holders = Holders(
            needed: problem.domains.lazy.flatMap { $0.storage.flatMap(Self.names) }, words: words, blades: problem.blades.map(\.sharedStorage))
        for (index, domain) in problem.domains.enumerated() {
            for path in domain.storage {
                var mask = [UInt64](repeating: 0, count: words)
                for name in Self.names(path) {
                    let row = holders.mask(name)
                    for word in 0..<words { mask[word] |= row[word] }
                }
                if mask[domain.blade >> 6] >> UInt64(domain.blade & 63) & 1 == 0 { clear(index) } else { keep(index, mask) }
            }
        }
    }

    /// The path itself, and every directory above it with its slash; for a path that climbs, the path only.
    private static func names(_ path: String) -> [String] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard !parts.contains("."), !parts.contains("..") else { return [path] }
        var names = [path]
        for position in path.indices where path[position] == "/" {
            let directory = String(path[...position])
            if directory != path { names.append(directory) }
        }
        return names
    }

    private mutating func keepBladeSets(_ problem: Problem) {
        var position: [DomainID: Int]?
        for rule in problem.rules where rule.price == nil {
            let (members, blades, inside): ([DomainID], [BladeID], Bool)
            switch rule.kind {
            case .onlyOn(let domains, let allowed): (members, blades, inside) = (domains, allowed, true)
            case .neverOn(let domains, let forbidden): (members, blades, inside) = (domains, forbidden, false)
            default: continue
            }
            let index = position ?? Dictionary(uniqueKeysWithValues: problem.domains.enumerated().map { ($1.id, $0) })
            position = index
            let named = Set(blades)
            var mask = [UInt64](repeating: 0, count: words)
            for (blade, facts) in problem.blades.enumerated() where named.contains(facts.id) == inside { mask[blade >> 6] |= 1 << UInt64(blade & 63) }
            for member in members { if let domain = index[member] { keep(domain, mask) } }
        }
    }
}

/// Which blades hold each of the names that somebody needs.
private struct Holders {
    private var index: [String: Int] = [:]
    private var masks: [UInt64] = []
    private let words: Int

    init(needed: some Sequence<String>, words: Int, blades: [[String]]) {
        self.words = words
        for name in needed where index[name] == nil { index[name] = index.count }
        masks = Array(repeating: 0, count: index.count * words)
        for (blade, names) in blades.enumerated() {
            for name in names {
                guard let row = index[name] else { continue }
                masks[row * words + (blade >> 6)] |= 1 << UInt64(blade & 63)
            }
        }
    }

    func mask(_ name: String) -> [UInt64] {
        guard let row = index[name] else { return Array(repeating: 0, count: words) }
        return Array(masks[row * words..<(row + 1) * words])
    }
}
