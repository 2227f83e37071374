import Testing

@testable import PodpPlanner

/// A small instance of the machine reassignment problem, in nested lists, with its own evaluation: it shares nothing with the room that it tests.
struct SmallReassignment {
    struct Machine {
        var neighbourhood: Int
        var location: Int
        var capacity: [Int]
        var safety: [Int]
        var moveCost: [Int]
    }

    var transient: [Bool] = []
    var weight: [Int] = []
    var machines: [Machine] = []
    var services: [(spread: Int, dependencies: [Int])] = []
    var processes: [(service: Int, need: [Int], moveCost: Int)] = []
    var balances: [[Int]] = []
    var weights: [Int] = []
    var places: [Int] = []

    /// Feasible where its processes are, because limits and rules are made around that.
    init(seed: UInt64, machines machineCount: Int? = nil, processes processCount: Int? = nil) {
        var random = SplitMix64(seed: seed &* 0x9E37_79B9 &+ 7)
        let resources = 1 + random.below(4)
        let count = machineCount ?? 1 + random.below(7)
        transient = (0..<resources).map { _ in random.below(3) == 0 }
        weight = (0..<resources).map { _ in random.below(4) * 5 }
        let serviceCount = 1 + random.below(8)
        for _ in 0..<(processCount ?? 1 + random.below(14)) {
            let service = random.below(serviceCount)
            let taken = Set(processes.indices.filter { processes[$0].service == service }.map { places[$0] })
            let free = (0..<count).filter { !taken.contains($0) }
            guard !free.isEmpty else { continue }
            processes.append((service, (0..<resources).map { _ in random.below(20) }, random.below(5)))
            places.append(free[random.below(free.count)])
        }
        if processes.isEmpty {
            processes.append((0, (0..<resources).map { _ in 3 }, 1))
            places.append(0)
        }
        for machine in 0..<count {
            let usage = (0..<resources).map { resource in processes.indices.filter { places[$0] == machine }.reduce(0) { $0 + processes[$1].need[resource] } }
            machines.append(
                Machine(
                    neighbourhood: random.below(3) * 7, location: random.below(4) + 100, capacity: usage.map { $0 + random.below(25) },
                    safety: usage.map { max(0, $0 - 10 + random.below(20)) }, moveCost: (0..<count).map { $0 == machine ? 0 : random.below(3) }))
        }
        for service in 0..<serviceCount {
            let here = Set(processes.indices.filter { processes[$0].service == service }.map { machines[places[$0]].location })
            services.append((random.below(here.count + 1), []))
        }
        for service in 0..<serviceCount {
            for other in 0..<serviceCount where other != service && random.below(3) == 0 {
                guard neighbourhoods(service, places).isSubset(of: neighbourhoods(other, places)) else { continue }
                services[service].dependencies.append(other)
            }
        }
        for _ in 0..<random.below(3) { balances.append([random.below(resources), random.below(resources), random.below(4), 1 + random.below(10)]) }
        weights = [random.below(3), random.below(20), random.below(200)]
    }

    private func neighbourhoods(_ service: Int, _ places: [Int]) -> Set<Int> {
        Set(processes.indices.filter { processes[$0].service == service }.map { machines[places[$0]].neighbourhood })
    }

    var model: String {
        var lines = ["\(weight.count)"]
        for (transient, weight) in zip(transient, weight) { lines.append("\(transient ? 1 : 0) \(weight)") }
        lines.append("\(machines.count)")
        for machine in machines {
            let numbers = [machine.neighbourhood, machine.location] + machine.capacity + machine.safety + machine.moveCost
            lines.append(numbers.map(String.init).joined(separator: " "))
        }
        lines.append("\(services.count)")
        for service in services { lines.append(([service.spread, service.dependencies.count] + service.dependencies).map(String.init).joined(separator: " ")) }
        lines.append("\(processes.count)")
        for process in processes { lines.append(([process.service] + process.need + [process.moveCost]).map(String.init).joined(separator: " ")) }
        lines.append("\(balances.count)")
        for balance in balances {
            lines.append(balance[0..<3].map(String.init).joined(separator: " "))
            lines.append("\(balance[3])")
        }
        lines.append(weights.map(String.init).joined(separator: " "))
        return lines.joined(separator: "\n") + "\n"
    }

    var assignment: String { places.map(String.init).joined(separator: " ") + "\n" }

    func read() throws -> Reassignment { try Reassignment(model: Array(model.utf8), assignment: Array(assignment.utf8)) }

