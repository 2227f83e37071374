import ArgumentParser
import PodpAPI

struct BladeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blade", abstract: "Blades: what they have and do, and who may be one.",
        subcommands: [
            List.self, Show.self, Token.self, Revoke.self, Remove.self, Evacuate.self, Drain.self, Undrain.self, Release.self, Change.self,
            BladePower.On.self, BladePower.Off.self, BladeConsole.self,
        ],
        defaultSubcommand: List.self, aliases: ["blades"])

    struct Name: ParsableArguments {
        @Argument(help: "UUID or name; 'show' takes a prefix that only one has, too.") var blade: String
        func validate() throws { if blade.isEmpty { throw ValidationError("which blade? its name is empty") } }
        var path: String { "/v1/blades/\(Coordinator.segment(blade))" }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All blades.", aliases: ["ls"])
        @OptionGroup var options: ConnectionOptions

        func run() async throws { try await options.show("/v1/blades", as: Listing<BladeResource>.self) { BladeCommand.table($0.items) } }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One blade.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions

        func run() async throws { try await options.show(name.path, as: BladeResource.self, table: BladeCommand.text) }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Set what podp cannot measure of a blade: what its disks could do, and its switch module.",
            discussion: """
                podp measures how much is read and written, not how much could be: without a limit, plans take the disks to be endless.
                Which switch module a blade hangs on no chassis tells: rules that spread over switch modules, or bear the loss of one, need it said.
                """)
        @OptionGroup var name: Name
        @Option(help: "MiB/s that its disks do together, as you have measured it (fio); 0: not known, no limit.") var diskMibPerSecond: Int?
        @Option(help: ArgumentHelp("The switch module that its domains' network goes through, like north-1; '': not known.", valueName: "name"))
        var switchModule: String?
        @OptionGroup var options: ConnectionOptions

        func validate() throws {
            if diskMibPerSecond == nil, switchModule == nil { throw ValidationError("nothing to set: --disk-mib-per-second N, or --switch-module NAME") }
        }

        func run() async throws {
            try await options.act(.PATCH, name.path, BladeChange(diskMebibytesPerSecond: diskMibPerSecond, switchModule: switchModule), done: "set")
        }
    }

    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a one-time token for a blade's enrolment.", discussion: "Give it to 'podp-agent enrol' on the blade. It is shown this once.")
        @Option(help: "Minutes until it ends.") var minutes: Int = 60
        @Option(help: "Which blade it is meant for, for people.") var note: String?
        @Option(help: "The chassis that the blade is in.") var chassis: String?
        @Option(help: "The bay that the blade is in.") var bay: Int?
        @Flag(help: "List the tokens that were not used yet, instead of making one.") var list = false
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            if list {
                return try await options.show("/v1/blade-tokens", as: Listing<BladeTokenResource>.self) { tokens in
                    var table = Table(header: ["ID", "EXPIRES (UTC)", "BY", "NOTE"])
                    table.rows = tokens.items.map { [Cell($0.id), Cell(Words.time($0.expires)), Cell($0.createdBy), Cell($0.note)] }
                    return table.text()
                }
            }
            guard (1...10_080).contains(minutes) else { throw ValidationError("--minutes is 1 to 10080 (a week)") }
            let order = BladeTokenOrder(lifetimeSeconds: minutes * 60, note: note, chassis: chassis, bay: bay)
            try await options.withCoordinator { coordinator in
                let secret = try await coordinator.send(.POST, "/v1/blade-tokens", order, as: BladeTokenSecret.self)
                for warning in secret.value.warnings ?? [] { Terminal.complain("podp: note: " + SafeText.line(warning)) }
                options.print(secret) { SafeText.line($0.token) + "\n" }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a blade's certificates and cut its link. Its domains run on.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/revoke", done: "revoked") }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a blade that has no domains.", aliases: ["rm"])
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.DELETE, name.path, done: "removed") }
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a blade no new domains.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/drain", done: "draining; 'podp blade evacuate' empties it") }
    }

    struct Undrain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a blade take new domains again.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/undrain", done: "takes new domains again") }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let automation use a blade again that was held.")
        @OptionGroup var name: Name
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.POST, "\(name.path)/release", done: "released") }
    }

    struct Evacuate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Empty a blade: drain it, plan, and carry the plan out.", discussion: "'podp plan evacuate BLADE' shows the plan and moves nothing.")
        @OptionGroup var name: Name
        @Flag(help: "Even though a loss that the fleet is to survive ('podp policy survive') could not be borne afterwards.") var despitePolicy = false
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions

        func run() async throws { try await Self.empty(name, options, despitePolicy: despitePolicy, noWait: patience.noWait) }

        static func empty(_ name: Name, _ options: ConnectionOptions, despitePolicy: Bool, noWait: Bool) async throws {
            try await options.withCoordinator { coordinator in
                let blade = try await coordinator.get(name.path, as: BladeResource.self).value
                // Its next move to the blade would stop that plan, and this one would be refused all the same.
                if let other = try await coordinator.get("/v1/plans", as: Listing<PlanResource>.self).value.items.first(where: { $0.state == .applying }) {
                    throw Trouble(
                        .refused, "\(blade.name) is not emptied, and takes new domains as before: plan \(SafeText.line(other.id)) is being carried out",
                        remedy: "ask again when `podp plan list` shows it done")
                }
                _ = try await coordinator.send(.POST, "/v1/blades/\(blade.id)/drain", as: Receipt.self)
                let order = PlanOrder(goal: .evacuate, blade: blade.id.description, despitePolicy: despitePolicy ? true : nil)
                let plan = try await coordinator.send(.POST, "/v1/plans", order, as: PlanResource.self)
                options.print(plan, PlanCommand.text)
                guard !plan.value.moves.isEmpty else {
                    guard blade.domains > 0 else { return }
                    throw Trouble(.refused, "\(blade.name) cannot be emptied", remedy: remedy(plan.value, despitePolicy: despitePolicy))
                }
                _ = try await coordinator.send(.POST, "/v1/plans/\(Coordinator.segment(plan.value.id))/apply", as: Receipt.self)
                if !noWait { try await Waiting.finish(plan: plan.value.id, coordinator: coordinator) }
                guard let left = plan.value.after.first(where: { $0.blade == blade.id })?.domains, left > 0 else { return }
                let which = "\(Words.count(left, "domain")) of podp's \(left == 1 ? "stays" : "stay")"
                throw Trouble(
                    .refused, "\(blade.name) \(noWait ? "will not be" : "is not") empty: \(which)",
                    remedy: remedy(plan.value, despitePolicy: despitePolicy))
            }
        }

        private static func remedy(_ plan: PlanResource, despitePolicy: Bool) -> String {
            // N+1's rules are named so by the coordinator.
            let isPolicy = !despitePolicy && plan.remarks.contains { $0.contains("without the rule 'N+1: ") }
            return (plan.remarks + (isPolicy ? ["--despite-policy does without N+1"] : [])).joined(separator: "; ")
        }
    }

    static func state(_ blade: BladeResource) -> Cell {
        switch blade.link {
        case .revoked: Cell("revoked", .bad)
        case .unknown: Cell("unknown", .bad)
        case .connected:
            if blade.held != nil {
                Cell("held", .warning)
            } else if blade.stale {
                Cell("stale", .warning)
            } else if blade.draining {
                Cell("draining", .warning)
            } else {
                Cell("ok", .good)
            }
        }
    }

    static func table(_ blades: [BladeResource]) -> String {
        var table = Table(header: ["BLADE", "STATE", "CPU", "", "OF", "MEMORY FREE", "OF", "DOMAINS", "REPORT", "NOTE"])
        for blade in blades {
            let permille = blade.cpuMillicpus.flatMap { used in
                Words.permille(Int64(used), of: blade.cpus.map { Int64(clamping: $0).multipliedReportingOverflow(by: 1000).partialValue })
            }
            let note = blade.held ?? blade.reportInvalid ?? (blade.findings.isEmpty ? "" : "\(Words.count(blade.findings.count, "finding")): podp check")
            table.rows.append([
                Cell(blade.name, .bold), state(blade),
                Cell(permille.map { Bar.text(permille: $0, width: 8) } ?? "", blade.stale ? .faint : StatusCommand.look(permille)),
                Cell(Words.percent(permille: permille), blade.stale ? .faint : .plain, right: true), Cell(blade.cpus.map { "\($0)" } ?? "–", right: true),
                Cell(Words.bytes(blade.memoryFreeBytes), right: true), Cell(Words.bytes(blade.memoryBytes), right: true),
                Cell("\(blade.domainsRunning)/\(blade.domains)", right: true), Cell(blade.reportAgeSeconds.map { Words.seconds($0) } ?? "none", right: true),
                Cell(note, .faint),
            ])
        }
        return blades.isEmpty ? "no blades yet: 'podp blade token' makes a token to enrol one\n" : table.text()
    }

    static func text(_ blade: BladeResource) -> String {
        var table = Table(header: [])
        func line(_ name: String, _ value: String?) {
            if let value { table.rows.append([Cell(name, .faint), Cell(value)]) }
        }
        table.rows.append([Cell("blade", .faint), Cell(blade.name, .bold)])
        line("uuid", blade.id.description)
        line("serial", blade.serial)
        line("chassis", blade.chassis.isEmpty ? nil : blade.chassis + (blade.bay.map { ", bay \($0)" } ?? ""))
        table.rows.append([Cell("state", .faint), state(blade)])
        line("held", blade.held)
        line("link", blade.link.rawValue + (blade.linkSince.map { " since \(Words.time($0))" } ?? ""))
        line("report", blade.reportAgeSeconds.map { "\(Words.seconds($0)) old" } ?? "none")
        line("not valid", blade.reportInvalid)
        line("clock", blade.clockOffsetSeconds.map { "\(Words.seconds($0)) off" })
        line("certificate", blade.certificateExpires.map { "until \(Words.time($0))" })
        line(
            "hypervisor",
            blade.hypervisor.map {
                "\($0.kind) \($0.version)" + ($0.libvirtVersion.isEmpty ? "" : ", libvirt \($0.libvirtVersion)") + ", podp-agent \($0.agentVersion)"
            })
        line("processors", blade.cpus.map { "\($0)" + (blade.cpuModel.map { " × \($0)" } ?? "") })
        line("in use", blade.cpuMillicpus.map { "\(Words.cores($0)) cores" + (blade.dom0CPUMillicpus.map { ", dom0 \(Words.cores($0))" } ?? "") })
        line(
            "memory",
            blade.memoryBytes.map {
                "\(Words.bytes($0)), free \(Words.bytes(blade.memoryFreeBytes)), promised \(Words.bytes(blade.memoryPromisedBytes)), dom0 \(Words.bytes(blade.dom0MemoryBytes))"
            })
        line("disk", blade.disk.map { "read \(Words.bytes($0.readBytesPerSecond))/s, written \(Words.bytes($0.writtenBytesPerSecond))/s" })
        line(
            "disk limit", blade.use.first { $0.resource == "disk" }?.capacity.map { "\($0 / 1024) MiB/s ('podp blade set --disk-mib-per-second')" })
        line("network", blade.network.map { "in \(Words.bytes($0.receivedBytesPerSecond))/s, out \(Words.bytes($0.sentBytesPerSecond))/s" })
        line("domains", "\(blade.domains), \(blade.domainsRunning) running")
        line("switch", blade.switchModule)
        line("bridges", blade.bridges.isEmpty ? nil : blade.bridges.joined(separator: ", "))
        line("storage", blade.storage.isEmpty ? nil : blade.storage.map(\.path).joined(separator: ", "))
        line(
            "migration",
            blade.migrationAddress.map { $0 + (blade.migrationEncrypted == true ? ", encrypted" : ", memory stream not encrypted") }
                ?? "no migration network configured")
        line("agent", blade.agentMemoryBytes.map { "\(Words.bytes($0)), \(Words.cores(blade.agentCPUMillicpus)) cores" })
        for ability in blade.hypervisor?.liveMigration ?? [] where !ability.possible { line("no live \(ability.type)", ability.reason ?? "") }
        return table.text() + CheckCommand.text(blade.findings)
    }
}

extension ConnectionOptions {
    /// An action that has no body, waited for.
    func act(_ method: HTTPVerb, _ path: String, done: String, patience: Patience? = nil) async throws {
        try await withCoordinator { coordinator in
            let answer = try await coordinator.send(method, path, as: Receipt.self)
            try await Waiting.finish(answer, done: done, options: self, noWait: patience?.noWait ?? false, coordinator: coordinator)
        }
    }

    /// An action with a body, waited for.
    func act(_ method: HTTPVerb, _ path: String, _ body: some Documented, done: String, patience: Patience? = nil) async throws {
        try await withCoordinator { coordinator in
            let answer = try await coordinator.send(method, path, body, as: Receipt.self)
            try await Waiting.finish(answer, done: done, options: self, noWait: patience?.noWait ?? false, coordinator: coordinator)
        }
    }
}
