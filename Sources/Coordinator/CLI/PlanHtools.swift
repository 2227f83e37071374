import ArgumentParser
import Dispatch
import FoundationEssentials
import Glibc
import PodpModel
import PodpPlanner
import PodpRules

/// Plans for a cluster of Ganeti's from its text dump, with no coordinator: options of `podp plan balance`, `consolidate` and `evacuate`.
struct HtoolsOptions: ParsableArguments {
    enum Objective: String, ExpressibleByArgument, CaseIterable { case podp, hbal }

    @Option(help: ArgumentHelp("Plan for a cluster of Ganeti's instead: its text dump ('hscan', 'hbal -t'). Needs no coordinator.", valueName: "file"))
    var htools: String?
    @Option(help: ArgumentHelp("Loads of the dump's instances, as 'hbal -U' reads them.", valueName: "file"))
    var utilisation: String?
    @Option(help: ArgumentHelp("Write the moves here, one 'INSTANCE FROM TO' a line, in order.", valueName: "file"))
    var movesOut: String?
    @Option(help: ArgumentHelp("At most so many moves.", valueName: "n"))
    var maxMoves: Int?
    @Option(help: ArgumentHelp("Look for better plans for so long; else as long as the cluster's size deserves, and the same plan every time.", valueName: "s"))
    var seconds: Double?
    @Option(help: ArgumentHelp("Another seed, another search.", valueName: "n"))
    var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Searches side by side, each from a seed of its own; else one, or two of small clusters.", valueName: "n"))
    var threads: Int?
    @Option(help: "podp: podp's own objective; hbal: hbal's score, never worse than hbal's own plan, with no more moves and no more memory sent.")
    var objective: Objective = .podp

    func validate() throws {
        if let maxMoves, maxMoves < 0 { throw ValidationError("--max-moves is below 0") }
        if let seconds, !(seconds >= 0 && seconds <= 86_400) { throw ValidationError("--seconds is not from 0 to 86400") }
        if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is not from 1 to 256") }
        guard htools == nil else { return }
        if utilisation != nil || movesOut != nil || maxMoves != nil || seconds != nil || objective != .podp {
            throw ValidationError("--utilisation, --moves-out, --max-moves, --seconds and --objective go with --htools FILE")
        }
    }
}

/// One plan for one dump.
struct HtoolsRun {
    enum Goal: Equatable {
        case balance, consolidate
        case evacuate(String)
    }

    let goal: Goal
    let options: HtoolsOptions
    let output: OutputFormat

    func run() async throws {
        guard let file = options.htools else { return }
        let started = ContinuousClock.now
        let dump = try Self.text(file)
        let load = try options.utilisation.map(Self.text)
        var cluster: HtoolsCluster
        do throws(HtoolsError) {
            cluster = try HtoolsCluster(dump, utilisation: load)
        } catch {
            throw Trouble(.failed, "\(error.isUtilisation ? options.utilisation ?? "" : file):\(error.line): \(error.reason)")
        }
        if let load, let path = options.utilisation { try Self.expectKnown(load, path, cluster, file) }
        let evacuated = try evacuated(in: cluster)
        if let evacuated { cluster.nodes[evacuated].isOffline = true }
        var draft: HtoolsDraft
        if options.objective == .hbal, goal != .consolidate {
            draft = onScore(cluster, evacuated, started)
            // Where nothing else may move, somebody may be left without room: podp's own way lets others make some.
            if let evacuated, draft.left(on: evacuated, in: cluster) > 0 {
                let other = try own(cluster, evacuated)
                if other.left(on: evacuated, in: cluster) < draft.left(on: evacuated, in: cluster) { draft = other }
            }
        } else {
            draft = try own(cluster, evacuated)
        }
        try check(&draft, cluster, dump, evacuated)
        if let path = options.movesOut { try Self.write(draft.steps.map { "\(Self.line($0.step, cluster))\n" }.joined(), to: path) }
        draft.seconds = (ContinuousClock.now - started).inSeconds
        show(HtoolsReport(draft, cluster, goal: goal, objective: options.objective, evacuated: evacuated))
        if let evacuated, draft.left(on: evacuated, in: cluster) > 0 {
            throw ExitCode(ExitStatus.refused.rawValue)
        }
    }

