import ArgumentParser
import PodpModel

/// `podp-coordinator`: keeps the fleet, decides, and tells.
@main
struct CoordinatorProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podp-coordinator",
        abstract: "Keeps a chassis' fleet: takes the agents' reports, plans, commands, and serves the operators.",
        version: Release.version,
        subcommands: [RunCommand.self, InitCommand.self, BackupCommand.self, RestoreCommand.self, CheckCommand.self, RecoverCommand.self, ReplayCommand.self],
        defaultSubcommand: RunCommand.self)
}
