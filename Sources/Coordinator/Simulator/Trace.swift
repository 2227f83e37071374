import PodpModel

/// What happened in a run: a hash that tells two runs apart, and the last lines for people.
public struct Trace: Sendable {
    /// FNV-1a, 64 bits, over every line.
    public private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    public private(set) var events: UInt64 = 0
    private var lines: [String] = []
    private var next = 0
    let keep: Int

    public init(keep: Int = 200) { self.keep = keep }

    /// The latest lines, oldest first.
    public var tail: [String] { lines.count < keep ? lines : Array(lines[next...] + lines[..<next]) }

    mutating func note(_ at: Instant, _ line: String) {
        mix(UInt64(bitPattern: at.nanoseconds))
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        guard keep > 0 else { return }
        let text = "\(Self.seconds(at)) \(line)"
        if lines.count < keep {
            lines.append(text)
        } else {
            lines[next] = text
            next = (next + 1) % keep
        }
    }

    /// For what happens so often that a line would cost more than the event.
    mutating func count(_ at: Instant, _ code: UInt64, _ value: UInt64 = 0) {
        events += 1
        mix(UInt64(bitPattern: at.nanoseconds) &+ code &* 0x9E37_79B9_7F4A_7C15 &+ value)
    }

    private mutating func mix(_ value: UInt64) {
        hash = (hash ^ value) &* 0x9FB2_1C65_1E98_DF25
        hash ^= hash >> 32
    }

    static func seconds(_ at: Instant) -> String {
        let milliseconds = at.nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}
