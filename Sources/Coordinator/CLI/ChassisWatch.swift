import ArgumentParser
import Glibc
import PodpAPI

/// The chassis that the coordinator watches.
enum ChassisWatch {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The chassis that podp watches.", aliases: ["ls"])
        @OptionGroup var options: ConnectionOptions

        func run() async throws { try await options.show("/v1/chassis", as: Listing<ChassisResource>.self) { ChassisWatch.table($0.items) } }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The chassis' front, its power and its parts, and what would be lost with one of them.",
            discussion: "All chassis, if none is named. Nothing is asked of the chassis: this is what the coordinator read some seconds ago.")
        @Argument(help: "Its name.") var chassis: String?
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            let drawing = ChassisDrawing(columns: ChassisWatch.columns)
            guard let chassis else {
                return try await options.show("/v1/chassis", as: Listing<ChassisResource>.self) { all in
                    all.items.isEmpty ? ChassisWatch.table([]) : all.items.map { drawing.text($0) }.joined(separator: "\n")
                }
            }
            try await options.show("/v1/chassis/\(Coordinator.segment(chassis))", as: ChassisResource.self) { drawing.text($0) }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Watch a chassis from now on.",
            discussion: """
                amm+snmpv3://USER@HOST?auth=sha&priv=aes, amm+snmpv1://HOST (its community in --secrets), redfish://USER@HOST?pin=sha256:…
                Try it first, without the coordinator: 'podp chassis probe URL' and 'podp chassis check URL'.
                """)
        @Argument(help: "Where its management answers.") var url: String
        @Option(help: "What to call it; if nothing is said, the host in the URL.") var name: String?
        @Option(help: ArgumentHelp("A file on the coordinator's host with what opens it, readable by podp-coordinator alone.", valueName: "file"))
        var secrets: String?
        @Option(help: "Must say off, too, before podp believes it: console, watts, pdu; more than once.") var secondSource: [String] = []
        @Option(
            help: ArgumentHelp(
                "The outlets that feed each bay, which must say off, too, and are cut with the blade: pdu+snmpv3://USER@HOST?bay1=3,4&bay2=5,6",
                valueName: "url"))
        var pdu: String?
        @Option(help: ArgumentHelp("A file on the coordinator's host with what opens the PDUs.", valueName: "file")) var pduSecrets: String?
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            let addition = ChassisAddition(
                name: name, url: url, secretFile: secrets, secondSources: secondSource.isEmpty ? nil : secondSource, pdu: pdu, pduSecretFile: pduSecrets)
            try await options.act(.POST, "/v1/chassis", addition, done: "watched from now on; 'podp chassis' shows it")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Watch a chassis no more. Its blades run on.", aliases: ["rm"])
        @Argument(help: "Its name.") var chassis: String
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.DELETE, "/v1/chassis/\(Coordinator.segment(chassis))", done: "removed; its blades run on") }
    }

    static func table(_ all: [ChassisResource]) -> String {
        guard !all.isEmpty else { return "no chassis is watched yet: 'podp chassis add URL'\n" }
        var table = Table(header: ["CHASSIS", "STATE", "KIND", "MODEL", "BLADES", "ON", "WATTS", "READ", "WHERE", "NOTE"])
        for chassis in all {
            let blades = chassis.bays.filter { $0.present == true }
            table.rows.append([
                Cell(chassis.name, .bold), state(chassis), Cell(chassis.kind ?? "–"), Cell(chassis.model ?? "–"), Cell("\(blades.count)", right: true),
                Cell("\(blades.count { $0.power == .on })", right: true), Cell(chassis.watts.map { "\($0)" } ?? "–", right: true),
                Cell(Words.seconds(chassis.readingsAgeSeconds), right: true), Cell(chassis.url), Cell(chassis.silence ?? chassis.faults?.first ?? "", .faint),
            ])
        }
        return table.text()
    }

    static func state(_ chassis: ChassisResource) -> Cell {
        if !chassis.answering { return Cell(chassis.readingsAgeSeconds == nil && chassis.silence == nil ? "asked" : "silent", .bad) }
        if chassis.stale { return Cell("stale", .warning) }
        switch chassis.health {
        case "good", nil: return Cell("ok", .good)
        case "critical": return Cell("critical", .bad)
        case .some(let other): return Cell(other, .warning)
        }
    }

    /// Of the terminal that this writes to; 80 where there is none.
    private static var columns: Int {
        var size = winsize()
        guard Terminal.output.isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
