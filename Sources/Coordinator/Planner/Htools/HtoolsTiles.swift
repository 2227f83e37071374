/// A bound for each slot and each block of nodes, in tiles of four slots by four blocks, one line of the cache each: a look reads four blocks of its slot at
/// once, a step writes one block of four slots. Indices are not checked.
struct HtoolsTiles: ~Copyable {
    typealias Eight = SIMD8<Float>
    private typealias Four = SIMD4<Float>

    private let rows: UnsafeMutablePointer<Four>
    private let numbers: UnsafeMutablePointer<Float>
    private let groups: Int
    /// Of four slots.
    private let tiles: Int

    /// Of so many groups of eight slots. Nothing gains anything at first.
    init(groups: Int, blocks: Int) {
        self.groups = groups
        tiles = (blocks + 3) / 4
        rows = HtoolsRows.copy(groups * 8 * tiles) { _ in Four(repeating: -.infinity) }
        numbers = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: Float.self)
    }

    deinit { rows.deallocate() }

    /// Writes the slot's blocks above that into `found`, in order: how many, and the greatest bound of the others.
    @inline(__always)
    func blocks(of slot: Int, above floor: Float, into found: UnsafeMutablePointer<Int>) -> (count: Int, rest: Float) {
        let strip = rows + ((slot >> 2) * tiles * 4 + slot & 3)
        let low = Four(repeating: floor)
        var others = Four(repeating: -.infinity)
        var (count, rest) = (0, -Float.infinity)
        for tile in 0..<tiles {
            let known = strip[tile * 4]
            guard any(known .> low) else {
                others.replace(with: known, where: known .> others)
                continue
            }
            for block in 0..<4 {
                if known[block] > floor {
                    found[count] = tile * 4 + block
                    count += 1
                } else {
                    rest = max(rest, known[block])
                }
            }
        }
        return (count, max(rest, max(max(others[0], others[1]), max(others[2], others[3]))))
    }

    @inline(__always)
    func set(_ slot: Int, _ block: Int, _ value: Float) { numbers[(slot >> 2) * tiles * 16 + (slot & 3) * 4 + place(of: block)] = value }

    /// Raises the bounds of all slots for the block to these, group by group. Apart from what works them out, and without branches: these lines are seldom in
    /// the cache, and many of them are to come at once.
    func raise(_ block: Int, to bounds: UnsafeMutablePointer<Eight>) {
        var known = numbers + place(of: block)
        for group in 0..<groups {
            let value = bounds[group]
            for lane in 0..<4 { known[4 * lane] = value[lane] > known[4 * lane] ? value[lane] : known[4 * lane] }
            known += 16 * tiles
            for lane in 0..<4 { known[4 * lane] = value[4 + lane] > known[4 * lane] ? value[4 + lane] : known[4 * lane] }
            known += 16 * tiles
        }
    }

    /// Of a block's number among those of its slot.
    @inline(__always)
    private func place(of block: Int) -> Int { (block >> 2) * 16 + (block & 3) }
}
