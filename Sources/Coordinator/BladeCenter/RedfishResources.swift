import PodpModel

/// The chassis as DMTF's Redfish shows a blade enclosure (modelled on the public mock-up `public-bladed`).
struct RedfishResources: Sendable {
    /// A bay, and how busy its blade is in thousandths.
    struct Occupied: Sendable {
        var bay: Bay
        var loadPermille: Int
    }

    var bays: [Occupied]
    static let root = "/redfish/v1"
    static let enclosureUUID = ID128(high: 0x8cb6_f79b_0ab4_41dc, low: 0x8314_0800_2fff_0000)

    /// The resource at a path without its last slash; `nil`: there is none.
    func resource(at path: String) -> JSONValue? {
        if path == "/redfish" { return ["v1": "/redfish/v1/"] }
        guard path.hasPrefix(Self.root) else { return nil }
        let parts = path.dropFirst(Self.root.count).split(separator: "/").map(String.init)
        switch (parts.first, parts.count) {
        case (nil, _): return serviceRoot
        case ("Chassis", 1):
            return collection("ChassisCollection", "Chassis", ["Enclosure"] + bays.map { "Bay\($0.bay.number)" })
        case ("Chassis", 2) where parts[1] == "Enclosure": return enclosure
        case ("Chassis", 2): return bay(parts[1]).map(bladeChassis)
        case ("Chassis", 3) where parts[1] == "Enclosure": return parts[2] == "Power" ? enclosurePower : parts[2] == "Thermal" ? enclosureThermal : nil
        case ("Chassis", 3): return bay(parts[1]).flatMap { parts[2] == "Power" ? bladePower($0) : parts[2] == "Thermal" ? bladeThermal($0) : nil }
        case ("Systems", 1): return collection("ComputerSystemCollection", "Systems", bays.map { "Bay\($0.bay.number)" })
        case ("Systems", 2): return bay(parts[1]).map(system)
        case ("Systems", 3) where parts[2] == "EthernetInterfaces":
            return bay(parts[1]).map { collection("EthernetInterfaceCollection", "Systems/Bay\($0.bay.number)/EthernetInterfaces", ["1"]) }
        case ("Systems", 4) where parts[2] == "EthernetInterfaces" && parts[3] == "1": return bay(parts[1]).map(interface)
        case ("Managers", 1): return collection("ManagerCollection", "Managers", ["MM1"])
        case ("Managers", 2) where parts[1] == "MM1": return manager
        default: return nil
        }
    }

    func bay(_ name: String) -> Occupied? { bays.first { "Bay\($0.bay.number)" == name } }

    private func reference(_ path: String) -> JSONValue { ["@odata.id": .string("\(Self.root)/\(path)")] }

    private func collection(_ type: String, _ path: String, _ members: [String]) -> JSONValue {
        [
            "@odata.type": .string("#\(type).\(type)"), "@odata.id": .string("\(Self.root)/\(path)"), "Name": .string("\(type)"),
            "Members@odata.count": .int(members.count), "Members": .array(members.map { reference("\(path)/\($0)") }),
        ]
    }

    private var serviceRoot: JSONValue {
        [
            "@odata.type": "#ServiceRoot.v1_9_0.ServiceRoot", "@odata.id": "/redfish/v1/", "Id": "RootService", "Name": "podp-bladecenter",
            "RedfishVersion": "1.11.0", "UUID": .string(Self.enclosureUUID.description), "Product": "Simulated BladeCenter", "Vendor": "podp",
            "Chassis": reference("Chassis"), "Systems": reference("Systems"), "Managers": reference("Managers"),
        ]
    }

    private var enclosure: JSONValue {
        [
            "@odata.type": "#Chassis.v1_14_0.Chassis", "@odata.id": "/redfish/v1/Chassis/Enclosure", "Id": "Enclosure", "Name": "BladeCenter",
            "ChassisType": "Enclosure", "Manufacturer": "podp", "Model": "Simulated BladeCenter", "SerialNumber": "KQ86000",
            "UUID": .string(Self.enclosureUUID.description), "PowerState": "On", "Status": healthy(true),
            "Power": reference("Chassis/Enclosure/Power"), "Thermal": reference("Chassis/Enclosure/Thermal"),
            "Links": ["Contains": .array(bays.map { reference("Chassis/Bay\($0.bay.number)") }), "ManagedBy": [reference("Managers/MM1")]],
        ]
    }

    private func bladeChassis(_ entry: Occupied) -> JSONValue {
        let bay = entry.bay
        return [
            "@odata.type": "#Chassis.v1_14_0.Chassis", "@odata.id": .string("\(Self.root)/Chassis/Bay\(bay.number)"), "Id": .string("Bay\(bay.number)"),
            "Name": .string(bay.blade.name), "ChassisType": "Blade", "Manufacturer": "podp", "Model": "Simulated blade",
            "SerialNumber": .string(bay.blade.serial), "PowerState": .string(bay.power.rawValue), "Status": healthy(bay.power == .on),
            "Location": ["PartLocation": ["LocationType": "Bay", "LocationOrdinalValue": .int(bay.number), "ServiceLabel": .string("Bay \(bay.number)")]],
            "Power": reference("Chassis/Bay\(bay.number)/Power"), "Thermal": reference("Chassis/Bay\(bay.number)/Thermal"),
            "Links": [
                "ContainedBy": reference("Chassis/Enclosure"), "ComputerSystems": [reference("Systems/Bay\(bay.number)")],
                "ManagedBy": [reference("Managers/MM1")],
            ],
        ]
    }

