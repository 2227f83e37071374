/// Keys, requests and signatures by the `openssl` command: dom0 carries no second crypto library for them. Blocks.
enum OpenSSL {
    /// A new P-256 key, PEM.
    static func makeKey() throws(AgentFailure) -> String {
        try text(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "make a key")
    }

    /// A certificate request, PEM. The coordinator takes only its key; the names are for people who read it.
    static func makeRequest(key: String, name: String, hosts: [String]) throws(AgentFailure) -> String {
        let names = hosts.filter(isHost).map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E } || $0.contains(":") ? "IP:\($0)" : "DNS:\($0)" }
        var arguments = ["openssl", "req", "-new", "-key", "/dev/stdin", "-sha256", "-subj", "/O=podp blade/CN=\(name)"]
        if !names.isEmpty { arguments += ["-addext", "subjectAltName=" + names.joined(separator: ",")] }
        return try text(arguments, "make a certificate request", input: key)
    }

    /// Whether `certificate` (PEM) was signed by one of `authorities` (a file). Time is not judged: a blade's clock may be off, and
    /// the coordinator judges by its own. Returns why not.
    static func refusal(of certificate: String, authorities: String, purpose: String) throws(AgentFailure) -> String? {
        let arguments = [
            "openssl", "verify", "-no_check_time", "-no-CApath", "-no-CAstore", "-purpose", purpose, "-CAfile", authorities,
        ]
        let result = try Subprocess.run(arguments, input: Array(certificate.utf8))
        return result.status == 0 ? nil : lastLine(result.errors) ?? "openssl verify ended with \(result.status)"
    }

    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5F: true
                default: false
                }
            }
    }

    private static func text(_ arguments: [String], _ what: String, input: String = "") throws(AgentFailure) -> String {
        let result = try Subprocess.run(arguments, input: Array(input.utf8))
        guard result.status == 0, let text = String(validating: result.output, as: UTF8.self), text.hasPrefix("-----BEGIN") else {
            throw AgentFailure(
                .unavailable, "openssl could not \(what): \(lastLine(result.errors) ?? "it ended with \(result.status)")",
                remedy: "check `openssl version`: 3.0 or later")
        }
        return text
    }

    private static func lastLine(_ text: String) -> String? { text.split(whereSeparator: \.isNewline).last.map(String.init) }
}
