/// What the objective is made of. Everything that is weighed stands here and nowhere else.
///
/// The unit is one request that waits: the mean number of requests in the queue of a blade's resource beyond what is there at the comfort level.
/// `docs/planner.md` says where each comes from.
public struct Weights: Sendable {
    /// Per waiting request (`Queue`), for resources that may be exceeded. First by far: one saturated blade outweighs any imbalance.
    public var waiting = 1.0
    /// Per squared distance of a blade's utilisation from the fleet's, for resources that may be exceeded.
    public var balance = 1.0
    /// The same for resources that may never be exceeded: nobody waits for memory, but free room is easier to use when it is spread.
    public var hardBalance = 0.25
    /// Per unit that a hard rule is broken by: what was broken before is mended where that can be done. Wishes have prices of their own.
    public var broken = 5.0
    /// Per blade that is not empty, when blades are to be emptied.
    public var occupied = 100.0
    /// Per domain that is still on the blade that is to be emptied.
    public var stranded = 1000.0
    /// Per watt that blades draw, where that was asked for: a blade of 200 W that is switched off weighs as much as one that is 45 points from the fleet's use.
    public var watt = 0.001
    /// Per move, whatever its size: each is work for dom0 and a risk.
    public var move = 0.002
    /// Per GiB sent over the migration network.
    public var gibibyte = 0.002
    /// Per second that the migration takes.
    public var second = 0.0001
    /// Per second that the domain stands still.
    public var downtimeSecond = 0.05
    /// Newcomers: per place that is lost to those who may come, see `SlotTable.worth`.
    public var slots = 0.1
    /// Newcomers: per chance that the group which one of them founds will outgrow its zone; that of a group which is there weighs 1.
    public var founded = 2.0
    /// So many more members make a group as likely to grow on as not: the chance that more than n come is 1 / (1 + n / growth).
    public var growth = 6.0

    public init() {}
}

/// Waiting as a function of utilisation.
///
/// The mean number of requests in an M/M/1 (and any M/G/1 processor-sharing) system is u / (1 - u): Kleinrock, Queueing Systems I (1975), 3.2; II (1976), 4.4.
/// It is convex and has a pole at 1; from `knee` on it goes on as its tangent, so that overloaded blades can be compared with each other.
enum Queue {
    static let knee = 0.95
    private static let lengthAtKnee = knee / (1 - knee)
    private static let slopeAtKnee = 1 / ((1 - knee) * (1 - knee))

    @inline(__always)
    static func length(_ utilisation: Double) -> Double {
        utilisation < knee ? utilisation / (1 - utilisation) : lengthAtKnee + slopeAtKnee * (utilisation - knee)
    }
}
