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
        let decoder = JSONDecoder()
        guard let first = readLine() else { return fail("standard input: no line with the hosts") }
        var planner: Consolidation
        do {
            let hello = try decoder.decode(Hello.self, from: Data(first.utf8))
            let hosts = hello.hosts.map { Consolidation.Host(core: $0.core, capacity: $0.core * $0.cores, power: $0.power) }
            let memory = hello.vms.map { $0.count > 1 && $0[1].isFinite ? Int(min(max($0[1], 0), 1e9)) : 0 }
            guard let made = Consolidation(hosts: hosts, memory: memory, memoryLimit: hello.ram ?? 0, places: hello.place) else {
                return fail("line 1: a place is no host, or there is not one for each vm, or a host has no capacity")
            }
            planner = made
        } catch { return fail("line 1: \(error)") }
        var line = 1
        while let text = readLine() {
            line += 1
            do {
                let step = try decoder.decode(Step.self, from: Data(text.utf8))
                guard step.cpu.count == planner.places.count else { return fail("line \(line): \(step.cpu.count) demands, \(planner.places.count) vms") }
                print("{\"moves\":[\(planner.moves(after: step.cpu).map { "[\($0.domain),\($0.host)]" }.joined(separator: ","))]}")
                fflush(nil)
            } catch { return fail("line \(line): \(error)") }
        }
        return 0
    }

    private static func fail(_ message: String) -> Int32 {
        FileText.complain(message)
        return 65
    }
}
