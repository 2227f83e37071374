import PodpFrame
import PodpModel
import Testing

/// The protocol's bytes as they were first published: an agent of any version that speaks protocol 1 writes and reads these.
///
/// A line here never changes. What is added to a message comes with a line of its own.
@Suite struct GoldenTests {
    private static let id = ID128(high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F)
    private static let term = Term(number: 7, id: id)
    private static let operation = OperationID(term: id, sequence: 300)
    private static let blade = BladeIdentity(id: BladeID(id), serial: "S1", name: "b1")
    private static let definition: DomainDefinition = {
        var definition = DomainDefinition(
            id: DomainID(id), name: "web", type: .pvh, memory: .gibibytes(1), maxMemory: .gibibytes(2), vcpus: 2, maxVCPUs: 4,
            boot: .kernel(path: "/k", ramdisk: "", commandLine: "quiet"))
        definition.revision = 3
        definition.disks = [Disk(target: "xvda", source: "/dev/vda", isFile: true, readOnly: true, shared: true, isCDROM: true)]
        definition.nics = [NIC(mac: "00:16", bridge: "br0", model: "e1000"), NIC(mac: nil, bridge: "br1")]
        definition.cpuCap = 50
        definition.policy.allowedDowntime = .zero
        definition.policy.stays = true
        definition.policy.apart = ["a"]
        definition.policy.together = ["t", "u"]
        definition.policy.onlyOn = ["b1"]
        definition.policy.priority = -1
        return definition
    }()

    private static func command(_ action: Action) -> CoordinatorMessage {
        .command(Command(operation: operation, term: term, domain: DomainID(id), domainName: "web", action: action))
    }

    private static func update(_ phase: Update.Phase) -> AgentMessage { .update(Update(operation: operation, phase: phase)) }

    private static let agentMessages: [AgentMessage] = [
        .hello(
            Hello(
                minimumVersion: 1, maximumVersion: 2, blade: blade, bootID: id, agentRun: id, agentVersion: "0.1",
                hypervisor: HypervisorFacts(kind: .xen, version: "4.17", libvirtVersion: "9.0", liveMigration: [.pv: .no(reason: "no"), .pvh: .yes]),
                cpu: CPUModel(vendor: "v", model: "m", features: ["a", "b"]), highestTerm: term, clock: WallTime(milliseconds: 1_700_000_000_000),
                bootTime: Instant(nanoseconds: -1))),
        .inventory(
            Inventory(
                revision: 1, readAt: Instant(nanoseconds: 2),
                host: HostInventory(
                    cpus: 8, threadsPerCore: 2, sockets: 1, cpuMegahertz: 3000, memory: .gibibytes(24), dom0Memory: .gibibytes(1), dom0VCPUs: 2,
                    bridges: ["br0"], storage: [BlockDevice(path: "/dev/vda", size: Bytes(9), serial: "w")],
                    nics: [HostNIC(name: "eth0", mac: "00", isUp: true, megabitsPerSecond: 1000)], migrationAddress: "10.0.0.1", migrationEncrypted: true),
                domains: [
                    DomainInventory(
                        id: DomainID(id), name: "é", number: 0, state: .running, type: .hvm, vcpus: 1, maxVCPUs: 2, memory: Bytes(5), maxMemory: Bytes(6),
                        disks: definition.disks, nics: definition.nics, liveMigration: .yes, autostart: true, persistent: true)
                ],
                findings: [Finding(code: "clock", severity: .critical, what: "w", remedy: "r")], answers: 0)),
        .report(
            Report(
                sequence: 1, sampledAt: Instant(nanoseconds: 2), interval: .seconds(1),
                host: HostSample(
                    cpu: 100, dom0CPU: 0, memoryFree: Bytes(1), dom0MemoryFree: Bytes(0), disk: DiskRates(),
                    network: NetworkRates(receivedBytes: 1, sentBytes: 2), agentCPU: 3, agentMemory: Bytes(4)),
                domains: [
                    DomainSample(
                        id: DomainID(id), state: .crashed, cpu: 1000, ready: 0, memory: Bytes(7),
                        disk: DiskRates(readBytes: 1, writtenBytes: 2, reads: 3, writes: 4, outOfRequests: 5), network: nil),
                    DomainSample(id: DomainID(id), state: .unknown, cpu: 0, memory: .zero),
                ], invalid: "")),
        update(.accepted), update(.progress(Progress(done: Bytes(1), remaining: Bytes(2), elapsed: .nanoseconds(3)))), update(.ended(.succeeded)),
        update(.ended(.failed(reason: "f"))), update(.ended(.indeterminate(reason: "i"))), update(.refused(reason: "r")),
        .renew(request: "R"), .enrol(secret: "s", request: "R", blade: blade, addresses: ["10.0.0.1", ""]), .pong(.max),
        .description(number: 1, xml: "<d/>", reason: ""), .description(number: 2, xml: nil, reason: "gone"),
    ]

    private static let coordinatorMessages: [CoordinatorMessage] = [
        .welcome(Welcome(version: 1, term: term, reportInterval: .seconds(1), clock: WallTime(milliseconds: 5))), .refused(reason: "no", permanent: true),
        command(.define(DomainImage(definition: definition, libvirtXML: "<d/>"))), command(.start(DomainImage(definition: definition, libvirtXML: ""))),
        command(.shutdown(deadline: .seconds(60))), command(.destroy), command(.pause), command(.resume), command(.reboot), command(.setMemory(Bytes(1))),
        command(.setVCPUs(2)), command(.migrate(Migration(destination: BladeID(id), address: "10.0.0.2", hostName: "b2", live: true))), command(.undefine),
        .cancel(operation), .acknowledge(operation), .observe(1), .certificate(chain: "C", authorities: "A"), .ping(0), .describe(number: 1, DomainID(id)),
        .revocations(list: "L"),
    ]

    @Test("Every message's bytes are what they have always been", arguments: [codecC, codecSwift] as [any WireCodec])
    func bytes(codec: any WireCodec) throws {
        let frames = try Self.agentMessages.map { try codec.encode($0) } + Self.coordinatorMessages.map { try codec.encode($0) }
        #expect(frames.map { hexadecimal($0) } == goldenFrames)
    }

    @Test("The bytes of always are read as the messages they are", arguments: [codecC, codecSwift] as [any WireCodec])
    func messages(codec: any WireCodec) throws {
        let frames = try goldenFrames.map { try unframed(bytes(of: $0)) }
        let count = Self.agentMessages.count
        #expect(try frames.prefix(count).map { try codec.agentMessage(from: $0) } == Self.agentMessages)
        #expect(try frames.dropFirst(count).map { try codec.coordinatorMessage(from: $0) } == Self.coordinatorMessages)
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private func bytes(of hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
