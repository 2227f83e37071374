import PodpModel

/// Where each domain may go, as rows of bits by blade: CPU features, bridges, storage, blade sets, acceptance.
struct Reach {
    let words: Int
    /// By domain: its row. Domains that may go to the same blades share one.
    private(set) var rowOf: [Int] = []
    /// By row, `words` each.
    private(set) var rows: [UInt64] = []
    /// Sets of blades that domains are kept to.
    private var masks: [[UInt64]]
    /// By domain: which of them.
    private var keeping: [[Int]]

    /// - Parameter restarting: where it could be started after the loss of its blade, whether that accepts now or not; else where it may be moved.
    init(_ problem: Problem, restarting: Bool = false) {
        words = (problem.blades.count + 63) / 64
        masks = [Array(repeating: 0, count: words)]
        keeping = Array(repeating: [], count: problem.domains.count)
        if !restarting { keepFeatures(problem) }
        keepBridges(problem)
        keepStorage(problem)
        keepBladeSets(problem)
        let accepting = mask(problem.blades.indices.filter { restarting || (problem.blades[$0].accepts && problem.goal != .evacuate(problem.blades[$0].id)) })
        var known: [[Int]: Int] = [:]
        rowOf.reserveCapacity(problem.domains.count)
        for sets in keeping {
            if let row = known[sets] {
                rowOf.append(row)
                continue
            }
            var row = accepting
            for set in sets { for word in 0..<words { row[word] &= masks[set][word] } }
            rowOf.append(known.count)
            known[sets] = known.count
            rows += row
        }
        (masks, keeping) = ([], [])
    }

    func allows(_ domain: Int, _ blade: Int) -> Bool { rows[rowOf[domain] * words + (blade >> 6)] >> UInt64(blade & 63) & 1 == 1 }

    /// The first set: none.
    private static let nowhere = 0

    private func mask(_ blades: [Int]) -> [UInt64] {
        var mask = [UInt64](repeating: 0, count: words)
        for blade in blades { mask[blade >> 6] |= 1 << UInt64(blade & 63) }
        return mask
    }

    private mutating func set(_ blades: [Int]) -> Int {
        masks.append(mask(blades))
        return masks.count - 1
    }

    /// A blade has all features of a domain that migrates live. Few different sets are in use, so each is worked out once.
    private mutating func keepFeatures(_ problem: Problem) {
        var known: [(features: [String], set: Int)] = []
        for (index, domain) in problem.domains.enumerated() where domain.mobility == .live && !domain.cpuFeatures.isEmpty {
            if let found = known.last(where: { $0.features == domain.cpuFeatures }) {
                keeping[index].append(found.set)
                continue
            }
            let set = set(problem.blades.indices.filter { Set(problem.blades[$0].cpuFeatures).isSuperset(of: domain.cpuFeatures) })
            if known.count == 32 { known.removeFirst() }
            known.append((domain.cpuFeatures, set))
            keeping[index].append(set)
        }
    }

    private mutating func keepBridges(_ problem: Problem) {
        var holders: [String: [Int]] = [:]
        for (blade, facts) in problem.blades.enumerated() { for bridge in Set(facts.bridges) { holders[bridge, default: []].append(blade) } }
        let sets = holders.mapValues { set($0) }
        for (index, domain) in problem.domains.enumerated() {
            for bridge in domain.bridges { keeping[index].append(sets[bridge] ?? Self.nowhere) }
        }
    }

    /// Every disk is shared storage at both ends. Directories reach what lies under them.
    private mutating func keepStorage(_ problem: Problem) {
        var holders: [String: [Int]] = [:]
        for (blade, facts) in problem.blades.enumerated() { for name in Set(facts.sharedStorage) { holders[name, default: []].append(blade) } }
        var sets: [[String]: Int] = [:]
        for (index, domain) in problem.domains.enumerated() {
            for path in domain.storage {
                let names = Self.names(path).filter { holders[$0] != nil }
                guard !names.isEmpty else {
                    keeping[index].append(Self.nowhere)
                    continue
                }
                let reached: Int
                if let known = sets[names] {
                    reached = known
                } else {
                    reached = set(names.flatMap { holders[$0] ?? [] })
                    sets[names] = reached
                }
                let isReachedNow = masks[reached][domain.blade >> 6] >> UInt64(domain.blade & 63) & 1 == 1
                keeping[index].append(isReachedNow ? reached : Self.nowhere)
            }
        }
    }

    /// The path itself, and every directory above it with its slash; for a path that climbs, the path only.
    private static func names(_ path: String) -> [String] {
        var names = [path]
        // Paths are ASCII nearly always; only then is a byte a character.
        guard path.utf8.allSatisfy({ $0 < 0x80 }) else {
            let parts = path.split(separator: "/", omittingEmptySubsequences: true)
            guard !parts.contains("."), !parts.contains("..") else { return names }
            for position in path.indices where path[position] == "/" && path.index(after: position) < path.endIndex { names.append(String(path[...position])) }
            return names
        }
        let bytes = path.utf8
        var start = bytes.startIndex
        for position in bytes.indices {
            guard bytes[position] == 0x2F else { continue }
            if isClimbing(bytes[start..<position]) { return [path] }
            start = bytes.index(after: position)
            if start < bytes.endIndex { names.append(String(path[...position])) }
        }
        return isClimbing(bytes[start...]) ? [path] : names
    }

    private static func isClimbing(_ part: Substring.UTF8View) -> Bool { (1...2).contains(part.count) && part.allSatisfy { $0 == 0x2E } }

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
            let kept = set(problem.blades.indices.filter { named.contains(problem.blades[$0].id) == inside })
            for member in members { if let domain = index[member] { keeping[domain].append(kept) } }
        }
    }
}
