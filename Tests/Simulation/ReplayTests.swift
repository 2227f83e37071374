import Foundation
import PodpCore
import PodpModel
import PodpSimulator
import Testing

/// What was recorded runs again exactly, and whoever decides otherwise is found.
@Suite struct ReplayTests {
    /// A coordinator's runs in bad weather.
    private func recorded(seed: UInt64, span: Duration = .seconds(90)) -> [PlantRecording] {
        var plant = Plant(seed: seed, blades: 3)
        plant.recordings = []
        plant.begin()
        plant.weather = .rough
        plant.startWork()
        plant.run(for: span)
        return plant.recordings ?? []
    }

    /// As a file keeps it.
    private func written<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }

    @Test("every run of a coordinator in bad weather runs again exactly, from its file, and from the middle of it", arguments: [3, 4, 5] as [UInt64])
    func exact(_ seed: UInt64) throws {
        let runs = recorded(seed: seed)
        #expect(!runs.isEmpty)
        for run in runs {
            var replay = Replay(from: try written(run.core))
            var fromTheMiddle: Replay?
            for (index, event) in run.events.enumerated() {
                if index == run.events.count / 2 { fromTheMiddle = Replay(from: try written(replay.core)) }
                let read = try written(event)
                if let difference = replay.next(read) {
                    Issue.record("\(difference)")
                    return
                }
                if let difference = fromTheMiddle?.next(read) {
                    Issue.record("from the middle: \(difference)")
                    return
                }
            }
            #expect(replay.events == UInt64(run.events.count))
        }
    }

    @Test("the first effect that differs is named: another one, one too few, one too many")
    func differs() throws {
        let run = try #require(recorded(seed: 6, span: .seconds(30)).first)
        let place = try #require(run.events.indices.last { run.events[$0].effects.count > 1 })
        let changes: [(String, (inout [Effect]) -> Void)] = [
            ("replayed", { $0[1] = .stop(reason: "never") }), ("nothing more", { $0.append(.stop(reason: "never")) }), ("nothing more", { $0.removeLast() }),
        ]
        for (words, change) in changes {
            var events = run.events
            change(&events[place].effects)
            var replay = Replay(from: run.core)
            var found: Replay.Difference?
            for event in events where found == nil { found = replay.next(event) }
            let difference = try #require(found)
            #expect(difference.eventNumber == UInt64(place + 1))
            #expect(difference.recorded != difference.replayed)
            #expect(difference.description.contains(words))
        }
    }

    @Test("a core of another configuration decides otherwise somewhere, and the replay says where")
    func otherCore() throws {
        let run = try #require(recorded(seed: 7, span: .seconds(30)).first)
        var replay = Replay(from: CoordinatorCore())
        #expect(run.events.contains { replay.next($0) != nil })
    }
}
