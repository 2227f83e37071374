import PodpModel
import PodpPower

/// One chassis, whatever it speaks. A driver asks and tells; it confirms nothing, repeats no request, and never guesses: what it could not
/// read is unknown, with the reason. Confirmation, deadlines and order are `ChassisRunner`'s, above every driver.
///
/// A look or a request may come while a poll runs: the driver puts one question at a time to the chassis, whoever asks. It bounds each call by itself.
public protocol ChassisDriver: Sendable {
    /// Whose word is confirmed: the management's, or, where there is nothing but what feeds the blades, the PDUs'.
    nonisolated var mainSource: PowerSource.Kind { get }

    /// What stands where. Slow; cached by the driver until a blade comes or goes.
    func inventory() async throws(ChassisError) -> ChassisInventory

    /// One poll. A part that did not answer is `nil` or unknown in it, and named in `gaps`; it throws only when nothing answered.
    func readings() async throws(ChassisError) -> ChassisReadings

    /// One look at one bay. Never throws: silence is a reading too.
    func powerState(bay: Int) async -> PowerReading

    /// A look by another source; `nil`: this driver has none of this kind.
    func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading?

    /// Made once, whatever the answer.
    func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome

    /// The command that opens the blade's serial console, to be run with the operator's terminal.
    func console(bay: Int, takeOver: Bool) async throws(ChassisError) -> ConsoleCommand

    func capabilities() async throws(ChassisError) -> ChassisCapabilities

    /// What would keep fencing from working, each with its remedy; empty: nothing was found. Changes nothing, unless `tryWrite` asks for values to
    /// be set to what they are, which shows whether podp may write.
    func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding]

    /// The newest lines of the event log that were told before, newest first: only what came after them is new. Called before the first poll.
    func resume(log: [ChassisLogEntry]) async

    /// Bays as they were told before, by the label of what was in them: where a chassis counts without numbers, who was counted keeps its bay. Called
    /// before the first poll.
    func resume(seats: [String: Int]) async

    /// Ends sessions and threads. Nothing is called afterwards.
    func close() async
}

extension ChassisDriver {
    public nonisolated var mainSource: PowerSource.Kind { .management }
    public func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading? { source == .management ? await powerState(bay: bay) : nil }
    public func console(bay: Int, takeOver: Bool) async throws(ChassisError) -> ConsoleCommand {
        throw ChassisError(.unsupported, "this chassis has no serial console that podp can open")
    }
    public func resume(log: [ChassisLogEntry]) async {}
    public func resume(seats: [String: Int]) async {}
    public func close() async {}
}

/// A program that speaks to a console, without secrets in its arguments.
public struct ConsoleCommand: Hashable, Sendable {
    public var program: String
    public var arguments: [String]
    public var environment: [String: String]
    /// Typed for the operator when the prompt has come, one a line.
    public var opening: [String]
    /// How to leave it, in words.
    public var leaving: String

    public init(program: String, arguments: [String], environment: [String: String] = [:], opening: [String] = [], leaving: String) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.opening = opening
        self.leaving = leaving
    }
}

/// Something about a chassis that would keep fencing from working.
public struct ChassisFinding: Hashable, Sendable, Codable {
    public enum Severity: String, Hashable, Sendable, Codable { case info, warning, critical }

    public var severity: Severity
    /// Short and stable, for scripts: `remote-power-off`.
    public var code: String
    public var what: String
    public var remedy: String

    public init(_ severity: Severity, code: String, what: String, remedy: String) {
        self.severity = severity
        self.code = code
        self.what = what
        self.remedy = remedy
    }
}
