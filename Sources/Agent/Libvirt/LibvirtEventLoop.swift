import AgentHost
import CLibvirt

/// libvirt's own event loop, on a thread that runs as long as the process: events and keep-alives come through it.
enum LibvirtEventLoop {
    /// Started when it is first looked at, which must be before the first connection is opened; `nil` when libvirt refuses.
    /// libvirt's errors are returned to callers and printed by nobody.
    static let thread: HostThread? = {
        virSetErrorFunc(nil) { _, _ in }
        guard virInitialize() == 0, virEventRegisterDefaultImpl() == 0 else { return nil }
        // The timer keeps the loop turning, so that a handle that another thread adds is seen within a second.
        virEventAddTimeout(1000, { _, _ in }, nil, nil)
        return HostThread { if virEventRunDefaultImpl() < 0 { HostClock.block(for: .seconds(1)) } }
    }()
}
