import Glibc
import PodpPlanner
import PodpRules

/// hbal's score: podp beside hbal's own way, on one dump.
///
/// Prints one line for each, and what an independent replay of podp's moves objects to; `--moves-out FILE` writes podp's moves, one `INSTANCE FROM TO` a line in order, for any checker to replay.
enum HtoolsBenchmark {
    static func run(_ arguments: [String]) -> Int32 {
        var files: [String] = []
        var limits = HtoolsPlanner.Limits()
        var movesOut: String?
        var peerOut: String?
        var threads = 2
        var index = 0
        while index < arguments.count {
            let value = index + 1 < arguments.count ? arguments[index + 1] : ""
            switch arguments[index] {
            case "--max-moves": limits.maxMoves = Int(value)
            case "--steps": limits.steps = Int(value)
            case "--seed": limits.seed = UInt64(value) ?? limits.seed
            case "--moves-out": movesOut = value
            case "--threads": threads = Int(value) ?? threads
            case "--peer-out": peerOut = value
            default:
                files.append(arguments[index])
                index -= 1
            }
            index += 2
        }
        guard !files.isEmpty else {
            print("usage: planner-bench htools FILE.data [FILE.util] [--max-moves N] [--steps N] [--seed N] [--threads N] [--moves-out FILE]")
            return 64
        }
        var texts: [String] = []
        for file in files.prefix(2) {
            guard let text = read(file) else {
                print("\(file) cannot be read: \(String(cString: strerror(errno)))")
                return 66
            }
            texts.append(text)
        }
        let data = texts[0]
        do {
            let cluster = try HtoolsCluster(data, utilisation: texts.dropFirst().first)
            let sideBySide = Program.sideBySide(threads: threads)
            let start = Times()
            let peer = HtoolsPlanner.steepestDescent(cluster, maxMoves: limits.maxMoves, sideBySide)
            let middle = Times()
            let answer = HtoolsPlanner.plan(cluster, limits: limits, sideBySide)
            let end = Times()
            print("start score \(FleetBenchmark.decimal(answer.before.total, 8))")
            report("hbal's way", peer, start, middle)
            report("podp", answer, middle, end)
            for (name, answer) in [("podp", answer), ("hbal", peer)] {
                let moves = answer.steps.map { (cluster.instances[$0.instance].name, cluster.nodes[$0.from].name, cluster.nodes[$0.to].name) }
                let violations = HtoolsReplay(dump: data)?.violations(of: moves) ?? []
                print("\(name) replayed  violations \(violations.count)" + (violations.first.map { ": \($0.sentence)" } ?? ""))
            }
            if let movesOut { write(answer.steps.map { line($0, cluster) }, to: movesOut) }
            if let peerOut { write(peer.steps.map { line($0, cluster) }, to: peerOut) }
            return 0
        } catch {
            print("\(files[error.isUtilisation ? 1 : 0]): \(error)")
            return 65
        }
    }

    private struct Times {
        let wall = Program.clock()
        let processor = Program.processorTime()
    }

    private static func report(_ name: String, _ answer: HtoolsPlanner.Answer, _ start: Times, _ end: Times) {
        print(
            FleetBenchmark.column(name, 12),
            "score \(FleetBenchmark.decimal(answer.after.total, 8))  moves \(answer.steps.count)  MiB \(answer.memory)  "
                + "CPU \(FleetBenchmark.decimal(end.processor - start.processor, 3)) s  wall \(FleetBenchmark.decimal(end.wall - start.wall, 3)) s")
    }

    private static func line(_ step: HtoolsPlanner.Step, _ cluster: HtoolsCluster) -> String {
        "\(cluster.instances[step.instance].name) \(cluster.nodes[step.from].name) \(cluster.nodes[step.to].name)"
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ lines: [String], to path: String) {
        guard let file = fopen(path, "w") else {
            print("\(path) cannot be written")
            return
        }
        for line in lines { fputs(line + "\n", file) }
        fclose(file)
    }
}
