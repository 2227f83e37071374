import PodpModel

extension Inventory {
    /// The longest name of a domain, in bytes, and the most disks or interfaces of one, that the protocol carries (`WireLimit` of room Frame).
    static let longestName = 256
    static let mostDevices = 128

    /// As it fits into a message: what one domain has too much of is cut, and said in a finding.
    ///
    /// xenstore takes names of 4 KiB and of any bytes. One such domain must not keep its blade from telling of all the others.
    func fitting() -> Inventory {
        var fitting = self
        for index in fitting.domains.indices {
            let domain = fitting.domains[index]
            let name = Self.name(domain.name)
            var cut: [String] = []
            if name != domain.name { cut.append("a name of \(domain.name.utf8.count) bytes, or with a NUL") }
            if domain.disks.count > Self.mostDevices { cut.append("\(domain.disks.count) disks") }
            if domain.nics.count > Self.mostDevices { cut.append("\(domain.nics.count) network interfaces") }
            guard !cut.isEmpty else { continue }
            fitting.domains[index].name = name
            fitting.domains[index].disks = Array(domain.disks.prefix(Self.mostDevices))
            fitting.domains[index].nics = Array(domain.nics.prefix(Self.mostDevices))
            fitting.findings.append(
                Finding(
                    code: "domain-beyond-limits", severity: .warning,
                    what: "domain \(domain.id) has \(cut.joined(separator: " and ")): podp shows a part of it",
                    remedy:
                        "podp takes names of at most \(Self.longestName) bytes, and \(Self.mostDevices) disks and interfaces each: do not let it adopt this one"
                ))
        }
        return fitting
    }

    private static func name(_ name: String) -> String {
        if name.utf8.count <= longestName, !name.utf8.contains(0) { return name }
        let ellipsis: Unicode.Scalar = "…"
        var fitting = String.UnicodeScalarView()
        var length = 0
        for scalar in name.unicodeScalars {
            let kept: Unicode.Scalar = scalar.value == 0 ? "\u{FFFD}" : scalar
            guard length + UTF8.width(kept) <= longestName - UTF8.width(ellipsis) else {
                fitting.append(ellipsis)
                break
            }
            fitting.append(kept)
            length += UTF8.width(kept)
        }
        return String(fitting)
    }
}
