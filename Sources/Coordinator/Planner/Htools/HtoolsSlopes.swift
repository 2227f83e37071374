/// What the instances that may move demand, and what a unit of it changes, by lane.
struct HtoolsDemands {
    typealias Lanes = HtoolsBoard.Lanes

    let largest: Lanes
    /// The mean.
    let usual: Lanes
    /// The least and the most that a unit of demand changes on any node.
    let leastFactor: Lanes
    let mostFactor: Lanes

    init(_ board: HtoolsBoard, _ movable: [Int]) {
        var (low, high) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))
        for node in 0..<board.nodes where !board.isOffline[node] { (low, high) = (min(low, board.factor[node]), max(high, board.factor[node])) }
        if board.isOffline.allSatisfy({ $0 }) { (low, high) = (Lanes(repeating: 0), Lanes(repeating: 0)) }
        (leastFactor, mostFactor) = (low, high)
        var (largest, total) = (Lanes(repeating: 0), Lanes(repeating: 0))
        let widest = max(max(high, -high), max(low, -low))
        for instance in movable {
            largest = max(largest, board.demand[instance] * widest)
            total += board.demand[instance] * widest
        }
        self.largest = largest
        usual = total / Lanes(repeating: Double(max(1, movable.count)))
    }
}

/// What gains are bounded with before roots are taken: with V what a move adds to a lane's sum of squared deviations and u = V / nσ², the lane gains
/// w (σ - sqrt(σ² + V/n)) <= -slope V + curve V², because 1 - sqrt(1 + u) <= -u/2 + c u² for u >= -m, c = (1 - sqrt(1 - m) - m/2) / m².
struct HtoolsSlopes {
    typealias Lanes = HtoolsBoard.Lanes
    typealias Eight = SIMD8<Float>

    let slope: Lanes
    let curve: Lanes
    let mean: Lanes
    /// The same in single precision.
    let single: (slope: Eight, curve: Eight, mean: Eight)
    /// More than rounding takes from a bound, by unit of demand.
    let grain: Eight
    /// By how much more than its slope a change of the mean counts for the curve's sake.
    let emphasis: Lanes
    /// The least and the greatest value of any node.
    let lowest: Lanes
    let highest: Lanes
    /// The most that a move can add to or take from the sum of squared deviations.
    let reach: Lanes

    init(_ state: borrowing HtoolsState, _ demands: HtoolsDemands) {
        let board = state.board
        let n = Lanes(repeating: 1 / board.online)
        mean = state.sum * n
        var (low, high) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))
        for node in 0..<board.nodes where !board.isOffline[node] { (low, high) = (min(low, state.lanes[node]), max(high, state.lanes[node])) }
        if board.isOffline.allSatisfy({ $0 }) { (low, high) = (Lanes(repeating: 0), Lanes(repeating: 0)) }
        (lowest, highest) = (low, high)
        let widest = max(max(high, -high), max(low, -low))
        // Of the variance of each lane, the most that one move can add or take.
        let largest = (demands.largest * (widest + widest + demands.largest) * 2 + 2 * widest * widest) * n
        reach = demands.largest * (demands.largest + 4 * widest) * 2.2
        let safe = max(state.deviations, Lanes(repeating: 1e-12))
        slope = board.weights / safe * n * 0.5
        var (bend, emphasis) = (Lanes(repeating: 0.5), Lanes(repeating: 1))
        for lane in 0..<Lanes.scalarCount {
            let m = largest[lane] / (safe[lane] * safe[lane])
            emphasis[lane] = 1 + 4 * min(m, 1)
            if m < 0.999 { bend[lane] = m < 0.01 ? 0.1265 : (1 - (1 - m).squareRoot() - m / 2) / (m * m) + 1e-6 }
        }
        self.emphasis = emphasis
        curve = bend * board.weights / (safe * safe * safe) * n * n
        single = (HtoolsRows.single(slope), HtoolsRows.single(curve), HtoolsRows.single(mean))
        let factor = max(max(demands.mostFactor, -demands.mostFactor), max(demands.leastFactor, -demands.leastFactor))
        grain = Eight(slope * (demands.largest + widest * 4) * factor) * HtoolsBounds.slack
    }
}
