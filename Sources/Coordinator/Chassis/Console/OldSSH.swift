import PodpModel

/// The system's `ssh`, with the algorithms of 2008 allowed for one host alone: an Advanced Management Module knows no newer ones.
///
/// OpenSSH 9 has them still, but offers them only where it is told to. What it never had (SSH-1) stays out.
struct OldSSH: Hashable, Sendable {
    var user: String
    var host: String
    var port: UInt16

    /// `USER@HOST:PORT` of the URL's `console`, or what a management module usually has: USERID, port 22, the same host.
    init(_ url: ChassisURL) throws(ChassisError) {
        user = url.scheme == .ammV3 ? url.user ?? "USERID" : "USERID"
        host = url.host
        port = 22
        guard var text = url.parameters["console"]?[...] else { return }
        func wrong(_ what: String) -> ChassisError { ChassisError(.configuration, "console=\(text): \(what)", remedy: "console=USER@HOST:PORT") }
        if let at = text.lastIndex(of: "@") {
            user = String(text[..<at])
            text = text[text.index(after: at)...]
        }
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { throw wrong("the port is no number") }
            port = number
            text = text[..<colon]
        }
        host = String(text.drop { $0 == "[" }.prefix { $0 != "]" })
        // What begins with a hyphen would be an option to ssh.
        for name in [user, host] where name.isEmpty || name.hasPrefix("-") || !name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw wrong("'\(name)' is no name")
        }
    }

    /// `askpass`: whether a program answers for the operator.
    func arguments(command: String?, askpass: Bool) -> [String] {
        var arguments = [
            "-p", String(port), "-o", "KexAlgorithms=+diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1",
            "-o", "HostKeyAlgorithms=+ssh-rsa", "-o", "PubkeyAcceptedAlgorithms=+ssh-rsa", "-o", "Ciphers=+aes256-cbc,aes128-cbc,3des-cbc",
            "-o", "MACs=+hmac-sha1,hmac-md5", "-o", "RequiredRSASize=1024",
            // The first key is kept and compared from then on; never a password to another one.
            "-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=30", "-o", "NumberOfPasswordPrompts=1",
            "-o", "PreferredAuthentications=publickey,keyboard-interactive,password", "-o", "EscapeChar=none", "-F", "none",
        ]
        if askpass { arguments += ["-o", "BatchMode=no"] }
        arguments += command == nil ? ["-tt"] : ["-T"]
        arguments += ["-l", user, "--", host]
        if let command { arguments.append(command) }
        return arguments
    }
}
