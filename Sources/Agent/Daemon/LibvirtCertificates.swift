import Glibc

/// libvirt's own places for TLS, filled with the blade's certificate: its migrations go from libvirtd to libvirtd, port 16514.
///
/// Paths and rights after libvirt's "TLS certificates" page (`/etc/pki/CA`, `/etc/pki/libvirt`, `/etc/pki/libvirt/private`).
struct LibvirtCertificates {
    let folder: String

    /// Replaces the five files, and takes the list of revoked certificates away. Throws `file`. libvirtd is asked to read them again; when it does not run, it reads them at its start.
    func install(_ identity: Identity) throws(AgentFailure) {
        for path in ["", "/CA", "/libvirt", "/libvirt/private"] {
            guard mkdir(folder + path, 0o755) == 0 || errno == EEXIST else { throw StateFolder.fault("cannot make", folder + path) }
        }
        try StateFolder.write(Array(identity.authorities.utf8), to: folder + "/CA/cacert.pem", mode: 0o644)
        for role in ["server", "client"] {
            try StateFolder.write(Array(identity.key.utf8), to: "\(folder)/libvirt/private/\(role)key.pem", mode: 0o600)
            try StateFolder.write(Array(identity.chain.utf8), to: "\(folder)/libvirt/\(role)cert.pem", mode: 0o644)
        }
        // A list of another authority's would be an error at libvirtd's start; this one's comes with the next link.
        if unlink(revocations) != 0 && errno != ENOENT { throw StateFolder.fault("cannot remove", revocations) }
        tellLibvirtd()
    }

    /// Where libvirt looks for revoked certificates.
    private var revocations: String { folder + "/CA/cacrl.pem" }

    /// Replaces the list of revoked certificates. Throws `file`.
    func install(revocations list: String) throws(AgentFailure) {
        guard list.hasPrefix("-----BEGIN X509 CRL-----"), mkdir(folder + "/CA", 0o755) == 0 || errno == EEXIST else {
            throw AgentFailure(.file, "the coordinator's list of revoked certificates is not stored", remedy: "see to \(folder)/CA")
        }
        try StateFolder.write(Array(list.utf8), to: revocations, mode: 0o644)
        tellLibvirtd()
    }

    private func tellLibvirtd() { _ = try? Subprocess.run(["virt-admin", "server-update-tls", "libvirtd"], limit: .seconds(10)) }
}

extension StateFolder {
    /// Where this blade's libvirt has its certificates, if the agent keeps them: by the agent's options, or as its enrolment was told. Throws `file`.
    func libvirtCertificates(_ options: Options) throws(AgentFailure) -> LibvirtCertificates? {
        if options.installsLibvirtPKI { return LibvirtCertificates(folder: options.libvirtPKIFolder) }
        guard let text = try StateFolder.read(libvirtPKI, limit: 4096), !text.isEmpty else { return nil }
        return LibvirtCertificates(folder: String(decoding: text, as: UTF8.self))
    }
}
