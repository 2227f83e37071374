import PodpModel
import Testing

@testable import PodpPlanner

/// A fleet that newcomers come to; a class, so that expectations may call it.
private final class Desk {
    private var arrivals: Arrivals

    init?(_ problem: Problem) {
        guard let arrivals = Arrivals(problem) else { return nil }
        self.arrivals = arrivals
    }

    func settle(_ newcomer: Arrivals.Newcomer) -> Arrivals.Place? { arrivals.settle(newcomer) }
    func put(_ newcomer: Arrivals.Newcomer, at place: Arrivals.Place) -> Bool { arrivals.put(newcomer, at: place) }
    func allows(_ newcomer: Arrivals.Newcomer, at place: Arrivals.Place) -> Bool { arrivals.allows(newcomer, at: place) }
    func free(on blade: Int) -> [Int64] { arrivals.free(on: blade) }
}

@Suite("Planner: newcomers, one after the other")
struct ArrivalsTests {
    /// Blades of so much memory, two in each chassis.
    private func fleet(_ sizes: [Int64]) -> Problem {
        Problem(
            revision: 1, goal: .balance, resources: [.memory],
            blades: sizes.enumerated().map { index, size in
                Problem.Blade(
                    id: ProblemGenerator.bladeID(index), name: "blade-\(index + 1)", chassis: "chassis-\(index / 2)", capacity: [size], comfort: [900],
                    reserved: [0])
            }, domains: [])
    }

    private func newcomer(_ size: Int64, _ ties: Arrivals.Tie...) -> Arrivals.Newcomer { Arrivals.Newcomer(shapes: [[size]], ties: ties) }

    @Test("One finds a place exactly where there is one, and every tie is kept", arguments: 0..<20)
    func legal(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var problem = fleet((0..<2 + random.below(10)).map { _ in Int64(random.below(60)) })
        problem.resources = [Resource(name: "left", unit: "1", hard: true), Resource(name: "right", unit: "1", hard: true)]
        for index in problem.blades.indices {
            problem.blades[index].capacity.append(Int64(random.below(60)))
            problem.blades[index].comfort.append(900)
            problem.blades[index].reserved = [0, Int64(random.below(10))]
            if random.below(10) == 0 { problem.blades[index].accepts = false }
            if random.below(5) == 0 { problem.blades[index].chassis = "" }
        }
        let arrivals = try #require(Desk(problem))
        var free = problem.blades.map { blade in (0..<2).map { blade.capacity[$0] == 0 ? -1 : blade.capacity[$0] - blade.reserved[$0] } }
        var members: [(newcomer: Arrivals.Newcomer, blade: Int)] = []
        func zone(_ kind: Zone, _ blade: Int, unknown: String) -> String { problem.blades[blade].zone(kind) ?? unknown }
        /// From the definition, without the engine's counts.
        func mayGo(_ newcomer: Arrivals.Newcomer, _ shape: Int, _ blade: Int) -> Bool {
            guard problem.blades[blade].accepts else { return false }
            for resource in 0..<2 where newcomer.shapes[shape][resource] > max(0, free[blade][resource]) { return false }
            return newcomer.ties.allSatisfy { tie in
                members.allSatisfy { other in
                    other.newcomer.ties.allSatisfy { theirs in
                        switch (tie, theirs) {
                        case (.apart(let a, let part, let kind), .apart(let b, let otherPart, let otherKind)):
                            a != b || kind != otherKind || part == otherPart || zone(kind, blade, unknown: "") != zone(kind, other.blade, unknown: "")
                        case (.near(let a, let kind), .near(let b, let otherKind)):
                            a != b || kind != otherKind
                                || zone(kind, blade, unknown: "blade \(blade)") == zone(kind, other.blade, unknown: "blade \(other.blade)")
                        default: true
                        }
                    }
                }
            }
        }
        for number in 0..<150 {
            let (a, b) = (Int64(random.below(12)), Int64(random.below(12)))
            let kind = Zone.allCases[random.below(2)]
            let tie: [Arrivals.Tie] =
                switch random.below(4) {
                case 0: [.apart(group: random.below(3), part: random.below(2) == 0 ? number : 0, over: kind)]
                case 1: [.near(group: random.below(3), within: kind)]
                default: []
                }
            let newcomer = Arrivals.Newcomer(shapes: random.below(2) == 0 ? [[a, b]] : [[a, 0], [0, a]], ties: tie)
            let possible = problem.blades.indices.flatMap { blade in newcomer.shapes.indices.filter { mayGo(newcomer, $0, blade) } }
            for blade in problem.blades.indices {
                for shape in newcomer.shapes.indices {
                    #expect(arrivals.allows(newcomer, at: .init(blade: blade, shape: shape)) == mayGo(newcomer, shape, blade), "seed \(seed), \(number)")
                }
            }
            guard let place = arrivals.settle(newcomer) else {
                #expect(possible.isEmpty, "seed \(seed), \(number): there was a place")
                continue
            }
            #expect(mayGo(newcomer, place.shape, place.blade), "seed \(seed), \(number)")
            for resource in 0..<2 { free[place.blade][resource] -= newcomer.shapes[place.shape][resource] }
            members.append((newcomer, place.blade))
        }
        #expect(!members.isEmpty || free.allSatisfy { $0.allSatisfy { $0 <= 0 } })
    }

