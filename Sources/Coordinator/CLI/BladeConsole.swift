import ArgumentParser
import Glibc
import PodpAPI
import PodpChassis

/// A blade's serial console: the coordinator says which bay of which chassis, this program speaks to the chassis.
struct BladeConsole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open a blade's serial console through its chassis.",
        discussion: "The session is written to a log file. One session a blade: --take-over ends somebody else's.")
    @OptionGroup var name: BladeCommand.Name
    @Option(
        help: ArgumentHelp(
            "A file with 'password = …' of the management module's login that only you can read; else $PODP_CHASSIS_PASSWORD.", valueName: "file"))
    var secrets: String?
    @Flag(help: "End somebody else's session on this blade.") var takeOver = false
    @Option(help: ArgumentHelp("Where the session is written; by default podp-console-BLADE-TIME.log here.", valueName: "file")) var log: String?
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        let (blade, chassis, bay) = try await options.withCoordinator { coordinator in
            let blade = try await coordinator.get(name.path, as: BladeResource.self).value
            let all = try await coordinator.get("/v1/chassis", as: Listing<ChassisResource>.self).value.items
            for chassis in all { if let bay = chassis.bays.first(where: { $0.blade == blade.id }) { return (blade, chassis, bay.bay) } }
            throw Trouble(
                .refused, "no chassis that podp watches says that it has \(blade.name)",
                remedy: "'podp chassis list'; 'podp chassis console URL --bay N' needs no coordinator")
        }
        var address = ChassisAddress()
        address.url = chassis.url
        address.secrets = secrets
        let command = try await address.withDriver { _, driver in try await driver.console(bay: bay, takeOver: takeOver) }
        let known = blade.name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        try ConsoleSession.run(command, log: log ?? "podp-console-\(known)-\(time(nil)).log")
    }
}
