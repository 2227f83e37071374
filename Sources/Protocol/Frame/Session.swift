import PodpModel

/// Which message may go which way, and when: the handshake of one link, as one of its ends sees it.
///
///     fresh ── hello (enrol) ──▶ greeted ── welcome ──▶ open ── refused ──▶ closed
///                                   └────── refused, or enrolment's certificate ──▶ closed
public struct Session: Hashable, Sendable {
    /// Which end of the link this process is.
    public enum Role: Hashable, Sendable { case agent, coordinator }

    /// What the link is for (its ALPN): the agent's work, or one request for a certificate and nothing else.
    public enum Purpose: Hashable, Sendable { case work, enrolment }

    public enum State: Hashable, Sendable {
        /// Nothing was said yet.
        case fresh
        /// The agent has spoken and waits for its answer.
        case greeted
        case open
        /// The last message has gone or come.
        case closed
    }

    /// The longest envelope that a coordinator takes from a peer that it has not accepted yet, in bytes.
    public static let greetingLimit = 4 << 10

    public let role: Role
    public let purpose: Purpose
    public private(set) var state = State.fresh

    public init(role: Role, purpose: Purpose = .work) {
        self.role = role
        self.purpose = purpose
    }

    /// Whether a message of this kind may be sent now.
    public func maySend(_ kind: MessageKind) -> Bool { following(kind, from: role) != nil }

    /// Whether a message of this kind may come now.
    public func mayReceive(_ kind: MessageKind) -> Bool { following(kind, from: role.other) != nil }

    /// The longest envelope of this kind that is taken now, in bytes.
    public func limit(receiving kind: MessageKind) -> Int {
        role == .coordinator && state == .fresh ? min(kind.limit, Self.greetingLimit) : kind.limit
    }

    /// The longest envelope of any kind that is taken now, in bytes; 0 when none is.
    public var limit: Int {
        MessageKind.allCases.reduce(0) { mayReceive($1) ? max($0, limit(receiving: $1)) : $0 }
    }

    /// Notes that a message goes out. Throws `unexpected` when it may not: that is a mistake of this process.
    public mutating func send(_ kind: MessageKind) throws(FrameError) {
        guard let next = following(kind, from: role) else { throw FrameError(.unexpected, "\(article(kind)) may not be sent: \(situation)") }
        state = next
    }

    /// Notes that a message has come. Throws `unexpected` when it may not.
    public mutating func receive(_ kind: MessageKind) throws(FrameError) {
        guard let next = following(kind, from: role.other) else { throw FrameError(.unexpected, "\(article(kind)) was not expected: \(situation)") }
        state = next
    }

    /// Notes that the link is gone.
    public mutating func close() { state = .closed }

    /// The state after `kind` was sent by `sender`; `nil` when it may not be.
    private func following(_ kind: MessageKind, from sender: Role) -> State? {
        switch (sender, state, kind) {
        case (.agent, .fresh, .hello): purpose == .work ? .greeted : nil
        case (.agent, .fresh, .enrol), (.agent, .fresh, .renew): purpose == .enrolment ? .greeted : nil
        case (.coordinator, .greeted, .welcome): purpose == .work ? .open : nil
        case (.coordinator, .greeted, .certificate): purpose == .enrolment ? .closed : nil
        case (.coordinator, .fresh, .refused), (.coordinator, .greeted, .refused), (.coordinator, .open, .refused): .closed
        case (.agent, .open, .inventory), (.agent, .open, .report), (.agent, .open, .update), (.agent, .open, .renew), (.agent, .open, .pong),
            (.agent, .open, .description):
            .open
        case (.coordinator, .open, .command), (.coordinator, .open, .cancel), (.coordinator, .open, .acknowledge), (.coordinator, .open, .observe),
            (.coordinator, .open, .certificate), (.coordinator, .open, .ping), (.coordinator, .open, .describe),
            (.coordinator, .open, .revocations):
            .open
        default: nil
        }
    }

    private func article(_ kind: MessageKind) -> String { kind == .inventory || kind == .update || kind == .enrol ? "an \(kind)" : "a \(kind)" }

    private var situation: String {
        switch (state, purpose) {
        case (.fresh, .work): "a link begins with the agent's hello"
        case (.fresh, .enrolment): "enrolment begins with the agent's request"
        case (.greeted, _): "the coordinator has not answered yet"
        case (.open, _): "the link is open, and this is not part of its work in this direction"
        case (.closed, _): "the link was closed"
        }
    }
}

extension Session.Role {
    /// The link's other end.
    public var other: Session.Role { self == .agent ? .coordinator : .agent }
}
