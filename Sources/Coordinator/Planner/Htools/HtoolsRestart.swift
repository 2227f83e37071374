/// Whether the instances of a node that is lost would find room on the others of its group; the arrays are kept from one question to the next.
struct HtoolsRestart {
    /// The memory of each instance, the largest first.
    private var needs: [Int] = []
    /// What each node of the group has left; the lost one less than nothing.
    private var left: [Int] = []

    /// By how much what the others have beyond the largest instance each is more than the rest of the instances; above 0 they find room in any order.
    ///
    /// - Parameters:
    ///   - seat: the node's, among those of its group.
    ///   - whole: the memory of all its instances.
    ///   - largest: that of the largest.
    ///   - spare: by seat, what each node has to spare.
    @inline(__always)
    static func reserve(of seat: Int, among seats: Range<Int>, whole: Int, largest: Int, spare: [Int]) -> Int {
        var beyond = -max(0, spare[seat] - largest)
        for other in seats { beyond += max(0, spare[other] - largest) }
        return beyond - (whole - largest)
    }

    /// Another question: nobody needs anything yet.
    mutating func lose(_ seat: Int, of seats: Range<Int>, spare: [Int]) {
        needs.removeAll(keepingCapacity: true)
        left.removeAll(keepingCapacity: true)
        for other in seats { left.append(other == seat ? -1 : spare[other]) }
    }

    /// One more instance of the node, no larger than those before.
    mutating func need(_ memory: Int) { needs.append(memory) }

    /// Whether they find room one by one, each where most is left.
    mutating func fits() -> Bool {
        for need in needs {
            var widest = 0
            for other in left.indices where left[other] > left[widest] { widest = other }
            guard left[widest] > need else { return false }
            left[widest] -= need
        }
        return true
    }
}
