/// Who asks, and how: what a URL and its secrets come to.
struct SNMPAccess: Hashable, Sendable {
    enum Authentication: Int32, Hashable, Sendable { case none = 0, md5, sha }
    enum Privacy: Int32, Hashable, Sendable { case none = 0, des, aes }

    enum Version: Hashable, Sendable {
        case v1(community: String)
        case v3(user: String, Authentication, authSecret: String, Privacy, privSecret: String)
    }

    var version: Version
    var host: String
    var port: UInt16
    /// Of one packet; a request is sent three times at most.
    var timeout = Duration.milliseconds(1500)
    var retries: Int32 = 2

    /// net-snmp's transport address.
    var peer: String { host.contains(":") ? "udp6:[\(host)]:\(port)" : "udp:\(host):\(port)" }

    var isV1: Bool { if case .v1 = version { true } else { false } }

    init(_ url: ChassisURL, _ secrets: ChassisSecrets) throws(ChassisError) {
        host = url.host
        port = url.port
        if let text = url.parameters["timeout"] {
            guard let milliseconds = Int(text), (50...30_000).contains(milliseconds) else {
                throw ChassisError(.configuration, "timeout is from 50 to 30000 milliseconds, not '\(text)'")
            }
            timeout = .milliseconds(milliseconds)
        }
        if url.scheme == .ammV1 || url.scheme == .pduV1 {
            guard let community = url.user ?? secrets.community else {
                throw ChassisError(
                    .configuration, "\(url) needs a community",
                    remedy: "\(url.scheme.rawValue)://COMMUNITY@\(url.place), or 'community' in the file of --secrets")
            }
            version = .v1(community: community)
            return
        }
        guard let user = url.user else {
            throw ChassisError(.configuration, "\(url) names no user", remedy: "\(url.scheme.rawValue)://USER@\(url.place)")
        }
        let authentication: Authentication
        switch url.parameters["auth"]?.lowercased() ?? "sha" {
        case "sha", "sha1": authentication = .sha
        case "md5": authentication = .md5
        case "none": authentication = .none
        case let other: throw ChassisError(.configuration, "auth is sha, md5 or none, not '\(other)'")
        }
        let privacy: Privacy
        switch url.parameters["priv"]?.lowercased() ?? (authentication == .none ? "none" : "aes") {
        case "aes": privacy = .aes
        case "des": privacy = .des
        case "none": privacy = .none
        case let other: throw ChassisError(.configuration, "priv is aes, des or none, not '\(other)'")
        }
        guard privacy == .none || authentication != .none else {
            throw ChassisError(.configuration, "SNMPv3 has no privacy without authentication", remedy: "auth=sha, or priv=none")
        }
        let authSecret = secrets.auth ?? secrets.password ?? ""
        let privSecret = secrets.priv ?? secrets.password ?? secrets.auth ?? ""
        for (isNeeded, secret, name) in [(authentication != .none, authSecret, "auth"), (privacy != .none, privSecret, "priv")] where isNeeded {
            guard secret.utf8.count >= 8 else {
                throw ChassisError(
                    .configuration, secret.isEmpty ? "\(url) needs a secret for \(name)" : "the secret for \(name) has fewer than 8 characters",
                    remedy: "put '\(name) = …' into a file that only you can read and name it with --secrets, or set PODP_CHASSIS_\(name.uppercased())")
            }
        }
        version = .v3(user: user, authentication, authSecret: authSecret, privacy, privSecret: privSecret)
    }
}
