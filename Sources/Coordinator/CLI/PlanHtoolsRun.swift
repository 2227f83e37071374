import ArgumentParser
import PodpModel
import PodpPlanner
import PodpRules

/// One plan for one dump, from reading to showing.
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
        let dump = try HtoolsFiles.text(file)
        let load = try options.utilisation.map(HtoolsFiles.text)
        var cluster = try HtoolsFiles.cluster(dump, file, load: load, options.utilisation)
        let evacuated = try evacuated(in: cluster)
        if let evacuated { cluster.nodes[evacuated].isOffline = true }
        guard let replay = HtoolsReplay(dump: dump, offline: Set(evacuated.map { [cluster.nodes[$0].name] } ?? [])) else {
            throw Trouble(.failed, "the checker cannot read \(file), so no plan of it is shown")
        }
        let task = HtoolsTask(goal: goal, options: options, cluster: cluster, evacuated: evacuated, replay: replay, started: started)
        var draft = try task.draft()
        if let path = options.movesOut { try HtoolsFiles.write(draft.steps.map { "\(task.line($0.step))\n" }.joined(), to: path) }
        draft.seconds = (ContinuousClock.now - started).inSeconds
        show(HtoolsReport(draft, cluster, goal: goal, objective: options.objective, evacuated: evacuated))
        if task.left(draft) > 0 { throw ExitCode(ExitStatus.refused.rawValue) }
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

    private func show(_ report: HtoolsReport) {
        guard output == .json else { return print(report.text, terminator: "") }
        print(JSONLine.text(report))
    }
}
