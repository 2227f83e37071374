import PodpFrame
import PodpModel
import PodpWireC
import PodpWireSwift
import Testing

let codecC = WireCodecC()
let codecSwift = WireCodecSwift()

/// A frame's bytes without their length, as the decoder would hand them on.
func unframed(_ bytes: [UInt8]) throws -> Frame {
    #expect(Array(bytes.prefix(4)) == Frame.prefix(bytes.count - 4))
    return try Frame(payload: Array(bytes.dropFirst(4)))
}

@Suite struct RoundTripTests {
    @Test("Both codecs write the same bytes for an agent's message, and each reads them back as it was", arguments: 0..<40)
    func agentMessages(seed: UInt64) throws {
        var random = Generator(seed)
        for _ in 0..<25 {
            let message = random.agentMessage()
            let bytes = try codecC.encode(message)
            #expect(try codecSwift.encode(message) == bytes)
            let frame = try unframed(bytes)
            #expect(frame.kind == message.kind)
            #expect(try codecC.agentMessage(from: frame) == message)
            #expect(try codecSwift.agentMessage(from: frame) == message)
        }
    }

    @Test("Both codecs write the same bytes for a coordinator's message, and each reads them back as it was", arguments: 0..<40)
    func coordinatorMessages(seed: UInt64) throws {
        var random = Generator(seed)
        for _ in 0..<25 {
            let message = random.coordinatorMessage()
            let bytes = try codecC.encode(message)
            #expect(try codecSwift.encode(message) == bytes)
            let frame = try unframed(bytes)
            #expect(frame.kind == message.kind)
            #expect(try codecC.coordinatorMessage(from: frame) == message)
            #expect(try codecSwift.coordinatorMessage(from: frame) == message)
        }
    }

    @Test("The generator makes every kind, so that the two tests above mean something")
    func everyKind() {
        var random = Generator(1)
        var kinds: Set<MessageKind> = []
        for _ in 0..<500 {
            kinds.insert(random.agentMessage().kind)
            kinds.insert(random.coordinatorMessage().kind)
        }
        #expect(kinds == Set(MessageKind.allCases))
    }

    @Test("What is not measured comes back as not measured, and a measured 0 as 0")
    func nilIsNotZero() throws {
        let id = DomainID(ID128(high: 1, low: 2))
        let nothing = DomainSample(id: id, state: .running, cpu: 0, memory: .zero)
        let zero = DomainSample(id: id, state: .running, cpu: 0, ready: 0, memory: .zero, disk: DiskRates(), network: NetworkRates())
        let host = HostSample(
            cpu: 0, dom0CPU: 0, memoryFree: .zero, dom0MemoryFree: .zero, disk: DiskRates(), network: NetworkRates(), agentCPU: 0, agentMemory: .zero)
        for host in [HostSample(cpu: 0, memoryFree: .zero), host] {
            for invalid in [nil, ""] {
                let report = Report(sequence: 0, sampledAt: .zero, interval: .zero, host: host, domains: [nothing, zero], invalid: invalid)
                for codec in [codecC, codecSwift] as [any WireCodec] {
                    #expect(try codec.agentMessage(from: unframed(codec.encode(.report(report)))) == .report(report))
                }
            }
        }
        for nic in [NIC(mac: nil, bridge: ""), NIC(mac: "", bridge: "", model: "")] {
            var random = Generator(7)
            var definition = random.definition()
            definition.nics = [nic]
            definition.boot = .kernel(path: "", ramdisk: nic.mac, commandLine: "")
            definition.policy.allowedDowntime = nic.mac.map { _ in .zero }
            let command = Command(
                operation: random.operation(), term: random.term(), domain: id, domainName: "",
                action: .define(DomainImage(definition: definition, libvirtXML: "")))
            for codec in [codecC, codecSwift] as [any WireCodec] {
                #expect(try codec.coordinatorMessage(from: unframed(codec.encode(.command(command)))) == .command(command))
            }
        }
    }

    @Test("A report of 1,200 domains fits its frame, and so does an inventory of 1,000")
    func capacity() throws {
        var random = Generator(3)
        let samples = (0..<1200).map { index in
            DomainSample(
                id: DomainID(ID128(high: 5, low: UInt64(index))), state: .running, cpu: 4000, ready: 300, memory: .gibibytes(4),
                disk: DiskRates(readBytes: 200_000_000, writtenBytes: 200_000_000, reads: 90_000, writes: 90_000, outOfRequests: 40_000),
                network: NetworkRates(receivedBytes: 1_000_000_000, sentBytes: 1_000_000_000))
        }
        let report = Report(
            sequence: 1 << 40, sampledAt: random.instant(), interval: .seconds(1), host: HostSample(cpu: 8000, memoryFree: .gibibytes(1)), domains: samples)
        let domains = (0..<1000).map { index in
            DomainInventory(
                id: DomainID(ID128(high: 5, low: UInt64(index))), name: "web-server-\(index)", number: UInt32(index), state: .running, type: .pvh, vcpus: 4,
                memory: .gibibytes(4),
                disks: (0..<4).map { Disk(target: "xvd\($0)", source: "/dev/vg0/web-server-\(index)-disk-\($0)") },
                nics: (0..<2).map { NIC(mac: "00:16:3e:00:00:0\($0)", bridge: "xenbr\($0)") }, liveMigration: .no(reason: "no shadow paging"))
        }
        let inventory = Inventory(
            revision: 1, readAt: .zero, host: HostInventory(cpus: 64, memory: .gibibytes(4096), dom0Memory: .gibibytes(4)), domains: domains)
        for message in [AgentMessage.report(report), .inventory(inventory)] {
            let bytes = try codecC.encode(message)
            #expect(try codecSwift.encode(message) == bytes)
            #expect(try codecC.agentMessage(from: unframed(bytes)) == message)
            #expect(try codecSwift.agentMessage(from: unframed(bytes)) == message)
        }
    }

    @Test("A hello with the features of a large server's CPU fits the 4 KiB that are allowed before trust")
    func helloFits() throws {
        var random = Generator(5)
        var hello = random.hello()
        hello.cpu.features = (0..<250).map { "avx512_feat\($0 % 90)" }
        #expect(try codecC.encode(.hello(hello)).count < 4096 + 4)
    }
}
