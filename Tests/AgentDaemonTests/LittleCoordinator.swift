import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import PodpFrame
import PodpModel
import PodpWireC
import Synchronization

@testable import podp_agent

/// A coordinator that only speaks: TLS with an authority made by openssl, frames, and what a test tells it to say.
final class LittleCoordinator: Sendable {
    let folder: String
    let port: Int
    let messages: AsyncStream<(Int, AgentMessage)>
    private let links = Mutex<[any Channel]>([])
    private let server: any Channel
    let authorityHash: [UInt8]
    static let secret: [UInt8] = [9, 8, 7]

    init(days: Int = 90, showsAuthority: Bool = true) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-agent-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.folder = folder
        try Self.openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", "100",
                "-subj", "/CN=test CA",
            ], in: folder)
        try Self.openssl(
            ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=c"],
            in: folder)
        try Self.sign("server.csr", "URI:podp://coordinator", to: "server.crt", days: 30, in: folder)
        let authority = try NIOSSLCertificate.fromPEMFile(folder + "/ca.crt")
        authorityHash = SHA256.hash(try authority[0].toDERBytes())
        let chain = try NIOSSLCertificate.fromPEMFile(folder + "/server.crt") + (showsAuthority ? authority : [])
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(try NIOSSLPrivateKey(file: folder + "/server.key", format: .pem)))
        tls.minimumTLSVersion = .tlsv13
        tls.applicationProtocols = ["podp/1", "podp-enrol/1"]
        tls.certificateVerification = .optionalVerification
        tls.trustRoots = .certificates(authority)
        let context = try NIOSSLContext(configuration: tls)
        let (messages, post) = AsyncStream.makeStream(of: (Int, AgentMessage).self)
        self.messages = messages
        let accepted = Mutex<@Sendable (any Channel) -> Int>({ _ in 0 })
        let hook = Box(consume accepted)
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = hook.value.withLock { $0 }(channel)
                    let handler = NIOSSLServerHandler(context: context) { _, promise in promise.succeed(.certificateVerified) }
                    try channel.pipeline.syncOperations.addHandlers([handler, Ear(number: number, folder: folder, days: days) { post.yield(($0, $1)) }])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = server.localAddress?.port ?? 0
        hook.value.withLock { hook in
            hook = { channel in
                self.links.withLock {
                    $0.append(channel)
                    return $0.count - 1
                }
            }
        }
    }

    private final class Box<Value: Sendable & ~Copyable>: Sendable {
        let value: Value
        init(_ value: consuming Value) { self.value = value }
    }

    func send(_ message: CoordinatorMessage, on link: Int) {
        let channel = links.withLock { $0[link] }
        guard let bytes = try? WireCodecC().encode(message) else { return }
        let kind = message.kind
        channel.eventLoop.execute {
            guard let ear = try? channel.pipeline.syncOperations.handler(type: Ear.self) else { return }
            ear.send(bytes, kind)
        }
    }

    func hangUp(_ link: Int) { links.withLock { $0[link] }.close(promise: nil) }

    func close() {
        for link in links.withLock({ $0 }) { link.close(promise: nil) }
        server.close(promise: nil)
        try? FileManager.default.removeItem(atPath: folder)
    }

    var token: String {
        var bytes: [UInt8] = [1] + authorityHash + [0x7F, 0, 0, 0, 0, 0, 0, 0]
        let address = Array("127.0.0.1:\(port)".utf8)
        bytes += [UInt8(Self.secret.count)] + Self.secret + [1, 0, UInt8(address.count)] + address
        let text = Data(bytes).base64EncodedString()
        return "podp1." + text.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    static func sign(_ request: String, _ name: String, to file: String, days: Int, in folder: String) throws {
        try "subjectAltName=\(name)\nextendedKeyUsage=serverAuth,clientAuth\n".write(toFile: "\(folder)/\(file).ext", atomically: true, encoding: .utf8)
        try openssl(
            [
                "x509", "-req", "-in", request, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "\(days)", "-extfile", "\(file).ext", "-out",
                file,
            ], in: folder)
    }

    static func openssl(_ arguments: [String], in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw AgentFailure(.unavailable, "openssl \(arguments)", remedy: "") }
    }
}

/// One connection of the little coordinator.
private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let number: Int
    let folder: String
    let days: Int
    let tell: (Int, AgentMessage) -> Void
    var decoder = FrameDecoder(session: Session(role: .coordinator))
    var context: ChannelHandlerContext?

    init(number: Int, folder: String, days: Int, tell: @escaping (Int, AgentMessage) -> Void) {
        self.number = number
        self.folder = folder
        self.days = days
        self.tell = tell
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent, negotiated == "podp-enrol/1" {
            decoder = FrameDecoder(session: Session(role: .coordinator, purpose: .enrolment))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data).readableBytesView)
        while let frame = try? decoder.next(), let message = try? WireCodecC().agentMessage(from: frame) {
            tell(number, message)
            switch message {
            case .enrol(let secret, let request, let blade, _):
                if secret == "090807" { certify(request, blade.id) } else { send(.refused(reason: "the secret is wrong", permanent: true)) }
            case .renew(let request): certify(request, AgentProcess.blade)
            default: break
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func certify(_ request: String, _ blade: BladeID) {
        let file = "blade-\(UUID().uuidString)"
        do {
            try request.write(toFile: "\(folder)/\(file).csr", atomically: true, encoding: .utf8)
            try LittleCoordinator.sign("\(file).csr", "URI:podp://blade/\(blade)", to: "\(file).crt", days: days, in: folder)
            let chain = try String(contentsOfFile: "\(folder)/\(file).crt", encoding: .utf8)
            send(.certificate(chain: chain, authorities: try String(contentsOfFile: folder + "/ca.crt", encoding: .utf8)))
        } catch {
            send(.refused(reason: "\(error)", permanent: true))
        }
    }

    private func send(_ message: CoordinatorMessage) {
        if let bytes = try? WireCodecC().encode(message) { send(bytes, message.kind) }
    }

    func send(_ bytes: [UInt8], _ kind: MessageKind) {
        guard let context, (try? decoder.session.send(kind)) != nil else { return }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }
}

/// The real program, run as a process of its own.
final class AgentProcess {
    static let blade = BladeID(ID128(high: 0x8cb6_f79b_0ab4_11dc, low: 0x8314_0800_200c_9a66))
    static let boot = "11111111-2222-3333-4444-555555555555"
    static let otherBlade = BladeID(ID128(high: 0x8cb6_f79b_0ab4_11dc, low: 2))

    let process = Process()

    init(_ arguments: [String], folder: String, state: String = "state") throws {
        process.executableURL = Self.program
        process.arguments =
            arguments + [
                "--state-dir", "\(folder)/\(state)", "--hypervisor", "simulated:\(folder)/world", "--simulated-blade", Self.blade.description,
                "--simulated-name", "blade-1",
                "--simulated-boot", Self.boot, "--log-level", "debug",
            ]
        process.environment = ["PATH": "/usr/bin:/bin"]
        let log = "\(folder)/log"
        if !FileManager.default.fileExists(atPath: log) { _ = FileManager.default.createFile(atPath: log, contents: nil) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        handle.seekToEndOfFile()
        process.standardError = handle
        process.standardOutput = handle
        try process.run()
    }

    deinit { kill() }

    /// As `kill -9` does.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func finish() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Beside the tests' own bundle.
    static var program: URL {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent("podp-agent")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return folder
    }
}
