import PodpModel
import PodpRules
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

    /// Nodes of 12 GiB, with a little more to spare together than one has, and instances of 1 to 5 GiB.
    private static func nearlyFull(seed: UInt64) -> String {
        var random = SplitMix64(seed: seed)
        let nodes = 4 + random.below(4)
        var free = Array(repeating: 12, count: nodes)
        var instances = ""
        for instance in 0..<100 where free.reduce(0, +) > 15 {
            let memory = 1 + random.below(5)
            let node = random.below(nodes)
            guard free[node] > memory else { continue }
            free[node] -= memory
            instances += "vm\(instance)|\(memory * 1024)|0|1|running|Y|n\(node)||ext||1|-|N\n"
        }
        let rows = free.enumerated().map { "n\($0)|12288|0|\($1 * 1024)|0|0|64|N|uuid-0|1||N|0|0|1.0\n" }
        return "group0|uuid-0|preferred||\n\n" + rows.joined() + "\n" + instances + "\n"
    }

    @Test("N+1 followed from step to step ends where counting all anew does, in clusters with little to spare")
    func coverWalk() throws {
        var ends: [Int: Int] = [:]
        for seed in 0..<300 as Range<UInt64> {
            let dump = Self.nearlyFull(seed: seed)
            let cluster = try HtoolsCluster(dump)
            let board = HtoolsBoard(cluster)
            var random = SplitMix64(seed: 900 + seed)
            var state = HtoolsState(board, at: board.origin)
            var steps: [HtoolsPlanner.Step] = []
            for _ in 0..<400 where steps.count < 40 {
                let (instance, target) = (random.below(board.instances), random.below(board.nodes))
                let source = state.at[instance]
                guard source != target, state.fits(instance, on: target) else { continue }
                steps.append(HtoolsPlanner.Step(instance: instance, from: source, to: target))
                state.move(instance, to: target)
            }
            var cover = HtoolsCover(board)
            var anew = HtoolsState(board, at: board.origin)
            let first = steps.firstIndex { step in
                anew.move(step.instance, to: step.to)
                return !cover.isKept(by: anew)
            }
            let kept = cover.prefix(of: steps)
            #expect(kept == first ?? steps.count, "seed \(seed)")
            // The checker's own count.
            let moves = steps.map { (cluster.instances[$0.instance].name, cluster.nodes[$0.from].name, cluster.nodes[$0.to].name) }
            let violations = try #require(HtoolsReplay(dump: dump)).violations(of: moves).filter { $0.rule == HtoolsReplay.coverRule }
            #expect(kept == violations.map { $0.step - 1 }.min() ?? steps.count, "seed \(seed)")
            ends[kept, default: 0] += 1
        }
        #expect(ends.count > 3, "\(ends)")
    }

    @Test("podp is never worse than hbal's way in score, moves or memory, and an independent replay finds every step legal and N+1 kept", arguments: 0..<12)
    func dominates(seed: UInt64) throws {
        let dump = HtoolsDump.random(nodes: 4 + Int(seed), instances: 40 + 4 * Int(seed), seed: seed, offline: seed % 4 == 1, tags: seed % 3 == 0)
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        let peer = HtoolsPlanner.steepestDescent(cluster)
        var limits = HtoolsPlanner.Limits()
        limits.steps = 2_000
        limits.searches = 2
        let answer = HtoolsPlanner.plan(cluster, limits: limits)
        let replay = try #require(HtoolsReplay(dump: dump.data))
        func moves(_ answer: HtoolsPlanner.Answer) -> [(instance: String, from: String, to: String)] {
            answer.steps.map { (cluster.instances[$0.instance].name, cluster.nodes[$0.from].name, cluster.nodes[$0.to].name) }
        }
        // hbal may lose N+1 and podp may not: only where hbal keeps it are the two compared.
        let lost = replay.violations(of: moves(peer))
        #expect(lost.allSatisfy { $0.rule == HtoolsReplay.coverRule })
        if lost.isEmpty { #expect(answer.after.total <= peer.after.total) }
        #expect(answer.steps.count <= peer.steps.count)
        #expect(answer.memory <= peer.memory)
        #expect(HtoolsPlanner.plan(cluster, limits: limits).steps == answer.steps)
        #expect(replay.violations(of: moves(answer)).isEmpty)
    }

    @Test("Where hbal drains a node and loses N+1, podp keeps it with a score no worse, and with no more moves and memory", arguments: [0, 1, 2] as [UInt64])
    func drained(seed: UInt64) throws {
        var random = SplitMix64(seed: seed &+ 77)
        var dump = "group0|uuid-0|preferred||\n\n"
        var load = ""
        var rows = ""
        var free = [Int](repeating: 64 << 10, count: 10)
        // Two large ones and many small ones; the first node is offline.
        for (index, memory) in ([29_696, 28_672] + (0..<54).map { _ in 2_048 << random.below(4) }).enumerated() {
            let node = index < 2 ? 3 + 4 * index : index < 10 ? 0 : random.below(10)
            guard free[node] > memory + 2_048 else { continue }
            free[node] -= memory
            rows += "vm\(index)|\(memory)|0|\(1 + memory / 8_192)|running|Y|n\(node)||ext||1|-|N\n"
            load += "vm\(index) \(random.unit()) \(Double(memory) / 65_536) \(random.unit() / 20) \(random.unit() / 20)\n"
        }
        for node in 0..<10 { dump += "n\(node)|66560|1024|\(free[node])|0|0|16|\(node == 0 ? "Y" : "N")|uuid-0|1||N|0|0|1.0\n" }
        dump += "\n" + rows
        let cluster = try HtoolsCluster(dump, utilisation: load)
        let peer = HtoolsPlanner.steepestDescent(cluster)
        var limits = HtoolsPlanner.Limits()
        limits.steps = 6_000
        let answer = HtoolsPlanner.plan(cluster, limits: limits)
        let replay = try #require(HtoolsReplay(dump: dump))
        let moves = answer.steps.map { (instance: cluster.instances[$0.instance].name, from: cluster.nodes[$0.from].name, to: cluster.nodes[$0.to].name) }
        #expect(replay.violations(of: moves).isEmpty)
        #expect(answer.after.total <= peer.after.total + 1e-9)
        #expect(answer.steps.count <= peer.steps.count && answer.memory <= peer.memory)
    }

    @Test("How many parts the instances are looked at in, and which part is done first, changes nothing in hbal's way, equals included", arguments: 0..<12)
    func parts(seed: UInt64) throws {
        // Without loads many instances are alike, and their moves gain the same.
        let dump = HtoolsDump.random(nodes: 3 + Int(seed), instances: 20 + 8 * Int(seed), seed: seed, offline: seed % 4 == 1, tags: seed % 3 == 0)
        let board = HtoolsBoard(try HtoolsCluster(dump.data, utilisation: seed % 2 == 0 ? nil : dump.load))
        let whole = HtoolsDescent(board, .inTurn).run(maxMoves: .max)
        #expect(!whole.isEmpty)
        for threads in 2...4 {
            let backwards = SideBySide(threads: threads) { count, work in for piece in (0..<count).reversed() { work(piece) } }
            #expect(HtoolsDescent(board, backwards, fewInstances: 0).run(maxMoves: .max) == whole)
        }
    }

    @Test("hbal's way with bounds is hbal's way without them", arguments: 0..<15)
    func descent(seed: UInt64) throws {
        let dump = HtoolsDump.random(nodes: 3 + Int(seed) / 2, instances: 16 + 3 * Int(seed), seed: seed, offline: seed % 4 == 1, tags: seed % 3 == 0)
        let cluster = try HtoolsCluster(dump.data, utilisation: seed % 5 == 4 ? nil : dump.load)
        let board = HtoolsBoard(cluster)
        var state = HtoolsState(board, at: board.origin)
        for step in HtoolsPlanner.steepestDescent(cluster).steps {
            var best = state.score
            for instance in 0..<board.instances where board.isMovable[instance] {
                for node in 0..<board.nodes where node != state.at[instance] && state.fits(instance, on: node) {
                    best = min(best, state.scoreAfter(instance, to: node))
                }
            }
            let taken = state.scoreAfter(step.instance, to: step.to)
            #expect(abs(taken - best) < 1e-9)
            state.move(step.instance, to: step.to)
        }
    }

    @Test("The replay refuses what Ganeti would refuse, and says why")
    func refused() throws {
        let dump = Self.small.replacing("one|2048|0", with: "one|7000|0")
        let replay = try #require(HtoolsReplay(dump: dump))
        #expect(replay.violations(of: [(instance: "two", from: "a", to: "b")]).allSatisfy { $0.rule == HtoolsReplay.coverRule })
        #expect(replay.violations(of: [(instance: "two", from: "b", to: "a")]).map(\.rule) == ["plan"])
        #expect(replay.violations(of: [(instance: "nobody", from: "a", to: "b")]).map(\.rule) == ["plan"])
        let both = replay.violations(of: [(instance: "two", from: "a", to: "b"), (instance: "one", from: "a", to: "b")])
        #expect(both.contains { $0.rule == "memory" })
        let offline = try #require(HtoolsReplay(dump: dump, offline: ["b"]))
        #expect(offline.violations(of: [(instance: "two", from: "a", to: "b")]).contains { $0.rule == "acceptance" })
        let local = try #require(HtoolsReplay(dump: dump.replacing("a||ext||1|-|N\ntwo", with: "a||plain||1|-|N\ntwo")))
        #expect(local.violations(of: [(instance: "one", from: "a", to: "b")]).contains { $0.rule == "shared storage" })
    }

    @Test("podp's own objective on a dump: certified, and legal by Ganeti's rules", arguments: 0..<12)
    func own(seed: UInt64) throws {
        let dump = HtoolsDump.random(nodes: 4 + Int(seed), instances: 40 + 4 * Int(seed), seed: seed, offline: seed % 4 == 1, tags: seed % 3 == 0)
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        let replay = try #require(HtoolsReplay(dump: dump.data))
        for goal in [Problem.Goal.balance, .consolidate] {
            let posed = HtoolsProblem(cluster, goal: goal, maxMoves: nil, steps: 20_000, seed: seed, keepsCover: goal == .balance)
            let plan = Planner.plan(posed.problem)
            _ = try PlanChecker.check(posed.problem, plan).get()
            let costs = posed.costs(of: HtoolsProblem.steps(of: plan).map(\.step))
            #expect(abs(costs.before - plan.costBefore) < 1e-9 && abs(costs.after - plan.costAfter) < 1e-9)
            let moves = HtoolsProblem.steps(of: plan).map {
                (instance: cluster.instances[$0.step.instance].name, from: cluster.nodes[$0.step.from].name, to: cluster.nodes[$0.step.to].name)
            }
            // Offline nodes have been emptied when a balance begins: where they are not, what comes from them spends what the check then misses.
            let kept = goal == .balance && !cluster.nodes.contains(where: \.isOffline)
            #expect(replay.violations(of: moves).allSatisfy { !kept && $0.rule == HtoolsReplay.coverRule })
        }
    }

    @Test("The score kept by differences is the score made anew", arguments: 0..<12)
    func incremental(seed: UInt64) throws {
        let dump = HtoolsDump.random(nodes: 8, instances: 40, seed: seed, offline: seed % 2 == 1, tags: seed % 3 == 0)
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        let board = HtoolsBoard(cluster)
        var state = HtoolsState(board, at: board.origin)
        let rest = HtoolsScore(cluster).total - state.score
        #expect(abs(rest - board.rest) < 1e-9)
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let instance = random.below(board.instances)
            let target = random.below(board.nodes)
            guard target != state.at[instance] else { continue }
            let promised = state.scoreAfter(instance, to: target)
            state.move(instance, to: target)
            let (score, anew) = (state.score, HtoolsScore(cluster, places: state.places).total)
            #expect(abs(score - promised) < 1e-9)
            #expect(abs(anew - score - rest) < 1e-9)
        }
    }

    @Test("What the lens sees is the score's change, worked out with roots; in large clusters to first order", arguments: 0..<12)
    func lens(seed: UInt64) throws {
        let dump = HtoolsDump.random(nodes: seed == 11 ? 140 : 9 + 5 * Int(seed), instances: 60 + 8 * Int(seed), seed: seed, offline: seed % 4 == 1)
        let board = HtoolsBoard(try HtoolsCluster(dump.data, utilisation: dump.load))
        var state = HtoolsState(board, at: board.origin)
        var lens = HtoolsLens(state)
        var random = SplitMix64(seed: seed)
        let tolerance = seed == 11 ? 1e-3 : 2e-5
        func follow(_ instance: Int, _ target: Int) {
            let source = state.at[instance]
            state.move(instance, to: target)
            lens.follow(instance, from: source, to: target, home: board.origin[instance])
            lens.update(source)
            lens.update(target)
            lens.measure(state)
        }
        for _ in 0..<300 {
            let instance = random.below(board.instances)
            let source = state.at[instance]
            guard !board.isOffline[source] else { continue }
            let (target, value) = lens.target(of: instance, at: source, after: lens.now, heat: 0, limit: 1e6, random: random.next())
            guard target >= 0, state.fits(instance, on: target) else { continue }
            let exact = state.scoreAfter(instance, to: target) - state.score
            #expect(abs(Double(value) - exact) < tolerance)
            // Within a window that holds all nodes no other one is better.
            if board.nodes <= 32 {
                for node in 0..<board.nodes where node != source && state.fits(instance, on: node) {
                    #expect(state.scoreAfter(instance, to: node) - state.score > exact - 2 * tolerance)
                }
            }
            let (other, gain) = lens.partner(
                of: instance, at: source, home: board.origin[instance], memory: 1e12, heat: 0, limit: 1e6, random: random.next())
            if other >= 0 {
                let both = state.value(after: state.change(exchanging: instance, other)) + state.counted - state.score
                #expect(abs(Double(gain) - both) < tolerance)
                #expect(state.at[other] != source && (state.at[other] != board.origin[other] || state.at[other] == board.origin[instance]))
            }
            // One goes home first, as the lens shows it, and what the next move is worth then is what both are.
            if let back = lens.away.first, state.at[instance] == board.origin[instance], !board.isOffline[board.origin[back]] {
                let (place, home) = (state.at[back], board.origin[back])
                let premise = lens.preview(back, from: place, to: home)
                let (aim, sum) = lens.target(of: instance, at: source, after: premise, heat: 0, limit: 1e6, random: random.next())
                let before = state.score
                follow(back, home)
                if aim >= 0, state.fits(instance, on: aim) {
                    #expect(abs(Double(sum) - (state.scoreAfter(instance, to: aim) - before)) < tolerance)
                }
                follow(back, place)
            }
            if state.fits(instance, on: target) { follow(instance, target) }
        }
    }

    @Test("Where an even cluster has no room for its largest instance once it is balanced, a hole is kept, N+1 too, and the score is still better")
    func hole() throws {
        // Ten nodes of 10 GiB, each with six instances of 1 GiB and unlike loads; two of 7 GiB on nodes of their own; two nodes are empty.
        var dump = "group0|uuid-0|preferred||\n\n"
        for node in 0..<14 {
            let used = node < 10 ? 6_144 : node < 12 ? 7_168 : 0
            dump += "n\(node)|11264|1024|\(10_240 - used)|0|0|16|N|uuid-0|1||N|0|0|1.0\n"
        }
        dump += "\n"
        var load = ""
        for node in 0..<10 {
            for index in 0..<6 {
                dump += "vm\(node)-\(index)|1024|0|1|running|Y|n\(node)||ext||1|-|N\n"
                load += "vm\(node)-\(index) \(Double(node * (index + 1)) / 100) 0.1 0.1 0.1\n"
            }
        }
        for node in 10..<12 {
            dump += "big\(node)|7168|0|4|running|Y|n\(node)||ext||1|-|N\n"
            load += "big\(node) 0.2 0.7 0.1 0.1\n"
        }
        let cluster = try HtoolsCluster(dump, utilisation: load)
        var limits = HtoolsPlanner.Limits()
        limits.searches = 1
        let answer = HtoolsPlanner.plan(cluster, limits: limits)
        let replay = try #require(HtoolsReplay(dump: dump))
        let moves = answer.steps.map { (instance: cluster.instances[$0.instance].name, from: cluster.nodes[$0.from].name, to: cluster.nodes[$0.to].name) }
        #expect(replay.violations(of: moves).isEmpty)
        #expect(answer.after.total < answer.before.total)
    }
}
