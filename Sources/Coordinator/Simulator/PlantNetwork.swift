import PodpCore
import PodpModel

/// A TCP connection between an agent and a coordinator: in order, or broken; each end learns of the break in its own time.
struct PlantLink: Sendable {
    let id: LinkID
    let blade: Int
    let agentRun: Int
    let coordinatorRun: Int
    /// Whether the end still believes in it.
    var agentEnd = true
    var coordinatorEnd = false
    var helloSent = false
    var isBroken = false
    /// Nothing more comes through, in either direction.
    var deafToAgent = false
    var deafToCoordinator = false
    var lastToAgent = Instant.zero
    var lastToCoordinator = Instant.zero
}

/// The plant's weather: how often what goes wrong. All means are of the whole fleet; zero switches it off.
public struct Weather: Sendable, Hashable {
    public var linkBreak = Duration.zero
    public var partition = Duration.zero
    public var agentCrash = Duration.zero
    public var coordinatorCrash = Duration.zero
    public var powerLoss = Duration.zero
    public var liar = Duration.zero
    public var impostor = Duration.zero
    /// In thousandths of all such steps.
    public var crashAtJournalWrite = 0
    public var crashAtCommit = 0
    public var commitFails = 0
    public var journalFails = 0
    public var actionFails = 0
    /// The chassis: answers lost, readings that lie (one a request at most), requests forgotten, failovers.
    public var chassisLosesAnswers = 0
    public var chassisLies = 0
    public var chassisDisobeys = 0
    /// Requests that are carried out at their own time, whatever was asked for since, in thousandths.
    public var chassisKeepsRequests = 0
    public var chassisFailsOver = 0
    public var chassisLatency = Duration.milliseconds(60)
    public var migrationFails = 0
    public var migrationUnclear = 0
    public var storeLatency = Duration.milliseconds(2)...Duration.milliseconds(20)
    public var networkLatency = Duration.microseconds(200)...Duration.milliseconds(3)

    public init() {}

    public static let calm = Weather()

    public static let rough: Weather = {
        var weather = Weather()
        weather.linkBreak = .seconds(40)
        weather.partition = .seconds(150)
        weather.agentCrash = .seconds(60)
        weather.coordinatorCrash = .seconds(80)
        weather.powerLoss = .seconds(300)
        weather.liar = .seconds(200)
        weather.impostor = .seconds(250)
        weather.crashAtJournalWrite = 15
        weather.crashAtCommit = 10
        weather.commitFails = 3
        weather.journalFails = 10
        weather.actionFails = 80
        weather.migrationFails = 120
        weather.chassisLosesAnswers = 80
        weather.chassisLies = 80
        weather.chassisDisobeys = 150
        weather.chassisKeepsRequests = 500
        weather.chassisFailsOver = 5
        weather.chassisLatency = .milliseconds(700)
        weather.migrationUnclear = 120
        weather.storeLatency = .milliseconds(1)...(.milliseconds(400))
        weather.networkLatency = .microseconds(200)...(.milliseconds(150))
        return weather
    }()
}
