import PodpModel

/// How many moves of a wave each blade, and each chassis' uplink, takes part in.
struct LinkUse {
    private let movesPerBlade: Int
    private let movesPerUplink: Int
    /// By blade: its chassis, as an index; -1 where it is unknown, and with it what is between.
    private let chassis: [Int]
    private var ofBlade: [Int]
    private var ofUplink: [Int]

    init(_ problem: Problem) {
        movesPerBlade = problem.limits.movesPerBlade
        movesPerUplink = problem.limits.movesPerUplink
        var known: [String: Int] = [:]
        chassis = problem.blades.map { blade in
            guard !blade.chassis.isEmpty else { return -1 }
            let index = known[blade.chassis] ?? known.count
            known[blade.chassis] = index
            return index
        }
        ofBlade = Array(repeating: 0, count: problem.blades.count)
        ofUplink = Array(repeating: 0, count: known.count)
    }

    func mayMove(from source: Int, to target: Int) -> Bool {
        guard ofBlade[source] < movesPerBlade, ofBlade[target] < movesPerBlade else { return false }
        let (here, there) = (chassis[source], chassis[target])
        return here == there || here < 0 || there < 0 || (ofUplink[here] < movesPerUplink && ofUplink[there] < movesPerUplink)
    }

    mutating func move(from source: Int, to target: Int) {
        ofBlade[source] += 1
        ofBlade[target] += 1
        guard chassis[source] != chassis[target], chassis[source] >= 0, chassis[target] >= 0 else { return }
        ofUplink[chassis[source]] += 1
        ofUplink[chassis[target]] += 1
    }

    mutating func clear() {
        for blade in ofBlade.indices { ofBlade[blade] = 0 }
        for uplink in ofUplink.indices { ofUplink[uplink] = 0 }
    }
}
