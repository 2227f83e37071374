/// Prometheus' text format (version 0.0.4), written into one buffer that keeps its memory.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
public struct Exposition: Sendable {
    public enum Kind: String, Sendable { case gauge, counter }

    /// What was written since the last `clear`.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Begins a metric. All its samples must follow before the next one begins.
    public mutating func metric(_ name: StaticString, _ kind: Kind, help: StaticString) {
        append("# HELP ")
        append(name)
        append(" ")
        append(help)
        append("\n# TYPE ")
        append(name)
        append(kind == .gauge ? " gauge\n" : " counter\n")
    }

    /// A sample. Labels are given ready-made, by `labels`, and empty for none.
    public mutating func sample(_ name: StaticString, _ labels: [UInt8], _ value: Double) {
        append(name)
        bytes.append(contentsOf: labels)
        bytes.append(UInt8(ascii: " "))
        append(value)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// `{name="value",…}`, with backslash, quote and line feed escaped, and bytes that are no UTF-8 replaced (`String` did that already).
    public static func labels(_ pairs: [(StaticString, String)]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(pairs.reduce(2) { $0 + $1.0.utf8CodeUnitCount + $1.1.utf8.count + 4 })
        for (name, value) in pairs {
            text.append(text.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            name.withUTF8Buffer { text.append(contentsOf: $0) }
            text.append(UInt8(ascii: "="))
            text.append(UInt8(ascii: "\""))
            for byte in value.utf8 {
                switch byte {
                case UInt8(ascii: "\\"): text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
                case UInt8(ascii: "\""): text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\"")])
                case UInt8(ascii: "\n"): text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
                default: text.append(byte)
                }
            }
            text.append(UInt8(ascii: "\""))
        }
        if !text.isEmpty { text.append(UInt8(ascii: "}")) }
        return text
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ value: Double) {
        if let whole = Int64(exactly: value) { return append(whole) }
        if value.isNaN { return append("NaN") }
        if value.isInfinite { return append(value > 0 ? "+Inf" : "-Inf") }
        bytes.append(contentsOf: value.description.utf8)
    }

    private mutating func append(_ value: Int64) {
        var digits: (UInt64, Int) = (value.magnitude, 0)
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(digits.0 % 10))
            digits.0 /= 10
            digits.1 += 1
        } while digits.0 > 0
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes[start...].reverse()
    }
}
