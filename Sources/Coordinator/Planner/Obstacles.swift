/// What keeps a consolidation from emptying one blade more, though the others have room for all that it runs.
struct Obstacles {
    private let board: Board
    private let end: Placement
    private let words: Words

    init(_ board: Board, _ end: Placement, _ words: Words) {
        self.board = board
        self.end = end
        self.words = words
    }

    /// Looks for one that none of the blades which are on could take, each by itself.
    func sentence(_ items: [Int], on blade: Int) -> String {
        let others = (0..<board.blades).filter { $0 != blade && board.accepts[$0] && (end.population[$0] > 0 || board.isNeverEmpty[$0]) }
        guard !others.isEmpty else { return "no other blade is on, and an empty one would only take its place" }
        let roomy = items.map { item in others.filter { hasRoom(for: item, on: $0) } }
        let legal = zip(items, roomy).map { item, targets in targets.filter { mayRun(item, on: $0) } }
        let calm = zip(items, legal).map { item, targets in targets.filter { !makesWait(item, on: $0) } }
        func stuck(_ targets: [[Int]], outOf wider: [[Int]]) -> [Int] { items.indices.filter { targets[$0].isEmpty && !wider[$0].isEmpty }.map { items[$0] } }
        let homeless = items.indices.filter { roomy[$0].isEmpty }.map { items[$0] }
        if !homeless.isEmpty { return "none of the blades that are on may take \(names(homeless)) and has room" }
        let ruled = stuck(legal, outOf: roomy)
        if !ruled.isEmpty { return "rules keep \(names(ruled)) off every other blade that is on and has room" }
        let waiting = stuck(calm, outOf: legal)
        if !waiting.isEmpty { return "somebody would wait longer if \(names(waiting)) ran on another blade that is on" }
        return "no legal way was found to place \(names(items)) on the others that are on, with nobody waiting longer"
    }

    private func names(_ items: [Int]) -> String { words.set(items.flatMap { Array(board.domains[$0]) }) }

    private func hasRoom(for item: Int, on blade: Int) -> Bool {
        let count = board.resources
        return board.allows(item, blade)
            && (0..<count).allSatisfy { resource in
                let needed = board.high[item * count + resource]
                return !board.isHard[resource] || needed == 0 || end.high[blade * count + resource] + needed <= board.room[blade * count + resource]
            }
    }

    private func mayRun(_ item: Int, on blade: Int) -> Bool {
        guard !end.meets(item, on: blade, without: -1), end.ruleChange(item, to: blade) != nil else { return false }
        // N+1 takes a while in large fleets.
        return board.blades * board.domainCount > 1 << 16 || end.coverChange(item, to: blade) != nil
    }

    private func makesWait(_ item: Int, on blade: Int) -> Bool {
        let source = end.at[item]
        let emptied = end.population[source] == board.domains.count(item) ? board.standing[source] : 0
        let relief = end.cost[source] - end.cost(of: source, without: item) - emptied
        return end.cost(of: blade, with: item) - end.cost[blade] > relief + 1e-9
    }
}
