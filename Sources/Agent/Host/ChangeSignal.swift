import Synchronization

/// Tells any number of listeners that something may have changed. Each keeps at most one untold change.
public final class ChangeSignal: Sendable {
    private struct Listeners {
        var next: UInt64 = 0
        var all: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var isFinished = false
    }
    private let listeners = Mutex(Listeners())

    public init() {}

    /// Begins with one change: whatever happened before anybody listened.
    public func stream() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number: UInt64? = listeners.withLock { listeners in
            if listeners.isFinished { return nil }
            listeners.next += 1
            listeners.all[listeners.next] = continuation
            return listeners.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.yield()
        continuation.onTermination = { [weak self] _ in self?.listeners.withLock { _ = $0.all.removeValue(forKey: number) } }
        return stream
    }

    public func notify() {
        for listener in listeners.withLock({ Array($0.all.values) }) { listener.yield() }
    }

    public func finish() {
        let all = listeners.withLock { listeners in
            listeners.isFinished = true
            return Array(listeners.all.values)
        }
        for listener in all { listener.finish() }
    }
}
