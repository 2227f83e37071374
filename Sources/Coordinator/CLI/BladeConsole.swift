import ArgumentParser
import Glibc
import PodpAPI
import PodpChassis

/// A blade's serial console: the coordinator says which bay of which chassis, this program speaks to the chassis.
struct BladeConsole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open a blade's serial console through its chassis.",
        discussion: """
            The session is written to a log file, and that it was opened, taken over and left to podp's events. One session a blade: --take-over ends
            somebody else's.
            """)
    @Argument(help: "The blade's name or UUID, or the number of a bay.") var place: String
    @Option(help: "The chassis that a bay's number is in, where podp watches several.") var chassis: String?
    @Option(
        help: ArgumentHelp(
            "A file with 'password = …' of the management module's login that only you can read; else $PODP_CHASSIS_PASSWORD.", valueName: "file"))
    var secrets: String?
    @Flag(help: "End somebody else's session on this blade.") var takeOver = false
    @Option(help: ArgumentHelp("Where the session is written; by default podp-console-BLADE-TIME.log here.", valueName: "file")) var log: String?
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        let (title, chassis, bay) = try await options.withCoordinator { coordinator in
            let all = try await coordinator.get("/v1/chassis", as: Listing<ChassisResource>.self).value.items
            if let bay = Int(place) { return try inBay(bay, all) }
            let blade = try await coordinator.get("/v1/blades/\(Coordinator.segment(place))", as: BladeResource.self).value
            for chassis in all { if let bay = chassis.bays.first(where: { $0.blade == blade.id }) { return (blade.name, chassis, bay.bay) } }
            throw Trouble(
                .refused, "no chassis that podp watches says that it has \(blade.name)",
                remedy: "'podp blade console BAY --chassis NAME' needs no blade's name; 'podp chassis console URL --bay N' needs no coordinator")
        }
        var address = ChassisAddress()
        address.url = chassis.url
        address.secrets = secrets
        let (command, password) = try address.console(bay: bay, takeOver: takeOver)
        let known = title.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        // Nobody is on a console that podp's events do not have.
        try await note(takeOver ? .takenOver : .opened, chassis, bay)
        let end = Result<Void, any Error> {
            try ConsoleSession.run(command, password: password, log: log ?? "podp-console-\(known)-\(time(nil)).log")
        }
        do { try await note(.closed, chassis, bay) } catch { Terminal.complain("podp's events do not have the session's end: \(error)") }
        do { try end.get() } catch let error as ChassisError { throw Trouble(error) }
    }

    private enum Moment: String {
        case opened
        case takenOver = "taken-over"
        case closed
    }

    private func note(_ moment: Moment, _ chassis: ChassisResource, _ bay: Int) async throws {
        try await options.withCoordinator { coordinator in
            let path = "/v1/chassis/\(Coordinator.segment(chassis.name))/console"
            _ = try await coordinator.send(.POST, path, ConsoleNote(bay: bay, moment: moment.rawValue), as: Receipt.self)
        }
    }

    private func inBay(_ bay: Int, _ all: [ChassisResource]) throws -> (String, ChassisResource, Int) {
        let meant = chassis.map { name in all.filter { $0.name == name } } ?? all
        guard let only = meant.first, meant.count == 1 else {
            let names = all.map(\.name).joined(separator: ", ")
            throw Trouble(.refused, "bay \(bay) of which chassis? podp watches \(names.isEmpty ? "none" : names)", remedy: "name it with --chassis")
        }
        let bays = only.bays.map(\.bay)
        guard bays.isEmpty || bays.contains(bay) else {
            throw Trouble(.refused, "no such bay: \(bay) of \(only.name)", remedy: "'podp chassis show \(only.name)' draws those that there are")
        }
        return ("\(only.name)-bay\(bay)", only, bay)
    }
}
