extension Reassignment {
    /// Evaluates a whole assignment from the problem's definition, with nothing of what the search keeps. `places` has a machine for each process.
    public func score(of places: [Int]) -> ReassignmentScore {
        var score = ReassignmentScore()
        guard places.count == processes, places.allSatisfy({ $0 >= 0 && $0 < machines }) else {
            score.violation = "not every process is on a machine"
            return score
        }
        var usage = [Int](repeating: 0, count: machines * resources)
        var left = usage
        for process in 0..<processes {
            for resource in 0..<resources {
                let amount = need[process * resources + resource]
                usage[places[process] * resources + resource] += amount
                if isTransient[resource], places[process] != initial[process] { left[initial[process] * resources + resource] += amount }
            }
        }
        score.violation = capacityViolation(usage, left) ?? serviceViolation(places)
        addMoves(places, &score)
        for machine in 0..<machines {
            let base = machine * resources
            for resource in 0..<resources { score.load += loadWeight[resource] * max(0, usage[base + resource] - safety[base + resource]) }
            for balance in balances {
                let first = capacity[base + balance.first] - usage[base + balance.first]
                let second = capacity[base + balance.second] - usage[base + balance.second]
                score.balance += balance.weight * max(0, balance.target * first - second)
            }
        }
        return score
    }

    private func addMoves(_ places: [Int], _ score: inout ReassignmentScore) {
        // While it is read, the instance's own assignment is not there yet or is the one in question: nothing has moved.
        guard initial.count == processes else { return }
        var movedOfService = [Int](repeating: 0, count: services)
        for process in 0..<processes where places[process] != initial[process] {
            score.moved += 1
            movedOfService[service[process]] += 1
            score.processMoves += processMoveWeight * processMoveCost[process]
            score.machineMoves += machineMoveWeight * machineMoveCost[initial[process] * machines + places[process]]
        }
        score.serviceMoves = serviceMoveWeight * (movedOfService.max() ?? 0)
    }

    private func capacityViolation(_ usage: [Int], _ left: [Int]) -> String? {
        for index in usage.indices where usage[index] + left[index] > capacity[index] {
            let (machine, resource) = (index / resources, index % resources)
            return "machine \(machine) has \(capacity[index]) of resource \(resource), \(usage[index] + left[index]) are used"
        }
        return nil
    }

    private func serviceViolation(_ places: [Int]) -> String? {
        var members = [[Int]](repeating: [], count: services)
        for process in 0..<processes { members[service[process]].append(process) }
        var isIn = [Bool](repeating: false, count: services * neighbourhoods)
        for service in 0..<services {
            let machines = members[service].map { places[$0] }
            guard Set(machines).count == machines.count else { return "service \(service) has two processes on one machine" }
            let locations = Set(machines.map { location[$0] }).count
            guard locations >= spread[service] else { return "service \(service) is on \(locations) locations and must be on \(spread[service])" }
            for machine in machines { isIn[service * neighbourhoods + neighbourhood[machine]] = true }
        }
        for service in 0..<services {
            for other in dependencies[service] {
                for place in 0..<neighbourhoods where isIn[service * neighbourhoods + place] && !isIn[other * neighbourhoods + place] {
                    return "service \(service) has a process in a neighbourhood where service \(other), which it depends on, has none"
                }
            }
        }
        return nil
    }
}
