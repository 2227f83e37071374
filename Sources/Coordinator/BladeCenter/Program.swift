import ArgumentParser

@main
struct PodpBladeCenter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podp-bladecenter",
        abstract: "A BladeCenter in software: real agents on simulated hypervisors, and a chassis that switches them.",
        subcommands: [RunCommand.self, SimulateCommand.self])
}
