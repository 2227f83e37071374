import PodpModel
import PodpPower

extension RedfishDriver {
    public func inventory() async throws(ChassisError) -> ChassisInventory {
        let root = try await resource("/redfish/v1/")
        let systems = try await members(root["Systems"]?.link, isVital: true)
        var chassis: [String: RedfishNode] = [:]
        for (path, node) in try await members(root["Chassis"]?.link) { chassis[Self.normal(path)] = node }
        let numbers = lasting(systems.map(\.path), proposed: Self.numbers(systems, chassis))
        var layout = Layout()
        var bays: [ChassisBay] = []
        for ((path, system), number) in zip(systems, numbers) {
            // It keeps its place, and nothing is known of it.
            if system.isNull {
                layout.places[number] = Layout.Place(system: path, chassis: nil)
                bays.append(ChassisBay(number: number))
                continue
            }
            let own = Self.ownChassis(system, chassis)
            layout.places[number] = Layout.Place(system: path, chassis: own)
            bays.append(await bay(number, system))
        }
        let enclosure = Self.enclosure(chassis, besides: Set(layout.places.values.compactMap(\.chassis)))
        layout.enclosure = enclosure?.path
        self.layout = layout
        // Bays that the enclosure has between those with a system are empty.
        if let last = bays.map(\.number).max(), last <= 64 {
            for number in 1...last where layout.places[number] == nil { bays.append(ChassisBay(number: number, isPresent: false)) }
        }
        let managers = (try? await members(root["Managers"]?.link)) ?? []
        let modules = managers.filter { ["EnclosureManager", "ManagementController"].contains($0.node["ManagerType"]?.text) }
        let node = enclosure?.node
        return ChassisInventory(
            kind: .redfish, model: node?["Model"]?.text ?? root["Product"]?.text, serial: node?["SerialNumber"]?.text, uuid: Self.uuid(node ?? root),
            name: node?["Name"]?.text ?? root["Name"]?.text, bays: bays.sorted { $0.number < $1.number },
            managementModules: modules.enumerated().map { index, manager in
                ManagementModule(
                    number: index + 1, isPresent: true, isPrimary: modules.count == 1 ? true : nil, health: Self.moduleHealth(manager.node["Status"]))
            })
    }

    private func bay(_ number: Int, _ system: RedfishNode) async -> ChassisBay {
        var bay = ChassisBay(number: number, isPresent: system["Status"]?["State"]?.text != "Absent")
        bay.name = system["HostName"]?.text ?? system["Name"]?.text
        bay.serial = system["SerialNumber"]?.text
        bay.uuid = Self.uuid(system)
        bay.model = system["Model"]?.text
        bay.mayBeSwitched = system["Actions"]?["#ComputerSystem.Reset"]?["target"] != nil
        for (_, interface) in (try? await members(system["EthernetInterfaces"]?.link)) ?? [] {
            let text = interface["PermanentMACAddress"]?.text ?? interface["MACAddress"]?.text
            if let mac = AMMText.mac(text.map { .bytes(Array($0.utf8)) }), !bay.macs.contains(mac) { bay.macs.append(mac) }
        }
        return bay
    }

    /// As `ChassisBay.label`, without what takes another request.
    static func label(_ system: RedfishNode) -> String? { uuid(system)?.description ?? system["SerialNumber"]?.text }

    static func uuid(_ node: RedfishNode) -> ID128? {
        guard let text = node["UUID"]?.text, let id = ID128(text), id != .zero else { return nil }
        return id
    }

    /// Numbers that were given once stay; who comes new takes what was proposed, or the first that nobody ever had.
    private func lasting(_ paths: [String], proposed: [Int]) -> [Int] {
        let paths = paths.map(Self.normal)
        for (path, number) in zip(paths, proposed) where numbers[path] == nil {
            let taken = Set(numbers.values)
            numbers[path] = taken.contains(number) ? (1...).first { !taken.contains($0) } ?? number : number
        }
        return paths.map { numbers[$0] ?? 0 }
    }

