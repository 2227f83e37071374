import PodpModel

/// Limits of the web, each with a value that suits a chassis or ten.
public struct WebSettings: Hashable, Sendable {
    /// podp's version, for people and `podp_build_info`.
    public var version: String = Release.version
    /// The longest body, in bytes.
    public var bodyLimit: Int = 1 << 20
    /// The longest time from a request's head to its answer.
    public var requestTimeout: Duration = .seconds(60)
    /// A connection that sends nothing for this long while it should is closed; so is one that does not take its answer.
    public var idleTimeout: Duration = .seconds(30)
    /// Connections at once, of each listener.
    public var connectionLimit: Int = 512
    /// Requests per second that one token or one user may make in the long run, and at once.
    public var requestsPerSecond: Double = 50
    public var requestBurst: Double = 200
    /// The same for requests with no token or a wrong one, by address.
    public var strangersPerSecond: Double = 2
    public var strangersBurst: Double = 20
    /// Followers of events, together and of one token or user.
    public var streamLimit: Int = 64
    public var streamsPerCaller: Int = 8
    /// Followers hear at least this often from the coordinator.
    public var heartbeat: Duration = .seconds(15)
    /// A report that is older is shown as stale, and left out of metrics.
    public var staleAfter: Duration = .seconds(10)

    public init() {}
}
