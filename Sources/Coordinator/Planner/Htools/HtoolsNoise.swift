/// Samples of minus a Gumbel variable: the least of several values to which they are added, times a temperature, is chosen as heat chooses.
///
/// Whoever has made it deallocates `values`.
struct HtoolsNoise {
    typealias Eight = SIMD8<Float>

    private static let count = 256
    let values: UnsafeMutablePointer<Eight>

    /// - Parameter window: the eights that are read one after the other, at most.
    init(window: Int) {
        let memory = UnsafeMutablePointer<Eight>.allocate(capacity: Self.count + window)
        var random = SplitMix64(seed: 1)
        for index in 0..<Self.count + window {
            var eight = Eight(repeating: 0)
            for lane in 0..<8 {
                let value = max(1e-6, random.exponential())
                // The logarithm, straight between powers of two: the same on every machine.
                eight[lane] = Float((Double(value.exponent) + value.significand - 1) * 0.6931471805599453)
            }
            (memory + index).initialize(to: eight)
        }
        values = memory
    }

    /// Where a window begins, by the lower bits.
    @inline(__always)
    func window(_ random: UInt64) -> UnsafeMutablePointer<Eight> { values + Int(truncatingIfNeeded: random) & (Self.count - 1) }

    /// The noise of one value alone.
    @inline(__always)
    func one(_ random: UInt64) -> Float { window(random >> 3)[0][Int(truncatingIfNeeded: random) & 7] }
}
