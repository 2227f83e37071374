/// Who runs pieces of work that do not wait for one another: the planner has no threads of its own. Plans do not depend on it.
public struct SideBySide: Sendable {
    /// Pieces that may run at once.
    public let threads: Int
    /// Runs the work with every number below the first argument, and returns when all of it is done.
    let run: @Sendable (Int, @Sendable (Int) -> Void) -> Void

    public init(threads: Int, run: @escaping @Sendable (Int, @Sendable (Int) -> Void) -> Void) {
        self.threads = max(1, threads)
        self.run = run
    }

    /// One piece after the other.
    public static let inTurn = SideBySide(threads: 1) { count, work in
        for piece in 0..<count { work(piece) }
    }
}
