/// Days that stand in for those that were not given: made of the given days' traces, from a seed, four for each day.
///
/// A policy whose numbers were chosen on some days is to be judged on others; a machine's place in the order sets its size, so that another order is another day.
enum PlanetLabResamples {
    private struct Day {
        var name: String
        var traces: [[Double]]
    }

    static func run(_ folders: [String], seed: UInt64) throws {
        let given = try folders.map { Day(name: String(($0.split(separator: "/").last ?? "").suffix(4)), traces: try PlanetLabWorld.traces(day: $0)) }
        var chance = Chance(state: seed)
        print("day            | machines | of bound | of THR-MMT: kWh | moves | SLATAH")
        var worst = [0.0, 0, 0, 0]
        for index in given.indices {
            for day in days(given, index, &chance) {
                let world = try PlanetLabWorld(traces: day.traces)
                let (podp, peer) = (PlanetLabBenchmark.podp(world), PlanetLabBenchmark.peer(world))
                let row = [
                    podp.energy / world.lowerBound, podp.energy / peer.energy, Double(podp.migrations) / Double(max(1, peer.migrations)),
                    podp.violation / peer.violation,
                ]
                for column in row.indices { worst[column] = max(worst[column], row[column]) }
                report(day.name, "\(world.machines)", row)
            }
        }
        report("worst", "", worst)
    }

    private static func report(_ name: String, _ machines: String, _ row: [Double]) {
        print(([FleetBenchmark.column(name, 14), machines] + row.map { FleetBenchmark.decimal($0, 3) }).joined(separator: " | "))
    }

    private static func days(_ given: [Day], _ index: Int, _ chance: inout Chance) -> [Day] {
        let day = given[index]
        let other = given[(index + 1 + chance.below(max(1, given.count - 1))) % given.count]
        let pair = "\(day.name)-\(other.name)"
        let some = chance.choose(700 + chance.below(301), of: day.traces)
        let ordered = chance.shuffled(day.traces)
        let count = 900 + chance.below(617)
        let mixed = chance.choose(count / 2, of: day.traces) + chance.choose(count - count / 2, of: other.traces)
        // As if a third of the busy ones were idle that day: about the least demand for a machine of any day that is known of.
        let quiet = (day.traces + other.traces).filter { $0.reduce(0, +) <= 0.2 * Double($0.count) || chance.below(100) >= 35 }
        return [
            Day(name: "some-\(day.name)", traces: some), Day(name: "order-\(day.name)", traces: ordered), Day(name: "mix-\(pair)", traces: mixed),
            Day(name: "low-\(pair)", traces: chance.shuffled(chance.choose(1000 + chance.below(517), of: quiet))),
        ]
    }
}

/// Draws that are the same on every machine (SplitMix64).
private struct Chance {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
    }

    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for index in elements.indices.dropFirst() { elements.swapAt(index, below(index + 1)) }
        return elements
    }

    /// So many of them, in their order.
    mutating func choose<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        shuffled(Array(elements.indices)).prefix(count).sorted().map { elements[$0] }
    }
}