    private func system(_ entry: Occupied) -> JSONValue {
        let bay = entry.bay
        let action = "\(Self.root)/Systems/Bay\(bay.number)/Actions/ComputerSystem.Reset"
        return [
            "@odata.type": "#ComputerSystem.v1_13_0.ComputerSystem", "@odata.id": .string("\(Self.root)/Systems/Bay\(bay.number)"),
            "Id": .string("Bay\(bay.number)"), "Name": .string(bay.blade.name), "HostName": .string(bay.blade.name), "SystemType": "Physical",
            "Manufacturer": "podp", "Model": "Simulated blade", "SerialNumber": .string(bay.blade.serial), "UUID": .string(bay.blade.id.description),
            "PowerState": .string(bay.power.rawValue), "Status": healthy(bay.power == .on),
            "ProcessorSummary": ["Count": 2, "CoreCount": .int(Bay.cpus), "LogicalProcessorCount": .int(Bay.cpus), "Model": "Simulated"],
            "MemorySummary": ["TotalSystemMemoryGiB": .int(Int(Bay.memory.count >> 30))],
            "EthernetInterfaces": reference("Systems/Bay\(bay.number)/EthernetInterfaces"),
            "Links": ["Chassis": [reference("Chassis/Bay\(bay.number)")], "ManagedBy": [reference("Managers/MM1")]],
            "Actions": [
                "#ComputerSystem.Reset": [
                    "target": .string(action), "ResetType@Redfish.AllowableValues": .array(ResetType.allCases.map { .string($0.rawValue) }),
                ]
            ],
        ]
    }

    private func interface(_ entry: Occupied) -> JSONValue {
        [
            "@odata.type": "#EthernetInterface.v1_6_0.EthernetInterface",
            "@odata.id": .string("\(Self.root)/Systems/Bay\(entry.bay.number)/EthernetInterfaces/1"), "Id": "1", "Name": "eth0",
            "MACAddress": .string(entry.bay.mac), "PermanentMACAddress": .string(entry.bay.mac), "SpeedMbps": 1000, "Status": healthy(true),
        ]
    }

    private var manager: JSONValue {
        [
            "@odata.type": "#Manager.v1_10_0.Manager", "@odata.id": "/redfish/v1/Managers/MM1", "Id": "MM1", "Name": "Management module",
            "ManagerType": "EnclosureManager", "PowerState": "On", "Status": healthy(true),
            "Links": [
                "ManagerForChassis": [reference("Chassis/Enclosure")],
                "ManagerForServers": .array(bays.map { reference("Systems/Bay\($0.bay.number)") }),
            ],
        ]
    }

    private func healthy(_ isEnabled: Bool) -> JSONValue { ["State": isEnabled ? "Enabled" : "StandbyOffline", "Health": "OK"] }

    // MARK: - Numbers that follow the load

    private func power(_ path: String, watts: Int, capacity: Int) -> JSONValue {
        [
            "@odata.type": "#Power.v1_6_0.Power", "@odata.id": .string("\(Self.root)/\(path)"), "Id": "Power", "Name": "Power",
            "PowerControl": [
                [
                    "@odata.id": .string("\(Self.root)/\(path)#/PowerControl/0"), "MemberId": "0", "Name": "Power control",
                    "PowerConsumedWatts": .int(watts), "PowerCapacityWatts": .int(capacity),
                ]
            ],
        ]
    }

    private var enclosurePower: JSONValue {
        let blades = bays.reduce(0) { $0 + $1.bay.watts(loadPermille: $1.loadPermille) }
        // Blowers, switches and management modules; what the supplies lose.
        return power("Chassis/Enclosure/Power", watts: (blades + 420) * 108 / 100, capacity: 5800)
    }

    private func bladePower(_ entry: Occupied) -> JSONValue {
        power("Chassis/Bay\(entry.bay.number)/Power", watts: entry.bay.watts(loadPermille: entry.loadPermille), capacity: 380)
    }

    private func thermal(_ path: String, _ name: String, celsius: Int, fans: [JSONValue] = []) -> JSONValue {
        [
            "@odata.type": "#Thermal.v1_6_0.Thermal", "@odata.id": .string("\(Self.root)/\(path)"), "Id": "Thermal", "Name": "Thermal",
            "Temperatures": [
                [
                    "@odata.id": .string("\(Self.root)/\(path)#/Temperatures/0"), "MemberId": "0", "Name": .string(name), "ReadingCelsius": .int(celsius),
                    "UpperThresholdCritical": 90, "Status": healthy(true),
                ]
            ], "Fans": .array(fans),
        ]
    }

    private var enclosureThermal: JSONValue {
        let hottest = bays.map { $0.bay.temperature(loadPermille: $0.loadPermille) }.max() ?? 23
        let blowers: [JSONValue] = (1...2).map { number in
            [
                "@odata.id": .string("\(Self.root)/Chassis/Enclosure/Thermal#/Fans/\(number - 1)"), "MemberId": .string("\(number - 1)"),
                "Name": .string("Blower \(number)"), "Reading": .int(min(100, max(30, (hottest - 20) * 2))), "ReadingUnits": "Percent",
                "Status": healthy(true),
            ]
        }
        return thermal("Chassis/Enclosure/Thermal", "Inlet", celsius: 23, fans: blowers)
    }

    private func bladeThermal(_ entry: Occupied) -> JSONValue {
        thermal("Chassis/Bay\(entry.bay.number)/Thermal", "CPU 1", celsius: entry.bay.temperature(loadPermille: entry.loadPermille))
    }
}
