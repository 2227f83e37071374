/// The longest texts, in bytes of UTF-8, and the longest lists that either end takes. Over them a message is refused, on both sides.
public enum WireLimit {
    /// Names of domains, blades, bridges, groups; serials, addresses, versions.
    public static let name = 256
    /// One of a CPU's features; a finding's code.
    public static let word = 64
    /// A path in dom0, a kernel's command line.
    public static let path = 4 << 10
    /// Reasons and remedies, for people. Longer ones are cut, not refused (`fittingWords`).
    public static let words = 2 << 10
    /// A certificate request or chain, PEM.
    public static let pem = 32 << 10
    /// A domain's definition for libvirt.
    public static let xml = 48 << 10

    /// Domains of a report or an inventory.
    public static let domains = 4096
    /// Disks, and network interfaces, of one domain.
    public static let devices = 128
    /// Block devices of a host.
    public static let storage = 2048
    /// Bridges of a host, its interfaces, findings.
    public static let hostParts = 256
    public static let cpuFeatures = 1024
    /// Groups of a domain, blades it may run on, addresses of a blade.
    public static let names = 64
    /// Types of virtualisation.
    public static let types = 16
}

/// Words for people as they fit a message: cut at `WireLimit.words` bytes, and without NUL.
///
/// What libvirt or a shell printed goes into reasons: a reason that is too long must not keep an outcome from being told.
public func fittingWords(_ words: String) -> String {
    let isClean = words.utf8.count <= WireLimit.words && !words.utf8.contains(0)
    if isClean { return words }
    let ellipsis: Unicode.Scalar = "…"
    var fitting = String.UnicodeScalarView()
    var length = 0
    for scalar in words.unicodeScalars {
        let kept: Unicode.Scalar = scalar.value == 0 ? "\u{FFFD}" : scalar
        guard length + UTF8.width(kept) <= WireLimit.words - UTF8.width(ellipsis) else {
            fitting.append(ellipsis)
            break
        }
        fitting.append(kept)
        length += UTF8.width(kept)
    }
    return String(fitting)
}
