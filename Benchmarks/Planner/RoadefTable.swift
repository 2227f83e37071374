import Glibc
import PodpPlanner

/// Ten instances of the machine reassignment challenge, one after the other, beside the figures of its winner.
///
/// A folder has `model_NAME.txt` and `assignment_NAME.txt` for each; what is not there is left out, and said. Each answer is evaluated from the problem's
/// definition before its row is printed, and written to the folder of `--out` for other checkers.
enum RoadefTable {
    static let usage = "planner-bench roadef-table DIR [--seconds S | --steps N] [--seed N] [--threads N] [--rounds N] [--only NAME,...] [--out DIR]"

    /// What team S41 (Gavranovic, Buljubasic; winner of the challenge) comes to, in 60 and in 300 s.
    ///
    /// Source: its program, built from its published source and run with two processes of about 55 CPU seconds (60 s) and of the whole 300 s, seed 1, on a
    /// quiet machine of two cores, answers checked. For 300 s on A2_1, A2_4, B_2, B_4 and B_6: its authors' own table (one seed, Core i7-920).
    private static let winner: [(name: String, minute: Int?, whole: Int)] = [
        ("a2_1", nil, 329), ("a2_2", 762_962_585, 746_097_632), ("a2_3", 1_219_337_750, 1_210_644_572), ("a2_4", 1_687_047_696, 1_680_615_349),
        ("a2_5", 326_877_433, 317_595_880), ("b_1", 3_412_055_294, 3_353_373_499), ("b_2", 1_016_443_866, 1_015_569_276),
        ("b_3", 158_357_948, 157_547_835), ("b_4", 4_677_959_431, 4_677_962_661), ("b_6", 9_525_927_841, 9_525_888_445),
    ]

    static func run(_ arguments: [String]) -> Int32 {
        var folders: [String] = []
        var (seconds, seed, threads) = (60.0, UInt64(1), 2)
        var (steps, rounds): (Int?, Int?)
        var out: String?
        var names = winner.map(\.name)
        var index = 0
        while index < arguments.count {
            let value = index + 1 < arguments.count ? arguments[index + 1] : ""
            switch arguments[index] {
            case "--seconds": seconds = Double(value) ?? -1
            case "--steps": steps = Int(value) ?? -1
            case "--rounds": rounds = Int(value) ?? -1
            case "--seed": seed = UInt64(value) ?? 1
            case "--threads": threads = Int(value) ?? 0
            case "--only": names = value.split(separator: ",").map(String.init)
            case "--out": out = value
            default:
                folders.append(arguments[index])
                index -= 1
            }
            index += 2
        }
        guard folders.count == 1, seconds > 0, seconds.isFinite, (1...64).contains(threads), steps.map({ $0 > 0 }) ?? true,
            rounds.map({ (1...1_000).contains($0) }) ?? true
        else {
            return RoadefBenchmark.complain("usage: \(usage)", 64)
        }
        // Before minutes of work, not after.
        if let out {
            guard mkdir(out, 0o755) == 0 || errno == EEXIST, access(out, W_OK | X_OK) == 0 else {
                return RoadefBenchmark.complain("\(out): answers cannot be written there", 73)
            }
        }
        print("Points: 100 x (cost - S41's cost) / initial cost; below 0, podp's answer is the cheaper one.\n")
        print("| instance | cost | S41, 60 s | points | S41, 300 s | points | moved | wall s | CPU s |\n|---|---|---|---|---|---|---|---|---|")
        var (minutes, wholes): ([Double], [Double]) = ([], [])
        for figures in winner where names.contains(figures.name) {
            let begin = Program.clock()
            let used = Program.processorTime()
            let (model, assignment) = ("\(folders[0])/model_\(figures.name).txt", "\(folders[0])/assignment_\(figures.name).txt")
            guard case .success(let instance) = RoadefBenchmark.read(model: model, assignment: assignment) else {
                print("| \(figures.name) | its files are not there or not sound |")
                continue
            }
            let budget = RoadefBenchmark.Budget(steps: steps, seconds: seconds, rounds: rounds, begin: begin)
            let places = RoadefBenchmark.search(instance, budget, seed: seed, threads: threads)
            let (wall, processor) = (Program.clock() - begin, Program.processorTime() - used)
            let score = instance.score(of: places)
            if let violation = score.violation { return RoadefBenchmark.complain("\(figures.name): the answer breaks a constraint: \(violation)", 70) }
            if let out {
                let path = "\(out)/\(figures.name).txt"
                guard FileText.write(places.map(String.init).joined(separator: " ") + "\n", to: path) else {
                    return RoadefBenchmark.complain("\(path): cannot be written", 73)
                }
            }
            let initial = Double(max(1, instance.score(of: instance.initial).total))
            let minute = figures.minute.map { 100 * Double(score.total - $0) / initial }
            let whole = 100 * Double(score.total - figures.whole) / initial
            if let minute { minutes.append(minute) }
            wholes.append(whole)
            let columns = [
                figures.name, grouped(score.total), figures.minute.map(grouped) ?? "", minute.map(points) ?? "", grouped(figures.whole), points(whole),
                grouped(score.moved), FleetBenchmark.decimal(wall, 1), FleetBenchmark.decimal(processor, 1),
            ]
            print("| " + columns.joined(separator: " | ") + " |")
            // Rows are minutes apart: whoever reads them from a file sees each when it is there.
            fflush(nil)
        }
        if !wholes.isEmpty {
            print("| mean | | | \(minutes.isEmpty ? "" : points(mean(minutes))) | | \(points(mean(wholes))) | | | |")
        }
        return 0
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

    private static func points(_ value: Double) -> String { (value < 0 ? "-" : "+") + FleetBenchmark.decimal(abs(value), 4) }

    /// With a comma before every three digits.
    private static func grouped(_ value: Int) -> String {
        var text = ""
        for (place, digit) in String(value).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text = "," + text }
            text = String(digit) + text
        }
        return text
    }
}
