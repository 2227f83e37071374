import Foundation
import Testing
import WebTestSupport

/// What `podp plan … --htools` says about its plans: why each move, what is left, and why.
@Suite("podp plan --htools, in words")
struct HtoolsWordsTests {
    private static let program = Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("podp").path ?? "podp"
    private static let policy = "|128,1,1024,1,1,1|128,1,0,1,1,1;65536,32,1048576,16,8,12|ext|4.0|64.0"

    private struct Answer: Decodable {
        struct Step: Decodable {
            var instance: String
            var wave: Int
            var reason: String
        }

        var moves: Int
        var seconds: Double
        var costBefore: Double?
        var costAfter: Double?
        var coveredBefore: Int
        var coveredAfter: Int
        var steps: [Step]
        var remarks: [String]

        var words: String { remarks.joined(separator: "\n") }
    }

    /// - Parameters:
    ///   - nodes: name, and `Y` where it is offline, and tags; 16 GiB each, 1 of them dom0's.
    ///   - instances: name, GiB, node, disks, tags.
    private static func dump(
        _ nodes: [(name: String, offline: String, tags: String)], _ instances: [(name: String, memory: Int, node: String, template: String, tags: String)],
        tags: [String] = []
    ) -> String {
        let heads = nodes.map { node in
            let used = instances.filter { $0.node == node.name }.reduce(0) { $0 + $1.memory }
            return "\(node.name)|16384|1024|\((15 - used) * 1024)|0|0|8|\(node.offline)|uuid-0|1|\(node.tags)|N|0|0|1.0"
        }
        let rows = instances.map { "\($0.name)|\($0.memory * 1024)|0|1|running|Y|\($0.node)||\($0.template)|\($0.tags)|1|-|N" }
        return (["group0|uuid-0|preferred||", ""] + heads + [""] + rows + [""] + tags + ["", policy, "group0" + policy, ""]).joined(separator: "\n")
    }

