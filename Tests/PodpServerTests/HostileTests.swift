import Foundation
import Glibc
import NIOCore
import PodpCore
import PodpModel
import PodpWireSwift
import Testing

@testable import PodpServer

@Suite(.timeLimit(.minutes(10))) struct HostileTests {
    @Test(arguments: [
        ([0, 0, 0, 0] as [UInt8], "no bytes"), ([0xFF, 0xFF, 0xFF, 0xFF, 1], "bytes"), ([0, 0, 0x20, 0, 0x0A], "8192"), ([0, 0, 0, 2, 0xF8, 0x01], "field"),
    ])
    func `a first frame that cannot be one is refused before its bytes are waited for`(bytes: [UInt8], word: String) async throws {
        let coordinator = try await Coordinator()
        let agent = try await coordinator.agent(coordinator.enrolled(identity(1)))
        try await agent.send(bytes: bytes)
        guard case .refused(let reason, false)? = await agent.rest().first else { return #expect(Bool(false), "not refused") }
        #expect(reason.contains("bad frame") && reason.contains(word), "\(reason)")
        #expect(coordinator.listener.counts.badFrames == 1)
        await coordinator.listener.stop()
    }

    @Test func `a bad frame on an open link ends it, tells the blade what it was, and tells the core`() async throws {
        let coordinator = try await Coordinator()
        let (agent, link) = try await coordinator.open(identity(1))
        // A report of a mebibyte of empty domains.
        try await agent.send(bytes: [0, 0x10, 0, 0, 0x1A])
        guard case .refused(let reason, false)? = await agent.rest().first else { return #expect(Bool(false), "not refused") }
        #expect(reason.contains("report"))
        let told = await coordinator.event { event -> String? in if case .disconnected(link, let reason) = event { reason } else { nil } }
        #expect(told == reason)
        await coordinator.listener.stop()
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random bytes on a link that is open never do more than end it`(seed: UInt64) async throws {
        let coordinator = try await Coordinator()
        let (agent, link) = try await coordinator.open(identity(1))
        var random = Seeded(state: seed)
        let valid = try WireCodecSwift().encode(.report(report(1, domains: 5)))
        var bytes = valid + valid + valid
        for _ in 0..<(1 + seed) { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
        try await agent.send(bytes: bytes)
        try? await agent.close()
        #expect(await coordinator.event { event -> Bool? in if case .disconnected(link, _) = event { true } else { nil } } == true)
        #expect(coordinator.listener.links.count == 0)
        await coordinator.listener.stop()
    }

    @Test func `a client without TLS, and one that speaks none of the protocols, get nothing`() async throws {
        let coordinator = try await Coordinator()
        let port = try #require(coordinator.listener.port)
        let plain = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(plain) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(plain, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        #expect(connected == 0)
        let text = Array("GET / HTTP/1.0\r\n\r\n".utf8)
        _ = text.withUnsafeBytes { Glibc.send(plain, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        while coordinator.listener.counts.failedHandshakes < 1 { await Task.yield() }
        let other = try await coordinator.agent(coordinator.enrolled(identity(1)), protocols: ["h2"])
        #expect(await other.rest() == [])
        await coordinator.listener.stop()
    }

    @Test func `connections over the limit are turned away, and those that were in go on`() async throws {
        var limits = ListenerLimits()
        limits.connections = 2
        let coordinator = try await Coordinator(limits: limits)
        let (first, link) = try await coordinator.open(identity(1))
        _ = try await coordinator.open(identity(2))
        let third = try? await coordinator.agent(coordinator.enrolled(identity(3)))
        try? await third?.send(.hello(hello(identity(3))))
        #expect(await third?.rest() ?? [] == [])
        #expect(coordinator.listener.counts.turnedAway >= 1)
        coordinator.listener.links.send(.observe(1), to: link)
        #expect(try await first.next() == .observe(1))
        await coordinator.listener.stop()
    }
}

@Suite struct GateTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the gate's counts are those of the connections, whoever comes and goes`(seed: UInt64) {
        var random = Seeded(state: seed)
        var limits = ListenerLimits()
        limits.connections = 20
        limits.strangers = 10
        limits.strangersPerSource = 4
        var gate = ConnectionGate(limits: limits)
        var inside: [(source: String, stranger: Bool)] = []
        for _ in 0..<2000 {
            let source = "192.0.2.\(UInt8.random(in: 0..<6, using: &random))"
            switch Int.random(in: 0..<3, using: &random) {
            case 0: if gate.admit(source) == nil { inside.append((source, true)) }
            case 1:
                if let index = inside.firstIndex(where: \.stranger) {
                    gate.introduce(inside[index].source)
                    inside[index].stranger = false
                }
            default:
                if let index = inside.indices.randomElement(using: &random) {
                    let gone = inside.remove(at: index)
                    gate.leave(gone.source, wasStranger: gone.stranger)
                }
            }
            let strangers = inside.filter(\.stranger)
            #expect(gate.connections == inside.count && gate.strangersInAll == strangers.count)
            #expect(inside.count <= 20 && strangers.count <= 10)
            #expect(Dictionary(grouping: strangers, by: \.source).allSatisfy { $0.value.count <= 4 && gate.strangers[$0.key] == $0.value.count })
            #expect(gate.strangers.values.allSatisfy { $0 > 0 })
        }
    }

    @Test func `no source enrols faster than its share, and sources do not grow without end`() {
        var limits = ListenerLimits()
        limits.enrolmentBurst = 1_000_000
        limits.enrolmentBurstPerSource = 3
        limits.enrolmentIntervalPerSource = .seconds(1)
        var gate = ConnectionGate(limits: limits)
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        let tries = (0..<100).map { gate.mayEnrol("a", at: start + .milliseconds($0 * 100)) }
        #expect(tries.filter(\.self).count == 3 + 9)
        for number in 0..<10_000 { _ = gate.mayEnrol("source \(number)", at: start) }
        let whenFull = gate.mayEnrol("one more", at: start)
        let later = gate.mayEnrol("one more", at: start + .seconds(60))
        #expect(!whenFull && later, "a full table lets nobody new in, until the others are forgotten")
    }
}
