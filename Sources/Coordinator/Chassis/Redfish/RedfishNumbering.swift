import PodpModel
import PodpPower

/// Which system is which bay. The way is decided once every system and every chassis has answered, one for all of them, and kept: a number that was
/// found in another way would be another blade's.
struct RedfishNumbering: Sendable {
    enum Way: Hashable, Sendable, CaseIterable {
        /// Where its chassis says that it stands (LocationOrdinalValue). Who does not say so is in no bay.
        case location
        /// The number that these end with.
        case id, name, hostName
        /// Its place in the list, when nothing has a number: that is said of a system, by its label, not of a place.
        case list
    }

    private(set) var way: Way?
    private var numbers: [String: Int] = [:]
    /// By `identity`; for `list` alone.
    private var named: [String: Int] = [:]
    /// Identities that several systems claim (`Default string`): they tell nobody from anybody.
    private var shared: Set<String> = []

    /// Bays as they were told before, by label: who is counted by its place keeps its number.
    mutating func resume(_ known: [String: Int]) { named.merge(known) { first, _ in first } }

    func knows(_ path: String) -> Bool { numbers[path] != nil }

    /// The bay of each system; `nil`: it is in none that podp can tell. A system without a node did not answer, and keeps its number.
    ///
    /// Throws `.garbled` where two claim one bay.
    mutating func bays(
        of systems: [(path: String, node: RedfishNode)], _ chassis: [String: RedfishNode]
    ) throws(ChassisError) -> [Int?] {
        let way = way ?? Self.choice(systems, chassis)
        shared.formUnion(Dictionary(grouping: systems.compactMap { RedfishDriver.label($0.node) }, by: \.self).filter { $0.value.count > 1 }.keys)
        for identity in shared { named[identity] = nil }
        let bays = way == .list ? listed(systems) : systems.map { $0.node.isNull ? numbers[RedfishDriver.normal($0.path)] : Self.number(way, $0.node, chassis) }
        var takers: [Int: String] = [:]
        for ((path, _), bay) in zip(systems, bays) {
            guard let bay else { continue }
            if let other = takers.updateValue(path, forKey: bay) {
                throw ChassisError(.garbled, "\(other) and \(path) are both in bay \(bay), by the service's word", remedy: "it may be starting; try again")
            }
        }
        self.way = way
        for (bay, path) in takers {
            numbers[RedfishDriver.normal(path)] = bay
        }
        for ((_, node), bay) in zip(systems, bays) { if let bay, let identity = identity(node) { named[identity] = bay } }
        return bays
    }

    /// What is a system's own, whatever its place: its UUID, else its serial number, unless others claim the same.
    func identity(_ system: RedfishNode) -> String? { RedfishDriver.label(system).flatMap { shared.contains($0) ? nil : $0 } }

    private static func choice(_ systems: [(path: String, node: RedfishNode)], _ chassis: [String: RedfishNode]) -> Way {
        for way in Way.allCases where way != .list {
            let numbers = systems.compactMap { number(way, $0.node, chassis) }
            guard !numbers.isEmpty, Set(numbers).count == numbers.count, numbers.allSatisfy({ (1...64).contains($0) }) else { continue }
            // Some that stand somewhere are enough: the others would get numbers that are taken.
            if way == .location || numbers.count == systems.count { return way }
        }
        return .list
    }

    private static func number(_ way: Way, _ system: RedfishNode, _ chassis: [String: RedfishNode]) -> Int? {
        let number: Int? =
            switch way {
            case .location: location(system, chassis)
            case .id: ending(system["Id"]?.text)
            case .name: ending(system["Name"]?.text)
            case .hostName: ending(system["HostName"]?.text)
            case .list: nil
            }
        return number.flatMap { (1...64).contains($0) ? $0 : nil }
    }

    /// A chassis that holds several systems says nothing about where one of them is.
    private static func location(_ system: RedfishNode, _ chassis: [String: RedfishNode]) -> Int? {
        for path in system["Links"]?["Chassis"]?.links ?? [] {
            guard let node = chassis[RedfishDriver.normal(path)], (node["Links"]?["ComputerSystems"]?.links.count ?? 0) <= 1 else { continue }
            if let number = node["Location"]?["PartLocation"]?["LocationOrdinalValue"]?.whole { return number }
        }
        return nil
    }

    private static func ending(_ text: String?) -> Int? {
        guard let text else { return nil }
        let digits = text.reversed().prefix { $0.isASCII && $0.isNumber }
        return digits.count > 3 ? nil : Int(String(digits.reversed()))
    }

    /// Who was counted before keeps its number, by its label, then by its path; who comes new gets the first that nobody ever had.
    private func listed(_ systems: [(path: String, node: RedfishNode)]) -> [Int?] {
        var bays = systems.map { identity($0.node).flatMap { named[$0] } }
        var taken = Set(bays.compactMap { $0 })
        for (index, system) in systems.enumerated() where bays[index] == nil {
            guard let before = numbers[RedfishDriver.normal(system.path)], taken.insert(before).inserted else { continue }
            bays[index] = before
        }
        taken.formUnion(numbers.values)
        taken.formUnion(named.values)
        for index in bays.indices where bays[index] == nil {
            guard let free = (1...64).first(where: { !taken.contains($0) }) else { continue }
            taken.insert(free)
            bays[index] = free
        }
        return bays
    }
}
