import NIOCore
import PodpCore
import PodpModel
import Synchronization

/// The open links by their numbers: where `Effect.send` and `Effect.close` go.
public final class LinkTable: Sendable {
    struct Entry: Sendable {
        var eventLoop: any EventLoop
        var link: NIOLoopBound<LinkHandler>
    }

    private let entries = Mutex<[LinkID: Entry]>([:])
    private let last = Atomic<UInt64>(0)

    public init() {}

    public var count: Int { entries.withLock { $0.count } }

    /// Sends in order; a link that is gone is ignored: its `disconnected` is on its way.
    public func send(_ message: CoordinatorMessage, to id: LinkID) {
        guard let entry = entries.withLock({ $0[id] }) else { return }
        entry.eventLoop.execute { entry.link.value.send(message) }
    }

    /// Closes once everything that was sent before has left, or soon after.
    public func close(_ id: LinkID, reason: String) {
        guard let entry = entries.withLock({ $0[id] }) else { return }
        entry.eventLoop.execute { entry.link.value.close(reason: reason) }
    }

    func makeID() -> LinkID { LinkID(last.add(1, ordering: .relaxed).newValue) }

    func add(_ id: LinkID, _ entry: Entry) { entries.withLock { $0[id] = entry } }

    func remove(_ id: LinkID) { _ = entries.withLock { $0.removeValue(forKey: id) } }
}
