import Testing

@testable import PodpPlanner

/// Clusters in htools' text format, from a seed.
enum HtoolsDump {
    static func random(nodes: Int, instances: Int, seed: UInt64, offline: Bool = false, tags: Bool = false) -> (data: String, load: String) {
        var random = SplitMix64(seed: seed)
        let sizes = [(65_536, 16), (98_304, 24), (131_072, 32)]
        var free: [Int] = []
        var heads: [String] = []
        for node in 0..<nodes {
            let size = sizes[random.below(3)]
            free.append(size.0 - 2048)
            heads.append("node\(node)|\(size.0)|2048|FREE|0|0|\(size.1)|\(offline && node == 0 ? "Y" : "N")|uuid-0|4|chassis:\(node / 4)|N|0|0|1.0")
        }
        var rows: [String] = []
        var load = ""
        for instance in 0..<instances {
            let memory = 512 << random.below(5)
            var node = random.below(100) < 60 ? random.below(max(1, nodes / 3)) : random.below(nodes)
            for _ in 0..<nodes where free[node] <= memory { node = (node + 1) % nodes }
            guard free[node] > memory else { continue }
            free[node] -= memory
            let tag = tags && instance < 12 ? "app:svc\(instance % 4)" : ""
            rows.append("vm\(instance)|\(memory)|0|\(1 + random.below(4))|running|Y|node\(node)||ext|\(tag)|1|-|N")
            load += "vm\(instance) \(random.unit() / 4) \(Double(memory) / 131_072) \(random.unit() / 50) \(random.unit() / 30)\n"
        }
        let nodeRows = heads.enumerated().map { $1.split(separator: "|", omittingEmptySubsequences: false).map { String($0) } }.enumerated().map {
            index, fields in
            fields.map { $0 == "FREE" ? "\(free[index])" : $0 }.joined(separator: "|")
        }
        let policy = "128,1,1024,1,1,1|128,1,0,1,1,1;65536,32,1048576,16,8,12|ext|4.0|64.0"
        let cluster = tags ? "htools:iextags:app\nhtools:nlocation:chassis\n" : ""
        let data =
            "group0|uuid-0|preferred||\n\n" + nodeRows.joined(separator: "\n") + "\n\n" + rows.joined(separator: "\n") + "\n\n" + cluster
            + "\n|\(policy)\ngroup0|\(policy)\n"
        return (data, load)
    }
}

@Suite("Htools: other people's clusters, on hbal's own score")
struct HtoolsTests {
    /// Two nodes of 8 GiB and 4 CPUs; all on the first.
    private static let small = """
        group0|uuid-0|preferred||

        a|8192|1024|3072|0|0|4|N|uuid-0|1||N|0|0|1.0
        b|8192|1024|7168|0|0|4|M|uuid-0|1||N|0|0|1.0

        one|2048|0|2|running|Y|a||ext||1|-|N
        two|2048|0|2|running|Y|a||ext||1|-|N

        """

    @Test("The score is hbal's, worked out by hand for two nodes")
    func score() throws {
        let cluster = try HtoolsCluster(Self.small)
        let score = HtoolsScore(cluster)
        // Free shares 3/8 and 7/8: deviation 1/4, twice by half. vCPUs 1 and 0 per CPU: 1/2, twice by half. Loads 2 and 0: 1 each.
        #expect(abs(score.total - (0.25 + 0.5 + 4)) < 1e-12)
        #expect(abs(HtoolsScore(cluster, places: [0, 1]).total) < 1e-12)
    }

    @Test("One move balances it, and the plan says which")
    func plan() throws {
        let answer = HtoolsPlanner.plan(try HtoolsCluster(Self.small))
        #expect(answer.steps.count == 1)
        #expect(answer.steps.first?.to == 1)
        #expect(answer.after.total < 1e-12)
        #expect(answer.memory == 2048)
    }

    @Test("What is wrong with a dump is told with its line")
    func errors() {
        let changes = [
            ("|4|N|uuid-0|1||N|0|0|1.0\nb", "|x|N|uuid-0\nb"), ("|a||ext||1|-|N\ntwo", "|c||ext||1|-|N\ntwo"), ("\nb|", "\na|"), ("one|2048", "one|-5"),
        ]
        for (old, new) in changes {
            let text = Self.small.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: new)
            #expect(text != Self.small)
            #expect(throws: HtoolsError.self) { try HtoolsCluster(text) }
        }
        #expect(throws: HtoolsError(line: 1, reason: "there are no nodes: the second section is empty or missing")) { try HtoolsCluster("") }
        #expect(throws: HtoolsError.self) { try HtoolsCluster(Self.small, utilisation: "one 1 nan 3 4") }
    }

    @Test("Random text never traps", arguments: 0..<20)
    func noise(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let dump = Array(HtoolsDump.random(nodes: 3, instances: 8, seed: seed).data.utf8)
        for _ in 0..<15 {
            var bytes = dump
            for _ in 0..<1 + random.below(6) {
                let position = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[position] = Array("|\n?-9,Y".utf8)[random.below(7)]
                case 1: bytes.remove(at: position)
                default: bytes.insert(UInt8(ascii: "9"), at: position)
                }
            }
            if let cluster = try? HtoolsCluster(String(decoding: bytes, as: UTF8.self)) {
                #expect(HtoolsPlanner.steepestDescent(cluster, maxMoves: 20).steps.count <= 20)
            }
        }
    }

    @Test("podp is never worse than hbal's way in score, moves or memory, and every step is legal", arguments: 0..<12)
    func dominates(seed: UInt64) throws {
        let dump = HtoolsDump.random(nodes: 4 + Int(seed), instances: 40 + 4 * Int(seed), seed: seed, offline: seed % 4 == 1, tags: seed % 3 == 0)
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        let peer = HtoolsPlanner.steepestDescent(cluster)
        var limits = HtoolsPlanner.Limits()
        limits.steps = 4_000
        let answer = HtoolsPlanner.plan(cluster, limits: limits)
        #expect(answer.after.total <= peer.after.total)
        #expect(answer.steps.count <= peer.steps.count)
        #expect(answer.memory <= peer.memory)
        #expect(HtoolsPlanner.plan(cluster, limits: limits).steps == answer.steps)
        let board = HtoolsBoard(cluster)
        for steps in [peer.steps, answer.steps] {
            var state = HtoolsState(board, at: board.origin)
            for step in steps {
                #expect(state.at[step.instance] == step.from && state.fits(step.instance, on: step.to))
                state.move(step.instance, to: step.to)
            }
        }
    }

    @Test("The score kept by differences is the score made anew", arguments: 0..<12)
    func incremental(seed: UInt64) throws {
        let dump = HtoolsDump.random(nodes: 8, instances: 40, seed: seed, offline: seed % 2 == 1, tags: seed % 3 == 0)
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        let board = HtoolsBoard(cluster)
        var state = HtoolsState(board, at: board.origin)
        let rest = HtoolsScore(cluster).total - state.score
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let instance = random.below(board.instances)
            let target = random.below(board.nodes)
            guard target != state.at[instance] else { continue }
            let promised = state.scoreAfter(instance, to: target)
            state.move(instance, to: target)
            #expect(abs(state.score - promised) < 1e-9)
            #expect(abs(HtoolsScore(cluster, places: state.at).total - state.score - rest) < 1e-9)
        }
    }
}
