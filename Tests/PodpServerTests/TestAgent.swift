import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import PodpFrame
import PodpModel
import PodpWireSwift

/// An agent's end of a link, over real TLS.
final class TestAgent: Sendable {
    enum End: Error { case closed, failed(String) }

    private let channel: any Channel
    let messages: AsyncThrowingStream<CoordinatorMessage, any Error>
    private let codec = WireCodecSwift()

    /// - Parameter certificate: chain and key, PEM.
    init(
        port: Int, trust: String, certificate: (chain: String, key: String, serial: String)? = nil, protocols: [String] = ["podp/1"], receiveBuffer: Int? = nil,
        reads: Bool = true
    ) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(trust.utf8)))
        tls.applicationProtocols = protocols
        if let certificate {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8)).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem))
        }
        let context = try NIOSSLContext(configuration: tls)
        let (messages, notes) = AsyncThrowingStream.makeStream(of: CoordinatorMessage.self)
        self.messages = messages
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer) }
        channel = try await bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers(
                    [
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"),
                        AgentEnd(notes: notes, purpose: protocols.first == "podp-enrol/1" ? .enrolment : .work),
                    ])
            }
        }.connect(host: "127.0.0.1", port: port).get()
        if !reads { try await channel.setOption(.autoRead, value: false).get() }
    }

    func send(_ message: AgentMessage) async throws { try await send(bytes: codec.encode(message)) }
    func send(bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
    func close() async throws { try await channel.close() }
    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    /// The next message; throws when the link ended instead. The listener's own pings, which come on a slow machine, are left out.
    func next() async throws -> CoordinatorMessage {
        for try await message in messages where !message.isPing { return message }
        throw End.closed
    }

    /// Everything until the link's end, but pings.
    func rest() async -> [CoordinatorMessage] {
        var all: [CoordinatorMessage] = []
        do { for try await message in messages where !message.isPing { all.append(message) } } catch {}
        return all
    }
}

extension CoordinatorMessage {
    fileprivate var isPing: Bool { if case .ping = self { true } else { false } }
}

private final class AgentEnd: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let notes: AsyncThrowingStream<CoordinatorMessage, any Error>.Continuation
    private var buffer: [UInt8] = []

    init(notes: AsyncThrowingStream<CoordinatorMessage, any Error>.Continuation, purpose: Session.Purpose) { self.notes = notes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        buffer += unwrapInboundIn(data).readableBytesView
        while buffer.count >= 4 {
            let length = buffer[0..<4].reduce(0) { $0 << 8 | Int($1) }
            guard buffer.count >= 4 + length else { return }
            do {
                notes.yield(try WireCodecSwift().coordinatorMessage(from: Frame(payload: Array(buffer[4..<4 + length]))))
            } catch {
                notes.finish(throwing: error)
            }
            buffer.removeFirst(4 + length)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The coordinator may close without TLS' farewell.
        if let tls = error as? NIOSSLError, case .uncleanShutdown = tls { return context.close(promise: nil) }
        notes.finish(throwing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { notes.finish() }
}

func hello(_ blade: BladeIdentity, versions: ClosedRange<UInt32> = protocolVersions) -> Hello {
    Hello(
        minimumVersion: versions.lowerBound, maximumVersion: versions.upperBound, blade: blade, bootID: ID128(high: 1, low: 1),
        agentRun: ID128(high: 2, low: 2),
        agentVersion: "0.1.0", hypervisor: HypervisorFacts(kind: .simulated, version: "1", liveMigration: [:]),
        cpu: CPUModel(vendor: "GenuineIntel", model: "E5450", features: ["sse2"]), highestTerm: nil, clock: noon, bootTime: .zero)
}

func report(_ sequence: UInt64, domains: Int = 0) -> Report {
    Report(
        sequence: sequence, sampledAt: Instant(nanoseconds: Int64(clamping: sequence) * 1_000_000_000), interval: .seconds(1),
        host: HostSample(cpu: 1500, memoryFree: .gibibytes(4)),
        domains: (0..<domains).map { DomainSample(id: DomainID(ID128(high: 5, low: UInt64($0))), state: .running, cpu: 100, memory: .gibibytes(1)) })
}
