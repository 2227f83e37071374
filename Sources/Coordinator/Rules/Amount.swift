import PodpModel

/// Amounts in the words of people: `1.4 cores`, `2 GiB`.
enum Amount {
    enum Rounding { case down, up }

    /// Rounded to a tenth of a readable unit. What is free is rounded down and what is needed up, so that a sentence never says "2 GiB free, 2 GiB needed".
    static func text(_ amount: Int64, unit: String, _ rounding: Rounding) -> String {
        let amount = max(0, min(amount, Fleet.largestTotal))
        switch unit {
        case "mCPU":
            let cores = tenths(amount, of: 1000, rounding)
            return cores + (cores == "1" ? " core" : " cores")
        case "KiB", "KiB/s":
            let rate = unit == "KiB" ? "" : "/s"
            if amount >= 1 << 20 { return tenths(amount, of: 1 << 20, rounding) + " GiB" + rate }
            if amount >= 1 << 10 { return tenths(amount, of: 1 << 10, rounding) + " MiB" + rate }
            return "\(amount) KiB\(rate)"
        default: return "\(amount) \(unit)"
        }
    }

    static func text(_ amount: Int64, of resource: Resource, _ rounding: Rounding) -> String { text(amount, unit: resource.unit, rounding) }

    private static func tenths(_ amount: Int64, of unit: Int64, _ rounding: Rounding) -> String {
        let scaled = amount * 10
        let count = rounding == .up ? (scaled + unit - 1) / unit : scaled / unit
        return count % 10 == 0 ? "\(count / 10)" : "\(count / 10).\(count % 10)"
    }
}

/// `a`, `a and b`, `a, b and c`; after eight names `and 5 more`.
func list(_ names: some Collection<String>) -> String {
    var shown = Array(names.prefix(8))
    if names.count > shown.count { shown.append("\(names.count - shown.count) more") }
    guard let last = shown.popLast() else { return "nothing" }
    return shown.isEmpty ? last : shown.joined(separator: ", ") + " and " + last
}
