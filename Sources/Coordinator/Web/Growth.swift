/// How fast what is used of a resource has grown, by its History.
public struct Growth: Hashable, Sendable {
    /// `cpu`, `memory`.
    public var resource: String
    /// In the resource's unit (`mCPU`, `KiB`); below 0 where it has shrunk.
    public var perDay: Double
    /// Of history, that it is from.
    public var days: Double

    public init(resource: String, perDay: Double, days: Double) {
        self.resource = resource
        self.perDay = perDay
        self.days = days
    }

    /// Less history than this is no trend.
    public static let fewestDays = 3.0

    /// The slope of the straight line with the least squares through the points; `nil` where they span less than `fewestDays`.
    public static func perDay(_ points: [(day: Double, amount: Double)]) -> (slope: Double, days: Double)? {
        guard let first = points.map(\.day).min(), let last = points.map(\.day).max(), last - first >= fewestDays else { return nil }
        let count = Double(points.count)
        let (day, amount) = points.reduce((0.0, 0.0)) { ($0.0 + $1.day / count, $0.1 + $1.amount / count) }
        let (above, below) = points.reduce((0.0, 0.0)) {
            ($0.0 + ($1.day - day) * ($1.amount - amount), $0.1 + ($1.day - day) * ($1.day - day))
        }
        guard below > 0, (above / below).isFinite else { return nil }
        return (above / below, last - first)
    }
}
