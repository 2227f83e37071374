/// Who may know whom: the directions of the design, as a table.
struct Room {
    /// Below `Sources/`.
    let folder: String
    /// Decides; so it has no clock, no chance, no threads and no I/O, and imports pure rooms only.
    let isPure: Bool
    /// podp's own modules that it may import.
    let imports: Set<String>
    /// Other people's modules that it must not import.
    var forbidden: Set<String> = []

    /// dom0 carries neither ICU nor a second protobuf.
    private static let heavy: Set<String> = ["Foundation", "SwiftProtobuf", "Hummingbird", "GRDB", "X509", "Crypto"]

    static let all: [Room] = [
        Room(folder: "Protocol/Model", isPure: true, imports: []),
        Room(folder: "Protocol/Frame", isPure: true, imports: ["PodpModel"]),
        Room(folder: "Protocol/WireC", isPure: false, imports: ["PodpModel", "PodpFrame", "CWire", "CProtobufC"], forbidden: heavy),
        Room(folder: "Protocol/WireSwift", isPure: false, imports: ["PodpModel", "PodpFrame"], forbidden: ["Foundation"]),

        Room(folder: "Agent/Core", isPure: true, imports: ["PodpModel"]),
        Room(folder: "Agent/Host", isPure: false, imports: ["PodpModel", "AgentCore"], forbidden: heavy),
        Room(folder: "Agent/Xen", isPure: false, imports: ["PodpModel", "AgentCore", "AgentHost", "CXenStore", "CXenControl", "CXenShim"], forbidden: heavy),
        Room(folder: "Agent/Libvirt", isPure: false, imports: ["PodpModel", "AgentCore", "AgentHost", "CLibvirt"], forbidden: heavy),
        Room(folder: "Agent/Simulated", isPure: false, imports: ["PodpModel", "AgentCore", "AgentHost"], forbidden: heavy),
        Room(
            folder: "Agent/Daemon", isPure: false,
            imports: ["PodpModel", "PodpFrame", "PodpWireC", "AgentCore", "AgentHost", "AgentXen", "AgentLibvirt", "AgentSimulated"], forbidden: heavy),

        Room(folder: "Coordinator/Definition", isPure: true, imports: ["PodpModel"]),
        Room(folder: "Coordinator/Rules", isPure: true, imports: ["PodpModel"]),
        // The checker shares nothing with the planner that it checks. Parts of its work may run side by side on its caller's threads: each has a lock.
        Room(folder: "Coordinator/Planner", isPure: true, imports: ["PodpModel", "Synchronization"]),
        Room(folder: "Coordinator/Diagnosis", isPure: true, imports: ["PodpModel"]),
        Room(folder: "Coordinator/Core", isPure: true, imports: ["PodpModel", "PodpRules", "PodpDefinition", "PodpPower"]),
        Room(folder: "Coordinator/API", isPure: true, imports: ["PodpModel"]),

        // What the Core decides by: no driver, no socket.
        Room(folder: "Coordinator/Power", isPure: true, imports: ["PodpModel"]),
        Room(folder: "Coordinator/Chassis", isPure: false, imports: ["PodpModel", "PodpPower", "CSNMPShim"]),
        Room(folder: "Coordinator/Store", isPure: false, imports: ["PodpModel", "PodpCore"]),
        Room(folder: "Coordinator/Server", isPure: false, imports: ["PodpModel", "PodpFrame", "PodpWireSwift", "PodpCore"]),
        Room(folder: "Coordinator/Web", isPure: false, imports: ["PodpModel", "PodpAPI", "PodpCore", "PodpPower"]),
        Room(
            folder: "Coordinator/Simulator", isPure: false,
            imports: ["PodpModel", "PodpCore", "PodpRules", "PodpPlanner", "PodpDiagnosis", "PodpDefinition", "PodpPower", "AgentCore", "AgentSimulated"]),
        Room(
            folder: "Coordinator/Daemon", isPure: false,
            imports: [
                "PodpModel", "PodpCore", "PodpRules", "PodpPlanner", "PodpDiagnosis", "PodpDefinition", "PodpChassis", "PodpStore", "PodpServer", "PodpWeb",
                "PodpAPI", "PodpPower",
            ]),
        Room(folder: "Coordinator/BladeCenter", isPure: false, imports: ["PodpModel", "PodpSimulator", "AgentSimulated"]),
        Room(
            folder: "Coordinator/CLI", isPure: false,
            imports: ["PodpModel", "PodpAPI", "PodpDefinition", "PodpPlanner", "PodpRules", "PodpPower", "PodpChassis"]),
    ]

    /// The room that a file below `Sources/` is in.
    static func of(_ path: String) -> Room? { all.first { path.hasPrefix("Sources/\($0.folder)/") } }

    /// Whether a module is podp's own.
    static func isOurs(_ module: String) -> Bool {
        ["Podp", "Agent", "CWire", "CProtobufC", "CLibvirt", "CXen", "CNetSNMP", "CSNMP"].contains { module.hasPrefix($0) }
    }
}
