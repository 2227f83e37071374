import PodpFrame
import PodpModel
import Testing

@Suite struct SessionTests {
    static let agentsWork: Set<MessageKind> = [.inventory, .report, .update, .renew, .pong, .description]
    static let coordinatorsWork: Set<MessageKind> = [.command, .cancel, .acknowledge, .observe, .certificate, .ping, .describe, .revocations, .refused]

    /// Every state that can be reached, seen by the coordinator, with what may come and go in it.
    static let rows: [(steps: [(Session.Role, MessageKind)], purpose: Session.Purpose, agent: Set<MessageKind>, coordinator: Set<MessageKind>)] = [
        ([], .work, [.hello], [.refused]),
        ([(.agent, .hello)], .work, [], [.welcome, .refused]),
        ([(.agent, .hello), (.coordinator, .welcome)], .work, agentsWork, coordinatorsWork),
        ([(.agent, .hello), (.coordinator, .refused)], .work, [], []),
        ([(.agent, .hello), (.coordinator, .welcome), (.coordinator, .refused)], .work, [], []),
        ([], .enrolment, [.enrol, .renew], [.refused]),
        ([(.agent, .enrol)], .enrolment, [], [.certificate, .refused]),
        ([(.agent, .renew)], .enrolment, [], [.certificate, .refused]),
        ([(.agent, .enrol), (.coordinator, .certificate)], .enrolment, [], []),
    ]

    @Test("In every state, exactly the messages of the table go each way, and both ends agree", arguments: 0..<9)
    func table(row: Int) throws {
        let (steps, purpose, agent, coordinator) = Self.rows[row]
        for role in [Session.Role.agent, .coordinator] {
            var session = Session(role: role, purpose: purpose)
            for (sender, kind) in steps {
                if sender == role { try session.send(kind) } else { try session.receive(kind) }
            }
            let (sent, received) = role == .agent ? (agent, coordinator) : (coordinator, agent)
            for kind in MessageKind.allCases {
                #expect(session.maySend(kind) == sent.contains(kind), "\(role) sends \(kind)")
                #expect(session.mayReceive(kind) == received.contains(kind), "\(role) receives \(kind)")
                var copy = session
                let isReceived = (try? copy.receive(kind)) != nil
                #expect(isReceived == received.contains(kind))
            }
        }
    }

    @Test("A link that was closed takes and gives nothing")
    func closed() throws {
        var session = Session(role: .agent)
        session.close()
        #expect(session.limit == 0)
        for kind in MessageKind.allCases { #expect(!session.maySend(kind) && !session.mayReceive(kind)) }
    }

    @Test("Before the hello a coordinator's limit is 4 KiB, then an inventory's; an agent trusts its coordinator's kinds from the start")
    func limits() throws {
        var coordinator = Session(role: .coordinator)
        #expect(coordinator.limit == 4096)
        try coordinator.receive(.hello)
        #expect(coordinator.limit == 0)
        try coordinator.send(.welcome)
        #expect(coordinator.limit == 1 << 20)
        #expect(coordinator.limit(receiving: .report) == 256 << 10)
        var agent = Session(role: .agent, purpose: .enrolment)
        try agent.send(.enrol)
        #expect(agent.limit == 64 << 10)
    }

    @Test("An error says what was wrong and why")
    func words() {
        var session = Session(role: .coordinator)
        #expect(throws: FrameError(.unexpected, "an inventory was not expected: a link begins with the agent's hello")) { try session.receive(.inventory) }
    }
}
