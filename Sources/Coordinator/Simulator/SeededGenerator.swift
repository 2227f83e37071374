import PodpModel

/// xoshiro256** (Blackman and Vigna), seeded by SplitMix64: the same numbers from the same seed, on every machine, for ever.
///
/// Its own arithmetic for ranges too: the standard library's may change between versions, and a seed in a bug report must not.
public struct SeededGenerator: Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    public init(seed: UInt64) {
        var x = seed
        func next() -> UInt64 {
            x &+= 0x9E37_79B9_7F4A_7C15
            var z = x
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        state = (next(), next(), next(), next())
    }

    public mutating func next() -> UInt64 {
        func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        let result = rotate(state.1 &* 5, 7) &* 9
        let t = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= t
        state.3 = rotate(state.3, 45)
        return result
    }

    /// Evenly below `bound` (Lemire's multiplication, its bias of less than 2^-32 accepted); 0 when there is no room.
    public mutating func below(_ bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    public mutating func chance(permille: Int) -> Bool { below(1000) < permille }

    public mutating func between(_ low: Duration, _ high: Duration) -> Duration {
        let from = low.nanoseconds / 1000, to = high.nanoseconds / 1000
        guard to > from else { return low }
        return .microseconds(from + Int64(below(Int(to - from + 1))))
    }

    /// When a thing that happens once in `mean` on average happens next: drawn evenly up to twice the mean, which is plain and bounded.
    public mutating func wait(mean: Duration) -> Duration { between(.milliseconds(1), mean * 2) }

    public mutating func element<T>(of list: [T]) -> T? { list.isEmpty ? nil : list[below(list.count)] }

    public mutating func id() -> ID128 { ID128(high: next(), low: next()) }
}