    private func plan(_ goal: [String], _ dump: String, load: String? = nil) async throws -> (answer: Answer, code: Int32) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-htools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try dump.write(toFile: "\(folder)/dump", atomically: true, encoding: .utf8)
        try load?.write(toFile: "\(folder)/load", atomically: true, encoding: .utf8)
        let words = ["plan"] + goal + ["--htools", "\(folder)/dump", "--output", "json"] + (load == nil ? [] : ["--utilisation", "\(folder)/load"])
        let ended = try await run(Self.program, words, environment: [:], input: nil, in: folder)
        return (try JSONDecoder().decode(Answer.self, from: Data(ended.output.utf8)), ended.code)
    }

    private static let skewed = dump(
        [("a", "N", ""), ("b", "N", ""), ("c", "N", "")], (0..<6).map { ("vm\($0)", 2, "a", "ext", "") } + [("own", 1, "a", "plain", "")])

    @Test(arguments: ["podp", "hbal"]) func `every move has a reason in numbers`(objective: String) async throws {
        for goal in [["balance"], ["evacuate", "a"]] {
            let (answer, _) = try await plan(goal + ["--objective", objective], Self.skewed)
            #expect(!answer.steps.isEmpty && answer.steps.allSatisfy { $0.reason.contains(where: \.isNumber) }, "\(answer.steps.map(\.reason))")
            if objective == "hbal" { #expect(answer.steps.allSatisfy { $0.reason.contains("score ") }) }
        }
    }

    @Test(arguments: ["podp", "hbal"]) func `what stays on a node that is to be emptied is said, and why`(objective: String) async throws {
        let (answer, code) = try await plan(["evacuate", "a", "--objective", objective], Self.skewed)
        #expect(code == 4 && answer.words.contains("own") && answer.words.contains("plain"), "\(answer.remarks)")
        let full = Self.dump([("a", "N", ""), ("b", "N", "")], [("large", 8, "a", "ext", ""), ("other", 9, "b", "ext", "")])
        let (none, refused) = try await plan(["evacuate", "a", "--objective", objective], full)
        #expect(refused == 4 && none.words.contains("8 GiB") && none.words.contains("6 GiB"), "\(none.remarks)")
    }

    @Test(arguments: ["podp", "hbal"]) func `nothing to do is said`(objective: String) async throws {
        let words = ["--objective", objective]
        let (empty, code) = try await plan(["evacuate", "b"] + words, Self.skewed)
        #expect(code == 0 && empty.words.contains("no instance runs on b"), "\(empty.remarks)")
        let (forbidden, _) = try await plan(["balance", "--max-moves", "0"] + words, Self.skewed)
        #expect(forbidden.remarks == ["no moves are allowed: --max-moves is 0"])
        let (single, _) = try await plan(["balance"] + words, Self.dump([("a", "N", "")], [("vm", 2, "a", "ext", "")]))
        #expect(single.words.contains("nothing to balance"), "\(single.remarks)")
        let local = Self.dump(
            [("a", "N", ""), ("b", "N", "")], [("x", 1, "a", "plain", "app:1"), ("y", 1, "a", "plain", "app:1")], tags: ["htools:iextags:app"])
        let (crowded, _) = try await plan(["balance"] + words, local)
        #expect(
            crowded.words.contains("a runs x and y, all with the exclusion tag app:1: the disks (plain) are not reached from other nodes"), "\(crowded.remarks)"
        )
    }

    @Test func `after offline nodes have been emptied, nothing more is to do, and the figures are those of one goal`() async throws {
        let drained = Self.dump([("a", "Y", ""), ("b", "N", ""), ("c", "N", "")], [("x", 1, "a", "ext", ""), ("y", 1, "b", "ext", "")])
        let (answer, _) = try await plan(["balance"], drained)
        #expect(answer.moves == 1 && answer.words.hasPrefix("nothing more to do"), "\(answer.remarks)")
        let stuck = Self.dump([("a", "Y", ""), ("b", "N", "")], [("x", 1, "a", "plain", ""), ("y", 1, "b", "ext", "")])
        let (idle, _) = try await plan(["balance"], stuck)
        #expect(idle.moves == 0 && idle.costBefore == idle.costAfter && idle.words.contains("a keeps x: the disks (plain)"), "\(idle.remarks)")
    }

    @Test func `loads are told as the file has them, and migration tags by their name`() async throws {
        let load = (0..<6).map { "vm\($0) 0.1 0 0 0\n" }.joined() + "own 0.5 0 0 0\n"
        let (answer, _) = try await plan(["evacuate", "a"], Self.skewed, load: load)
        #expect(
            answer.steps.contains { $0.reason.contains("a load of 0.1") } && !answer.steps.contains { $0.reason.contains("core") },
            "\(answer.steps.map(\.reason))")
        let nodes = [("a", "N", "hyp:new"), ("b", "N", "hyp:old")]
        let tagged = Self.dump(nodes, [("vm", 2, "a", "ext", "")], tags: ["htools:migration:hyp"])
        for objective in ["podp", "hbal"] {
            let (other, code) = try await plan(["evacuate", "a", "--objective", objective], tagged)
            #expect(code == 4 && other.words.contains("b lacks migration tag hyp:new"), "\(other.remarks)")
        }
    }

    @Test func `Windows' line ends change nothing`() async throws {
        let (plain, _) = try await plan(["balance"], Self.skewed)
        let (other, code) = try await plan(["balance"], Self.skewed.replacingOccurrences(of: "\n", with: "\r\n"))
        #expect(code == 0 && plain.moves > 0 && other.steps.map(\.instance) == plain.steps.map(\.instance))
    }

    @Test func `on podp's objective, too, there are seconds to use, and the same plan every time without`() async throws {
        let (one, _) = try await plan(["balance", "--threads", "3"], Self.skewed)
        let (two, _) = try await plan(["balance", "--threads", "3"], Self.skewed)
        #expect(one.steps.map(\.instance) == two.steps.map(\.instance) && one.costAfter == two.costAfter)
        let (long, _) = try await plan(["balance", "--seconds", "2"], Self.skewed)
        #expect(long.seconds > 1 && (long.costAfter ?? .infinity) <= (one.costAfter ?? 0) + 1e-9)
    }

    @Test(arguments: [3, 110]) func `a balance keeps N+1, whether it is a rule of the search or of the check alone`(nodes: Int) async throws {
        // The widest node holds the room that the loss of any other one takes; nodes of 110 are above what the search itself looks at.
        let names = (0..<nodes).map { (name: "n\($0)", offline: "N", tags: "") }
        let rows = (0..<nodes - 1).flatMap { node in
            node == 0 ? [("large", 12, "n0", "ext", "")] : (0..<3).map { ("vm\(node)-\($0)", 3, "n\(node)", "ext", "") }
        }
        let (answer, code) = try await plan(["balance"], Self.dump(names, rows))
        #expect(code == 0 && answer.coveredAfter >= answer.coveredBefore && answer.coveredBefore > 0, "\(answer.remarks)")
        #expect(answer.moves > 0 || (answer.words.contains("keep N+1") && answer.costBefore == answer.costAfter), "\(answer.remarks)")
    }
}
