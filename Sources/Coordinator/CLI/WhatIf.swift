import ArgumentParser
import PodpAPI

struct WhatIfCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "what-if", abstract: "Look at a loss, more blades, more domains. Nothing is kept or done.",
        discussion: "Exit code 4: somebody would find no room.", subcommands: [Lose.self, Add.self, More.self])

    struct Lose: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A blade is lost: which of its domains would find room, and where.")
        @Argument(help: "UUID or name.") var blade: String
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await WhatIfCommand.ask(WhatIfOrder(question: .lose, blade: blade), options) { WhatIfCommand.loss($0, of: blade) } }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "So many blades more: what a balance would look like then.")
        @Argument(help: "How many.") var count: Int
        @Option(help: "Processors of each.") var cores: Int
        @Option(help: "Memory of each, dom0's part included: 32G; a plain number is MiB.") var memory: String
        @OptionGroup var options: ConnectionOptions

        func validate() throws {
            if count < 1 { throw ValidationError("how many blades? 1 or more") }
            if DomainCommand.Change.bytes(memory) == nil { throw ValidationError("--memory \(memory) is no amount like 512M or 32G") }
        }

        func run() async throws {
            let order = WhatIfOrder(question: .add, count: count, cores: cores, memoryBytes: DomainCommand.Change.bytes(memory))
            try await WhatIfCommand.ask(order, options) { WhatIfCommand.addition($0, of: count) }
        }
    }

    struct More: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "So many domains more like one that runs: how many fit, where, what runs out first, and until when.")
        @Argument(help: "How many.") var count: Int
        @Option(help: "UUID or name of the domain that they are like.") var like: String
        @OptionGroup var options: ConnectionOptions

        func validate() throws { if count < 1 { throw ValidationError("how many domains? 1 or more") } }

        func run() async throws {
            try await WhatIfCommand.ask(WhatIfOrder(question: .more, count: count, like: like), options) { WhatIfCommand.newcomers($0, count, like) }
        }
    }

    static func ask(_ order: WhatIfOrder, _ options: ConnectionOptions, _ text: (OutlookResource) -> String) async throws {
        try await options.withCoordinator { coordinator in
            let answer = try await coordinator.send(.POST, "/v1/what-if", order, as: OutlookResource.self)
            options.print(answer, text)
            if !answer.value.fits {
                throw Trouble(.refused, "\(Words.count(answer.value.homeless.count, "domain")) would find no room")
            }
        }
    }

    // MARK: - In words

    static func loss(_ outlook: OutlookResource, of blade: String) -> String {
        let all = outlook.places.count + outlook.homeless.count
        var text = "without \(Terminal.output.bold(SafeText.line(blade))), "
        text +=
            all == 0
            ? "nobody would be without a place: no domain of podp's runs there\n" : "\(outlook.places.count) of \(Words.count(all, "domain")) would find room\n"
        if !outlook.places.isEmpty {
            var table = Table(header: ["DOMAIN", "WOULD RUN ON"])
            table.rows = outlook.places.map { [Cell($0.domainName), Cell($0.bladeName)] }
            text += "\n" + table.text()
        }
        return text + missing(outlook) + remarks(outlook) + "\n" + loads(outlook)
    }

    static func addition(_ outlook: OutlookResource, of count: Int) -> String {
        var text = "with \(Words.count(count, "blade")) more, a balance would take \(Words.count(outlook.moves, "move"))\n"
        for (name, path) in [("CPU", \LoadResource.cpuPermille), ("memory", \.memoryPermille)] {
            let (now, then) = (fullest(outlook.before, path), fullest(outlook.after, path))
            guard let now, let then else { continue }
            text += "fullest \(name): \(Words.percent(permille: now.permille)) (\(SafeText.line(now.blade))) now, "
            text += "\(Words.percent(permille: then.permille)) (\(SafeText.line(then.blade))) then\n"
        }
        return text + remarks(outlook) + "\n" + loads(outlook)
    }

    private static func fullest(_ loads: [LoadResource], _ path: KeyPath<LoadResource, Int64?>) -> (blade: String, permille: Int64)? {
        loads.compactMap { load in load[keyPath: path].map { (load.name, $0) } }.max { $0.1 < $1.1 }
    }

    static func newcomers(_ outlook: OutlookResource, _ count: Int, _ like: String) -> String {
        let out = Terminal.output
        var text = "\(out.bold("\(outlook.places.count) of \(count)")) more like \(SafeText.line(like)) would fit\n"
        if !outlook.places.isEmpty {
            var table = Table(header: ["BLADE", "MORE"])
            table.rows = Dictionary(grouping: outlook.places, by: \.bladeName).sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map {
                [Cell($0.key), Cell("\($0.value.count)", right: true)]
            }
            text += "\n" + table.text()
        }
        if let first = outlook.homeless.first { text += "\nthe next one fits nowhere: \(SafeText.line(first.reason))\n" }
        if let scarce = outlook.bounds.first {
            text += "\nruns out first: \(out.bold(SafeText.line(scarce.resource)))\n"
            var table = Table(header: ["RESOURCE", "ONE TAKES", "LEFT", "ENOUGH FOR", "GROWS A DAY BY", "WITH THEM LASTS"])
            table.rows = outlook.bounds.map { bound in
                let growth = bound.growthPerDay
                let amount = growth.map { Words.amount(Int64(max(-1e15, min(1e15, abs($0)))), unit: bound.unit) }
                return [
                    Cell(bound.resource), Cell(Words.amount(bound.need, unit: bound.unit), right: true),
                    Cell(Words.amount(bound.free, unit: bound.unit), right: true),
                    Cell("\(bound.fits)", right: true), Cell(amount.map { ((growth ?? 0) < 0 ? "-" : "") + $0 } ?? "–", right: true),
                    Cell(bound.lastsDays.map { Words.seconds($0 * 86_400) } ?? "–", right: true),
                ]
            }
            text += table.text()
            if let days = outlook.bounds.compactMap(\.historyDays).max() {
                text += out.faint("growth: the trend of the last \(Words.seconds(days * 86_400))") + "\n"
            } else {
                text += "until when is not known: there is no history of some days yet\n"
            }
        }
        return text + remarks(outlook)
    }

    private static func missing(_ outlook: OutlookResource) -> String {
        guard !outlook.homeless.isEmpty else { return "" }
        return "\n"
            + outlook.homeless.map { "\(Terminal.output.red(SafeText.line($0.domainName))) would find none: \(SafeText.line($0.reason))\n" }.joined()
    }

    private static func remarks(_ outlook: OutlookResource) -> String {
        outlook.remarks.isEmpty ? "" : "\n" + outlook.remarks.map { Terminal.output.yellow(SafeText.line($0)) + "\n" }.joined()
    }

    /// Each blade's processors and memory, now and then; those that are there at one of the two only, too.
    private static func loads(_ outlook: OutlookResource) -> String {
        var table = Table(header: ["BLADE", "CPU NOW", "THEN", "MEMORY NOW", "THEN", "DOMAINS NOW", "THEN"])
        let then = Dictionary(outlook.after.map { ($0.blade, $0) }, uniquingKeysWith: { first, _ in first })
        let now = Dictionary(outlook.before.map { ($0.blade, $0) }, uniquingKeysWith: { first, _ in first })
        for load in outlook.before + outlook.after.filter({ now[$0.blade] == nil }) {
            let (a, b) = (now[load.blade], then[load.blade])
            table.rows.append(
                [Cell(load.name)]
                    + [
                        Words.percent(permille: a?.cpuPermille), Words.percent(permille: b?.cpuPermille), Words.percent(permille: a?.memoryPermille),
                        Words.percent(permille: b?.memoryPermille), a.map { "\($0.domains)" } ?? "–", b.map { "\($0.domains)" } ?? "–",
                    ].map { Cell($0, right: true) })
        }
        return table.text()
    }
}
