import AgentCore
import AgentHost
import CLibvirt
import Glibc

/// One connection to libvirtd on a thread of its own. It is opened when it is first needed, and again when libvirtd was gone and is back.
actor LibvirtConnection {
    private nonisolated let executor = ThreadExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated let uri: String
    private var session: LibvirtSession?

    init(uri: String) { self.uri = uri }

    /// Calls libvirt. The handle must not leave the closure.
    func call<Value: Sendable>(_ body: @Sendable (OpaquePointer) throws(LibvirtFailure) -> Value) throws(LibvirtFailure) -> Value {
        let session = try opened()
        do throws(LibvirtFailure) {
            return try body(session.handle)
        } catch {
            if case .interrupted = error { self.session = nil }
            throw error
        }
    }

    func close() { session = nil }

    private func opened() throws(LibvirtFailure) -> LibvirtSession {
        if let session {
            if virConnectIsAlive(session.handle) == 1 { return session }
            self.session = nil
        }
        let opened = try LibvirtSession(uri: uri)
        session = opened
        return opened
    }
}

/// An open connection, closed when it is released.
final class LibvirtSession {
    let handle: OpaquePointer

    init(uri: String) throws(LibvirtFailure) {
        guard LibvirtEventLoop.thread != nil else { throw .notConnected("libvirt's event loop does not start") }
        guard let handle = virConnectOpen(uri) else {
            throw .notConnected("libvirt at \(uri) does not answer (\(LibvirtFailure.last("open").message)); systemctl status libvirtd says more")
        }
        self.handle = handle
        // A libvirtd that hangs is noticed within 30 seconds. Drivers inside this process know no keep-alive, and need none.
        _ = virConnectSetKeepAlive(handle, 10, 3)
    }

    deinit { virConnectClose(handle) }
}

/// A reference to a domain, given back when it is released.
struct LibvirtDomain: ~Copyable {
    let handle: OpaquePointer

    init(_ id: String, in connection: OpaquePointer) throws(LibvirtFailure) {
        guard let handle = virDomainLookupByUUIDString(connection, id) else { throw .last("domain \(id)") }
        self.handle = handle
    }

    /// Takes over a reference that the caller owns.
    init(owned handle: OpaquePointer) { self.handle = handle }

    deinit { virDomainFree(handle) }

    var name: String { virDomainGetName(handle).map { String(cString: $0) } ?? "" }
    var isActive: Bool { virDomainIsActive(handle) == 1 }
    var isPersistent: Bool { virDomainIsPersistent(handle) == 1 }
    var number: UInt32? {
        let number = virDomainGetID(handle)
        return number == UInt32.max ? nil : number
    }

    /// libvirt's state and its reason.
    func state() throws(LibvirtFailure) -> (state: UInt32, reason: Int32) {
        var state: Int32 = 0
        var reason: Int32 = 0
        guard virDomainGetState(handle, &state, &reason, 0) == 0 else { throw .last("state of \(name)") }
        return (UInt32(clamping: state), reason)
    }

    /// - Parameter inactive: what it would be started with, not what it is now.
    func xml(inactive: Bool) throws(LibvirtFailure) -> String {
        guard let text = virDomainGetXMLDesc(handle, inactive ? VIR_DOMAIN_XML_INACTIVE.rawValue : 0) else { throw .last("description of \(name)") }
        defer { free(text) }
        return String(cString: text)
    }
}
