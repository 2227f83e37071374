import ArgumentParser
import PodpAPI
import PodpModel

/// `podp`: one command a noun, over the coordinator's API.
@main
struct Program {
    static func main() async {
        do {
            var command = try Podp.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Exit.leave(error)
        }
    }
}

struct Podp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podp",
        abstract: "A blade chassis as one machine.",
        discussion: """
            Blades and domains are named by UUID or by name; to look at them, a prefix of either that only one has will do.
            What changes something needs the whole name or UUID.

            Exit codes: 0 done; 1 failed; 2 wrong usage; 3 nobody knows yet how it ended; 4 refused, and why;
            5 the coordinator cannot be reached.
            """,
        version: Release.version,
        subcommands: [
            StatusCommand.self, BladeCommand.self, ChassisCommand.self, DomainCommand.self, PlanCommand.self, ApplyCommand.self, WhatIfCommand.self,
            PolicyCommand.self,
            FreezeCommand.self, ThawCommand.self, OperationsCommand.self, EventsCommand.self, CheckCommand.self, TokenCommand.self,
        ])
}