    func isFeasible(_ new: [Int]) -> Bool {
        for (machine, limits) in machines.enumerated() {
            for resource in weight.indices {
                let used = processes.indices.reduce(0) { sum, process in
                    let counts = new[process] == machine || transient[resource] && places[process] == machine
                    return counts ? sum + processes[process].need[resource] : sum
                }
                if used > limits.capacity[resource] { return false }
            }
        }
        for (service, rule) in services.enumerated() {
            let hosts = processes.indices.filter { processes[$0].service == service }.map { new[$0] }
            if Set(hosts).count < hosts.count || Set(hosts.map { machines[$0].location }).count < rule.spread { return false }
            for other in rule.dependencies where !neighbourhoods(service, new).isSubset(of: neighbourhoods(other, new)) { return false }
        }
        return true
    }

    func cost(_ new: [Int]) -> Int {
        var sum = 0
        for (machine, limits) in machines.enumerated() {
            let usage = weight.indices.map { resource in processes.indices.filter { new[$0] == machine }.reduce(0) { $0 + processes[$1].need[resource] } }
            for resource in weight.indices { sum += weight[resource] * max(0, usage[resource] - limits.safety[resource]) }
            for balance in balances {
                let free = limits.capacity.indices.map { limits.capacity[$0] - usage[$0] }
                sum += balance[3] * max(0, balance[2] * free[balance[0]] - free[balance[1]])
            }
        }
        let moved = processes.indices.filter { new[$0] != places[$0] }
        sum += weights[0] * moved.reduce(0) { $0 + processes[$1].moveCost }
        sum += weights[1] * (services.indices.map { service in moved.filter { processes[$0].service == service }.count }.max() ?? 0)
        sum += weights[2] * moved.reduce(0) { $0 + machines[places[$1]].moveCost[new[$1]] }
        return sum
    }
}

@Suite struct ReassignmentTests {
    private func search(_ instance: Reassignment, slices: Int, seed: UInt64) -> (places: [Int], cost: Int) {
        var search = ReassignmentSearch(ReassignmentBoard(instance), seed: seed)
        for slice in 0..<slices { search.run(progress: Double(slice) / Double(slices), steps: 250) }
        return (search.best, search.bestCost)
    }

    @Test("What the search finds is feasible, costs what it says and never more than before", arguments: 0..<60)
    func found(seed: Int) throws {
        let small = SmallReassignment(seed: UInt64(seed))
        #expect(small.isFeasible(small.places))
        let answer = search(try small.read(), slices: 12, seed: UInt64(seed))
        #expect(small.isFeasible(answer.places))
        #expect(small.cost(answer.places) == answer.cost)
        #expect(answer.cost <= small.cost(small.places))
    }

    @Test("Where all assignments can be tried, the search finds the best one", arguments: 0..<20)
    func optimum(seed: Int) throws {
        let small = SmallReassignment(seed: UInt64(seed) + 1000, machines: 3, processes: 6)
        var best = Int.max
        var places = Array(repeating: 0, count: small.processes.count)
        search: while true {
            if small.isFeasible(places) { best = min(best, small.cost(places)) }
            var process = 0
            while places[process] == small.machines.count - 1 {
                places[process] = 0
                process += 1
                if process == places.count { break search }
            }
            places[process] += 1
        }
        let instance = try small.read()
        // Single moves and swaps do not connect every feasible assignment with every other: one of three seeds must get there.
        let costs = (0..<3).map { search(instance, slices: 40, seed: UInt64($0)).cost }
        #expect(costs.min() == best)
    }

    @Test("The full evaluation agrees with another, on assignments of all kinds", arguments: 0..<60)
    func evaluation(seed: Int) throws {
        let small = SmallReassignment(seed: UInt64(seed) + 2000)
        let instance = try small.read()
        var random = SplitMix64(seed: UInt64(seed))
        for changes in 0..<30 {
            var places = small.places
            for _ in 0..<changes % 5 { places[random.below(places.count)] = random.below(small.machines.count) }
            let score = instance.score(of: places)
            #expect(score.total == small.cost(places))
            #expect((score.violation == nil) == small.isFeasible(places))
        }
    }

