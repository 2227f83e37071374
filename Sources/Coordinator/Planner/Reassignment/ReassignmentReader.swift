extension Reassignment {
    /// Numbers above this are refused: 2^40. Sums are checked on their own.
    private static let largest = 1 << 40
    /// Up to here a `Double` holds every whole number, and one can be added to another.
    private static let exact = 0x1p52

    /// Reads the challenge's model and assignment: numbers with any space between them.
    public init(model: [UInt8], assignment: [UInt8]) throws(ReassignmentError) {
        guard model.count <= Int(Int32.max) else { throw ReassignmentError(source: .model, line: nil, message: "it is larger than 2 GiB") }
        var numbers = Numbers(model, .model)
        resources = try numbers.count("resources", perItem: 2, atLeast: 1)
        for _ in 0..<resources {
            isTransient.append(try numbers.index("transient flag", below: 2) == 1)
            loadWeight.append(try numbers.next("load cost weight"))
        }
        try readMachines(&numbers)
        try readServices(&numbers)
        try readProcesses(&numbers)
        let count = try numbers.count("balance costs", perItem: 4)
        for _ in 0..<count {
            balances.append(
                Balance(
                    first: try numbers.index("resource", below: resources), second: try numbers.index("resource", below: resources),
                    target: try numbers.next("balance target"), weight: try numbers.next("balance cost weight")))
        }
        processMoveWeight = try numbers.next("process move cost weight")
        serviceMoveWeight = try numbers.next("service move cost weight")
        machineMoveWeight = try numbers.next("machine move cost weight")
        try numbers.end()
        try boundSizes()
        try boundSums()

        initial = try read(assignment: assignment)
        if let violation = score(of: initial).violation {
            throw ReassignmentError(source: .assignment, line: nil, message: "it breaks a constraint: \(violation)")
        }
    }

    /// Reads an assignment for this model: one machine for each process. It may break constraints.
    public func read(assignment: [UInt8]) throws(ReassignmentError) -> [Int] {
        var numbers = Numbers(assignment, .assignment)
        var places: [Int] = []
        for _ in 0..<processes { places.append(try numbers.index("machine", below: machines)) }
        try numbers.end()
        return places
    }

    private mutating func readMachines(_ numbers: inout Numbers) throws(ReassignmentError) {
        machines = try numbers.count("machines", perItem: 2 + 2 * resources, atLeast: 1)
        var neighbourhoodNumbers: [Int: Int] = [:]
        var locationNumbers: [Int: Int] = [:]
        for _ in 0..<machines {
            neighbourhood.append(Self.dense(try numbers.next("neighbourhood"), &neighbourhoodNumbers))
            location.append(Self.dense(try numbers.next("location"), &locationNumbers))
            for _ in 0..<resources { capacity.append(try numbers.next("capacity")) }
            for _ in 0..<resources { safety.append(try numbers.next("safety capacity")) }
            for _ in 0..<machines { machineMoveCost.append(try numbers.next("machine move cost", largest: Int(Int32.max))) }
        }
        neighbourhoods = neighbourhoodNumbers.count
        locations = locationNumbers.count
    }

    private static func dense(_ number: Int, _ numbers: inout [Int: Int]) -> Int {
        if let known = numbers[number] { return known }
        numbers[number] = numbers.count
        return numbers.count - 1
    }

    private mutating func readServices(_ numbers: inout Numbers) throws(ReassignmentError) {
        services = try numbers.count("services", perItem: 2, atLeast: 1)
        var lists: [[Int]] = []
        for service in 0..<services {
            spread.append(try numbers.next("spread"))
            let count = try numbers.count("dependencies", perItem: 1)
            var list: [Int] = []
            for _ in 0..<count {
                let other = try numbers.index("service", below: services)
                if other != service { list.append(other) }
            }
            lists.append(list)
        }
        dependencies = Grouping(lists)
    }

    private mutating func readProcesses(_ numbers: inout Numbers) throws(ReassignmentError) {
        processes = try numbers.count("processes", perItem: 2 + resources, atLeast: 1)
        for _ in 0..<processes {
            service.append(try numbers.index("service", below: services))
            for _ in 0..<resources { need.append(try numbers.next("requirement")) }
            processMoveCost.append(try numbers.next("process move cost"))
        }
    }

    /// Refuses what a small text can ask for and no memory can hold: tables by service and place, and by process and lane.
    private func boundSizes() throws(ReassignmentError) {
        let lanes = resources + balances.count
        let tables = services * (machines / 64 + 1 + locations + neighbourhoods) + (processes + 3 * machines) * lanes
        guard tables <= 1 << 30 else {
            let message = "it is too large: tables by service and place, or by process and resource, exceed 2^30 entries"
            throw ReassignmentError(source: .model, line: nil, message: message)
        }
    }

    /// Refuses what could come to a cost that neither `Int` nor `Double` holds to the last digit.
    private func boundSums() throws(ReassignmentError) {
        func total(_ values: [Int], _ resource: Int) -> Double {
            stride(from: resource, to: values.count, by: resources).reduce(0.0) { $0 + Double(values[$1]) }
        }
        var sum = 0.0
        for resource in 0..<resources {
            let amount = total(need, resource) + total(capacity, resource) + total(safety, resource)
            sum += amount * Double(max(1, loadWeight[resource]))
        }
        for balance in balances {
            let first = Double(balance.target) * (total(capacity, balance.first) + total(need, balance.first))
            sum += Double(max(1, balance.weight)) * (first + total(capacity, balance.second) + total(need, balance.second))
        }
        sum += Double(processMoveWeight) * processMoveCost.reduce(0.0) { $0 + Double($1) }
        sum += Double(machineMoveWeight) * Double(processes) * Double(machineMoveCost.max() ?? 0)
        sum += Double(serviceMoveWeight) * Double(processes)
        guard sum < Self.exact else {
            throw ReassignmentError(source: .model, line: nil, message: "its costs could exceed 2^52; only smaller ones can be added exactly")
        }
    }

    /// The whole numbers of a text, one after the other, each with its line.
    private struct Numbers {
        private let bytes: [UInt8]
        private let source: ReassignmentError.Source
        private var position = 0
        private var line = 1

        init(_ bytes: [UInt8], _ source: ReassignmentError.Source) {
            self.bytes = bytes
            self.source = source
        }

        private func error(_ message: String) -> ReassignmentError { ReassignmentError(source: source, line: line, message: message) }

        private mutating func skipSpace() {
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\n"): line += 1
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
                default: return
                }
                position += 1
            }
        }

        mutating func next(_ what: String, largest: Int = Reassignment.largest) throws(ReassignmentError) -> Int {
            skipSpace()
            guard position < bytes.count else { throw error("the text ends where a \(what) is expected") }
            let start = position
            var value = 0
            while position < bytes.count, case let digit = bytes[position], digit >= 48, digit <= 57 {
                value = value * 10 + Int(digit - 48)
                guard value <= largest else { throw error("a \(what) is above \(largest)") }
                position += 1
            }
            let isAtEnd = position == bytes.count || [9, 10, 13, 32].contains(bytes[position])
            guard position > start, isAtEnd else {
                let word = bytes[start...].prefix(24).prefix { ![9, 10, 13, 32].contains($0) }
                throw error("'\(String(decoding: word, as: UTF8.self))' is not a whole number, where a \(what) is expected")
            }
            return value
        }

        mutating func index(_ what: String, below bound: Int) throws(ReassignmentError) -> Int {
            let value = try next(what)
            guard value < bound else { throw error("\(what) \(value) does not exist, there are \(bound) (from 0)") }
            return value
        }

        /// A number of things, each of `perItem` numbers at least: no more than the text that is left can hold, so that it cannot ask for memory in vain.
        mutating func count(_ what: String, perItem: Int, atLeast least: Int = 0) throws(ReassignmentError) -> Int {
            let value = try next("number of \(what)")
            guard value >= least else { throw error("there must be \(what)") }
            guard value <= (bytes.count - position + 1) / 2 / perItem else { throw error("\(value) \(what) are more than the rest of the text can hold") }
            return value
        }

        mutating func end() throws(ReassignmentError) {
            skipSpace()
            if position < bytes.count { throw error("text is left after the last number that belongs here") }
        }
    }
}