    /// Loads of instances that are gone are passed over, as hbal does, and said; where no load is of anybody in the dump, they belong to another one.
    private static func expectKnown(_ load: String, _ path: String, _ cluster: HtoolsCluster, _ dump: String) throws {
        let known = Set(cluster.instances.map(\.name))
        let named = load.split(separator: "\n").compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
        let strangers = named.filter { !known.contains($0) }
        guard let first = strangers.first else { return }
        let what = "\(path): \(dump) has no instance \(first.prefix(64).filter { $0.isLetter || $0.isNumber || $0.isPunctuation })"
        guard strangers.count < named.count else { throw Trouble(.failed, what, remedy: "these are loads of another dump") }
        Terminal.complain("podp: note: " + SafeText.line(strangers.count == 1 ? what : "\(what), and \(strangers.count - 1) more: passed over"))
    }

    private func evacuated(in cluster: HtoolsCluster) throws -> Int? {
        guard case .evacuate(let name) = goal else { return nil }
        if let exact = cluster.nodes.firstIndex(where: { $0.name == name }) { return exact }
        let fitting = cluster.nodes.indices.filter { cluster.nodes[$0].name.hasPrefix(name) }
        guard fitting.count == 1 else {
            throw Trouble(
                .usage, fitting.isEmpty ? "no node of the dump is called \(name)" : "\(name) fits several nodes",
                details: fitting.prefix(8).map { cluster.nodes[$0].name })
        }
        return fitting[0]
    }

    // MARK: - Plans

    private func onScore(_ cluster: HtoolsCluster, _ evacuated: Int?, _ started: ContinuousClock.Instant) -> HtoolsDraft {
        var limits = HtoolsPlanner.Limits()
        limits.maxMoves = options.maxMoves
        limits.seed = options.seed
        limits.goal = evacuated.map { .evacuate($0) } ?? .balance
        let sideBySide = SideBySide(threads: min(options.threads ?? 2, 16)) { DispatchQueue.concurrentPerform(iterations: $0, execute: $1) }
        let session = HtoolsSession(cluster, limits: limits, sideBySide)
        let searches = options.threads ?? session.usualSeeds
        var best = session.plain
        var seed = options.seed
        let end = options.seconds.map { started + .seconds($0) }
        var steps = session.usualSteps
        repeat {
            let found = session.best(of: searches, seed: seed, steps: steps, sideBySide)
            if found.isBetter(than: best) { best = found }
            seed = seed &+ UInt64(searches)
            // Each search is longer than the one before: a slow one finds what short ones cannot.
            steps = min(steps &* 2, 400_000_000)
        } while end.map { $0 - .now > ($0 - started) / 3 } ?? false
        return HtoolsDraft(steps: zip(best.steps, best.waves).map { ($0, $1) }, scores: (best.before.total, best.after.total))
    }

    /// podp's own objective. Offline nodes are emptied first, as a Ganeti user expects of a balance.
    private func own(_ cluster: HtoolsCluster, _ evacuated: Int?) throws -> HtoolsDraft {
        var now = cluster
        var draft = HtoolsDraft()
        var goals: [Problem.Goal] = []
        switch goal {
        case .evacuate: if let evacuated { goals = [.evacuate(HtoolsProblem.id(ofNode: evacuated))] }
        case .consolidate: goals = [.consolidate]
        case .balance:
            let full = Set(cluster.instances.filter(\.isShared).map(\.primary)).filter { cluster.nodes[$0].isOffline }.sorted()
            goals = full.map { .evacuate(HtoolsProblem.id(ofNode: $0)) } + [.balance]
        }
        for goal in goals {
            let left = options.maxMoves.map { max(0, $0 - draft.steps.count) }
            let problem = HtoolsProblem(now, goal: goal, maxMoves: left, steps: nil, seed: options.seed).problem
            let plan = Planner.plan(problem)
            if case .failure(let violations) = PlanChecker.check(problem, plan) {
                throw Trouble(.failed, "the plan failed its check and is not shown", details: violations.list.prefix(8).map(\.sentence))
            }
            let first = (draft.steps.last?.wave ?? -1) + 1
            for (step, wave) in HtoolsProblem.steps(of: plan) {
                draft.steps.append((step, first + wave))
                now.instances[step.instance].primary = step.to
                now.nodes[step.from].freeMemory += now.instances[step.instance].memory
                now.nodes[step.to].freeMemory = max(0, now.nodes[step.to].freeMemory - now.instances[step.instance].memory)
            }
            draft.remarks += plan.remarks
            draft.reasons += plan.waves.flatMap { $0.map { plan.moves[$0].reason } }
            draft.costs = (draft.costs?.before ?? plan.costBefore, plan.costAfter)
        }
        var places = cluster.instances.map(\.primary)
        for (step, _) in draft.steps { places[step.instance] = step.to }
        draft.scores = (HtoolsScore(cluster).total, HtoolsScore(cluster, places: places).total)
        return draft
    }