    @Test("What a move, a swap or an ejection is said to change, it changes", arguments: 0..<60)
    func increments(seed: Int) throws {
        let small = SmallReassignment(seed: UInt64(seed) + 3000)
        let board = ReassignmentBoard(try small.read())
        var state = ReassignmentState(board)
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<200 {
            let before = state.objective
            let (a, b) = (random.below(board.processes), random.below(board.processes))
            let kind = random.below(3)
            if kind == 0 {
                let target = random.below(board.machines)
                let service = Int(board.service[a])
                guard target != state.machine(a), !state.isOn(service, target), state.permits(service, from: state.machine(a), to: target) else { continue }
                let change = state.relief(a) + state.burden(a, on: target) + state.moveCost(a, on: target) - state.moveCost(a, on: state.machine(a))
                let whole = change + state.serviceMoveChange(a, to: target)
                state.move(a, to: target)
                #expect(abs(state.objective - before - whole) < 1e-6)
            } else if kind == 1 {
                let (source, target, home) = (state.machine(a), state.machine(b), Int(board.origin[b]))
                guard source != target, home != target, home != source, state.permitsEjection(a, of: b) else { continue }
                var change = state.relief(a) + state.exchange(b, for: a, on: target) + state.burden(b, on: home)
                change += state.moveCost(a, on: target) - state.moveCost(a, on: source) - state.moveCost(b, on: target)
                state.eject(a, b)
                #expect(state.machine(a) == target && state.machine(b) == home)
                #expect(abs(state.objective - before - change) < 2 * board.serviceMoveCost + 1e-6)
            } else {
                let (machineOfA, machineOfB) = (state.machine(a), state.machine(b))
                guard machineOfA != machineOfB, state.permitsSwap(a, b) else { continue }
                var change = state.exchange(a, for: b, on: machineOfA) + state.exchange(b, for: a, on: machineOfB)
                change += state.moveCost(a, on: machineOfB) - state.moveCost(a, on: machineOfA)
                change += state.moveCost(b, on: machineOfA) - state.moveCost(b, on: machineOfB)
                state.swap(a, b)
                // The services' share is a maximum over both: within one step of it.
                #expect(abs(state.objective - before - change) < 2 * board.serviceMoveCost + 1e-6)
            }
            let places = (0..<board.processes).map { state.machine($0) }
            if state.excess == 0 {
                #expect(small.isFeasible(places))
                #expect(Int(state.objective) == small.cost(places))
            } else {
                #expect(!small.isFeasible(places))
            }
        }
    }

    @Test("A scan finds the first candidate that is cheap enough, and every process stands in its machine's row", arguments: 0..<60)
    func scans(seed: Int) throws {
        let board = ReassignmentBoard(try SmallReassignment(seed: UInt64(seed) + 6000).read())
        var state = ReassignmentState(board)
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<100 {
            let (a, target) = (random.below(board.processes), random.below(board.machines))
            let service = Int(board.service[a])
            let from = state.machine(a)
            if target != from, !state.isOn(service, target), state.permits(service, from: from, to: target) { state.move(a, to: target) }
            for machine in 0..<board.machines {
                let row = Set((0..<state.residents.count(machine)).map { Int(state.residents.row(machine)[$0]) })
                #expect(row == Set((0..<board.processes).filter { state.machine($0) == machine }))
            }
            let (process, other) = (random.below(board.processes), random.below(board.machines))
            let allowance = Float(random.below(2000)) - 700
            let source = state.machine(process)
            let burdens = (0..<board.machines).map { Float(state.burden(process, on: $0)) }
            check(state.landing(process, in: 0..<board.machines, allowance: allowance), burdens, allowance)
            guard other != source else { continue }
            let residents = (0..<state.residents.count(other)).map { Int(state.residents.row(other)[$0]) }
            let exchanges = residents.map { Float(state.exchange(process, for: $0, on: source) + state.exchange($0, for: process, on: other)) }
            check(state.partner(of: process, on: other, from: 0, allowance: allowance), exchanges, allowance)
            let ejections = residents.map { resident in
                let home = Int(board.origin[resident])
                return home == other ? .infinity : Float(state.burden(resident, on: home) + state.exchange(resident, for: process, on: other))
            }
            check(state.ejected(by: process, on: other, from: 0, allowance: allowance), ejections, allowance)
        }
    }

