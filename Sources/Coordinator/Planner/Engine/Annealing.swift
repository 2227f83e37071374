/// Simulated annealing (Kirkpatrick et al. 1983) by moves, exchanges and ejections, with limits that may be broken at a price while the search is hot.
/// Prices rise by place and resource where a limit stays exceeded (as in Morris's breakout method, AAAI 1993), until nothing is: a large item may come to a
/// full place before the small ones there have left, in chains of any length.
///
/// The engine of every placement: over the fleet (`FleetState`) and over the machine reassignment problem (`ReassignmentState`). It runs for as many
/// candidates as it is asked to: the caller has the clock and the threads. The same seed and the same calls give the same answer. `best` may be an answer at all
/// times; it starts as what the state was given.
struct Annealing<State: SearchState & ~Copyable>: ~Copyable {
    private let schedule: AnnealingSchedule
    private(set) var state: State
    private var random: SplitMix64
    /// The place of each item in the best answer seen.
    private(set) var best: [Int]
    private(set) var bestCost: Double
    private var stage = Stage.start

    private enum Stage {
        case start
        case opening
        case priced
        case closing
    }

    /// The state must not exceed a limit that an answer may not.
    init(_ state: consuming State, schedule: AnnealingSchedule, seed: UInt64) {
        self.schedule = schedule
        random = SplitMix64(seed: seed)
        best = state.places
        bestCost = state.objective
        self.state = state
    }

    /// Goes on from the places of another search over the same items.
    mutating func adopt(_ places: [Int]) { state.adopt(places) }

    /// Looks at so many candidates. `progress` is the share of the whole budget that is used, from 0 to 1.
    mutating func run(progress: Double, steps: Int) {
        guard state.movable > 0 else { return }
        let temperature = setPrices(progress)
        var looked = 0
        while looked < steps {
            for _ in 0..<schedule.shifts { looked += shift(temperature * random.exponential()) }
            for _ in 0..<schedule.exchanges { looked += exchange(temperature * random.exponential()) }
            for _ in 0..<schedule.returns { looked += goHome(temperature * random.exponential()) }
            guard state.hasEjections else { continue }
            for _ in 0..<schedule.ejections { looked += eject(temperature * random.exponential()) }
        }
        let objective = state.objective
        guard objective < bestCost, state.excess == 0 else { return }
        bestCost = objective
        best = state.places
    }

    /// The schedule: sets prices, gives the temperature.
    private mutating func setPrices(_ progress: Double) -> Double {
        let (opening, cooled, frozen) = (schedule.opening, schedule.cooled, schedule.frozen)
        if progress < opening {
            if stage == .start { state.forbidExcess() }
            stage = .opening
            return schedule.cold
        }
        if progress < cooled {
            if stage != .priced { state.setPrices(rise: 0, fall: 0, most: 1000) }
            stage = .priced
            if progress < schedule.strict {
                state.setPrices(rise: schedule.rise, fall: schedule.fall, most: 1000)
            } else {
                state.setPrices(rise: 1.05, fall: 1, most: 1e9)
            }
            return Self.between(schedule.hot, schedule.cold, (progress - opening) / (cooled - opening))
        }
        if stage != .closing {
            stage = .closing
            // What exceeds limits this late goes on doing so: better to end well from the best that did not.
            if state.excess > 0 { state.adopt(best) }
            state.forbidExcess()
        }
        return progress < frozen ? Self.between(schedule.cold, schedule.coldest, (progress - cooled) / (frozen - cooled)) : 0
    }

    /// The geometric way from one temperature to another.
    private static func between(_ start: Double, _ end: Double, _ share: Double) -> Double {
        guard start > 0, end > 0 else { return 0 }
        // (end / start) ^ share, to a thousandth, without a library: share has 20 binary digits, a root is taken for each.
        var (root, result) = (end / start, start)
        var rest = share
        for _ in 0..<20 {
            root = root.squareRoot()
            rest *= 2
            if rest >= 1 {
                result *= root
                rest -= 1
            }
        }
        return result
    }

    // MARK: - Candidates: each gives the number of those looked at

    /// Sends one item to the first of a window of places where that costs at most `threshold`.
    @inline(__always)
    private mutating func shift(_ threshold: Double) -> Int {
        let item = state.item(random.below(state.movable))
        let source = state.place(of: item)
        let reach = state.reach(of: item)
        let begin = random.below(reach + schedule.window - 1) - schedule.window + 1
        let end = min(begin + schedule.window, reach)
        let left = state.relief(item) - state.displacement(item, on: source)
        // Its coming cannot make another place cheaper, unless that is so here.
        if !state.mayGainByComing, left > threshold { return 1 }
        let allowance = Float(threshold - left + state.tiedAtMost)
        let first = max(0, begin)
        var number = first
        while true {
            number = state.landing(item, in: number..<end, allowance: allowance)
            guard number < end else { break }
            let target = state.place(number, reachedBy: item)
            if target != source, !state.isBarred(item, from: target) {
                let change = left + state.displacement(item, on: target) + state.burden(item, on: target) + state.tied(item, to: target)
                if change <= threshold, state.permits(item, to: target, slack: threshold - change) {
                    state.move(item, to: target)
                    return number - first + 1
                }
            }
            number += 1
        }
        return max(1, end - first)
    }

