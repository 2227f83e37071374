/// Many candidates in a row, screened at 24 binary digits: what passes is evaluated exactly by whoever asked.
extension ReassignmentState {
    typealias Quad = ReassignmentBoard.Quad

    @inline(__always)
    static func positive(_ value: Quad) -> Quad { value.replacing(with: 0, where: value .< 0) }

    @inline(__always)
    static func sum(_ value: Quad) -> Float { (value.x + value.y) + (value.z + value.w) }

    /// A machine's cost by its outline.
    func outlined(_ machine: Int) -> Float {
        let level = outline + machine * 3 * quads
        var sum = Quad.zero
        for quad in 0..<quads {
            sum += board.outlineWeight[quad] * Self.positive(level[quad]) + level[2 * quads + quad] * Self.positive(level[quad] - level[quads + quad])
        }
        return Self.sum(sum)
    }

    /// The first of the machines where the process's coming would cost at most `allowance`, load and excess only; the end of the range if there is none.
    func landing(_ process: Int, in range: Range<Int>, allowance: Float) -> Int {
        switch quads {
        case 1: landing(1, process, range, allowance)
        case 2: landing(2, process, range, allowance)
        case 3: landing(3, process, range, allowance)
        default: landing(quads, process, range, allowance)
        }
    }

    @inline(__always)
    private func landing(_ quads: Int, _ process: Int, _ range: Range<Int>, _ allowance: Float) -> Int {
        let need = board.outlineNeed + process * quads
        let weight = board.outlineWeight
        let home = Int(board.origin[process])
        var level = outline + range.lowerBound * 3 * quads
        for machine in range {
            var sum = Quad.zero
            if machine == home {
                // It never ceased to use there what is transient.
                let remains = board.outlineRemains + process * quads
                for quad in 0..<quads {
                    let after = level[quad] + need[quad]
                    sum += weight[quad] * Self.positive(after)
                    sum += level[2 * quads + quad] * Self.positive(after - remains[quad] - level[quads + quad])
                }
            } else {
                for quad in 0..<quads {
                    let after = level[quad] + need[quad]
                    sum += weight[quad] * Self.positive(after) + level[2 * quads + quad] * Self.positive(after - level[quads + quad])
                }
            }
            if Self.sum(sum) - outlineCost[machine] <= allowance { return machine }
            level += 3 * quads
        }
        return range.upperBound
    }

    /// The place of the first process on the machine, from that place on, with which another could change places for at most `allowance`, load and excess only;
    /// the number of processes there if there is none.
    func partner(of process: Int, on target: Int, from place: Int, allowance: Float) -> Int {
        switch (quads, board.hasTransients) {
        case (2, false): partner(2, false, process, target, place, allowance)
        case (2, true): partner(2, true, process, target, place, allowance)
        case (3, false): partner(3, false, process, target, place, allowance)
        case (3, true): partner(3, true, process, target, place, allowance)
        default: partner(quads, board.hasTransients, process, target, place, allowance)
        }
    }

    @inline(__always)
    private func partner(_ quads: Int, _ hasTransients: Bool, _ process: Int, _ target: Int, _ place: Int, _ allowance: Float) -> Int {
        let source = machine(process)
        let home = Int(board.origin[process])
        let need = board.outlineNeed + process * quads
        let weight = board.outlineWeight
        let none = board.outlineRemains + board.processes * quads
        let remains = board.outlineRemains + process * quads
        let (here, there) = (outline + source * 3 * quads, outline + target * 3 * quads)
        let (held, known) = (hasTransients && source == home ? remains : none, hasTransients && target == home ? remains : none)
        let row = residents.row(target)
        let most = allowance + outlineCost[source] + outlineCost[target]
        for index in place..<max(place, residents.count(target)) {
            let other = Int(row[index])
            let coming = board.outlineNeed + other * quads
            var sum = Quad.zero
            if hasTransients {
                let origin = Int(board.origin[other])
                let back = origin == source ? board.outlineRemains + other * quads : none
                let left = origin == target ? board.outlineRemains + other * quads : none
                for quad in 0..<quads {
                    let change = coming[quad] - need[quad]
                    let (near, far) = (here[quad] + change, there[quad] - change)
                    sum += weight[quad] * (Self.positive(near) + Self.positive(far))
                    sum += here[2 * quads + quad] * Self.positive(near + held[quad] - back[quad] - here[quads + quad])
                    sum += there[2 * quads + quad] * Self.positive(far + left[quad] - known[quad] - there[quads + quad])
                }
            } else {
                for quad in 0..<quads {
                    let change = coming[quad] - need[quad]
                    let (near, far) = (here[quad] + change, there[quad] - change)
                    sum += weight[quad] * (Self.positive(near) + Self.positive(far))
                    sum += here[2 * quads + quad] * Self.positive(near - here[quads + quad])
                    sum += there[2 * quads + quad] * Self.positive(far - there[quads + quad])
                }
            }
            if Self.sum(sum) <= most { return index }
        }
        return residents.count(target)
    }

    /// The place of the first process on the machine, from that place on, that could make room for another by going back to where it was
    /// at first for at most `allowance`: load and excess of these two machines only, not of the one that the newcomer leaves.
    func ejected(by process: Int, on target: Int, from place: Int, allowance: Float) -> Int {
        switch (quads, board.hasTransients) {
        case (2, false): ejected(2, false, process, target, place, allowance)
        case (2, true): ejected(2, true, process, target, place, allowance)
        case (3, false): ejected(3, false, process, target, place, allowance)
        case (3, true): ejected(3, true, process, target, place, allowance)
        default: ejected(quads, board.hasTransients, process, target, place, allowance)
        }
    }

    @inline(__always)
    private func ejected(_ quads: Int, _ hasTransients: Bool, _ process: Int, _ target: Int, _ place: Int, _ allowance: Float) -> Int {
        let need = board.outlineNeed + process * quads
        let weight = board.outlineWeight
        let none = board.outlineRemains + board.processes * quads
        let there = outline + target * 3 * quads
        let known = hasTransients && target == Int(board.origin[process]) ? board.outlineRemains + process * quads : none
        let row = residents.row(target)
        for index in place..<max(place, residents.count(target)) {
            let other = Int(row[index])
            let origin = Int(board.origin[other])
            if origin == target { continue }
            let here = outline + origin * 3 * quads
            let leaving = board.outlineNeed + other * quads
            let back = hasTransients ? board.outlineRemains + other * quads : none
            var sum = Quad.zero
            for quad in 0..<quads {
                let near = here[quad] + leaving[quad]
                let far = there[quad] + (need[quad] - leaving[quad])
                sum += weight[quad] * (Self.positive(near) + Self.positive(far))
                sum += here[2 * quads + quad] * Self.positive(near - back[quad] - here[quads + quad])
                sum += there[2 * quads + quad] * Self.positive(far - known[quad] - there[quads + quad])
            }
            if Self.sum(sum) <= allowance + outlineCost[origin] + outlineCost[target] { return index }
        }
        return residents.count(target)
    }
}
