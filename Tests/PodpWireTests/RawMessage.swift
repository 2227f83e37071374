import PodpFrame
import PodpModel

/// Protobuf by hand, so that tests can write what no encoder would.
struct RawMessage {
    var bytes: [UInt8] = []

    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }

    func number(_ field: UInt64, _ value: UInt64) -> RawMessage { RawMessage(bytes: bytes + Self.varint(field << 3) + Self.varint(value)) }
    func bytes(_ field: UInt64, _ value: [UInt8]) -> RawMessage {
        RawMessage(bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(value.count)) + value)
    }
    func text(_ field: UInt64, _ value: String) -> RawMessage { bytes(field, Array(value.utf8)) }
    func message(_ field: UInt64, _ value: RawMessage) -> RawMessage { bytes(field, value.bytes) }
    func id(_ field: UInt64) -> RawMessage { bytes(field, [UInt8](repeating: 9, count: 16)) }
    func raw(_ more: [UInt8]) -> RawMessage { RawMessage(bytes: bytes + more) }

    /// The payload of a frame of this kind.
    func envelope(_ kind: MessageKind) -> [UInt8] { RawMessage().bytes(UInt64(kind.rawValue), bytes).bytes }
}

/// What a codec said to a payload: a message, or an error's code.
enum Verdict: Equatable {
    case agent(AgentMessage)
    case coordinator(CoordinatorMessage)
    case refused(WireError.Code, place: String)
    case noFrame(FrameError.Code)

    var code: WireError.Code? { if case .refused(let code, _) = self { code } else { nil } }
    var isAccepted: Bool {
        switch self {
        case .agent, .coordinator: true
        case .refused, .noFrame: false
        }
    }

    init(_ payload: [UInt8], by codec: any WireCodec) {
        let frame: Frame
        do throws(FrameError) {
            frame = try Frame(payload: payload)
        } catch {
            self = .noFrame(error.code)
            return
        }
        do throws(WireError) {
            if frame.kind.rawValue < 33 {
                self = .agent(try codec.agentMessage(from: frame))
            } else {
                self = .coordinator(try codec.coordinatorMessage(from: frame))
            }
        } catch { self = .refused(error.code, place: error.place) }
    }
}