    /// Lets an item change places with the first of those on another place where that costs at most `threshold`.
    @inline(__always)
    private mutating func exchange(_ threshold: Double) -> Int {
        let a = state.item(random.below(state.movable))
        let target = state.place(random.below(state.reach(of: a)), reachedBy: a)
        let source = state.place(of: a)
        let count = state.population(of: target)
        guard target != source, count > 0, !state.isBarred(a, fromExchangesOn: target) else { return 1 }
        let leaving = state.displacement(a, on: target) - state.displacement(a, on: source)
        let allowance = Float(threshold - leaving + state.displacementAtMost + 2 * state.tiedAtMost)
        let start = count > schedule.window ? random.below(count - schedule.window + 1) : 0
        var number = start
        while true {
            number = state.partner(of: a, on: target, from: number, allowance: allowance)
            guard number < count else { break }
            let b = state.resident(number, of: target)
            var change = leaving + state.displacement(b, on: source) - state.displacement(b, on: target)
            change += state.exchange(a, for: b, on: source) + state.tied(exchanging: a, b)
            change += state.exchange(b, for: a, on: target)
            if change <= threshold, state.permits(exchanging: a, b, slack: threshold - change) {
                state.swap(a, b)
                return number - start + 1
            }
            number += 1
        }
        return count - start
    }

    /// Sends an item to another place, and the first of those there that are not at home and for which it costs at most `threshold` home.
    ///
    /// Where homes are held for whoever has left, or few may be away from home, these are the moves that count: only who goes home leaves room.
    @inline(__always)
    private mutating func eject(_ threshold: Double) -> Int {
        let a = state.item(random.below(state.movable))
        let target = state.place(random.below(state.reach(of: a)), reachedBy: a)
        let source = state.place(of: a)
        let count = state.population(of: target)
        guard target != source, count > 0, !state.isBarred(a, fromExchangesOn: target) else { return 1 }
        let left = state.relief(a) + state.displacement(a, on: target) - state.displacement(a, on: source)
        // The place can become no cheaper than nothing.
        if !state.mayGainByComing, left - state.cost(of: target) > threshold + state.displacementAtMost { return 1 }
        let allowance = Float(threshold - left + state.displacementAtMost + 2 * state.tiedAtMost)
        let start = count > schedule.window ? random.below(count - schedule.window + 1) : 0
        var number = start
        while true {
            number = state.ejected(by: a, on: target, from: number, allowance: allowance)
            guard number < count else { return count - start }
            let b = state.resident(number, of: target)
            let home = state.home(of: b)
            if home != source {
                var change = left - state.displacement(b, on: target) + state.burden(b, on: home)
                change += state.tied(a, ejecting: b)
                change += state.exchange(b, for: a, on: target)
                if change <= threshold, state.permits(a, ejecting: b, slack: threshold - change) {
                    state.eject(a, b)
                    return number - start + 1
                }
            }
            number += 1
        }
    }

    /// Sends one item home, if it is away and that costs at most `threshold`.
    @inline(__always)
    private mutating func goHome(_ threshold: Double) -> Int {
        let item = state.item(random.below(state.movable))
        let (source, home) = (state.place(of: item), state.home(of: item))
        guard source != home, !state.isBarred(item, from: home) else { return 1 }
        let change =
            state.relief(item) - state.displacement(item, on: source) + state.burden(item, on: home) + state.tied(item, to: home)
        if change <= threshold, state.permits(item, to: home, slack: threshold - change) { state.move(item, to: home) }
        return 1
    }
}

/// How an annealing cools, and what it looks at. Shares are of the whole budget, temperatures in units of the objective.
struct AnnealingSchedule: Sendable {
    /// Until then it moves within limits only; then it cools from hot to cold; then from cold to coldest, within limits again; then to the nearest minimum.
    var opening = 0.04
    var cooled = 0.85
    var frozen = 0.98
    var hot: Double
    var cold: Double
    var coldest: Double
    /// What prices are multiplied by where a limit is exceeded, and where it is not.
    var rise = 1.01
    var fall = 0.999
    /// From here on prices rise by 5 % and fall no more.
    var strict = 0.7
    /// Candidates looked at in a row, at most: places for one item, or items on one place.
    var window = 32
    /// Rows by kind, in each round. Of ejections where the state has any.
    var shifts = 1
    var exchanges = 4
    var ejections = 20
    /// Items sent home, in each round.
    var returns = 0

    init(hot: Double, cold: Double, coldest: Double) {
        self.hot = hot
        self.cold = cold
        self.coldest = coldest
    }
}
