import CWire
import PodpFrame
import PodpModel

/// The codec on libprotobuf-c, for the agent: a few allocations a message, and no Swift protobuf runtime in dom0.
///
/// Every frame passes `Scan` before C sees it, and C decodes into an arena of the size that the scan has found to be enough.
/// Nothing of C's memory outlives a call.
public struct WireCodecC: WireCodec {
    public init() {}

    public func encode(_ message: AgentMessage) throws(WireError) -> [UInt8] {
        let arena = Self.arenaForEncoding()
        let envelope = try arena.new(podp__v1__envelope__init)
        switch message {
        case .hello(let hello):
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_HELLO
            envelope.pointee.hello = try arena.raw(hello)
        case .inventory(let inventory):
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_INVENTORY
            envelope.pointee.inventory = try arena.raw(inventory)
        case .report(let report):
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_REPORT
            envelope.pointee.report = try arena.raw(report)
        case .update(let update):
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_UPDATE
            envelope.pointee.update = try arena.raw(update)
        case .renew(let request):
            let renew = try arena.new(podp__v1__renew__init)
            renew.pointee.request = try arena.text(request)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_RENEW
            envelope.pointee.renew = renew
        case .enrol(let secret, let request, let blade, let addresses):
            let enrol = try arena.new(podp__v1__enrol__init)
            enrol.pointee.secret = try arena.text(secret)
            enrol.pointee.request = try arena.text(request)
            enrol.pointee.blade = try arena.raw(blade)
            enrol.pointee.n_addresses = addresses.count
            enrol.pointee.addresses = try arena.list(addresses, arena.text)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_ENROL
            envelope.pointee.enrol = enrol
        case .pong(let number):
            let pong = try arena.new(podp__v1__pong__init)
            pong.pointee.number = number
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_PONG
            envelope.pointee.pong = pong
        case .description(let number, let xml, let reason):
            let description = try arena.new(podp__v1__description__init)
            description.pointee.number = number
            if let xml {
                description.pointee.xml_if_case = PODP__V1__DESCRIPTION__XML_IF_XML
                description.pointee.xml = try arena.text(xml)
            }
            description.pointee.reason = try arena.words(reason)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_DESCRIPTION
            envelope.pointee.description = description
        }
        return try Self.frame(envelope, message.kind, arena)
    }

    public func encode(_ message: CoordinatorMessage) throws(WireError) -> [UInt8] {
        let arena = Self.arenaForEncoding()
        let envelope = try arena.new(podp__v1__envelope__init)
        switch message {
        case .welcome(let welcome):
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_WELCOME
            envelope.pointee.welcome = try arena.raw(welcome)
        case .refused(let reason, let permanent):
            let refused = try arena.new(podp__v1__refused__init)
            refused.pointee.reason = try arena.words(reason)
            refused.pointee.permanent = permanent ? 1 : 0
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_REFUSED
            envelope.pointee.refused = refused
        case .command(let command):
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_COMMAND
            envelope.pointee.command = try arena.raw(command)
        case .cancel(let operation):
            let cancel = try arena.new(podp__v1__cancel__init)
            cancel.pointee.operation = try arena.raw(operation)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_CANCEL
            envelope.pointee.cancel = cancel
        case .acknowledge(let operation):
            let acknowledge = try arena.new(podp__v1__acknowledge__init)
            acknowledge.pointee.operation = try arena.raw(operation)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_ACKNOWLEDGE
            envelope.pointee.acknowledge = acknowledge
        case .observe(let number):
            let observe = try arena.new(podp__v1__observe__init)
            observe.pointee.number = number
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_OBSERVE
            envelope.pointee.observe = observe
        case .certificate(let chain, let authorities):
            let certificate = try arena.new(podp__v1__certificate__init)
            certificate.pointee.chain = try arena.text(chain)
            certificate.pointee.authorities = try arena.text(authorities)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_CERTIFICATE
            envelope.pointee.certificate = certificate
        case .ping(let number):
            let ping = try arena.new(podp__v1__ping__init)
            ping.pointee.number = number
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_PING
            envelope.pointee.ping = ping
        case .describe(let number, let domain):
            let describe = try arena.new(podp__v1__describe__init)
            describe.pointee.number = number
            describe.pointee.domain = try arena.id(domain.uuid)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_DESCRIBE
            envelope.pointee.describe = describe
        case .revocations(let list):
            let revocations = try arena.new(podp__v1__revocations__init)
            revocations.pointee.list = try arena.text(list)
            envelope.pointee.message_case = PODP__V1__ENVELOPE__MESSAGE_REVOCATIONS
            envelope.pointee.revocations = revocations
        }
        return try Self.frame(envelope, message.kind, arena)
    }

