import AgentCore
import AgentHost
import CXenStore
import Glibc

/// Reads of xenstore, the tree in which Xen's tools keep names and devices; tests give another one.
protocol XenTree: Sendable {
    /// A node's value; `nil` when there is no such node. Throws `.unavailable` when xenstored does not answer.
    func value(_ path: String) async throws(HypervisorError) -> String?
    /// The names below a node; empty when there is no such node. Throws `.unavailable` when xenstored does not answer.
    func names(_ path: String) async throws(HypervisorError) -> [String]
}

/// libxenstore on a thread of its own: a slow xenstored holds up nothing else.
actor XenStore: XenTree {
    private nonisolated let executor = ThreadExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var connection: XenStoreConnection?

    init() {}

    private func open() throws(HypervisorError) -> OpaquePointer {
        if let connection { return connection.handle }
        guard let opened = XenStoreConnection() else {
            throw HypervisorError(.unavailable, "xenstore does not answer: \(errorText(errno)). Is xenstored running (xen.service)?")
        }
        connection = opened
        return opened.handle
    }

    /// After an error other than "no such node" the connection may be of no use: the next call opens another.
    private func failure(_ what: String, _ error: Int32) -> HypervisorError {
        connection = nil
        return HypervisorError(.unavailable, "xenstore: \(what): \(errorText(error))")
    }

    func value(_ path: String) throws(HypervisorError) -> String? {
        var length: UInt32 = 0
        guard let raw = xs_read(try open(), xs_transaction_t(XBT_NULL), path, &length) else {
            let error = errno
            if error == ENOENT || error == EACCES || error == EINVAL { return nil }
            throw failure("read \(path)", error)
        }
        defer { free(raw) }
        // A value is any bytes; a NUL would cut names short elsewhere.
        let bytes = UnsafeRawBufferPointer(start: raw, count: Int(length))
        return String(String(decoding: bytes, as: UTF8.self).map { $0 == "\0" ? "\u{FFFD}" : $0 })
    }

    func names(_ path: String) throws(HypervisorError) -> [String] {
        var count: UInt32 = 0
        guard let raw = xs_directory(try open(), xs_transaction_t(XBT_NULL), path, &count) else {
            let error = errno
            if error == ENOENT || error == EACCES || error == EINVAL { return [] }
            throw failure("list \(path)", error)
        }
        defer { free(raw) }
        return (0..<Int(count)).compactMap { index in raw[index].map { String(cString: $0) } }.sorted()
    }
}

/// Waits for domains that come and go: xenstore's own watches, nothing is polled.
final class XenStoreWatch: Sendable {
    private let thread: HostThread

    init(signal: ChangeSignal) {
        let connection = WatchConnection()
        thread = HostThread { if connection.wait() { signal.notify() } }
    }

    func stop() { thread.stop() }
}

/// One connection to xenstored, closed when it is released.
private final class XenStoreConnection {
    let handle: OpaquePointer

    init?() {
        guard let opened = xs_open(0) else { return nil }
        handle = opened
    }

    deinit { xs_close(handle) }
}

/// Used by the watching thread alone.
private final class WatchConnection: @unchecked Sendable {
    private var connection: XenStoreConnection?

    /// Waits for at most a second. Whether a domain came or went, or one may have while nobody was watching.
    func wait() -> Bool {
        guard let connection else { return open() }
        var descriptor = pollfd(fd: xs_fileno(connection.handle), events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, 1000) > 0 else { return false }
        var changed = false
        while let event = xs_check_watch(connection.handle) {
            free(event)
            changed = true
        }
        let error = errno
        if error != EAGAIN || Int32(descriptor.revents) & (POLLERR | POLLHUP | POLLNVAL) != 0 {
            self.connection = nil
            HostClock.block(for: .seconds(1))
        }
        return changed
    }

    private func open() -> Bool {
        guard let opened = XenStoreConnection(), xs_watch(opened.handle, "@introduceDomain", "came"), xs_watch(opened.handle, "@releaseDomain", "went")
        else {
            HostClock.block(for: .seconds(1))
            return false
        }
        connection = opened
        return true
    }
}

func errorText(_ error: Int32) -> String { String(cString: strerror(error)) }
