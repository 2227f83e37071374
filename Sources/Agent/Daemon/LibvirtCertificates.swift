import Glibc

/// libvirt's own places for TLS, filled with the blade's certificate: its migrations go from libvirtd to libvirtd, port 16514.
///
/// Paths and rights after libvirt's "TLS certificates" page (`/etc/pki/CA`, `/etc/pki/libvirt`, `/etc/pki/libvirt/private`).
struct LibvirtCertificates {
    let folder: String

    /// Replaces the five files. Throws `file`. libvirtd is asked to read them again; when it does not run, it reads them at its start.
    func install(_ identity: Identity) throws(AgentFailure) {
        for path in ["", "/CA", "/libvirt", "/libvirt/private"] {
            guard mkdir(folder + path, 0o755) == 0 || errno == EEXIST else { throw StateFolder.fault("cannot make", folder + path) }
        }
        try StateFolder.write(Array(identity.authorities.utf8), to: folder + "/CA/cacert.pem", mode: 0o644)
        for role in ["server", "client"] {
            try StateFolder.write(Array(identity.key.utf8), to: "\(folder)/libvirt/private/\(role)key.pem", mode: 0o600)
            try StateFolder.write(Array(identity.chain.utf8), to: "\(folder)/libvirt/\(role)cert.pem", mode: 0o644)
        }
        _ = try? Subprocess.run(["virt-admin", "server-update-tls", "libvirtd"], limit: .seconds(10))
    }
}
