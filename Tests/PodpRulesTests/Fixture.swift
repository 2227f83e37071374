import PodpModel

/// Blades of 8 cores and 24 GiB, domains by name, plans by hand.
func bladeID(_ index: Int) -> BladeID { BladeID(ID128(high: 0xB1AD, low: UInt64(index))) }
func domainID(_ index: Int) -> DomainID { DomainID(ID128(high: 0xD0, low: UInt64(index))) }

let gibibyte: Int64 = 1 << 20

func blade(_ index: Int, memory: Int64 = 24) -> Problem.Blade {
    Problem.Blade(
        id: bladeID(index), name: "blade-\(index)", capacity: [8000, memory * gibibyte, 200_000, 120_000], comfort: [700, 900, 700, 700],
        reserved: [0, 0, 0, 0],
        cpuFeatures: ["aes", "avx", "sse4_2"], bridges: ["br0"], sharedStorage: ["/dev/vg0/"])
}

func domain(_ index: Int, _ name: String, on blade: Int, memory: Double = 2, cpu: Int64 = 1000) -> Problem.Domain {
    let kibibytes = Int64(memory * Double(gibibyte))
    return Problem.Domain(
        id: domainID(index), name: name, blade: blade, mean: [cpu, kibibytes, 100, 100], high: [cpu + 200, kibibytes, 200, 100],
        memory: .kibibytes(UInt64(kibibytes)), cpuFeatures: ["aes", "avx"], bridges: ["br0"], storage: ["/dev/vg0/\(name)"])
}

/// Three blades; web-1 and db-1 on the first, web-2 on the second, nothing on the third.
func fleet() -> Problem {
    Problem(
        revision: 5, goal: .balance, blades: [blade(0), blade(1), blade(2)],
        domains: [domain(0, "web-1", on: 0), domain(1, "db-1", on: 0, memory: 8), domain(2, "web-2", on: 1)])
}

func move(_ domain: Int, _ from: Int, _ to: Int, in problem: Problem) -> Move {
    Move(
        domain: problem.domains[domain].id, domainName: problem.domains[domain].name, from: problem.blades[from].id, fromName: problem.blades[from].name,
        to: problem.blades[to].id, toName: problem.blades[to].name, live: true, bytes: problem.domains[domain].memory, duration: .seconds(20),
        downtime: .milliseconds(100), reason: "by hand")
}

func plan(_ moves: [Move], waves: [[Int]]? = nil, for problem: Problem) -> Plan {
    Plan(
        revision: problem.revision, goal: problem.goal, moves: moves, waves: waves ?? moves.indices.map { [$0] }, before: [], after: [], costBefore: 2,
        costAfter: 1,
        remarks: [])
}
