import AgentHost
import CLibvirt

/// Keeps a connection of its own for libvirt's events, and opens it again when libvirtd was gone.
final class LibvirtEvents: Sendable {
    private let thread: HostThread

    init(uri: String, signal: ChangeSignal) {
        let listener = Listener(uri: uri, signal: signal)
        thread = HostThread { listener.step() }
    }

    func stop() { thread.stop() }

    /// Used by its thread alone; libvirt calls back on its event loop's thread, with nothing but the signal.
    private final class Listener: @unchecked Sendable {
        private let uri: String
        private let signal: ChangeSignal
        private var session: LibvirtSession?

        init(uri: String, signal: ChangeSignal) {
            self.uri = uri
            self.signal = signal
        }

        func step() {
            if let session {
                if virConnectIsAlive(session.handle) != 1 {
                    self.session = nil
                    signal.notify()
                }
            } else if let opened = try? LibvirtSession(uri: uri) {
                session = opened
                listen(opened)
                // Whatever happened while nobody listened.
                signal.notify()
            }
            HostClock.block(for: .seconds(1))
        }

        private func listen(_ session: LibvirtSession) {
            let callback: virConnectDomainEventCallback = { _, _, _, _, context in
                if let context { Unmanaged<ChangeSignal>.fromOpaque(context).takeUnretainedValue().notify() }
                return 0
            }
            let context = Unmanaged.passRetained(signal)
            // VIR_DOMAIN_EVENT_CALLBACK is a cast in C.
            let generic = unsafeBitCast(callback, to: virConnectDomainEventGenericCallback.self)
            let number = virConnectDomainEventRegisterAny(
                session.handle, nil, Int32(VIR_DOMAIN_EVENT_ID_LIFECYCLE.rawValue), generic, context.toOpaque(),
                { context in if let context { Unmanaged<ChangeSignal>.fromOpaque(context).release() } })
            if number < 0 { context.release() }
        }
    }
}
