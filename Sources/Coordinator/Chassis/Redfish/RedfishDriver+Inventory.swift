import PodpModel
import PodpPower

extension RedfishDriver {
    public func inventory() async throws(ChassisError) -> ChassisInventory {
        let root = try await resource("/redfish/v1/")
        let systems = try await members(root["Systems"]?.link, .keepsItsPlace)
        var chassis: [String: RedfishNode] = [:]
        for (path, node) in try await members(root["Chassis"]?.link, .isNull) { chassis[Self.normal(path)] = node }
        // Where a system stands, its chassis says: without one of them, it would be counted in another way. Others may be silent.
        for path in systems.flatMap({ $0.node["Links"]?["Chassis"]?.links ?? [] }) where chassis[Self.normal(path)]?.isNull == true {
            throw silent(path, "no chassis")
        }
        chassis = chassis.filter { !$0.value.isNull }
        let numbers = try numbering.bays(of: systems, chassis)
        var layout = Layout()
        var bays: [ChassisBay] = []
        for ((path, system), number) in zip(systems, numbers) {
            guard let number else {
                layout.nowhere.append(path)
                continue
            }
            // It keeps its place, and nothing is known of it.
            if system.isNull {
                layout.places[number] = Layout.Place(system: path, chassis: nil)
                bays.append(ChassisBay(number: number))
                continue
            }
            let bay = await bay(number, system)
            layout.places[number] = Layout.Place(
                system: path, chassis: Self.ownChassis(system, chassis), label: bay.label, isLabelAddress: bay.label != nil && Self.label(system) == nil,
                isPlaceAlone: numbering.way == .list && numbering.identity(system) == nil)
            bays.append(bay)
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
        bay.macs = await addresses(of: system)
        return bay
    }

    /// Of its interfaces, those that answer.
    func addresses(of system: RedfishNode) async -> [String] {
        var addresses: [String] = []
        for (_, interface) in (try? await members(system["EthernetInterfaces"]?.link)) ?? [] {
            let text = interface["PermanentMACAddress"]?.text ?? interface["MACAddress"]?.text
            if let mac = AMMText.mac(text.map { .bytes(Array($0.utf8)) }), !addresses.contains(mac) { addresses.append(mac) }
        }
        return addresses
    }

    /// As `ChassisBay.label`, without what takes another request.
    static func label(_ system: RedfishNode) -> String? { uuid(system)?.description ?? system["SerialNumber"]?.text }

    static func uuid(_ node: RedfishNode) -> ID128? {
        guard let text = node["UUID"]?.text, let id = ID128(text), id != .zero else { return nil }
        return id
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

    /// What is done with a member that is listed and does not answer.
    enum Unanswered {
        case leftOut
        /// It stands there without a node.
        case isNull
        /// Whose number is known keeps it; of another one nothing is known, and all of it fails.
        case keepsItsPlace
    }

    private func silent(_ path: String, _ answer: String) -> ChassisError {
        ChassisError(
            .garbled, "\(client.place) lists \(path), and answers \(answer) to it: which system is in which bay cannot be told",
            remedy: "it may be starting; try again")
    }

    /// A collection's members, each read; over all its pages, at most 256.
    func members(_ path: String?, _ unanswered: Unanswered = .leftOut) async throws(ChassisError) -> [(path: String, node: RedfishNode)] {
        var found: [(path: String, node: RedfishNode)] = []
        var next = path
        var seen: Set<String> = []
        while let page = next, seen.insert(page).inserted, found.count < 256 {
            guard seen.count <= 64 else { throw ChassisError(.garbled, "\(client.place) has more than 64 pages of \(path ?? "a collection")") }
            let node = try await resource(page)
            for member in node["Members"]?.links ?? [] where found.count < 256 {
                let reply = try await client.get(member)
                if reply.status == 200 {
                    found.append((member, reply.node))
                } else if unanswered == .isNull || unanswered == .keepsItsPlace && numbering.knows(Self.normal(member)) {
                    found.append((member, .null))
                } else if unanswered == .keepsItsPlace {
                    throw silent(member, "\(reply.status)\(reply.location.map { ", and points to \($0.prefix(120))" } ?? "")")
                }
            }
            next = node["Members@odata.nextLink"]?.text
        }
        return found
    }
}
