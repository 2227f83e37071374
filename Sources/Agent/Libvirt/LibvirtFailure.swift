import AgentCore
import CLibvirt

/// Why a call of libvirt did not succeed.
enum LibvirtFailure: Error, Sendable {
    /// libvirtd was not reached: nothing was asked of it.
    case notConnected(String)
    /// The connection broke while libvirtd was at it: nobody knows what came of it.
    case interrupted(String)
    case refused(code: UInt32, message: String)

    /// The calling thread's last error of libvirt: to be taken before anything else is called there.
    static func last(_ what: String) -> LibvirtFailure {
        guard let error = virGetLastError() else { return .refused(code: VIR_ERR_INTERNAL_ERROR.rawValue, message: "\(what): libvirt gives no reason") }
        let words = error.pointee.message.map { String(cString: $0) } ?? "libvirt gives no reason"
        let code = UInt32(bitPattern: error.pointee.code)
        let source = UInt32(bitPattern: error.pointee.domain)
        let isBroken =
            code == VIR_ERR_RPC.rawValue || code == VIR_ERR_INVALID_CONN.rawValue || code == VIR_ERR_NO_CONNECT.rawValue
            || source == VIR_FROM_RPC.rawValue || source == VIR_FROM_REMOTE.rawValue && code == VIR_ERR_SYSTEM_ERROR.rawValue
        return isBroken ? .interrupted("\(what): \(words)") : .refused(code: code, message: "\(what): \(words)")
    }

    var isNoSuchDomain: Bool { if case .refused(VIR_ERR_NO_DOMAIN.rawValue, _) = self { true } else { false } }

    var isUnsupported: Bool {
        guard case .refused(let code, _) = self else { return false }
        return [VIR_ERR_NO_SUPPORT, VIR_ERR_OPERATION_UNSUPPORTED, VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_ERR_CONFIG_UNSUPPORTED].contains { $0.rawValue == code }
    }

    var message: String {
        switch self {
        case .notConnected(let words), .interrupted(let words), .refused(_, let words): words
        }
    }

    var hypervisorError: HypervisorError {
        switch self {
        case .notConnected, .interrupted: HypervisorError(.unavailable, message)
        case .refused where isNoSuchDomain: HypervisorError(.noSuchDomain, message)
        case .refused where isUnsupported: HypervisorError(.unsupported, message)
        case .refused: HypervisorError(.failed, message)
        }
    }
}
