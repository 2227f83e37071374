import Foundation
import Testing
import WebTestSupport

/// `podp plan … --htools`, as a Ganeti user runs it: no coordinator, files in, files out. The moves are replayed here, by hand.
@Suite("podp plan --htools, run")
struct HtoolsCommandTests {
    private static let program = Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("podp").path ?? "podp"
    private static let nodes = 6
    private static let nodeMemory = 16_384
    private static let ownMemory = 1024

    /// Instances of 1 to 3 GiB, 12 GiB a node, all on the first three nodes.
    private static let instances = (0..<18).map { (name: "vm\($0)", memory: 1024 * (1 + $0 / 3 % 3), node: "node\($0 % 3)") }

    private static let dump: String = {
        let policy = "128,1,1024,1,1,1|128,1,0,1,1,1;65536,32,1048576,16,8,12|ext|4.0|64.0"
        let nodeRows = (0..<nodes).map { node in
            let used = instances.filter { $0.node == "node\(node)" }.reduce(0) { $0 + $1.memory }
            return "node\(node)|\(nodeMemory)|\(ownMemory)|\(nodeMemory - ownMemory - used)|0|0|8|N|uuid-0|1||N|0|0|1.0"
        }
        let rows = instances.map { "\($0.name)|\($0.memory)|0|1|running|Y|\($0.node)||ext||1|-|N" }
        return "group0|uuid-0|preferred||\n\n\(nodeRows.joined(separator: "\n"))\n\n\(rows.joined(separator: "\n"))\n\n\n|\(policy)\ngroup0|\(policy)\n"
    }()

    private struct Answer: Decodable {
        var moves: Int
        var waves: Int
        var seconds: Double
        var bytes: UInt64
    }

    @Test(arguments: [["balance"], ["balance", "--objective", "hbal"], ["consolidate"], ["evacuate", "node1"], ["evacuate", "node1", "--objective", "hbal"]])
    func `the moves are legal one by one, and come to what was asked for`(goal: [String]) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-htools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.dump.write(toFile: "\(folder)/dump", atomically: true, encoding: .utf8)
        let words = ["plan"] + goal + ["--htools", "\(folder)/dump", "--moves-out", "\(folder)/moves", "--output", "json"]
        let ended = try await run(Self.program, words, environment: ["PODP_COORDINATOR": "\(folder)/nobody"], input: nil, in: folder)
        #expect(ended.code == 0, "\(ended.errors)")
        let answer = try JSONDecoder().decode(Answer.self, from: Data(ended.output.utf8))
        #expect(answer.seconds > 0)

