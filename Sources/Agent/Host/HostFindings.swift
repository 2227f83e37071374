import PodpModel

/// What on a host will hurt, as its files tell it (`podp check`).
public struct HostFindings: Sendable {
    public var files: HostFiles

    public init(files: HostFiles) { self.files = files }

    /// All of them, most severe first within each source.
    public func all(xen: Bool) -> [Finding] {
        autostart() + (xen ? xenAutostart() : []) + guestServices(xen: xen) + migrationCertificates()
    }

    /// libvirt starts what is linked in its autostart folders, whatever podp thinks.
    func autostart() -> [Finding] {
        ["libxl", "qemu"].flatMap { driver in
            files.names(in: "/etc/libvirt/\(driver)/autostart").filter { $0.hasSuffix(".xml") }.map { file in
                let name = String(file.dropLast(4))
                return Finding(
                    code: "autostart", severity: .critical,
                    what: "libvirt starts domain \(name) by itself when this blade boots; the same domain may then run on two blades",
                    remedy: "virsh autostart --disable \(name)")
            }
        }
    }

    func xenAutostart() -> [Finding] {
        files.names(in: "/etc/xen/auto").map { file in
            Finding(
                code: "xen-auto", severity: .critical, what: "/etc/xen/auto/\(file): xendomains starts this domain by itself when the blade boots",
                remedy: "rm /etc/xen/auto/\(file)")
        }
    }

    /// Both save or stop domains when the host goes down and start them again when it is back.
    func guestServices(xen: Bool) -> [Finding] {
        (xen ? ["libvirt-guests", "xendomains"] : ["libvirt-guests"]).filter(isEnabled).map { service in
            Finding(
                code: service, severity: .critical, what: "\(service) is enabled: it starts domains by itself when the blade boots, without asking podp",
                remedy: "systemctl disable --now \(service) && systemctl mask \(service)")
        }
    }

    private func isEnabled(_ service: String) -> Bool {
        if files.linkName("/etc/systemd/system/\(service).service") == "null" { return false }
        // The link is what enables it; what it points to may be on another root.
        let wanted = ["multi-user.target.wants", "default.target.wants"].contains {
            files.names(in: "/etc/systemd/system/\($0)").contains("\(service).service")
        }
        // Debian's xendomains is an init script: enabled when a run level starts it.
        let started = (2...5).contains { level in files.names(in: "/etc/rc\(level).d").contains { $0.hasPrefix("S") && $0.hasSuffix(service) } }
        return wanted || started
    }

    /// libvirtd's TLS port among those that somebody listens at (proc(5), `/proc/net/tcp`: state 0A, ports in hexadecimal).
    func migrationListener() -> [Finding] {
        let listens = ["/proc/net/tcp", "/proc/net/tcp6"].contains { file in
            (files.text(file, limit: 8 << 20) ?? "").split(separator: "\n").contains { line in
                let fields = line.split(separator: " ")
                return fields.count > 3 && fields[3] == "0A" && fields[1].hasSuffix(":4082")
            }
        }
        guard !listens else { return [] }
        return [
            Finding(
                code: "migration-listener", severity: .warning, what: "libvirtd does not listen for migrations (TLS, port 16514): no domain can be moved here",
                remedy: "podp-migration (deploy/podp-migration) sets libvirtd up for it; journalctl -u libvirtd tells more")
        ]
    }

    func migrationCertificates() -> [Finding] {
        let missing = [
            "/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem",
            "/etc/pki/libvirt/clientcert.pem", "/etc/pki/libvirt/private/clientkey.pem",
        ].filter { !files.exists($0) }
        guard !missing.isEmpty else { return migrationListener() }
        return [
            Finding(
                code: "migration-certificates", severity: .warning,
                what: "libvirt has no certificates for migration (\(missing.joined(separator: ", ")) missing): no domain can be moved to or from this blade",
                remedy: "enrol the blade with its certificates for libvirt: podp-agent enrol --libvirt-pki TOKEN")
        ]
    }
}