    @Test("A group is founded where it can grow most, and others leave it the room")
    func groups() throws {
        let arrivals = try #require(Desk(fleet([20, 20, 20, 80, 30, 30])))
        let first = try #require(arrivals.settle(newcomer(10, .near(group: 1, within: .chassis))))
        #expect(first.blade / 2 == 1)
        for _ in 0..<8 {
            let other = try #require(arrivals.settle(newcomer(10)))
            #expect(other.blade / 2 != 1)
        }
        for _ in 0..<8 {
            let member = try #require(arrivals.settle(newcomer(10, .near(group: 1, within: .chassis))))
            #expect(member.blade / 2 == 1)
        }
    }

    @Test("A small one leaves the room of a large one whole")
    func largeOnes() throws {
        let arrivals = try #require(Desk(fleet([32, 32, 40, 40])))
        // What is asked for: as often large as small.
        for _ in 0..<4 {
            _ = try #require(arrivals.settle(newcomer(8)))
            _ = try #require(arrivals.settle(newcomer(16)))
        }
        for _ in 0..<3 { _ = try #require(arrivals.settle(newcomer(16))) }
    }

    @Test("What is malformed finds no place, and no more sizes are kept than can be")
    func malformed() throws {
        var broken = fleet([10])
        broken.blades[0].capacity = []
        #expect(Desk(broken) == nil)
        let arrivals = try #require(Desk(fleet([1000, 1000])))
        let shapes: [[[Int64]]] = [[], [[1, 1]], [[-1]], [[.max]], Array(repeating: [1], count: 9)]
        for shape in shapes {
            let place = arrivals.settle(Arrivals.Newcomer(shapes: shape))
            #expect(place == nil)
        }
        for place in [Arrivals.Place(blade: 7, shape: 0), .init(blade: 0, shape: -1), .init(blade: -1, shape: 0)] {
            let isPut = arrivals.put(newcomer(1), at: place)
            #expect(!isPut)
        }
        #expect(arrivals.free(on: -1).isEmpty)
        for size in 1...40 as ClosedRange<Int64> { _ = try #require(arrivals.settle(newcomer(size))) }
        let tooLarge = arrivals.settle(newcomer(2000))
        #expect(tooLarge == nil)
    }

    @Test("The same newcomers come to the same places", arguments: 0..<5)
    func deterministic(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let list = (0..<60).map { _ in newcomer(Int64(1 + random.below(9)), .near(group: random.below(6), within: .chassis)) }
        let a = try #require(Desk(fleet([40, 50, 60, 30, 20, 90])))
        let b = try #require(Desk(fleet([40, 50, 60, 30, 20, 90])))
        let places = (list.map { a.settle($0) }, list.map { b.settle($0) })
        #expect(places.0 == places.1)
    }
}
