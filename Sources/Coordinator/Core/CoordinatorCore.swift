import PodpModel

/// Everything that decides, as a value: no clock, no I/O, no threads, no randomness of its own.
public struct CoordinatorCore: Sendable {
    public struct Configuration: Hashable, Sendable, Codable {
        public var reportInterval: Duration = .seconds(1)
        /// A blade without a report for this long is unknown.
        public var reportDeadline: Duration = .seconds(10)
        /// Between two automatic looks at the balance.
        public var balanceInterval: Duration = .seconds(30)
        /// A domain that was moved is left alone by automation for this long.
        public var settleTime: Duration = .seconds(300)
        /// A clock that is further off than this is shown.
        public var clockTolerance: Duration = .seconds(5)
        public var migrationBytesPerSecond: UInt64 = 100_000_000

        public init() {}
    }

    public let configuration: Configuration

    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Takes in what happened; returns what is wanted, in order.
    public mutating func handle(_ event: Event, at now: Moment) -> [Effect] { [] }

    /// The fleet as it is now. Costs O(blades + domains): made when somebody looks, not with every event.
    public func view(at now: Moment) -> FleetView { FleetView(at: now) }
}
