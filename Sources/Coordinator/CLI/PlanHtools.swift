import ArgumentParser

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
    @Option(
        help: ArgumentHelp(
            "Look for better plans for so long, from one seed after the other; else as long as the cluster's size deserves, and the same plan every time.",
            valueName: "s"))
    var seconds: Double?
    @Option(help: ArgumentHelp("Another seed, another search.", valueName: "n"))
    var seed: UInt64 = 1
    @Option(
        help: ArgumentHelp(
            "Searches side by side, each from a seed of its own; else one, or two with --seconds or, on hbal's score, of small clusters.", valueName: "n"))
    var threads: Int?
    @Option(help: "podp: podp's own objective; hbal: hbal's score, never worse than hbal's own plan, with no more moves and no more memory sent.")
    var objective: Objective = .podp

    func validate() throws {
        if let maxMoves, maxMoves < 0 { throw ValidationError("--max-moves is below 0") }
        if let seconds, !(seconds >= 0 && seconds <= 86_400) { throw ValidationError("--seconds is not from 0 to 86400") }
        if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is not from 1 to 256") }
        guard htools == nil else { return }
        if utilisation != nil || movesOut != nil || maxMoves != nil || seconds != nil || threads != nil || objective != .podp {
            throw ValidationError("--utilisation, --moves-out, --max-moves, --seconds, --threads and --objective go with --htools FILE")
        }
    }
}
