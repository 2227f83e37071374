/// Memory in eights of single-precision lanes: how it is made, and where one's numbers are in it.
enum HtoolsRows {
    typealias Eight = SIMD8<Float>

    static func eights(_ count: Int, _ value: Float = 0) -> UnsafeMutablePointer<Eight> {
        let memory = UnsafeMutablePointer<Eight>.allocate(capacity: max(1, count))
        memory.initialize(repeating: Eight(repeating: value), count: max(1, count))
        return memory
    }

    static func copy<Value>(_ count: Int, _ value: (Int) -> Value) -> UnsafeMutablePointer<Value> {
        let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, count))
        for index in 0..<count { (memory + index).initialize(to: value(index)) }
        return memory
    }

    /// By kind of origin and eight nodes: 0, or `value` where nothing that comes from there may go. `position`: where each node is; else in order.
    static func barrier(_ board: HtoolsBoard, _ value: Float, at position: UnsafeMutablePointer<Int>? = nil) -> UnsafeMutablePointer<Eight> {
        let (kinds, blocks) = ((board.kind.max() ?? 0) + 1, (board.nodes + 7) / 8)
        let barrier = eights(kinds * blocks)
        for row in 0..<kinds {
            for node in 0..<board.nodes where !board.isReached[row * board.nodes + node] {
                let place = position?[node] ?? node
                barrier[row * blocks + place >> 3][place & 7] = value
            }
        }
        return barrier
    }

    /// One's numbers among eights of rows: eight apart.
    @inline(__always)
    static func numbers(_ numbers: UnsafeMutablePointer<Float>, _ index: Int, _ fields: Int) -> UnsafeMutablePointer<Float> {
        numbers + ((index >> 3) &* (fields &* 8) &+ index & 7)
    }

    // MARK: - Eight at once

    @inline(__always)
    static func greatest(_ value: Eight) -> Float {
        let four = value.lowHalf.replacing(with: value.highHalf, where: value.highHalf .> value.lowHalf)
        return max(max(four[0], four[1]), max(four[2], four[3]))
    }
    @inline(__always)
    static func least(_ value: Eight) -> Float {
        let four = value.lowHalf.replacing(with: value.highHalf, where: value.highHalf .< value.lowHalf)
        return min(min(four[0], four[1]), min(four[2], four[3]))
    }
    /// No number, and so not less than any, where it is barred.
    @inline(__always)
    static func barred(_ value: Eight, _ isBarred: SIMDMask<SIMD8<Int32>>) -> Eight {
        unsafeBitCast(unsafeBitCast(value, to: SIMD8<Int32>.self) | unsafeBitCast(isBarred, to: SIMD8<Int32>.self), to: Eight.self)
    }
    @inline(__always)
    static func single(_ value: SIMD8<Double>) -> Eight {
        // One by one: the vectors' own conversion is a call.
        var single = Eight(repeating: 0)
        for lane in 0..<8 { single[lane] = Float(value[lane]) }
        return single
    }
    @inline(__always)
    static func larger(_ a: Eight, _ b: Eight) -> Eight { a.replacing(with: b, where: b .> a) }
    @inline(__always)
    static func smaller(_ a: Eight, _ b: Eight) -> Eight { a.replacing(with: b, where: b .< a) }
    @inline(__always)
    static func magnitude(_ value: Eight) -> Eight {
        unsafeBitCast(unsafeBitCast(value, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7FFF_FFFF), to: Eight.self)
    }
}
