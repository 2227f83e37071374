/// Who is on which machine: a row of processes for each machine, in no order, and where in it each stands. Rows grow in room, never shrink.
struct ReassignmentResidents: ~Copyable {
    private let machines: Int
    private let rows: UnsafeMutablePointer<UnsafeMutablePointer<Int32>>
    private let room: UnsafeMutablePointer<Int32>
    private let counts: UnsafeMutablePointer<Int32>
    private let places: UnsafeMutablePointer<Int32>

    /// As the instance has it.
    init(_ board: ReassignmentBoard) {
        machines = board.machines
        rows = .allocate(capacity: max(1, machines))
        room = .allocate(capacity: max(1, machines))
        counts = .allocate(capacity: max(1, machines))
        places = .allocate(capacity: max(1, board.processes))
        let usual = 2 * board.processes / max(1, machines) + 8
        for machine in 0..<machines {
            (rows + machine).initialize(to: .allocate(capacity: usual))
            (room + machine).initialize(to: Int32(usual))
            (counts + machine).initialize(to: 0)
        }
        for process in 0..<board.processes {
            (places + process).initialize(to: 0)
            append(process, to: Int(board.origin[process]))
        }
    }

    deinit {
        for machine in 0..<machines { rows[machine].deallocate() }
        rows.deallocate()
        room.deallocate()
        counts.deallocate()
        places.deallocate()
    }

    @inline(__always)
    func count(_ machine: Int) -> Int { Int(counts[machine]) }

    @inline(__always)
    func row(_ machine: Int) -> UnsafePointer<Int32> { UnsafePointer(rows[machine]) }

    mutating func move(_ process: Int, from source: Int, to target: Int) {
        let row = rows[source]
        counts[source] -= 1
        let last = row[Int(counts[source])]
        row[Int(places[process])] = last
        places[Int(last)] = places[process]
        append(process, to: target)
    }

    private mutating func append(_ process: Int, to machine: Int) {
        let count = Int(counts[machine])
        if count == Int(room[machine]) {
            let wider = UnsafeMutablePointer<Int32>.allocate(capacity: 2 * count)
            wider.initialize(from: rows[machine], count: count)
            rows[machine].deallocate()
            rows[machine] = wider
            room[machine] = Int32(2 * count)
        }
        (rows[machine] + count).initialize(to: Int32(process))
        places[process] = Int32(count)
        counts[machine] += 1
    }
}
