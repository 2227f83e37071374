/// An order in which every step is legal, as waves of moves that touch no node twice.
enum HtoolsOrder {
    /// `nil` where none is found without further moves.
    static func steps(_ board: HtoolsBoard, to places: [Int]) -> (steps: [HtoolsPlanner.Step], waves: [Int])? {
        var state = HtoolsState(board, at: board.origin)
        var pending = (0..<board.instances).filter { places[$0] != board.origin[$0] }.sorted { (board.memory[$0], $0) < (board.memory[$1], $1) }
        var steps: [HtoolsPlanner.Step] = []
        var waves: [Int] = []
        var touched = [Int](repeating: -1, count: board.nodes)
        var wave = 0
        while !pending.isEmpty {
            var waiting: [Int] = []
            for instance in pending {
                let (source, target) = (state.at[instance], places[instance])
                guard touched[source] < wave, touched[target] < wave, state.fits(instance, on: target) else {
                    waiting.append(instance)
                    continue
                }
                (touched[source], touched[target]) = (wave, wave)
                steps.append(HtoolsPlanner.Step(instance: instance, from: source, to: target))
                waves.append(wave)
                state.move(instance, to: target)
            }
            guard waiting.count < pending.count else { return nil }
            pending = waiting
            wave += 1
        }
        var cover = HtoolsCover(board)
        guard cover.prefix(of: steps) == steps.count else { return nil }
        return (steps, waves)
    }

    /// One step after the other, each such that no node's loss gets worse to bear; `nil` where that leads nowhere.
    static func careful(_ board: HtoolsBoard, to places: [Int]) -> (steps: [HtoolsPlanner.Step], waves: [Int])? {
        var cover = HtoolsCover(board)
        var state = HtoolsState(board, at: board.origin)
        var pending = (0..<board.instances).filter { places[$0] != board.origin[$0] }.sorted { (board.memory[$0], $0) < (board.memory[$1], $1) }
        var steps: [HtoolsPlanner.Step] = []
        // Each look counts all instances: large clusters get fewer.
        var looks = 40_000_000 / max(1, board.instances + 20 * board.nodes)
        while !pending.isEmpty {
            var waiting: [Int] = []
            for instance in pending {
                let (source, target) = (state.at[instance], places[instance])
                guard looks > 0, state.fits(instance, on: target) else {
                    waiting.append(instance)
                    continue
                }
                looks -= 1
                state.move(instance, to: target)
                if cover.isKept(by: state) || board.isOffline[source] {
                    steps.append(HtoolsPlanner.Step(instance: instance, from: source, to: target))
                } else {
                    state.move(instance, to: source)
                    waiting.append(instance)
                }
            }
            guard waiting.count < pending.count else { return nil }
            pending = waiting
        }
        guard cover.prefix(of: steps) == steps.count else { return nil }
        return (steps, Array(steps.indices))
    }
}