    // MARK: - The checker's word

    /// Ganeti's rules on every state, by code that shares nothing with the planner. What would lose N+1 ends the plan there, with a remark; anything else refuses it.
    private func check(_ draft: inout HtoolsDraft, _ cluster: HtoolsCluster, _ dump: String, _ evacuated: Int?) throws {
        let offline = Set(evacuated.map { [cluster.nodes[$0].name] } ?? [])
        guard let replay = HtoolsReplay(dump: dump, offline: offline) else {
            throw Trouble(.failed, "the checker cannot read \(options.htools ?? "the dump"), so no plan of it is shown")
        }
        let names = cluster.nodes.map(\.name)
        let moves = draft.steps.map { (instance: cluster.instances[$0.step.instance].name, from: names[$0.step.from], to: names[$0.step.to]) }
        let violations = replay.violations(of: moves)
        let broken = violations.filter { $0.rule != HtoolsReplay.coverRule }
        guard broken.isEmpty else {
            throw Trouble(.failed, "the plan failed its check and is not shown", details: broken.prefix(8).map { "step \($0.step): \($0.sentence)" })
        }
        draft.covered = (replay.coveredNodes, replay.coveredNodes(after: moves))
        // Emptying nodes spends the reserve that N+1 is: there it is told, not kept.
        guard goal == .balance, let first = violations.first else { return }
        draft.remarks.append("stopped before step \(first.step): \(first.sentence)")
        draft.steps.removeLast(draft.steps.count - max(0, first.step - 1))
        var places = cluster.instances.map(\.primary)
        for (step, _) in draft.steps { places[step.instance] = step.to }
        draft.scores.after = HtoolsScore(cluster, places: places).total
        draft.covered.after = replay.coveredNodes(after: Array(moves.prefix(draft.steps.count)))
    }

    // MARK: - Files

    private static func text(_ file: String) throws -> String {
        guard let handle = fopen(file == "-" ? "/dev/stdin" : file, "r") else {
            throw Trouble(.failed, "\(file) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(handle) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = fread(&buffer, 1, buffer.count, handle)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= 1 << 28 else { throw Trouble(.failed, "\(file) is longer than 256 MiB: that is no dump") }
        }
        guard ferror(handle) == 0 else { throw Trouble(.failed, "\(file) cannot be read") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) throws {
        guard let handle = fopen(path, "w") else { throw Trouble(.failed, "\(path) cannot be written: \(String(cString: strerror(errno)))") }
        let isWritten = fputs(text, handle) >= 0
        guard fclose(handle) == 0, isWritten else { throw Trouble(.failed, "\(path) cannot be written") }
    }

    static func line(_ step: HtoolsPlanner.Step, _ cluster: HtoolsCluster) -> String {
        "\(cluster.instances[step.instance].name) \(cluster.nodes[step.from].name) \(cluster.nodes[step.to].name)"
    }

    private func show(_ report: HtoolsReport) {
        guard output == .json else { return print(report.text, terminator: "") }
        print(JSONLine.text(report))
    }
}

/// A plan on its way to the checker.
struct HtoolsDraft {
    var steps: [(step: HtoolsPlanner.Step, wave: Int)] = []
    var reasons: [String] = []
    /// hbal's score.
    var scores: (before: Double, after: Double) = (0, 0)
    /// podp's objective, where that was planned on.
    var costs: (before: Double, after: Double)?
    /// Nodes whose loss the others could bear.
    var covered: (before: Int, after: Int) = (0, 0)
    var remarks: [String] = []
    var seconds = 0.0

    /// Instances that stay on a node that is to be emptied.
    func left(on node: Int, in cluster: HtoolsCluster) -> Int {
        cluster.instances.count { $0.primary == node } - Set(steps.filter { $0.step.from == node }.map(\.step.instance)).count
    }
}
