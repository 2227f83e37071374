import Glibc

/// What opens a chassis: from a file that only its owner can read, or from the environment. Never from a command line, which everybody can see.
///
/// The file has one `name = value` a line; `#` begins a comment line. A file of one line without `=` is the password.
///
/// | name | environment | for |
/// | --- | --- | --- |
/// | `password` | `PODP_CHASSIS_PASSWORD` | Redfish, the console; for SNMPv3 too where the next two are not given |
/// | `auth` | `PODP_CHASSIS_AUTH` | SNMPv3's authentication |
/// | `priv` | `PODP_CHASSIS_PRIV` | SNMPv3's privacy; else the same as `auth` |
/// | `community` | `PODP_CHASSIS_COMMUNITY` | SNMPv1, where the URL has none |
public struct ChassisSecrets: Hashable, Sendable, CustomStringConvertible {
    public var password: String?
    public var auth: String?
    public var priv: String?
    public var community: String?

    public init(password: String? = nil, auth: String? = nil, priv: String? = nil, community: String? = nil) {
        self.password = password
        self.auth = auth
        self.priv = priv
        self.community = community
    }

    /// From variables; `PODP_CHASSIS_SECRETS` names a file, which then is read first. Throws as `init(file:)` does.
    public init(environment: [String: String]) throws(ChassisError) {
        self.init()
        if let file = environment["PODP_CHASSIS_SECRETS"], !file.isEmpty { self = try ChassisSecrets(file: file) }
        func value(_ name: String) -> String? { environment["PODP_CHASSIS_\(name)"].flatMap { $0.isEmpty ? nil : $0 } }
        password = value("PASSWORD") ?? password
        auth = value("AUTH") ?? auth
        priv = value("PRIV") ?? priv
        community = value("COMMUNITY") ?? community
    }

    /// Throws `.configuration`: the file cannot be read, others can read it, or a line is not understood.
    public init(file path: String) throws(ChassisError) {
        self.init()
        func wrong(_ what: String, _ remedy: String = "") -> ChassisError { ChassisError(.configuration, "\(path): \(what)", remedy: remedy) }
        // A FIFO without a writer would be waited for, before it could be seen to be one.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw wrong(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw wrong("is no file") }
        guard status.st_mode & 0o077 == 0 else { throw wrong("can be read by others than its owner", "chmod 600 \(path)") }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0, count < buffer.count else { throw wrong("is too large for a file of secrets") }
        guard let text = String(validating: buffer.prefix(count), as: UTF8.self) else { throw wrong("is no UTF-8") }
        let lines = text.split(whereSeparator: \.isNewline).enumerated().map { (number: $0.offset + 1, text: Self.trimmed($0.element)) }
            .filter { !$0.text.isEmpty && $0.text.first != "#" }
        if lines.count == 1, let only = lines.first, !only.text.contains("=") {
            password = only.text
            return
        }
        for (number, line) in lines {
            guard let equals = line.firstIndex(of: "=") else { throw wrong("line \(number) is no 'name = value'") }
            let value = Self.trimmed(line[line.index(after: equals)...])
            guard !value.isEmpty, !value.contains("\0") else { throw wrong("line \(number) has no value") }
            switch Self.trimmed(line[..<equals]).lowercased() {
            case "password": password = value
            case "auth": auth = value
            case "priv": priv = value
            case "community": community = value
            default: throw wrong("line \(number) names none of password, auth, priv, community")
            }
        }
    }

    /// Says which there are, never what they are.
    public var description: String {
        let there = [("password", password), ("auth", auth), ("priv", priv), ("community", community)].filter { $0.1 != nil }.map(\.0)
        return "secrets(\(there.joined(separator: ", ")))"
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
