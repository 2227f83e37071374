import PodpModel

/// Amounts of memory and times, written exactly, in the largest unit that leaves no fraction.
enum Amount {
    /// `1 GiB`, `1536 MiB`, `100 KiB`, `17 bytes`.
    static func text(_ bytes: Bytes) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] as [(UInt64, String)]
        where bytes.count >= 1 << shift && bytes.count & (1 << shift - 1) == 0 {
            return "\(bytes.count >> shift) \(unit)"
        }
        return "\(bytes.count) bytes"
    }

    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]

    /// `30s`, `2min`, `1500ms`; a negative duration as `0s`.
    static func text(_ duration: Duration) -> String {
        let nanoseconds = max(duration.nanoseconds, 0)
        if nanoseconds == 0 { return "0s" }
        for unit in units where nanoseconds % unit.nanoseconds == 0 { return "\(nanoseconds / unit.nanoseconds)\(unit.name)" }
        return "\(nanoseconds)ns"
    }

    /// Reads `30s`, `2min`, `1h 30m`, `1500ms`. `nil` for anything else, a number without a unit, or more than fits.
    static func duration(_ text: String) -> Duration? {
        var rest = Array(text.utf8)[...]
        var total: Int64 = 0
        var parts = 0
        while let first = rest.first {
            if first.isBlank {
                rest = rest.dropFirst()
                continue
            }
            let digits = rest.prefix { $0.isDigit }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            let name = String(decoding: letters, as: UTF8.self)
            guard let number = Int64(String(decoding: digits, as: UTF8.self)), let unit = units.first(where: { $0.name == (name == "m" ? "min" : name) })
            else { return nil }
            let (scaled, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
            let (sum, carry) = total.addingReportingOverflow(scaled)
            if overflow || carry { return nil }
            total = sum
            parts += 1
        }
        return parts == 0 ? nil : .nanoseconds(total)
    }
}
