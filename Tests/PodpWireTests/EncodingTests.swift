import PodpFrame
import PodpModel
import Testing

@Suite struct EncodingTests {
    private func code(_ message: AgentMessage, _ codec: any WireCodec) -> WireError.Code? {
        do throws(WireError) {
            _ = try codec.encode(message)
            return nil
        } catch { return error.code }
    }

    private func inventory(_ change: (inout DomainInventory) -> Void) -> AgentMessage {
        var domain = DomainInventory(id: DomainID(.zero), name: "web", state: .running, type: .pvh, vcpus: 1, memory: .gibibytes(1))
        change(&domain)
        return .inventory(Inventory(revision: 1, readAt: .zero, host: HostInventory(cpus: 8, memory: .zero, dom0Memory: .zero), domains: [domain]))
    }

    @Test("A text with a NUL is not sent: C would cut it, Swift would not", arguments: [codecC, codecSwift] as [any WireCodec])
    func nul(codec: any WireCodec) {
        #expect(code(inventory { $0.name = "web\u{0}1" }, codec) == .text)
        #expect(code(inventory { $0.disks = [Disk(target: "xvda", source: "/dev/\u{0}")] }, codec) == .text)
        #expect(code(inventory { $0.nics = [NIC(mac: "\u{0}", bridge: "")] }, codec) == .text)
        #expect(code(.renew(request: "\u{0}"), codec) == .text)
        #expect(code(.enrol(secret: "", request: "", blade: BladeIdentity(id: BladeID(.zero), serial: "", name: ""), addresses: ["a\u{0}"]), codec) == .text)
    }

    @Test("What the other end would refuse is not sent", arguments: [codecC, codecSwift] as [any WireCodec])
    func limits(codec: any WireCodec) {
        #expect(code(inventory { $0.name = String(repeating: "n", count: 256) }, codec) == nil)
        #expect(code(inventory { $0.name = String(repeating: "n", count: 257) }, codec) == .tooLong)
        #expect(code(inventory { $0.name = String(repeating: "n", count: 64 << 10) }, codec) == .tooLong)
        #expect(code(inventory { $0.disks = (0..<129).map { Disk(target: "d\($0)", source: "") } }, codec) == .tooMany)
        #expect(code(.renew(request: String(repeating: "r", count: 64 << 10)), codec) == .tooLong)
        #expect(code(.description(number: 1, xml: String(repeating: "x", count: 48 << 10 + 1), reason: ""), codec) == .tooLong)
        var random = Generator(2)
        var hello = random.hello()
        hello.cpu.features = (0..<400).map { "feature-\($0)" }
        #expect(code(.hello(hello), codec) == .tooLong)
        let samples = (0..<4097).map { DomainSample(id: DomainID(ID128(high: 0, low: UInt64($0))), state: .running, cpu: 0, memory: .zero) }
        let report = Report(sequence: 0, sampledAt: .zero, interval: .zero, host: HostSample(cpu: 0, memoryFree: .zero), domains: samples)
        #expect(code(.report(report), codec) == .tooMany)
    }

    @Test("A definition of 48 KiB is sent", arguments: [codecC, codecSwift] as [any WireCodec])
    func largeDefinition(codec: any WireCodec) throws {
        var random = Generator(4)
        let image = DomainImage(definition: random.definition(), libvirtXML: String(repeating: "<", count: 48 << 10))
        let command = Command(operation: random.operation(), term: random.term(), domain: image.definition.id, domainName: "web", action: .start(image))
        #expect(try codec.coordinatorMessage(from: unframed(codec.encode(.command(command)))) == .command(command))
    }

    @Test("A reason that is too long, or has a NUL, is told as far as it goes, by both alike")
    func reasons() throws {
        let reason = "libvirt: \u{0}" + String(repeating: "€", count: 5000)
        let operation = OperationID(term: .zero, sequence: 1)
        let update = AgentMessage.update(Update(operation: operation, phase: .ended(.failed(reason: reason))))
        let bytes = try codecC.encode(update)
        #expect(try codecSwift.encode(update) == bytes)
        let expected = AgentMessage.update(Update(operation: operation, phase: .ended(.failed(reason: fittingWords(reason)))))
        #expect(try codecSwift.agentMessage(from: unframed(bytes)) == expected)
        let refused = CoordinatorMessage.refused(reason: reason, permanent: true)
        #expect(try codecC.encode(refused) == codecSwift.encode(refused))
    }

    @Test("Durations beyond 292 years are sent as the longest there is")
    func longDurations() throws {
        let update = AgentMessage.update(
            Update(operation: OperationID(term: .zero, sequence: 1), phase: .progress(Progress(done: .zero, remaining: .zero, elapsed: .seconds(Int64.max)))))
        let bytes = try codecC.encode(update)
        #expect(try codecSwift.encode(update) == bytes)
    }
}
