import PodpModel

/// Turns messages into frames and frames into messages. Two implementations exist, and agree on every byte and on every refusal.
public protocol WireCodec: Sendable {
    /// The message's frame, its length before it. Throws what the other end would refuse.
    func encode(_ message: AgentMessage) throws(WireError) -> [UInt8]
    /// The message's frame, its length before it. Throws what the other end would refuse.
    func encode(_ message: CoordinatorMessage) throws(WireError) -> [UInt8]
    /// Reads what an agent sent. Throws `direction` when the frame's kind is a coordinator's.
    func agentMessage(from frame: Frame) throws(WireError) -> AgentMessage
    /// Reads what a coordinator sent. Throws `direction` when the frame's kind is an agent's.
    func coordinatorMessage(from frame: Frame) throws(WireError) -> CoordinatorMessage
}

extension AgentMessage {
    public var kind: MessageKind {
        switch self {
        case .hello: .hello
        case .inventory: .inventory
        case .report: .report
        case .update: .update
        case .renew: .renew
        case .enrol: .enrol
        case .pong: .pong
        case .description: .description
        }
    }
}

extension CoordinatorMessage {
    public var kind: MessageKind {
        switch self {
        case .welcome: .welcome
        case .refused: .refused
        case .command: .command
        case .cancel: .cancel
        case .acknowledge: .acknowledge
        case .observe: .observe
        case .certificate: .certificate
        case .ping: .ping
        case .describe: .describe
        case .revocations: .revocations
        }
    }
}
