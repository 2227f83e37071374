import ArgumentParser
import PodpAPI

extension TokenRole: ExpressibleByArgument {}

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Bearer tokens for the API over TLS.", subcommands: [List.self, Create.self, Revoke.self], defaultSubcommand: List.self,
        aliases: ["tokens"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All tokens.", aliases: ["ls"])
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try await options.show("/v1/tokens", as: Listing<TokenResource>.self) { tokens in
                guard !tokens.items.isEmpty else { return "no tokens: 'podp token create NAME' makes one\n" }
                var table = Table(header: ["TOKEN", "ROLE", "MADE (UTC)", "EXPIRES (UTC)"])
                table.rows = tokens.items.map {
                    [Cell($0.name, .bold), Cell($0.role.rawValue), Cell(Words.time($0.createdAt)), Cell($0.expires.map { Words.time($0) } ?? "never")]
                }
                return table.text()
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a token. It is shown this once; podp keeps only its SHA-256.")
        @Argument(help: "Its name: letters, digits, '-', '_' and '.'.") var name: String
        @Option(help: "read or operate.") var role: TokenRole = .read
        @Option(help: "Days until it ends; else it lives until it is revoked.") var days: Int?
        @OptionGroup var options: ConnectionOptions

        func validate() throws {
            if let days, !(1...3650).contains(days) { throw ValidationError("--days is 1 to 3650") }
        }

        func run() async throws {
            try await options.withCoordinator { coordinator in
                let order = TokenOrder(name: name, role: role, lifetimeSeconds: days.map { $0 * 86400 })
                options.print(try await coordinator.send(.POST, "/v1/tokens", order, as: TokenSecret.self)) { SafeText.line($0.token) + "\n" }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a token, at once.", aliases: ["remove", "rm"])
        @Argument(help: "Its name.") var name: String
        @OptionGroup var options: ConnectionOptions
        func run() async throws { try await options.act(.DELETE, "/v1/tokens/\(Coordinator.segment(name))", done: "revoked") }
    }
}
