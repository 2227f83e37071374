import ArgumentParser
import PodpAPI

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Plans: which domain goes where, and why. Nothing moves before 'podp apply'.",
        subcommands: [
            Balance.self, Consolidate.self, Evacuate.self, Restore.self, List.self, Show.self, Diff.self, Rollback.self, Place.self, ApplyCommand.self,
        ],
        defaultSubcommand: Balance.self,
        aliases: ["plans"])

    struct Balance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Spread the load (what 'podp plan' alone does).")
        @Flag(help: "Count what the blades draw, too: an empty one can be switched off.") var watts = false
        @OptionGroup var htools: HtoolsOptions
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try PlanCommand.refuse(watts, of: htools)
            if htools.htools != nil { return try await HtoolsRun(goal: .balance, options: htools, output: options.output).run() }
            try await PlanCommand.make(PlanOrder(goal: .balance, watts: watts ? true : nil), options)
        }
    }

    struct Consolidate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Empty as many blades as can be.")
        @Flag(help: "Count what the blades draw, too: an empty one can be switched off.") var watts = false
        @OptionGroup var htools: HtoolsOptions
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try PlanCommand.refuse(watts, of: htools)
            if htools.htools != nil { return try await HtoolsRun(goal: .consolidate, options: htools, output: options.output).run() }
            try await PlanCommand.make(PlanOrder(goal: .consolidate, watts: watts ? true : nil), options)
        }
    }

    struct Evacuate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Empty one blade.")
        @Argument(help: "UUID, name, or a prefix that only one has.") var blade: String
        @Flag(help: "Even though a loss that the fleet is to survive ('podp policy survive') could not be borne afterwards.") var despitePolicy = false
        @OptionGroup var htools: HtoolsOptions
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            if htools.htools != nil, despitePolicy { throw ValidationError("--despite-policy and --htools do not go together: a dump has no policy of podp's") }
            if htools.htools != nil { return try await HtoolsRun(goal: .evacuate(blade), options: htools, output: options.output).run() }
            try await PlanCommand.make(PlanOrder(goal: .evacuate, blade: blade, despitePolicy: despitePolicy ? true : nil), options)
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Mend rules that are broken (groups that met, zones too few, N+1), and nothing else.")
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await PlanCommand.make(PlanOrder(goal: .restore), options) }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the plan that undoes another, wholly or as far as that was carried out. It is checked, shown and applied like any other.")
        @Argument(help: "The plan, or a prefix that only one has.") var plan: String
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await PlanCommand.make(PlanOrder(goal: .rollback, plan: plan), options) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Plans, newest first.", aliases: ["ls"])
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try await options.show("/v1/plans", as: Listing<PlanResource>.self) { plans in
                guard !plans.items.isEmpty else { return "no plans: 'podp plan' makes one\n" }
                var table = Table(header: ["PLAN", "GOAL", "STATE", "MOVES", "MADE (UTC)", "BY", "NOTE"])
                table.rows = plans.items.map { plan in
                    [
                        Cell(plan.id, .bold), Cell(plan.goal.rawValue + ((plan.bladeName ?? plan.undoes).map { " \($0)" } ?? "")), PlanCommand.state(plan),
                        Cell("\(plan.moves.count)", right: true), Cell(Words.time(plan.createdAt)), Cell(plan.by), Cell(plan.reason ?? "", .faint),
                    ]
                }
                return table.text()
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One plan.")
        @Argument(help: "The plan, or a prefix that only one has.") var plan: String
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.show("/v1/plans/\(Coordinator.segment(plan))", as: PlanResource.self, table: PlanCommand.text) }
    }

    /// Ganeti's dumps know no watts.
    private static func refuse(_ watts: Bool, of htools: HtoolsOptions) throws {
        if watts, htools.htools != nil { throw ValidationError("--watts and --htools do not go together: a dump has no watts") }
    }

    static func make(_ order: PlanOrder, _ options: ConnectionOptions) async throws {
        try await options.withCoordinator { coordinator in
            options.print(try await coordinator.send(.POST, "/v1/plans", order, as: PlanResource.self), text)
        }
    }

    static func state(_ plan: PlanResource) -> Cell {
        switch plan.state {
        case .proposed: Cell("proposed")
        case .applying: Cell("applying", .warning)
        case .done: Cell("done", .good)
        case .stopped: Cell("stopped", .bad)
        }
    }

    static func text(_ plan: PlanResource) -> String {
        let out = Terminal.output
        let goal = plan.goal.rawValue + ((plan.bladeName ?? plan.undoes).map { " \(SafeText.line($0))" } ?? "")
        var text =
            out.bold("plan \(SafeText.line(plan.id))") + "  \(goal), \(plan.state.rawValue)" + (plan.reason.map { ": \(SafeText.line($0))" } ?? "") + "\n"
        if plan.moves.isEmpty { text += "nothing to move\n" }
        var wave: Int?
        for (index, move) in plan.moves.enumerated() {
            if let last = wave, last != move.wave { text += out.faint("  then" + reached(plan, after: last)) + "\n" }
            wave = move.wave
            let way = SafeText.line("\(move.domainName)  \(move.fromName) → \(move.toName)")
            var cost = "\(Words.bytes(move.bytes)), about \(Words.seconds(move.durationSeconds))"
            if !move.live { cost += ", " + out.yellow("stopped for \(Words.seconds(move.downtimeSeconds))") }
            text += "\n\(index + 1). \(out.bold(way))  \(out.faint(cost))" + (move.operation.map { "  \(Words.operation($0))" } ?? "") + "\n"
            text += "   \(SafeText.line(move.reason))\n"
        }
        for remark in plan.remarks { text += out.yellow("   \(SafeText.line(remark))") + "\n" }
        // An evacuation's blade counts for nothing from the start.
        let without = plan.goal == .evacuate ? plan.bladeName.map { " (without \(SafeText.line($0)))" } ?? "" : ""
        for rule in plan.broken { text += out.yellow("   broken, before and after\(without): \(SafeText.line(rule))") + "\n" }
        for rule in plan.wishes { text += out.faint("   a wish that is not kept: \(SafeText.line(rule))") + "\n" }
        for loss in plan.whenOff { text += out.yellow("   if \(SafeText.line(plan.bladeName ?? "it")) is off: \(SafeText.line(loss))") + "\n" }
        text += "\n" + loads(plan)
        if let now = plan.wattsBefore, let then = plan.wattsAfter {
            text += "watts of the blades that are measured: \(now)" + (then == now ? "" : ", then \(then) with empty ones switched off") + "\n"
        }
        if !plan.moves.isEmpty {
            text += out.faint("every state between the moves was checked: \(plan.statesChecked) states, \(plan.rulesChecked) rules") + "\n"
            if plan.state == .proposed { text += "\n'podp apply \(SafeText.line(plan.id))' carries it out\n" }
        }
        return text
    }

    /// `, with blade-01 at CPU 40 %, memory 62 %; …`: what a wave leaves behind it.
    private static func reached(_ plan: PlanResource, after wave: Int) -> String {
        guard plan.waves.indices.contains(wave), !plan.waves[wave].isEmpty else { return "" }
        let loads = plan.waves[wave].prefix(4).map { load in
            "\(SafeText.line(load.name)) at CPU \(Words.percent(permille: load.cpuPermille)), memory \(Words.percent(permille: load.memoryPermille))"
        }
        return ", with " + loads.joined(separator: "; ") + (plan.waves[wave].count > 4 ? "; and \(plan.waves[wave].count - 4) more" : "")
    }

    /// Each blade's processors and memory, now and after, as bars.
    private static func loads(_ plan: PlanResource) -> String {
        let after = Dictionary(plan.after.map { ($0.blade, $0) }, uniquingKeysWith: { first, _ in first })
        var table = Table(header: ["BLADE", "CPU NOW", "", "AFTER", "", "MEMORY NOW", "", "AFTER", "", "DOMAINS"])
        for now in plan.before {
            let then = after[now.blade] ?? now
            table.rows.append([
                Cell(now.name),
                bar(now.cpuPermille), Cell(Words.percent(permille: now.cpuPermille), right: true), bar(then.cpuPermille),
                Cell(Words.percent(permille: then.cpuPermille), right: true),
                bar(now.memoryPermille), Cell(Words.percent(permille: now.memoryPermille), right: true), bar(then.memoryPermille),
                Cell(Words.percent(permille: then.memoryPermille), right: true),
                Cell(now.domains == then.domains ? "\(now.domains)" : "\(now.domains) → \(then.domains)"),
            ])
        }
        return table.text()
    }

    private static func bar(_ permille: Int64?) -> Cell { Cell(permille.map { Bar.text(permille: $0, width: 8) } ?? "", StatusCommand.look(permille)) }
}

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Carry a plan out. A step whose premise has changed is refused, with what changed.")
    @Argument(help: "The plan, or a prefix that only one has.") var plan: String
    @OptionGroup var patience: Patience
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await options.withCoordinator { coordinator in
            let found = try await coordinator.get("/v1/plans/\(Coordinator.segment(plan))", as: PlanResource.self).value
            let answer = try await coordinator.send(.POST, "/v1/plans/\(Coordinator.segment(found.id))/apply", as: Receipt.self)
            if options.output == .json { options.print(answer) { _ in "" } }
            if patience.noWait {
                if options.output == .table {
                    print("begun: \(Words.count(found.moves.count, "move")); follow it with 'podp plan show \(SafeText.line(found.id))'")
                }
                return
            }
            try await Waiting.finish(plan: found.id, coordinator: coordinator)
        }
    }
}
