/// Who is on which node: lists that are linked both ways, in memory of their own. Indices are not checked.
struct HtoolsChains: ~Copyable {
    /// By node: its first member, or -1.
    private let heads: UnsafeMutablePointer<Int32>
    private let after: UnsafeMutablePointer<Int32>
    private let before: UnsafeMutablePointer<Int32>

    init(nodes: Int, members: Int) {
        heads = HtoolsRows.copy(nodes) { _ in -1 }
        after = HtoolsRows.copy(members) { _ in -1 }
        before = HtoolsRows.copy(members) { _ in -1 }
    }

    deinit {
        for memory in [heads, after, before] { memory.deallocate() }
    }

    /// -1: nobody is there.
    @inline(__always)
    func first(on node: Int) -> Int { Int(heads[node]) }

    /// -1: it was the last one there.
    @inline(__always)
    func next(after member: Int) -> Int { Int(after[member]) }

    /// The member is on no node, and comes to this one.
    @inline(__always)
    func enter(_ member: Int, _ node: Int) {
        let old = heads[node]
        after[member] = old
        before[member] = -1
        if old >= 0 { before[Int(old)] = Int32(truncatingIfNeeded: member) }
        heads[node] = Int32(truncatingIfNeeded: member)
    }

    /// The member leaves the node that it is on.
    @inline(__always)
    func leave(_ member: Int, _ node: Int) {
        let (previous, next) = (before[member], after[member])
        if previous >= 0 { after[Int(previous)] = next } else { heads[node] = next }
        if next >= 0 { before[Int(next)] = previous }
    }
}
