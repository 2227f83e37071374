/// What `Annealing` walks over: items in places, with all sums that make a candidate's evaluation O(resources).
///
/// The objective is a sum over places, of which a candidate changes two or three; of what each item costs for not being at home, where it was at first; and of
/// what ties items to each other (`tied`). A fleet's domains on blades and the challenge's processes on machines are both such a state.
///
/// Limits may be exceeded at a price by place and resource, which is a part of the place's cost; `isBarred` and `permits` hold at all times.
protocol SearchState: ~Copyable {
    /// How many items may move.
    var movable: Int { get }
    /// Whether a place may become cheaper by who comes: then nothing is known of a candidate by who leaves alone.
    var mayGainByComing: Bool { get }
    /// Whether it pays to look for those that make room by going home.
    var hasEjections: Bool { get }
    /// What an item costs at most for not being at home, as far as the screens below leave that out.
    var displacementAtMost: Double { get }
    /// What ties of one item may gain at most.
    var tiedAtMost: Double { get }

    /// The item with that number among those that may move.
    func item(_ number: Int) -> Int
    func place(of item: Int) -> Int
    func home(of item: Int) -> Int
    /// How many places the item may be on, and which is the one with that number.
    func reach(of item: Int) -> Int
    func place(_ number: Int, reachedBy item: Int) -> Int
    /// How many items are on the place, and which is the one with that number.
    func population(of place: Int) -> Int
    func resident(_ number: Int, of place: Int) -> Int

    // MARK: The whole

    /// Prices of what exceeds limits included.
    var objective: Double { get }
    /// How much is used above limits; 0: this may be an answer.
    var excess: Double { get }
    /// The place of each item.
    var places: [Int] { get }
    /// Takes other places, which must keep all but limits.
    mutating func adopt(_ places: borrowing [Int])
    /// Multiplies the price of each limit that is exceeded by `rise`, of each other by `fall`, between the least price and `most` times that.
    mutating func setPrices(rise: Double, fall: Double, most: Double)
    /// Makes any excess dearer than anything else could be worth.
    mutating func forbidExcess()

    // MARK: The parts of a candidate, in units of the objective

    func cost(of place: Int) -> Double
    /// What its place changes by when the item leaves.
    func relief(_ item: Int) -> Double
    /// What the place changes by when the item comes.
    func burden(_ item: Int, on place: Int) -> Double
    /// What the place changes by when one item leaves and another comes.
    func exchange(_ leaver: Int, for comer: Int, on place: Int) -> Double
    /// What being there costs the item for not being at home.
    func displacement(_ item: Int, on place: Int) -> Double
    /// What else changes with the move, and not by the item alone; infinite where it may not be.
    mutating func tied(_ item: Int, to place: Int) -> Double
    /// The same for two that change places.
    mutating func tied(exchanging a: Int, _ b: Int) -> Double
    /// The same for one that goes to where another is, and that one home.
    mutating func tied(_ a: Int, ejecting b: Int) -> Double

    // MARK: What is allowed

    /// A quick answer before a candidate is evaluated: whether the item may not go there at all.
    func isBarred(_ item: Int, from place: Int) -> Bool
    /// The same where somebody leaves that place for it.
    func isBarred(_ item: Int, fromExchangesOn place: Int) -> Bool
    /// The whole answer, asked of candidates that would be taken. What is too dear to be evaluated before may add at most `slack`.
    func permits(_ item: Int, to place: Int, slack: Double) -> Bool
    mutating func permits(exchanging a: Int, _ b: Int, slack: Double) -> Bool
    mutating func permits(_ a: Int, ejecting b: Int, slack: Double) -> Bool

    // MARK: Rows of candidates, screened: what is found is evaluated again

    /// The number of the first place in the range where the item's coming costs at most `allowance`; the end of the range if there is none.
    func landing(_ item: Int, in numbers: Range<Int>, allowance: Float) -> Int
    /// The number of the first item on the place, from that number on, with which the item could change places for at most `allowance`; the population if there is
    /// none.
    func partner(of item: Int, on place: Int, from number: Int, allowance: Float) -> Int
    /// The number of the first item on the place, from that number on, that could go home when the item comes, for at most `allowance`, what the item leaves apart;
    /// the population if there is none.
    func ejected(by item: Int, on place: Int, from number: Int, allowance: Float) -> Int

    // MARK: Change

    mutating func move(_ item: Int, to place: Int)
    mutating func swap(_ a: Int, _ b: Int)
    mutating func eject(_ a: Int, _ b: Int)
}
