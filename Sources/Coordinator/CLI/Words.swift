import PodpAPI
import PodpModel

/// Numbers as people read them.
enum Words {
    /// `512 MiB`, `1.5 GiB`.
    static func bytes(_ count: UInt64?) -> String {
        guard let count else { return "–" }
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(short(value)) \(units[unit])"
    }

    /// Thousandths of a processor as processors: `1.40`.
    static func cores(_ millicpus: (some BinaryInteger)?) -> String {
        guard let millicpus else { return "–" }
        let thousandths = Int64(clamping: max(millicpus, 0))
        let hundredths = thousandths / 10 + (thousandths % 10 >= 5 ? 1 : 0)
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    /// An amount of a resource in its unit: `12.5 cores`, `20 GiB`, `3.1 MiB/s`.
    static func amount(_ amount: Int64?, unit: String) -> String {
        guard let amount else { return "–" }
        let kibibytes = Bytes.kibibytes(UInt64(clamping: amount)).count
        switch unit {
        case "mCPU": return "\(short(Double(amount) / 1000)) cores"
        case "KiB": return bytes(kibibytes)
        case "KiB/s": return "\(bytes(kibibytes))/s"
        default: return "\(amount) \(unit)"
        }
    }

    /// Three digits: `0.52`, `9.41`, `93.1`, `512`.
    static func short(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        let decimals = abs(value) >= 100 || value == value.rounded() ? 0 : abs(value) >= 10 ? 1 : 2
        let factor = decimals == 0 ? 1.0 : decimals == 1 ? 10.0 : 100.0
        let scaled = Int64((value * factor).rounded())
        if decimals == 0 { return String(scaled) }
        let whole = scaled.magnitude / UInt64(factor)
        let rest = String(scaled.magnitude % UInt64(factor))
        return (scaled < 0 ? "-" : "") + "\(whole)." + String(repeating: "0", count: decimals - rest.count) + rest
    }

    /// `93 %`.
    static func percent(permille: Int64?) -> String { permille.map { "\($0 / 10 + ($0 % 10 >= 5 ? 1 : 0)) %" } ?? "–" }

    static func permille(_ part: Int64, of whole: Int64?) -> Int64? {
        guard let whole, whole > 0 else { return nil }
        let (thousandfold, overflow) = part.multipliedReportingOverflow(by: 1000)
        return overflow ? (part < 0 ? .min : .max) : thousandfold / whole
    }

    /// `4 s`, `3 min`, `5 h`, `12 d`.
    static func seconds(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite else { return "–" }
        switch abs(seconds) {
        case ..<10: return "\(short(seconds)) s"
        case ..<120: return "\(Int64(seconds.rounded())) s"
        case ..<7200: return "\(Int64((seconds / 60).rounded())) min"
        case ..<172_800: return "\(Int64((seconds / 3600).rounded())) h"
        default: return "\(Int64(clamping: Int64(min(abs(seconds), 1e12) / 86400))) d"
        }
    }

    /// `2026-11-22 17:29:04`, UTC.
    static func time(_ time: Timestamp?) -> String {
        guard let time else { return "–" }
        return String(time.description.prefix(19)).replacing("T", with: " ")
    }

    /// Whole `12` when the id is of a long term: what people type.
    static func operation(_ id: OperationID) -> String { "#\(id.sequence)" }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
