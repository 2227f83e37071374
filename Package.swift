// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

// MARK: - Third-party products, each named once (docs/dependencies.md says what each is for)

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let tlsEvents: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let embedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HummingbirdTLS", package: "hummingbird"),
]
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let certificates: [Target.Dependency] = [
    .product(name: "X509", package: "swift-certificates"),
    crypto,
    .product(name: "SwiftASN1", package: "swift-asn1"),
]

// MARK: - Rooms

func room(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(path)", exclude: exclude, resources: resources, swiftSettings: strict)
}

func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Sources/\(path)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, resources: resources, swiftSettings: strict)
}

let protocolRooms: [Target] = [
    room("PodpModel", "Protocol/Model"),
    room("PodpFrame", "Protocol/Frame", ["PodpModel"]),
    .systemLibrary(name: "CProtobufC", path: "Sources/Protocol/CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CWire", dependencies: ["CProtobufC"], path: "Sources/Protocol/CWire"),
    room("PodpWireC", "Protocol/WireC", ["PodpModel", "PodpFrame", "CWire", "CProtobufC"]),
    room("PodpWireSwift", "Protocol/WireSwift", ["PodpModel", "PodpFrame", protobuf]),
]

let agentRooms: [Target] = [
    .systemLibrary(name: "CLibvirt", path: "Sources/Agent/CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),
    .systemLibrary(name: "CXenStore", path: "Sources/Agent/CXenStore", pkgConfig: "xenstore", providers: [.apt(["libxen-dev"])]),
    .systemLibrary(name: "CXenControl", path: "Sources/Agent/CXenControl", pkgConfig: "xencontrol", providers: [.apt(["libxen-dev"])]),
    // CPU feature sets are libxenguest's, of the same package.
    .target(name: "CXenShim", dependencies: ["CXenControl"], path: "Sources/Agent/CXenShim", linkerSettings: [.linkedLibrary("xenguest")]),
    room("AgentCore", "Agent/Core", ["PodpModel"]),
    room("AgentHost", "Agent/Host", ["PodpModel", "AgentCore"]),
    tests("AgentHostTests", ["PodpModel", "AgentCore", "AgentHost"]),
    tests("AgentXenTests", ["PodpModel", "AgentCore", "AgentHost", "AgentXen", "CXenShim"]),
    tests("AgentLibvirtTests", ["PodpModel", "AgentCore", "AgentHost", "AgentLibvirt"]),
    room("AgentXen", "Agent/Xen", ["PodpModel", "AgentCore", "AgentHost", "CXenStore", "CXenShim"]),
    room("AgentLibvirt", "Agent/Libvirt", ["PodpModel", "AgentCore", "AgentHost", "CLibvirt"]),
    room("AgentSimulated", "Agent/Simulated", ["PodpModel", "AgentCore"]),
    program(
        "podp-agent", "Agent/Daemon",
        ["PodpModel", "PodpFrame", "PodpWireC", "AgentCore", "AgentXen", "AgentLibvirt", "AgentSimulated", log, lifecycle] + nio),
    tests("AgentCoreTests", ["PodpModel", "AgentCore"]),
    tests("AgentSimulatedTests", ["PodpModel", "AgentCore", "AgentSimulated"]),
    tests("AgentDaemonTests", ["PodpModel", "PodpFrame", "PodpWireC", "AgentCore", "AgentSimulated", "podp-agent"] + nio),
]

let coordinatorRooms: [Target] = [
    room("PodpDefinition", "Coordinator/Definition", ["PodpModel"]),
    room("PodpRules", "Coordinator/Rules", ["PodpModel"]),
    room("PodpPlanner", "Coordinator/Planner", ["PodpModel"]),
    room("PodpDiagnosis", "Coordinator/Diagnosis", ["PodpModel"]),
    room("PodpCore", "Coordinator/Core", ["PodpModel", "PodpRules", "PodpDefinition", "PodpPower"]),
    room("PodpAPI", "Coordinator/API", ["PodpModel"]),
    room("PodpPower", "Coordinator/Power", ["PodpModel"]),
    .systemLibrary(name: "CNetSNMP", path: "Sources/Coordinator/CNetSNMP", pkgConfig: "netsnmp", providers: [.apt(["libsnmp-dev"])]),
    .target(name: "CSNMPShim", dependencies: ["CNetSNMP"], path: "Sources/Coordinator/CSNMPShim"),
    room("PodpChassis", "Coordinator/Chassis", ["PodpModel", "PodpPower", "CSNMPShim", httpClient, log, crypto] + nio),
    room("PodpStore", "Coordinator/Store", ["PodpModel", "PodpCore", sqlite, log]),
    room("PodpServer", "Coordinator/Server", ["PodpModel", "PodpFrame", "PodpWireSwift", "PodpCore", log, lifecycle, tlsEvents] + nio + certificates),
    room("PodpWeb", "Coordinator/Web", ["PodpModel", "PodpAPI", "PodpCore", "PodpPower", crypto, log, lifecycle] + nio + hummingbird),
    room(
        "PodpSimulator", "Coordinator/Simulator",
        ["PodpModel", "PodpCore", "PodpRules", "PodpPlanner", "PodpDiagnosis", "PodpDefinition", "PodpPower", "AgentCore", "AgentSimulated"]),
    program(
        "podp-coordinator", "Coordinator/Daemon",
        [
            "PodpModel", "PodpCore", "PodpRules", "PodpPlanner", "PodpDiagnosis", "PodpDefinition", "PodpPower", "PodpChassis", "PodpStore", "PodpServer",
            "PodpWeb", "PodpAPI", httpClient, log, lifecycle, arguments,
        ] + nio),
    program("podp-bladecenter", "Coordinator/BladeCenter", ["PodpModel", "PodpSimulator", "AgentSimulated", log, lifecycle, arguments] + nio + hummingbird),
    program(
        "podp", "Coordinator/CLI",
        ["PodpModel", "PodpAPI", "PodpDefinition", "PodpPlanner", "PodpRules", "PodpPower", "PodpChassis", httpClient, arguments] + nio),
]

let simulatorTests: [Target] = [
    tests("Simulation", ["PodpModel", "PodpCore", "PodpPower", "PodpSimulator"])
]

let definitionTests: [Target] = [
    tests("PodpDefinitionTests", ["PodpModel", "PodpDefinition"])
]

let protocolTests: [Target] = [
    tests("PodpFrameTests", ["PodpModel", "PodpFrame"]),
    tests("PodpWireTests", ["PodpModel", "PodpFrame", "PodpWireC", "PodpWireSwift", "CWire", "CProtobufC"]),
    tests("TidyTests", []),
]

let planningTests: [Target] = [
    tests("PodpRulesTests", ["PodpModel", "PodpRules"]),
    tests("PodpPlannerTests", ["PodpModel", "PodpRules", "PodpPlanner"]),
    tests("PodpDiagnosisTests", ["PodpModel", "PodpDiagnosis"]),
    .executableTarget(
        name: "planner-bench", dependencies: ["PodpModel", "PodpRules", "PodpPlanner"], path: "Benchmarks/Planner", swiftSettings: strict),
]

let coordinatorTests: [Target] = [
    tests("PodpCoreTests", ["PodpModel", "PodpCore", "PodpPower"])
]

let chassisTests: [Target] = [
    tests("PodpPowerTests", ["PodpModel", "PodpPower"]),
    tests(
        "CoordinatorDaemonTests", ["PodpModel", "PodpPower", "PodpCore", "PodpChassis", "PodpStore", "PodpWeb", "podp-coordinator", log, lifecycle]),
    tests("PodpChassisTests", ["PodpModel", "PodpPower", "PodpChassis"] + nio + hummingbird),
    .executableTarget(
        name: "chassis-bench", dependencies: ["PodpModel", "PodpPower", "PodpChassis"], path: "Benchmarks/Chassis", swiftSettings: strict),
]

let serverTests: [Target] = [
    tests("PodpStoreTests", ["PodpModel", "PodpCore", "PodpStore", sqlite, log]),
    tests("PodpServerTests", ["PodpModel", "PodpFrame", "PodpWireSwift", "PodpCore", "PodpServer", log, tlsEvents, embedded] + nio + certificates),
    .executableTarget(
        name: "ingest-bench",
        dependencies: ["PodpModel", "PodpFrame", "PodpWireSwift", "PodpCore", "PodpStore", "PodpServer", log, tlsEvents] + nio + certificates,
        path: "Benchmarks/Ingest", swiftSettings: strict),
]

/// A fleet in memory, and a live web server over it: for tests of the API, of the CLI, and of whoever speaks to either.
let webTests: [Target] = [
    .target(
        name: "WebTestSupport", dependencies: ["PodpModel", "PodpAPI", "PodpCore", "PodpPower", "PodpWeb", "PodpDefinition", log, lifecycle] + nio,
        path: "Tests/Support/Web", swiftSettings: strict),
    tests("PodpWebTests", ["PodpModel", "PodpAPI", "PodpCore", "PodpPower", "PodpWeb", "WebTestSupport", httpClient] + nio, resources: [.copy("Golden")]),
    tests("CLITests", ["PodpModel", "PodpAPI", "PodpCore", "PodpWeb", "WebTestSupport", "podp"] + nio, resources: [.copy("Golden")]),
    .executableTarget(
        name: "metrics-bench", dependencies: ["PodpModel", "PodpCore", "PodpWeb", "WebTestSupport"], path: "Benchmarks/Metrics", swiftSettings: strict),
]

let package = Package(
    name: "podp",
    products: [
        .executable(name: "podp-agent", targets: ["podp-agent"]),
        .executable(name: "podp-coordinator", targets: ["podp-coordinator"]),
        .executable(name: "podp-bladecenter", targets: ["podp-bladecenter"]),
        .executable(name: "podp", targets: ["podp"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    ],
    targets: protocolRooms + agentRooms + coordinatorRooms + definitionTests + protocolTests + planningTests + coordinatorTests + serverTests + simulatorTests
        + chassisTests + webTests
)
