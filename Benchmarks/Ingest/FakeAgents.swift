import Crypto
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import PodpCore
import PodpFrame
import PodpModel
import PodpServer
import PodpWireSwift
import X509

/// Keys and certificates of the blades, on disk for the agents' process.
enum Credentials {
    static func blade(_ number: Int) -> BladeIdentity {
        BladeIdentity(id: BladeID(ID128(high: 0xB1AD_E000_0000_0000, low: UInt64(number))), serial: "S\(number)", name: "blade-\(number)")
    }

    static func make(_ count: Int, authority: CertificateAuthority, in folder: String) throws -> [PodpCore.Record] {
        try authority.certificatePEM.write(toFile: "\(folder)/trust.crt", atomically: true, encoding: .utf8)
        return try (0..<count).map { number in
            let key = P256.Signing.PrivateKey()
            let request = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName { CommonName("blade") }, privateKey: .init(key), attributes: .init(),
                signatureAlgorithm: .ecdsaWithSHA256
            ).serializeAsPEM().pemString
            guard
                case .certificate(let chain, _, let serial, let notAfter) = authority.sign(
                    request: request, blade: blade(number), addresses: [], now: Clocks.wall)
            else { throw BenchError("no certificate was made") }
            try chain.write(toFile: "\(folder)/\(number).crt", atomically: false, encoding: .utf8)
            try key.pemRepresentation.write(toFile: "\(folder)/\(number).key", atomically: false, encoding: .utf8)
            let identity = blade(number)
            return .blade(
                BladeRecord(
                    id: identity.id, identity: identity, chassis: "chassis-\(number / 14)", enrolledAt: Clocks.wall,
                    certificates: [.init(serial: serial, notAfter: notAfter)]))
        }
    }
}

/// The agents' process: connects them all, and sends until it is ended.
enum FakeAgents {
    static func run(_ options: Options, port: Int) async throws {
        guard let folder = options.directory, let count = options.agents.first else { throw BenchError("--directory and --agents are needed") }
        let trust = try NIOSSLCertificate.fromPEMFile("\(folder)/trust.crt")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        for number in 0..<count {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.minimumTLSVersion = .tlsv13
            tls.trustRoots = .certificates(trust)
            tls.applicationProtocols = ["podp/1"]
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile("\(folder)/\(number).crt").map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: "\(folder)/\(number).key", format: .pem))
            let context = try NIOSSLContext(configuration: tls)
            let domains = options.domains
            _ = try await ClientBootstrap(group: group).connectTimeout(.seconds(60)).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"), FakeAgent(number: number, domains: domains),
                    ])
                }
            }.connect(host: "127.0.0.1", port: port).get()
        }
        try await Task.sleep(for: .seconds(86_400))
    }
}

/// Says hello, tells its inventory, and then reports once a second.
private final class FakeAgent: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let number: Int
    private let domains: Int
    private let codec = WireCodecSwift()
    private var decoder = FrameDecoder(session: Session(role: .agent))
    private var sequence: UInt64 = 0
    private var context: ChannelHandlerContext?

    init(number: Int, domains: Int) {
        self.number = number
        self.domains = domains
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
        self.context = context
        try? decoder.session.send(.hello)
        send(
            .hello(
                Hello(
                    blade: Credentials.blade(number), bootID: ID128(high: 7, low: UInt64(number)), agentRun: ID128(high: 8, low: UInt64(number)),
                    agentVersion: "bench",
                    hypervisor: HypervisorFacts(kind: .simulated, version: "1", liveMigration: [.pvh: .yes]),
                    cpu: CPUModel(vendor: "GenuineIntel", model: "E5450", features: ["sse2", "ssse3"]), highestTerm: nil, clock: Clocks.wall,
                    bootTime: Clocks.now.instant)))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data).readableBytesView)
        while let frame = try? decoder.next(), let message = try? codec.coordinatorMessage(from: frame) {
            switch message {
            case .welcome:
                send(.inventory(inventory(answers: nil)))
                let delay = TimeAmount.milliseconds(Int64(number * 37 % 1000))
                context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in report() }
            case .observe(let number): send(.inventory(inventory(answers: number)))
            case .ping(let number): send(.pong(number))
            default: break
            }
        }
    }

    private func report() {
        guard let context, context.channel.isActive else { return }
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { [self] in report() }
        sequence += 1
        let sequence = sequence
        send(
            .report(
                Report(
                    sequence: sequence, sampledAt: Clocks.now.instant, interval: .seconds(1),
                    host: HostSample(
                        cpu: 4000 + UInt32(sequence * 37 % 500), dom0CPU: 200, memoryFree: .gibibytes(4),
                        disk: DiskRates(readBytes: sequence * 4096 % 1_000_000, writtenBytes: 5),
                        network: NetworkRates(receivedBytes: 1000, sentBytes: sequence * 999 % 100_000)),
                    domains: (0..<domains).map { index in
                        let noise = UInt64(truncatingIfNeeded: (index + 1) * 7919) &* sequence % 1000
                        return DomainSample(
                            id: id(index), state: .running, cpu: 50 + UInt32(noise % 50), ready: UInt32(noise % 20), memory: .mebibytes(256),
                            disk: DiskRates(readBytes: noise * 512, writtenBytes: noise * 100, reads: noise % 10, writes: noise % 7),
                            network: NetworkRates(receivedBytes: noise * 64, sentBytes: noise * 32))
                    })))
    }

    private func id(_ index: Int) -> DomainID { DomainID(ID128(high: 0xD0_0000_0000 + UInt64(number), low: UInt64(index))) }

    private func inventory(answers: UInt64?) -> Inventory {
        Inventory(
            revision: 1, readAt: Clocks.now.instant,
            host: HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1), bridges: ["xenbr0"]),
            domains: (0..<domains).map {
                DomainInventory(id: id($0), name: "d-\(number)-\($0)", number: UInt32($0 + 1), state: .running, type: .pvh, vcpus: 1, memory: .mebibytes(256))
            },
            answers: answers)
    }

    private func send(_ message: AgentMessage) {
        guard let context, let bytes = try? codec.encode(message) else { return }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        FileHandle.standardError.write(Data("agent \(number): \(error)\n".utf8))
        context.close(promise: nil)
    }
}