        var place = Dictionary(uniqueKeysWithValues: Self.instances.map { ($0.name, $0.node) })
        let memory = Dictionary(uniqueKeysWithValues: Self.instances.map { ($0.name, $0.memory) })
        func used(_ node: String) -> Int { place.reduce(0) { $0 + ($1.value == node ? memory[$1.key] ?? 0 : 0) } }
        var sent = 0
        let lines = try String(contentsOfFile: "\(folder)/moves", encoding: .utf8).split(separator: "\n")
        for line in lines {
            let fields = line.split(separator: " ").map(String.init)
            try #require(fields.count == 3)
            #expect(place[fields[0]] == fields[1], "\(line): it is on \(place[fields[0]] ?? "no node")")
            place[fields[0]] = fields[2]
            sent += memory[fields[0]] ?? 0
            #expect(used(fields[2]) <= Self.nodeMemory - Self.ownMemory, "\(line): there is no room")
        }
        #expect(answer.moves == lines.count && (answer.waves > 0) == !lines.isEmpty && answer.waves <= lines.count)
        #expect(answer.bytes == UInt64(sent) << 20)
        let loads = (0..<Self.nodes).map { used("node\($0)") }
        switch goal[0] {
        case "balance": #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 4096, "\(loads)")
        case "consolidate": #expect(loads.count { $0 == 0 } >= 3, "\(loads)")
        default: #expect(used("node1") == 0)
        }
    }

    @Test func `a dump with an error is refused with its line`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-htools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.dump.replacingOccurrences(of: "vm3|2048", with: "vm3|many").write(toFile: "\(folder)/dump", atomically: true, encoding: .utf8)
        let ended = try await run(Self.program, ["plan", "balance", "--htools", "\(folder)/dump"], environment: [:], input: nil, in: folder)
        #expect(ended.code != 0)
        #expect(ended.errors.contains("dump:13:"), "\(ended.errors)")
    }

    /// What is done to the dump and to the loads, and what is said about it.
    private static let broken: [(name: String, dump: Data, load: Data?, said: String)] = {
        func bytes(_ text: String) -> Data { Data(text.utf8) }
        func changed(_ old: String, _ new: String) -> Data { bytes(dump.replacingOccurrences(of: old, with: new)) }
        let junk = Data((0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 89) })
        let cut = dump.range(of: "vm7|").map { bytes(String(dump[..<$0.upperBound])) } ?? Data()
        let cutNodes = dump.range(of: "node3|").map { bytes(String(dump[..<$0.lowerBound])) } ?? Data()
        return [
            ("nothing", Data(), nil, "dump:1: there are no nodes"),
            ("only groups", bytes("group0|uuid-0|preferred||\n"), nil, "dump:1: there are no nodes"),
            ("cut off in a row", cut, nil, "dump:17: field "),
            ("too large a number", changed("vm3|2048", "vm3|99999999999999999999999"), nil, "dump:13: field 2, '99999999999999999999999'"),
            ("a number that fits no sum", changed("node1|16384", "node1|9223372036854775807"), nil, "dump:4: field 2"),
            ("a node twice", changed("node2|", "node1|"), nil, "dump:5: node node1 stands here twice"),
            ("a group that is not there", changed("group0|uuid-0", "group0|uuid-9"), nil, "dump:3: its group, uuid-0, is not in the group section"),
            ("an instance twice", changed("vm3|", "vm2|"), nil, "dump:13: instance vm2 stands here twice"),
            ("a node that is not there", changed("|Y|node2||", "|Y|node9||"), nil, "its primary node, node9, is not in the node section"),
            ("cut off between two nodes", cutNodes, nil, "dump:5: the dump ends in its second section, the nodes"),
            ("no text at all", junk, nil, "dump:"),
            ("one endless line", Data(repeating: 0x61, count: 3_000_000), nil, "dump:1: field 2 is missing"),
            ("loads of another dump", bytes(dump), bytes("ghost 1 1 1 1\nother 1 1 1 1\n"), "has no instance ghost"),
            ("loads that are no numbers", bytes(dump), bytes("vm0 nan 1 1 1\n"), "load:1: the load of vm0 is not four numbers"),
            ("a load below 0", bytes(dump), bytes("vm0 0 -1 0 0\n"), "load:1: the load of vm0 is not four numbers from 0 to 1e12: '-1' is none"),
            ("loads that are too few", bytes(dump), bytes("vm0 1 2\n"), "load:1: the load of vm0 is not four numbers"),
            ("loads that are no text", bytes(dump), junk, "load:"),
        ]
    }()

    @Test(arguments: broken.indices)
    func `bad files are refused with file and line, in one sentence`(index: Int) async throws {
        let (name, dump, load, said) = Self.broken[index]
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-htools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try dump.write(to: URL(fileURLWithPath: "\(folder)/dump"))
        try load?.write(to: URL(fileURLWithPath: "\(folder)/load"))
        let loads = load == nil ? [] : ["--utilisation", "\(folder)/load"]
        let words = ["plan", "balance", "--htools", "\(folder)/dump", "--moves-out", "\(folder)/moves"] + loads
        let ended = try await run(Self.program, words, environment: [:], input: nil, in: folder)
        #expect(ended.code == 1, "\(name): \(ended.code)")
        #expect(ended.errors.contains(said), "\(name): \(ended.errors)")
        #expect(ended.errors.utf8.count < 1000 && ended.output.isEmpty, "\(name)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/moves"), "\(name)")
    }

    @Test func `loads of instances that are gone are passed over, missing ones are 1, and both is said`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-htools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.dump.write(toFile: "\(folder)/dump", atomically: true, encoding: .utf8)
        try "vm0 1 1 1 1\nghost 1 1 1 1\n".write(toFile: "\(folder)/load", atomically: true, encoding: .utf8)
        let words = ["plan", "balance", "--htools", "\(folder)/dump", "--utilisation", "\(folder)/load", "--output", "json"]
        let ended = try await run(Self.program, words, environment: [:], input: nil, in: folder)
        #expect(ended.code == 0 && ended.errors.contains("has no instance ghost"), "\(ended.errors)")
        #expect(ended.errors.contains("/load has no loads of vm1"), "\(ended.errors)")
        #expect(try JSONDecoder().decode(Answer.self, from: Data(ended.output.utf8)).seconds > 0)
    }

    @Test func `an unknown node, and one of several, are refused by name`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-htools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.dump.write(toFile: "\(folder)/dump", atomically: true, encoding: .utf8)
        for (node, said) in [("ghost", "no node of the dump is called ghost"), ("node", "node fits several nodes")] {
            let ended = try await run(Self.program, ["plan", "evacuate", node, "--htools", "\(folder)/dump"], environment: [:], input: nil, in: folder)
            #expect(ended.code == 2 && ended.errors.contains(said), "\(ended.errors)")
        }
    }
}
