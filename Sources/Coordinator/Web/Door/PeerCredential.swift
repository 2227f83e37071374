import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Who is at the other end of a Unix socket, by the kernel's word at connect time.
enum PeerCredential {
    /// As Linux' `struct ucred` (socket(7), SO_PEERCRED); Glibc hides it without `_GNU_SOURCE`.
    private struct Credential: Sendable {
        var pid: Int32 = 0
        var uid: UInt32 = .max
        var gid: UInt32 = .max
    }

    private static let peerCredentials: CInt = 17

    /// The peer's user; `nil` when the channel is no Unix socket, or closed.
    static func uid(of channel: any Channel) async -> UInt32? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let credential: Credential? = try? await provider.unsafeGetSocketOption(level: .socket, name: .init(rawValue: peerCredentials)).get()
        guard let credential, credential.uid != .max else { return nil }
        return credential.uid
    }
}

/// Users' names by number, for the audit log; each looked up once.
final class PeerNames: Sendable {
    private let known = NIOLockedValueBox<[UInt32: String]>([:])

    init() {}

    /// `uid 1000 (anna)`, or `uid 1000` when the system has no name.
    func name(uid: UInt32) async -> String {
        if let name = known.withLockedValue({ $0[uid] }) { return name }
        // May ask a directory server: not on the cooperative pool.
        let found = try? await NIOThreadPool.singleton.runIfActive { Self.lookUp(uid) }
        let name = "uid \(uid)" + ((found ?? nil).map { " (\($0))" } ?? "")
        known.withLockedValue { names in
            if names.count >= 1024 { names.removeAll() }
            names[uid] = name
        }
        return name
    }

    private static func lookUp(_ uid: UInt32) -> String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        return buffer.withUnsafeMutableBufferPointer { space in
            guard let start = space.baseAddress, getpwuid_r(uid, &entry, start, space.count, &found) == 0, found != nil, let name = entry.pw_name else {
                return nil
            }
            return String(validatingCString: name)
        }
    }
}
