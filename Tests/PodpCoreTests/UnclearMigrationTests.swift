import Foundation
import PodpModel
import Testing

@testable import PodpCore

/// The table of `docs/unclear-migrations.md`, row by row.
struct UnclearMigrationTests {
    struct Row: CustomTestStringConvertible {
        var source: UnclearMigration.End
        var target: UnclearMigration.End
        var wasPaused: [Bool]
        var then: String
        var testDescription: String { "\(source) × \(target), paused before: \(wasPaused)" }
    }

    static let rows: [Row] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/unclear-migrations.md")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 4, let source = UnclearMigration.End(rawValue: cells[0]), let target = UnclearMigration.End(rawValue: cells[1]) else {
                return nil
            }
            return Row(source: source, target: target, wasPaused: cells[2] == "-" ? [false, true] : [cells[2] == "yes"], then: cells[3])
        }
    }()

    @Test(arguments: rows) func `every row of the document is what the core does`(_ row: Row) {
        for paused in row.wasPaused {
            #expect(words(UnclearMigration.resolve(source: row.source, target: row.target, wasPaused: paused)) == row.then)
        }
    }

    @Test func `the document has a row for every pair of states`() {
        for source in UnclearMigration.End.allCases {
            for target in UnclearMigration.End.allCases {
                for paused in [false, true] {
                    let fitting = Self.rows.filter { $0.source == source && $0.target == target && $0.wasPaused.contains(paused) }
                    #expect(fitting.count == 1, "\(source) × \(target), paused before: \(paused)")
                }
            }
        }
    }

    @Test func `no row leaves two copies running, or destroys the only one`() {
        for source in UnclearMigration.End.allCases {
            for target in UnclearMigration.End.allCases {
                for paused in [false, true] {
                    switch UnclearMigration.resolve(source: source, target: target, wasPaused: paused) {
                    case .act(.source, .destroy): #expect(target == .running)
                    case .act(.target, .destroy): #expect(source == .running || source == .paused)
                    case .act(.source, .resume): #expect(target.isGone)
                    case .act(.target, .resume): #expect(source.isGone)
                    case .act(_, .undefine), .succeeded, .failed, .lost, .incident: break
                    }
                }
            }
        }
    }

    private func words(_ resolution: UnclearMigration.Resolution) -> String {
        switch resolution {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .lost: "lost"
        case .incident: "incident"
        case .act(let place, let step): "\(step) at \(place)"
        }
    }
}
