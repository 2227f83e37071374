import ArgumentParser
import PodpCore
import PodpModel
import PodpStore

/// `podp-coordinator replay FILE`
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Runs a recording (run --record FILE) through this build's core, and names the first effect that differs.",
        discussion: "Exit codes: 0 nothing differs, 1 an effect differs or the file cannot be read.")

    @Argument(help: "The recording; FILE.1 is what came before FILE.") var file: String
    @Flag(help: "Print every event with the number of its effects.") var verbose = false

    func run() throws {
        do {
            var reader = try RecordingReader(file: file)
            if reader.start.version != Release.version {
                print("recorded by podp \(reader.start.version), this is \(Release.version): where they decide otherwise, effects differ")
            }
            var replay = Replay(from: reader.start.core)
            while let event = try reader.next() {
                let difference = replay.next(event)
                if verbose { print("\(replay.events)  \(event.at.wall.milliseconds)  \(event.event.kind): \(event.effects.count) effects") }
                if let difference {
                    print(difference)
                    throw ExitCode(1)
                }
            }
            print("\(replay.events) events: every effect is what it was")
        } catch let error as StoreError {
            throw Failure("\(error)")
        }
    }
}
