import PodpFrame
import PodpModel
import SwiftProtobuf

/// The codec on swift-protobuf, for the coordinator: no memory-unsafe code reads what hundreds of blades send.
public struct WireCodecSwift: WireCodec {
    public init() {}

    public func encode(_ message: AgentMessage) throws(WireError) -> [UInt8] {
        var envelope = Podp_V1_Envelope()
        switch message {
        case .hello(let hello): envelope.hello = Podp_V1_Hello(hello)
        case .inventory(let inventory): envelope.inventory = Podp_V1_Inventory(inventory)
        case .report(let report): envelope.report = Podp_V1_Report(report)
        case .update(let update): envelope.update = Podp_V1_Update(update)
        case .renew(let request): envelope.renew = .with { $0.request = request }
        case .enrol(let secret, let request, let blade, let addresses):
            envelope.enrol = .with {
                $0.secret = secret
                $0.request = request
                $0.blade = Podp_V1_BladeIdentity(blade)
                $0.addresses = addresses
            }
        case .pong(let number): envelope.pong = .with { $0.number = number }
        case .description(let number, let xml, let reason):
            envelope.description_p = .with {
                $0.number = number
                if let xml { $0.xml = xml }
                $0.reason = fittingWords(reason)
            }
        }
        return try Self.frame(envelope, message.kind)
    }

    public func encode(_ message: CoordinatorMessage) throws(WireError) -> [UInt8] {
        var envelope = Podp_V1_Envelope()
        switch message {
        case .welcome(let welcome): envelope.welcome = Podp_V1_Welcome(welcome)
        case .refused(let reason, let permanent):
            envelope.refused = .with {
                $0.reason = fittingWords(reason)
                $0.permanent = permanent
            }
        case .command(let command): envelope.command = Podp_V1_Command(command)
        case .cancel(let operation): envelope.cancel = .with { $0.operation = Podp_V1_OperationId(operation) }
        case .acknowledge(let operation): envelope.acknowledge = .with { $0.operation = Podp_V1_OperationId(operation) }
        case .observe(let number): envelope.observe = .with { $0.number = number }
        case .certificate(let chain, let authorities):
            envelope.certificate = .with {
                $0.chain = chain
                $0.authorities = authorities
            }
        case .ping(let number): envelope.ping = .with { $0.number = number }
        case .describe(let number, let domain):
            envelope.describe = .with {
                $0.number = number
                $0.domain = domain.uuid.data
            }
        case .revocations(let list): envelope.revocations = .with { $0.list = list }
        }
        return try Self.frame(envelope, message.kind)
    }

    public func agentMessage(from frame: Frame) throws(WireError) -> AgentMessage {
        switch try Self.read(frame) {
        case .hello(let raw): return .hello(try Hello(raw))
        case .inventory(let raw): return .inventory(try Inventory(raw))
        case .report(let raw): return .report(try Report(raw))
        case .update(let raw): return .update(try Update(raw))
        case .renew(let raw): return .renew(request: raw.request)
        case .enrol(let raw): return .enrol(secret: raw.secret, request: raw.request, blade: try BladeIdentity(raw.blade), addresses: raw.addresses)
        case .pong(let raw): return .pong(raw.number)
        case .description_p(let raw):
            var xml: String?
            if case .xml(let given) = raw.xmlIf { xml = given }
            return .description(number: raw.number, xml: xml, reason: raw.reason)
        default: throw WireError(.direction, "a \(frame.kind) is nothing that an agent sends", at: "\(frame.kind)")
        }
    }

    public func coordinatorMessage(from frame: Frame) throws(WireError) -> CoordinatorMessage {
        switch try Self.read(frame) {
        case .welcome(let raw): return .welcome(try Welcome(raw))
        case .refused(let raw): return .refused(reason: raw.reason, permanent: raw.permanent)
        case .command(let raw): return .command(try Command(raw))
        case .cancel(let raw): return .cancel(try OperationID(raw.operation))
        case .acknowledge(let raw): return .acknowledge(try OperationID(raw.operation))
        case .observe(let raw): return .observe(raw.number)
        case .certificate(let raw): return .certificate(chain: raw.chain, authorities: raw.authorities)
        case .ping(let raw): return .ping(raw.number)
        case .describe(let raw): return .describe(number: raw.number, DomainID(try id(raw.domain)))
        case .revocations(let raw): return .revocations(list: raw.list)
        default: throw WireError(.direction, "a \(frame.kind) is nothing that a coordinator sends", at: "\(frame.kind)")
        }
    }

    /// Puts an envelope behind its length, and checks that the other end will take it.
    private static func frame(_ envelope: Podp_V1_Envelope, _ kind: MessageKind) throws(WireError) -> [UInt8] {
        let payload: [UInt8]
        do {
            payload = try envelope.serializedBytes()
        } catch {
            throw WireError(.malformed, "swift-protobuf cannot write it: \(error)", at: "\(kind)")
        }
        try Scan.check(kind, payload)
        return Frame.prefix(payload.count) + payload
    }

    /// Scans a frame, then decodes it.
    private static func read(_ frame: Frame) throws(WireError) -> Podp_V1_Envelope.OneOf_Message? {
        try Scan.check(frame.kind, frame.payload)
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 16
        options.discardUnknownFields = true
        do {
            return try Podp_V1_Envelope(serializedBytes: frame.payload, options: options).message
        } catch {
            throw WireError(.malformed, "swift-protobuf refuses it: \(error)", at: "\(frame.kind)")
        }
    }
}
