import PodpCore

/// The coordinator's core, as the listener sees it: a queue that takes events in order, and answers to requests.
public protocol CoreMailbox: Sendable {
    /// Takes an event; never blocks. Called on the listener's event loops; events of one link come in order.
    func post(_ event: Event)

    /// Asks, and waits for `Effect.answer`.
    func ask(_ request: Request, by actor: Actor) async -> Answer

    /// Events that wait. Over `ListenerLimits.backlog`, reports are dropped before they are posted: the next ones say it anew.
    var backlog: Int { get }
}

extension CoreMailbox {
    public var backlog: Int { 0 }
}