    /// `found` is the place of the first that is not above the allowance, but for rounding; or the end.
    private func check(_ found: Int, _ changes: [Float], _ allowance: Float) {
        for (place, change) in changes.prefix(found).enumerated() { #expect(change > allowance - 0.05, "\(place) was passed over") }
        if found < changes.count { #expect(changes[found] <= allowance + 0.05) }
    }

    @Test("A state that adopts an assignment equals one that walked there")
    func adoption() throws {
        for seed in 0..<30 {
            let board = ReassignmentBoard(try SmallReassignment(seed: UInt64(seed) + 4000).read())
            var ahead = ReassignmentSearch(board, seed: 1)
            for slice in 0..<6 { ahead.run(progress: 0.1 + Double(slice) / 10, steps: 100) }
            var behind = ReassignmentSearch(board, seed: 2)
            behind.run(progress: 0.2, steps: 100)
            behind.adopt(ahead.current)
            #expect(behind.current == ahead.current)
            #expect(abs(behind.standing - ahead.standing) < 1e-6)
        }
    }

    @Test("The same seed and the same steps give the same answer")
    func determinism() throws {
        let instance = try SmallReassignment(seed: 5, machines: 7, processes: 14).read()
        let first = search(instance, slices: 8, seed: 3)
        let second = search(instance, slices: 8, seed: 3)
        #expect(first.places == second.places && first.cost == second.cost)
    }
}

@Suite struct ReassignmentReaderTests {
    private func refusal(_ model: String, _ assignment: String) -> ReassignmentError? {
        do throws(ReassignmentError) { _ = try Reassignment(model: Array(model.utf8), assignment: Array(assignment.utf8)) } catch { return error }
        return nil
    }

    private let model = "1\n0 10\n2\n0 0 10 5 0 1\n0 1 10 5 1 0\n1\n0 0\n2\n0 3 1\n0 4 1\n0\n1 10 100\n"

    @Test("A sound instance is read, whatever the space between its numbers")
    func sound() throws {
        #expect(refusal(model, "0 1") == nil)
        #expect(refusal(model.replacing("\n", with: " \r\n\t "), "0\n1\n") == nil)
    }

    @Test("What is wrong is named with its line")
    func lines() {
        let word = refusal(model.replacing("1 10 100", with: "1 x 100"), "0 1")
        #expect(word?.description == "model, line 12: 'x' is not a whole number, where a service move cost weight is expected")
        #expect(refusal(model.replacing("0 4 1\n", with: "7 4 1\n"), "0 1")?.description == "model, line 10: service 7 does not exist, there are 1 (from 0)")
        #expect(refusal(model, "0 2")?.description == "assignment, line 1: machine 2 does not exist, there are 2 (from 0)")
        #expect(refusal(model, "0\n1\n1")?.line == 3)
        #expect(refusal(model + "5", "0 1")?.line == 13)
        #expect(refusal(model, "0 0")?.message == "it breaks a constraint: service 0 has two processes on one machine")
        #expect(refusal(model.replacing("0 4 1\n", with: "0 11 1\n"), "0 1")?.source == .assignment)
    }

    @Test("Numbers that would overflow, or ask for memory in vain, are refused")
    func bounds() {
        #expect(refusal(model.replacing("0 4 1\n", with: "0 99999999999999999999 1\n"), "0 1")?.line == 10)
        #expect(refusal(model.replacing("0 10 5 0 1\n", with: "0 -10 5 0 1\n"), "0 1")?.line == 4)
        #expect(refusal("900000000000\n" + model, "0 1")?.line == 1)
        let large = String(1 << 40)
        #expect(refusal(model.replacing("0 10\n", with: "0 \(large)\n").replacing("0 0 10 5", with: "0 0 \(large) 5"), "0 1")?.message.contains("2^52") == true)
    }

    @Test("No part of an instance is taken for a whole one, and no changed byte is a trap", arguments: 0..<8)
    func damage(seed: Int) throws {
        let small = SmallReassignment(seed: UInt64(seed) + 5000)
        let bytes = Array(small.model.utf8)
        let assignment = Array(small.assignment.utf8)
        let whole = small.model.trimmingSuffix { $0 == "\n" }.utf8.count
        for length in stride(from: 0, to: whole - 4, by: 1 + seed) {
            #expect(throws: ReassignmentError.self) { try Reassignment(model: Array(bytes[..<length]), assignment: assignment) }
        }
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<200 {
            var changed = bytes
            changed[random.below(changed.count)] = UInt8(truncatingIfNeeded: random.next())
            guard let instance = try? Reassignment(model: changed, assignment: assignment) else { continue }
            // It may have become another sound instance: then it can be searched.
            var search = ReassignmentSearch(ReassignmentBoard(instance), seed: 1)
            search.run(progress: 0.5, steps: 30)
            #expect(instance.score(of: search.best).violation == nil)
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, predicate(last) { text.removeLast() }
        return String(text)
    }
}
