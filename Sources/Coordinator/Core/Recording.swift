import PodpModel

/// One event as the core took it, and what it wanted done.
public struct RecordedEvent: Sendable, Codable {
    public var at: Moment
    public var event: Event
    public var effects: [Effect]

    public init(at: Moment, event: Event, effects: [Effect]) {
        self.at = at
        self.event = event
        self.effects = effects
    }
}

/// Runs recorded events through a core again, and compares what it wants with what was wanted then.
///
/// The core has no clock, no chance and no I/O of its own, so the same build wants the same; another build differs where it decides otherwise.
public struct Replay: Sendable {
    /// The first effect that is another than the recorded one.
    public struct Difference: Sendable, CustomStringConvertible {
        /// From 1.
        public var eventNumber: UInt64
        public var at: Moment
        public var event: Event
        /// From 1.
        public var effectNumber: Int
        /// `nil`: nothing more was wanted then.
        public var recorded: Effect?
        /// `nil`: nothing more is wanted now.
        public var replayed: Effect?

        public var description: String {
            """
            event \(eventNumber), \(event.kind), effect \(effectNumber) differs
              recorded: \(recorded.map { String(describing: $0) } ?? "nothing more")
              replayed: \(replayed.map { String(describing: $0) } ?? "nothing more")
            """
        }
    }

    /// As it is after the events up to now.
    public private(set) var core: CoordinatorCore
    public private(set) var events: UInt64 = 0

    /// - Parameter core: as it was before the first recorded event.
    public init(from core: CoordinatorCore) { self.core = core }

    /// Takes the next event; `nil`: the core wants what it wanted then.
    public mutating func next(_ recorded: RecordedEvent) -> Difference? {
        events += 1
        let effects = core.handle(recorded.event, at: recorded.at)
        guard effects != recorded.effects else { return nil }
        let same = zip(effects, recorded.effects).prefix { $0 == $1 }.count
        return Difference(
            eventNumber: events, at: recorded.at, event: recorded.event, effectNumber: same + 1,
            recorded: recorded.effects.dropFirst(same).first, replayed: effects.dropFirst(same).first)
    }
}

extension Event {
    /// What happened, in a word or two, for people.
    public var kind: String {
        switch self {
        case .loaded(let records, _): "loaded \(records.count) records"
        case .connected(let link, let blade, _, _): "connected link \(link.number) of blade \(blade)"
        case .received(let link, let message): "received \(String(describing: message).prefix { $0 != "(" }) on link \(link.number)"
        case .disconnected(let link, _): "disconnected link \(link.number)"
        case .committed(let batch): "committed batch \(batch)"
        case .commitFailed(let batch, _): "batch \(batch) failed"
        case .planned(let ticket, _): "planned ticket \(ticket)"
        case .signed(let ticket, _): "signed ticket \(ticket)"
        case .request(let id, _, let actor): "request \(id.number) by \(actor.name)"
        case .chassis(let name, let news): "chassis \(name) \(String(describing: news).prefix { $0 != "(" })"
        case .timer: "timer"
        }
    }
}