    /// A system's bay: where its chassis says that it stands; else the number that its id or its name ends with; else its place in the list.
    /// One way for all, so that no two have one number.
    static func numbers(_ systems: [(path: String, node: RedfishNode)], _ chassis: [String: RedfishNode]) -> [Int] {
        func located(_ system: RedfishNode) -> Int? {
            for path in system["Links"]?["Chassis"]?.links ?? [] {
                guard let location = chassis[normal(path)]?["Location"]?["PartLocation"] else { continue }
                if let number = location["LocationOrdinalValue"]?.whole { return number }
            }
            return nil
        }
        func ending(_ text: String?) -> Int? {
            guard let text else { return nil }
            let digits = text.reversed().prefix { $0.isASCII && $0.isNumber }
            return digits.count > 3 ? nil : Int(String(digits.reversed()))
        }
        let ways: [(RedfishNode) -> Int?] = [located, { ending($0["Id"]?.text) }, { ending($0["Name"]?.text) }, { ending($0["HostName"]?.text) }]
        for way in ways {
            let numbers = systems.compactMap { way($0.node) }
            if numbers.count == systems.count, Set(numbers).count == numbers.count, numbers.allSatisfy({ (1...64).contains($0) }) { return numbers }
        }
        return Array(systems.indices.map { $0 + 1 })
    }

    /// The chassis that holds this system and no other.
    private static func ownChassis(_ system: RedfishNode, _ chassis: [String: RedfishNode]) -> String? {
        for path in system["Links"]?["Chassis"]?.links ?? [] {
            guard let node = chassis[normal(path)], node["Links"]?["ComputerSystems"]?.links.count == 1, node["Links"]?["Contains"]?.links.isEmpty != false
            else { continue }
            return path
        }
        return nil
    }

    /// The one that contains others, or is called an enclosure; else the only one that is no blade's.
    private static func enclosure(_ chassis: [String: RedfishNode], besides own: Set<String>) -> (path: String, node: RedfishNode)? {
        let owned = Set(own.map(normal))
        let others = chassis.filter { !owned.contains($0.key) }.sorted { $0.key < $1.key }
        let best =
            others.first { $0.value["Links"]?["Contains"]?.links.isEmpty == false } ?? others.first { $0.value["ChassisType"]?.text == "Enclosure" }
            ?? (others.count == 1 ? others.first : nil)
        return best.map { (path: $0.value.link ?? $0.key, node: $0.value) }
    }

    static func normal(_ path: String) -> String { path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }

    func currentLayout() async throws(ChassisError) -> Layout {
        if let layout { return layout }
        _ = try await inventory()
        return layout ?? Layout()
    }

    func resource(_ path: String) async throws(ChassisError) -> RedfishNode {
        let reply = try await client.get(path)
        guard reply.status == 200 else {
            throw ChassisError(
                reply.status == 404 ? .missing : .garbled, "\(client.place) answers \(path) with \(reply.status)",
                remedy: path == "/redfish/v1/" ? "is that a Redfish service?" : "")
        }
        return reply.node
    }

    /// A collection's members, each read; over all its pages, at most 256.
    func members(_ path: String?, isVital: Bool = false) async throws(ChassisError) -> [(path: String, node: RedfishNode)] {
        var found: [(path: String, node: RedfishNode)] = []
        var next = path
        var seen: Set<String> = []
        while let page = next, seen.insert(page).inserted, found.count < 256 {
            let node = try await resource(page)
            for member in node["Members"]?.links ?? [] where found.count < 256 {
                let reply = try await client.get(member)
                if reply.status == 200 {
                    found.append((member, reply.node))
                } else if isVital {
                    // Without it, those after it would move up into its place.
                    guard numbers[Self.normal(member)] != nil else {
                        throw ChassisError(
                            .garbled, "\(client.place) lists \(member) and answers \(reply.status) to it", remedy: "it may be starting; try again")
                    }
                    found.append((member, .null))
                }
            }
            next = node["Members@odata.nextLink"]?.text
        }
        return found
    }
}
