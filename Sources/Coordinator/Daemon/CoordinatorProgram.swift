import ArgumentParser

/// `podp-coordinator`: keeps the fleet, decides, and tells.
@main
struct CoordinatorProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podp-coordinator",
        abstract: "Keeps a chassis' fleet: takes the agents' reports, plans, commands, and serves the operators.",
        version: Build.version,
        subcommands: [RunCommand.self, InitCommand.self, BackupCommand.self, RestoreCommand.self, CheckCommand.self, RecoverCommand.self],
        defaultSubcommand: RunCommand.self)
}

/// What this build calls itself.
enum Build {
    static let version = "0.1.0"
}