    public func agentMessage(from frame: Frame) throws(WireError) -> AgentMessage {
        try Self.read(frame) { (envelope) throws(WireError) -> AgentMessage in
            switch envelope.message_case {
            case PODP__V1__ENVELOPE__MESSAGE_HELLO: return .hello(try Hello(message(envelope.hello)))
            case PODP__V1__ENVELOPE__MESSAGE_INVENTORY: return .inventory(try Inventory(message(envelope.inventory)))
            case PODP__V1__ENVELOPE__MESSAGE_REPORT: return .report(try Report(message(envelope.report)))
            case PODP__V1__ENVELOPE__MESSAGE_UPDATE: return .update(try Update(message(envelope.update)))
            case PODP__V1__ENVELOPE__MESSAGE_RENEW: return .renew(request: try text(message(envelope.renew).request))
            case PODP__V1__ENVELOPE__MESSAGE_ENROL:
                let enrol = try message(envelope.enrol)
                return .enrol(
                    secret: try text(enrol.secret), request: try text(enrol.request), blade: try BladeIdentity(message(enrol.blade)),
                    addresses: try list(enrol.n_addresses, enrol.addresses, text))
            case PODP__V1__ENVELOPE__MESSAGE_PONG: return .pong(try message(envelope.pong).number)
            case PODP__V1__ENVELOPE__MESSAGE_DESCRIPTION:
                let description = try message(envelope.description)
                var xml: String?
                if description.xml_if_case == PODP__V1__DESCRIPTION__XML_IF_XML { xml = try text(description.xml) }
                return .description(number: description.number, xml: xml, reason: try text(description.reason))
            default: throw WireError(.direction, "a \(frame.kind) is nothing that an agent sends", at: "\(frame.kind)")
            }
        }
    }

    public func coordinatorMessage(from frame: Frame) throws(WireError) -> CoordinatorMessage {
        try Self.read(frame) { (envelope) throws(WireError) -> CoordinatorMessage in
            switch envelope.message_case {
            case PODP__V1__ENVELOPE__MESSAGE_WELCOME: return .welcome(try Welcome(message(envelope.welcome)))
            case PODP__V1__ENVELOPE__MESSAGE_REFUSED:
                let refused = try message(envelope.refused)
                return .refused(reason: try text(refused.reason), permanent: refused.permanent != 0)
            case PODP__V1__ENVELOPE__MESSAGE_COMMAND: return .command(try Command(message(envelope.command)))
            case PODP__V1__ENVELOPE__MESSAGE_CANCEL: return .cancel(try OperationID(message(message(envelope.cancel).operation)))
            case PODP__V1__ENVELOPE__MESSAGE_ACKNOWLEDGE: return .acknowledge(try OperationID(message(message(envelope.acknowledge).operation)))
            case PODP__V1__ENVELOPE__MESSAGE_OBSERVE: return .observe(try message(envelope.observe).number)
            case PODP__V1__ENVELOPE__MESSAGE_CERTIFICATE:
                let certificate = try message(envelope.certificate)
                return .certificate(chain: try text(certificate.chain), authorities: try text(certificate.authorities))
            case PODP__V1__ENVELOPE__MESSAGE_PING: return .ping(try message(envelope.ping).number)
            case PODP__V1__ENVELOPE__MESSAGE_DESCRIBE:
                let describe = try message(envelope.describe)
                return .describe(number: describe.number, DomainID(try id(describe.domain)))
            case PODP__V1__ENVELOPE__MESSAGE_REVOCATIONS: return .revocations(list: try text(try message(envelope.revocations).list))
            default: throw WireError(.direction, "a \(frame.kind) is nothing that a coordinator sends", at: "\(frame.kind)")
            }
        }
    }

    private static func arenaForEncoding() -> Arena { Arena(limit: 8 << 20, chunk: 16 << 10) }

    /// Packs an envelope behind its length, and checks that the other end will take it.
    private static func frame(_ envelope: UnsafeMutablePointer<Podp__V1__Envelope>, _ kind: MessageKind, _ arena: Arena) throws(WireError) -> [UInt8] {
        let bytes = withExtendedLifetime(arena) { () -> [UInt8] in
            let size = podp__v1__envelope__get_packed_size(envelope)
            return [UInt8](unsafeUninitializedCapacity: Frame.prefixLength + size) { buffer, count in
                _ = buffer.initialize(fromContentsOf: Frame.prefix(size))
                guard let start = buffer.baseAddress else { return }
                count = Frame.prefixLength + podp__v1__envelope__pack(envelope, start + Frame.prefixLength)
            }
        }
        try Scan.check(kind, bytes, from: Frame.prefixLength)
        return bytes
    }

    /// Scans a frame, unpacks it into an arena and lets `body` copy what it needs.
    private static func read<Message>(
        _ frame: Frame, _ body: (Podp__V1__Envelope) throws(WireError) -> Message
    ) throws(WireError) -> Message {
        let cost = try Scan.check(frame.kind, frame.payload)
        let arena = Arena(limit: cost, chunk: cost)
        let result = frame.payload.withUnsafeBufferPointer { bytes in
            arena.withAllocator { allocator -> Result<Message, WireError> in
                guard let envelope = podp__v1__envelope__unpack(allocator, bytes.count, bytes.baseAddress) else {
                    return .failure(WireError(.malformed, "libprotobuf-c refuses it", at: "\(frame.kind)"))
                }
                do throws(WireError) {
                    return .success(try body(envelope.pointee))
                } catch {
                    return .failure(error)
                }
            }
        }
        return try result.get()
    }
}
