import ArgumentParser
import PodpAPI
import PodpModel
import PodpRules

extension BalanceMode: ExpressibleByArgument {}
extension ZoneKind: ExpressibleByArgument {}

extension ZoneKind {
    fileprivate var words: String { Zone(rawValue: rawValue)?.words ?? rawValue }
}

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "What automation may do.", subcommands: [Show.self, Change.self, Survive.self], defaultSubcommand: Show.self,
        aliases: ["policies"])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The policy.")
        @Option(help: "What goes for this chassis.") var chassis: String?
        @OptionGroup var options: ConnectionOptions
        func run() async throws {
            try await options.show("/v1/policy", as: PolicyResource.self, query: [("chassis", chassis)], table: PolicyCommand.text)
        }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Set what the balancer may do by itself.",
            discussion:
                "manual: plans when asked. advise: plans by itself and shows it. automatic: plans and applies. Without --chassis it goes for all, and what was "
                + "set for one chassis is dropped.")
        @Argument(help: "manual, advise or automatic.") var balance: BalanceMode
        @Option(help: "For this chassis only.") var chassis: String?
        @OptionGroup var options: ConnectionOptions
        func run() async throws {
            try await options.act(.PUT, "/v1/policy", PolicyChange(balance: balance, chassis: chassis), done: "balancing: \(balance.rawValue)")
        }
    }

    struct Survive: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set what loss the fleet is to survive (N+1).",
            discussion:
                "Plans, starts, moves by hand, more memory and offs then leave room for restarting what runs in any one blade, chassis, power domain or switch module "
                + "elsewhere, as far as there is such room now. With --price it is a wish, and of plans alone: each zone that cannot be lost weighs as much as so many "
                + "requests that wait.")
        @Argument(help: "blade, chassis, power, network: in place of what was said before.") var zones: [ZoneKind] = []
        @Flag(help: "Nothing is to be survived.") var none = false
        @Option(help: "A wish, and what a breach weighs.") var price: Double?
        @OptionGroup var options: ConnectionOptions

        func validate() throws {
            // Whoever only wants to look is not to end it for the whole fleet.
            guard zones.isEmpty == none else { throw ValidationError("name zones, or --none; 'podp policy show' shows what is to be survived") }
            if let price, !(0...1_000_000).contains(price) { throw ValidationError("--price is from 0 to 1000000") }
        }

        func run() async throws {
            let order = SurviveOrder(survive: zones.map { SurviveResource(zone: $0, price: price) })
            try await options.act(
                .PUT, "/v1/policy/survive", order,
                done: zones.isEmpty
                    ? "no loss is planned for"
                    : PolicyCommand.survived(zones.map(\.words).joined(separator: ", or any one "), price: price))
        }
    }

    private static func survived(_ zones: String, price: Double?) -> String {
        "to be survived: the loss of any one \(zones)\(price.map { " (a wish: \(Words.short($0)))" } ?? "")"
    }

    static func text(_ policy: PolicyResource) -> String {
        var text = "balancing: \(policy.balance.rawValue)\n"
        for chassis in policy.chassis { text += "  \(SafeText.line(chassis.chassis)): \(chassis.balance.rawValue)\n" }
        text += "a balance must improve the objective by \(Words.short(Double(policy.minimumGainPermille) / 10)) %\n"
        text += "at most \(Words.count(policy.maxMovesPerHour, "automatic move")) an hour\n"
        for survive in policy.survive {
            text += survived(survive.zone.words, price: survive.price) + "\n"
        }
        if let freeze = policy.frozen {
            text +=
                Terminal.output.yellow(
                    "frozen by \(SafeText.line(freeze.by)) at \(Words.time(freeze.at))" + (freeze.reason.isEmpty ? "" : ": \(SafeText.line(freeze.reason))"))
                + "\n"
        }
        return text
    }
}

struct FreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "freeze", abstract: "Stop all automation, durably, until 'podp thaw'.")
    @Argument(help: "Why, for everybody who looks.") var reason: [String] = []
    @OptionGroup var options: ConnectionOptions
    func run() async throws {
        try await options.act(.POST, "/v1/freeze", FreezeOrder(reason: reason.joined(separator: " ")), done: "frozen: no automation until 'podp thaw'")
    }
}

struct ThawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "thaw", abstract: "Let automation go on.")
    @OptionGroup var options: ConnectionOptions
    func run() async throws { try await options.act(.POST, "/v1/thaw", done: "thawed") }
}
