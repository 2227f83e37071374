/// What a blade draws while it is on, as a straight line over the use of its processors: Fan, Weber, Barroso, Power Provisioning for a Warehouse-sized
/// Computer, ISCA 2007.
public struct BladePower: Hashable, Sendable, Codable {
    /// With nothing to compute.
    public var idleWatts: Int
    /// With all processors busy; never below `idleWatts`.
    public var busyWatts: Int

    public init(idleWatts: Int, busyWatts: Int) {
        self.idleWatts = idleWatts
        self.busyWatts = busyWatts
    }

    /// No blade draws more: whatever says so is not believed.
    public static let mostWatts = 100_000

    public var isSound: Bool { 0 <= idleWatts && idleWatts <= busyWatts && busyWatts <= Self.mostWatts }
}
