import ArgumentParser
import Glibc
import PodpAPI
import PodpDefinition
import PodpModel

struct DomainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain", abstract: "Domains: create, run, move, adopt.",
        subcommands: [
            List.self, Show.self, Create.self, CheckFile.self, Start.self, Stop.self, Destroy.self, Pause.self, Resume.self, Reboot.self, Change.self,
            Migrate.self,
            Adopt.self, Release.self, Clear.self, Remove.self,
        ], defaultSubcommand: List.self, aliases: ["domains", "dom"])

    struct Name: ParsableArguments {
        @Argument(help: "UUID or name; 'show' takes a prefix that only one has, too.") var domain: String
        func validate() throws { if domain.isEmpty { throw ValidationError("which domain? its name is empty") } }
        var path: String { "/v1/domains/\(Coordinator.segment(domain))" }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All domains, managed and not.", aliases: ["ls"])
        @Option(help: "Only those on this blade.") var blade: String?
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try await options.show("/v1/domains", as: Listing<DomainResource>.self, query: [("blade", blade)]) { DomainCommand.table($0.items) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One domain.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.show(name.path, as: DomainResource.self, table: DomainCommand.text) }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a domain from xl's flat file, place it, and start it.")
        @Argument(help: "A file as 'xl create' reads it, with podp's own podp_ keys; '-' is standard input.") var file: String
        @Option(help: "The blade to place it on; else where it fits best.") var on: String?
        @Flag(help: "Define it, do not start it.") var noStart = false
        @Flag(help: "Replace the definition of the domain of this name; it takes effect with its next start.") var replace = false
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions

        func validate() throws {
            if replace, on != nil || noStart { throw ValidationError("--replace neither places nor starts it: leave --on and --no-start out") }
        }

        func run() async throws {
            let text = String(decoding: try DomainCommand.bytes(file), as: UTF8.self)
            let title = DomainCommand.title(file)
            if replace {
                let order = DomainCreation(flatFile: text, fileName: title, replace: true)
                return try await options.act(.POST, "/v1/domains", order, done: "replaced: it takes effect with the next start", patience: patience)
            }
            let order = DomainCreation(flatFile: text, fileName: title, blade: on, start: !noStart)
            try await options.act(.POST, "/v1/domains", order, done: "created", patience: patience)
        }
    }

    struct CheckFile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check-file", abstract: "Read a flat file and say what is wrong with it. Needs no coordinator.")
        @Argument(help: "The file; '-' is standard input.") var file: String

        func run() async throws {
            let bytes = try DomainCommand.bytes(file)
            do {
                // Any UUID will do: nothing is created.
                let (definition, warnings) = try FlatFile.parse(bytes, file: DomainCommand.title(file), newID: ID128(high: 0x4000, low: 1 << 63))
                for warning in warnings { Terminal.complain("podp: note: " + SafeText.line(warning.description)) }
                print(
                    SafeText.line(
                        "\(definition.name): \(definition.type.rawValue), \(Words.count(definition.vcpus, "vcpu")), \(Words.bytes(definition.memory.count))"))
            } catch {
                throw Trouble(.failed, error.description)
            }
        }
    }

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Start a domain.")
        @OptionGroup var name: Name
        @Option(help: "The blade to start it on; else where it was, or where it fits best.") var on: String?
        @Flag(help: "Start it there though podp cannot see that its disks are the same there.") var force = false
        @Flag(help: "Even though a loss that the fleet is to survive ('podp policy survive') could not be borne then.") var despitePolicy = false
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions

        func validate() throws { if force, on == nil { throw ValidationError("--force goes with --on BLADE: name where its disks are the same") } }

        func run() async throws {
            let order = DomainPlacement(blade: on, force: force ? true : nil, despitePolicy: despitePolicy ? true : nil)
            try await options.act(.POST, "\(name.path)/start", order, done: "started", patience: patience)
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a domain's guest to shut down.", discussion: "'podp domain destroy' takes its power instead.")
        @OptionGroup var name: Name
        @Option(help: "Seconds that the guest may take.") var deadline: Int = 120
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions
        func run() async throws {
            try await options.act(.POST, "\(name.path)/stop", DomainStop(deadlineSeconds: deadline), done: "stopped", patience: patience)
        }
    }

    struct Destroy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a domain's power, as pulling the plug.")
        @OptionGroup var name: Name
        @Option(help: "Where two copies hold memory: end the one on this blade, which is not where podp has the domain.") var on: String?
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions
        func run() async throws {
            try await options.act(.POST, "\(name.path)/destroy", DomainDestruction(blade: on), done: "destroyed", patience: patience)
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a domain's processors, keep its memory.")
        @OptionGroup var name: Name
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/pause", done: "paused", patience: patience) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a paused domain run on.")
        @OptionGroup var name: Name
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/resume", done: "runs on", patience: patience) }
    }

    struct Reboot: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Ask a domain's guest to reboot.")
        @OptionGroup var name: Name
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/reboot", done: "rebooted", patience: patience) }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "set", abstract: "Set a domain's memory and processors.")
        @OptionGroup var name: Name
        @Option(help: "512M, 2G; a plain number is MiB, as in a flat file.") var memory: String?
        @Option(help: "Virtual processors.") var vcpus: Int?
        @Flag(help: "Even though a loss that the fleet is to survive ('podp policy survive') could not be borne then.") var despitePolicy = false
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions

        func validate() throws {
            guard memory != nil || vcpus != nil else { throw ValidationError("nothing to set: give --memory or --vcpus") }
            if let memory, Self.bytes(memory) == nil { throw ValidationError("--memory \(memory) is no amount like 512M or 2G") }
        }

        func run() async throws {
            // Two operations, in turn: the second begins when the first has succeeded.
            if let bytes = memory.flatMap(Self.bytes) {
                var first = patience
                if vcpus != nil { first.noWait = false }
                let change = DomainChange(memoryBytes: bytes, despitePolicy: despitePolicy ? true : nil)
                try await options.act(.PATCH, name.path, change, done: "memory set", patience: first)
            }
            if let vcpus { try await options.act(.PATCH, name.path, DomainChange(vcpus: vcpus), done: "processors set", patience: patience) }
        }

        /// `512M`, `2G`, `2GiB`, `512`: binary units; without one, MiB. `nil` when it is none, 0, or beyond 64 bits.
        static func bytes(_ text: String) -> UInt64? {
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            guard let number = UInt64(digits), number > 0 else { return nil }
            let factor: UInt64
            switch text.dropFirst(digits.count).lowercased() {
            case "", "m", "mb", "mib": factor = 1 << 20
            case "k", "kb", "kib": factor = 1 << 10
            case "g", "gb", "gib": factor = 1 << 30
            case "t", "tb", "tib": factor = 1 << 40
            default: return nil
            }
            let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
            return overflow ? nil : bytes
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Move a domain to another blade while it runs.")
        @OptionGroup var name: Name
        @Argument(help: "The blade to move it to; else where it fits best.") var blade: String?
        @Flag(help: "If it cannot migrate live, it may be stopped for the transfer.") var allowStop = false
        @Flag(help: "Even though a loss that the fleet is to survive ('podp policy survive') could not be borne then.") var despitePolicy = false
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions
        func run() async throws {
            let order = DomainMigration(blade: blade, allowStop: allowStop, despitePolicy: despitePolicy ? true : nil)
            try await options.act(.POST, "\(name.path)/migrate", order, done: "moved", patience: patience)
        }
    }

    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take an unmanaged domain under podp's care.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/adopt", done: "adopted") }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a domain; it runs on, unmanaged.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/release", done: "released: it runs on, unmanaged") }
    }

    struct Clear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let automation touch a domain again after an incident.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/clear", done: "automation may touch it again") }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Undefine a domain and forget it. Its disks are left alone.", aliases: ["rm"])
        @OptionGroup var name: Name
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.DELETE, name.path, done: "removed; its disks are left alone", patience: patience) }
    }

    /// A file's bytes, as far as a flat file may be long.
    static func bytes(_ file: String) throws -> [UInt8] {
        let path = file == "-" ? "/dev/stdin" : file
        guard let handle = fopen(path, "r") else { throw Trouble(.usage, "\(file) cannot be read: \(String(cString: strerror(errno)))") }
        defer { fclose(handle) }
        var bytes = [UInt8](repeating: 0, count: FlatFile.sizeLimit + 1)
        let count = fread(&bytes, 1, bytes.count, handle)
        if ferror(handle) != 0 { throw Trouble(.usage, "\(file) cannot be read: \(String(cString: strerror(errno)))") }
        guard count <= FlatFile.sizeLimit else { throw Trouble(.usage, "\(file) is longer than \(FlatFile.sizeLimit) bytes: that is no flat file") }
        return Array(bytes.prefix(count))
    }

    /// What messages call a file.
    static func title(_ file: String) -> String { file == "-" ? "stdin" : file }

    static func state(_ domain: DomainResource) -> Cell {
        switch domain.state {
        case .running: Cell("running", domain.stale ? .warning : .good)
        case .paused, .incoming, .shutdown: Cell(domain.state.rawValue, .warning)
        case .crashed, .unknown: Cell(domain.state.rawValue, .bad)
        case .off: Cell("off", .faint)
        }
    }

    static func table(_ domains: [DomainResource]) -> String {
        guard !domains.isEmpty else { return "no domains\n" }
        var table = Table(header: ["DOMAIN", "STATE", "BLADE", "CPU", "VCPUS", "MEMORY", "AGE", "NOTE"])
        for domain in domains {
            var notes: [String] = []
            if !domain.managed { notes.append("unmanaged") }
            if let held = domain.held { notes.append("held: \(held)") }
            if domain.alsoOn.count > 1 { notes.append("on \(domain.alsoOn.count) blades!") }
            if let operation = domain.operation { notes.append("operation \(Words.operation(operation))") }
            if !domain.drift.isEmpty { notes.append("drifted") }
            if domain.liveMigration?.possible == false { notes.append("no live migration") }
            table.rows.append([
                Cell(domain.name, .bold), state(domain), Cell(domain.bladeName ?? "–"), Cell(Words.cores(domain.cpuMillicpus), right: true),
                Cell(domain.vcpus.map { "\($0)" } ?? "–", right: true), Cell(Words.bytes(domain.memoryBytes), right: true),
                Cell(domain.sampleAgeSeconds.map { Words.seconds($0) } ?? "–", domain.stale ? .warning : .plain, right: true),
                Cell(notes.joined(separator: ", "), domain.alsoOn.count > 1 || domain.held != nil ? .warning : .faint),
            ])
        }
        return table.text()
    }

    static func text(_ domain: DomainResource) -> String {
        var table = Table(header: [])
        func line(_ name: String, _ value: String?, _ look: Cell.Look = .plain) {
            if let value { table.rows.append([Cell(name, .faint), Cell(value, look)]) }
        }
        line("domain", domain.name, .bold)
        line("uuid", domain.id.description)
        table.rows.append([Cell("state", .faint), state(domain)])
        line("blade", domain.bladeName)
        line("managed", domain.managed ? "yes, wanted \(domain.wish?.rawValue ?? "as it is")" : "no: shown and counted, never touched")
        line("held", domain.held, .warning)
        line("operation", domain.operation.map(Words.operation))
        line("type", domain.type)
        line("processors", domain.vcpus.map { "\($0)" + (domain.maxVCPUs.map { " of at most \($0)" } ?? "") })
        line("in use", domain.cpuMillicpus.map { "\(Words.cores($0)) cores" + (domain.readyMillicpus.map { ", waiting \(Words.cores($0))" } ?? "") })
        line("memory", domain.memoryBytes.map { Words.bytes($0) + (domain.maxMemoryBytes.map { " of at most \(Words.bytes($0))" } ?? "") })
        line("disk", domain.disk.map { "read \(Words.bytes($0.readBytesPerSecond))/s, written \(Words.bytes($0.writtenBytesPerSecond))/s" })
        line("network", domain.network.map { "in \(Words.bytes($0.receivedBytesPerSecond))/s, out \(Words.bytes($0.sentBytesPerSecond))/s" })
        line(
            "numbers", domain.sampleAgeSeconds.map { "\(Words.seconds($0)) old" + (domain.stale ? ", stale: they decide nothing" : "") } ?? "none",
            domain.stale ? .warning : .plain)
        line("live", domain.liveMigration.map { $0.possible ? "can migrate live" : "cannot migrate live: \($0.reason ?? "")" })
        for disk in domain.disks { line(disk.target, disk.source + (disk.readOnly ? ", read-only" : "") + (disk.shared ? ", shared" : "")) }
        for nic in domain.nics { line("nic", "\(nic.mac ?? "–") on \(nic.bridge)") }
        line("definition", domain.revision.map { "revision \($0)" })
        if let policy = domain.policy {
            line("stays", policy.stays ? "yes: automation and plans never move it" : nil)
            line("may stop", policy.allowedDowntimeSeconds.map { "for \(Words.seconds($0)) at most, where it cannot migrate live" })
            line("only on", policy.onlyOn.isEmpty ? nil : policy.onlyOn.joined(separator: ", "))
            line("never on", policy.neverOn.isEmpty ? nil : policy.neverOn.joined(separator: ", "))
            line("spread", policy.spread.isEmpty ? nil : policy.spread.joined(separator: ", "))
            line("near", policy.near.isEmpty ? nil : policy.near.joined(separator: ", "))
            line("exclusive", policy.exclusive.isEmpty ? nil : policy.exclusive.joined(separator: ", "))
            line("wishes", policy.prices.isEmpty ? nil : policy.prices.joined(separator: ", "))
            line("apart", policy.apart.isEmpty ? nil : policy.apart.joined(separator: ", "))
            line("together", policy.together.isEmpty ? nil : policy.together.joined(separator: ", "))
            line("priority", policy.priority == 0 ? nil : "\(policy.priority)")
        }
        line("moved", domain.movedAt.map { Words.time($0) })
        for drift in domain.drift { line("drift", drift, .warning) }
        for blade in domain.alsoOn.count > 1 ? domain.alsoOn : [] { line("also on", blade.description, .bad) }
        return table.text()
    }
}
