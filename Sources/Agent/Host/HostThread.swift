import Glibc
import Synchronization

/// A thread of our own that repeats one step until it is stopped: for C libraries that must be waited on.
public final class HostThread: Sendable {
    private let state = State()

    private final class State: Sendable {
        let isStopped = Atomic(false)
    }

    /// `step` is called again and again. It must return within a second or so, and sleep by itself when there is nothing to do.
    public init(step: @escaping @Sendable () -> Void) {
        let state = state
        let body = Unmanaged.passRetained(
            Body {
                while !state.isStopped.load(ordering: .acquiring) { step() }
            })
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, &attributes,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        // Only a process at its limit of threads comes here, as it starts: there is nothing to go on with.
        precondition(failure == 0, "no thread can be started: \(String(cString: strerror(failure)))")
    }

    deinit { stop() }

    /// Ends the thread after the step that it is in.
    public func stop() { state.isStopped.store(true, ordering: .releasing) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
