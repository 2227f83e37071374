import PodpModel

/// A whole run of the plant: enrolment, work in bad weather, calm, and what the checkers saw.
public struct Simulation: Sendable {
    public var seed: UInt64
    public var blades: Int
    /// Of work in bad weather; calm follows.
    public var span: Duration
    public var weather: Weather
    /// In the calm: long enough for every deadline and retry.
    public var calm = Duration.seconds(400)
    public var keepLines = 400

    public init(seed: UInt64, blades: Int = 3, span: Duration = .seconds(240), weather: Weather = .rough) {
        self.seed = seed
        self.blades = blades
        self.span = span
        self.weather = weather
    }

    public struct Result: Sendable {
        public var findings: [PlantFinding]
        public var hash: UInt64
        public var events: UInt64
        public var figures: PlantFigures
        public var trace: [String]
    }

    public func run() -> Result {
        var plant = Plant(seed: seed, blades: blades, keepLines: keepLines)
        plant.run(for: .seconds(2))
        plant.enrolBlades()
        if !plant.everyBladeIsEnrolled { plant.report(.settles, "not every blade could be enrolled in calm weather") }
        for index in 0..<blades where index % 2 == 0 { plant.addUnmanaged("by-hand-\(index + 1)", on: index) }
        plant.watchChassis()
        plant.run(for: .seconds(10))
        plant.weather = weather
        plant.startWork()
        plant.run(for: span)
        plant.stopWork()
        plant.calm()
        plant.run(for: calm)
        if plant.findings.isEmpty { plant.checkTheEnd() }
        return Result(findings: plant.findings, hash: plant.trace.hash, events: plant.trace.events, figures: plant.figures, trace: plant.trace.tail)
    }
}
