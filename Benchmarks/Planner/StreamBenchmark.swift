import Foundation
import PodpPlanner

/// A planner over standard input and output, one JSON object a line, for evaluators that replay traces.
///
/// First `{"hosts": [[coreMIPS, cores, MiB, [watts at 0..100 %]], ...], "vms": [[MIPS, MiB], ...], "place": [host, ...], "ram": MiB or 0}`, then
/// `{"step": k, "cpu": [MIPS of each vm]}` for each interval, answered by `{"moves": [[vm, host], ...]}`.
enum StreamBenchmark {
    private struct Hello: Decodable {
        struct Host: Decodable {
            var core: Double
            var cores: Double
            var power: [Double]

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                core = try values.decode(Double.self)
                cores = try values.decode(Double.self)
                _ = try values.decode(Double.self)
                power = try values.decode([Double].self)
            }
        }

        var hosts: [Host]
        var vms: [[Double]]
        var place: [Int]
        var ram: Int?
    }

    private struct Step: Decodable {
        var cpu: [Double]
    }

    static func run() -> Int32 {
        var planner: Consolidation?
        var line = 0
        while let text = readLine() {
            line += 1
            guard text.contains(where: { !$0.isWhitespace }) else { continue }
            do {
                if planner == nil {
                    planner = try start(JSONDecoder().decode(Hello.self, from: Data(text.utf8)))
                } else {
                    let cpu = try JSONDecoder().decode(Step.self, from: Data(text.utf8)).cpu
                    let count = planner?.places.count ?? 0
                    guard cpu.count == count else { throw Refused(description: "\(cpu.count) demands, \(count) vms") }
                    let moves = planner?.moves(after: cpu) ?? []
                    print("{\"moves\":[\(moves.map { "[\($0.domain),\($0.host)]" }.joined(separator: ","))]}")
                    fflush(nil)
                }
            } catch { return fail("line \(line): \(reason(error))") }
        }
        return planner == nil ? fail("standard input: no line with the hosts") : 0
    }

    private struct Refused: Error, CustomStringConvertible {
        var description: String
    }

    private static func start(_ hello: Hello) throws -> Consolidation {
        guard hello.vms.count == hello.place.count else { throw Refused(description: "\(hello.place.count) places, \(hello.vms.count) vms") }
        for (vm, host) in hello.place.enumerated() where !hello.hosts.indices.contains(host) {
            throw Refused(description: "vm \(vm) is on host \(host) of \(hello.hosts.count)")
        }
        let hosts = hello.hosts.map { Consolidation.Host(core: $0.core, capacity: $0.core * $0.cores, power: $0.power) }
        let memory = hello.vms.map { $0.count > 1 ? Int(min(max($0[1], 0), 1e9)) : 0 }
        guard let planner = Consolidation(hosts: hosts, memory: memory, memoryLimit: hello.ram ?? 0, places: hello.place) else {
            throw Refused(description: "a host has no capacity, or more than there can be")
        }
        return planner
    }

    /// A decoder's own words span a paragraph; where it stopped, and why, is what helps.
    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .dataCorrupted(let context): place(context)
        case .keyNotFound(let key, _): "no \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context): place(context)
        default: "\(error)"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }.joined(separator: ".")
        return (path.isEmpty ? "" : path + ": ") + context.debugDescription
    }

    private static func fail(_ message: String) -> Int32 {
        FileText.complain(message)
        return 65
    }
}
