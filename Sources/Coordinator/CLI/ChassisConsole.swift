import ArgumentParser
import Glibc
import PodpChassis

struct ChassisConsole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open a blade's serial console through the chassis.",
        discussion: "The session is written to a log file. One session a blade: --take-over ends somebody else's.")
    @OptionGroup var address: ChassisAddress
    @Option(help: "The bay's number.") var bay: Int
    @Flag(help: "End somebody else's session on this blade.") var takeOver = false
    @Option(help: ArgumentHelp("Where the session is written; by default podp-console-bayN-TIME.log here.", valueName: "file")) var log: String?

    func validate() throws {
        guard (1...64).contains(bay) else { throw ValidationError("--bay is from 1 to 64") }
    }

    func run() async throws {
        let (command, password) = try address.console(bay: bay, takeOver: takeOver)
        try ConsoleSession.run(command, password: password, log: log ?? "podp-console-bay\(bay)-\(time(nil)).log")
    }
}
