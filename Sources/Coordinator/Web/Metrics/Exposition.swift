/// Prometheus' text format (version 0.0.4), written into one buffer that keeps its memory.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
public struct Exposition: Sendable {
    public enum Kind: String, Sendable { case gauge, counter, histogram }

    /// As long as it ever was; what counts is its first `length` bytes.
    private var storage: [UInt8] = []
    private var length = 0

    /// The longest number: a sign, 17 digits, a point and an exponent.
    private static let numberBytes = 32

    public init() {}

    /// What was written since the last `clear`.
    public var bytes: ArraySlice<UInt8> { storage[..<length] }

    public mutating func clear() { length = 0 }

    /// Begins a metric. All its samples must follow before the next one begins.
    public mutating func metric(_ name: StaticString, _ kind: Kind, help: StaticString) {
        for part: StaticString in [
            "# HELP ", name, " ", help, "\n# TYPE ", name, kind == .gauge ? " gauge\n" : kind == .counter ? " counter\n" : " histogram\n",
        ] {
            reserve(part.utf8CodeUnitCount)
            write { $0.copy(part) }
        }
    }

    /// A sample. Labels are given ready-made, by `labels`, and empty for none.
    public mutating func sample(_ name: StaticString, _ labels: [UInt8], _ value: Double) {
        reserve(name.utf8CodeUnitCount + labels.count + Self.numberBytes + 2)
        write { pen in
            pen.copy(name)
            labels.withUnsafeBytes { pen.copy($0) }
            pen.put(UInt8(ascii: " "))
            pen.number(value)
            pen.put(UInt8(ascii: "\n"))
        }
    }

    /// Makes room for as many bytes more.
    private mutating func reserve(_ count: Int) {
        guard storage.count - length < count else { return }
        storage.append(contentsOf: repeatElement(0, count: max(storage.count, count, 64 << 10)))
    }

    private mutating func write(_ body: (inout Pen) -> Void) {
        let start = length
        length = storage.withUnsafeMutableBytes { space in
            var pen = Pen(space: space, place: start)
            body(&pen)
            return pen.place
        }
    }

    /// Writes into room that was made before. Every step keeps within the space: too little room loses text, not memory.
    private struct Pen {
        let space: UnsafeMutableRawBufferPointer
        var place: Int

        mutating func put(_ byte: UInt8) {
            guard place < space.count else { return }
            space[place] = byte
            place += 1
        }

        mutating func copy(_ text: UnsafeRawBufferPointer) {
            guard text.count <= space.count - place else { return }
            UnsafeMutableRawBufferPointer(rebasing: space[place...]).copyMemory(from: text)
            place += text.count
        }

        mutating func copy(_ text: StaticString) { text.withUTF8Buffer { copy(UnsafeRawBufferPointer($0)) } }

        mutating func number(_ value: Double) {
            if let whole = Int64(exactly: value) { return number(whole) }
            if value.isNaN { return copy("NaN") }
            if value.isInfinite { return copy(value > 0 ? "+Inf" : "-Inf") }
            var text = value.description
            text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
        }

        private mutating func number(_ value: Int64) {
            if value < 0 { put(UInt8(ascii: "-")) }
            let start = place
            var rest = value.magnitude
            repeat {
                put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            } while rest > 0
            space[start..<place].reverse()
        }
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
}
