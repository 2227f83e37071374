import Dispatch
import Glibc
import PodpPlanner

/// Google's machine reassignment problem (ROADEF/EURO challenge 2012): reads a model and an assignment, searches, and writes the best assignment found.
///
/// One search a thread, each from its own seed; three times the one that is behind goes on from the one that is ahead. Where the budget is many times what one
/// annealing needs, it is spent on rounds of these, and the best answer of all counts: seeds differ by more than a longer annealing gains. With `--steps` the
/// budget is counted in candidates a thread, and the same seed gives the same answer; with `--seconds` it is the clock's.
enum RoadefBenchmark {
    static let usage =
        "planner-bench roadef MODEL ASSIGNMENT [--seconds S | --steps N] [--seed N] [--threads N] [--out NEW] [--best COST]"
        + " [--rounds N] [--hot H] [--cold C] [--price P]"
    /// Where searches meet, as shares of the budget.
    private static let meetings = [0.55, 0.7, 0.85, 1]

    /// A search and its thread's way to it: only one thread at a time works on it, as `concurrentPerform` sees to.
    private final class Worker: @unchecked Sendable {
        private var search: ReassignmentSearch

        init(_ board: ReassignmentBoard, seed: UInt64, _ schedule: ReassignmentSearch.Schedule) {
            search = ReassignmentSearch(board, seed: seed, schedule: schedule)
        }

        var best: (places: [Int], cost: Int) { (search.best, search.bestCost) }
        var standing: Double { search.standing }
        func adopt(_ other: Worker) { search.adopt(other.search.current) }

        func run(to end: Double, _ budget: Budget) {
            var slices = Int(budget.start(of: end))
            while true {
                let progress = budget.progress(slices)
                guard progress < end else { return }
                search.run(progress: progress)
                slices += 1
            }
        }
    }

    /// How long it may take: so many candidates a thread, or seconds of the clock, of which a little is kept back to gather and write the answer in.
    struct Budget: Sendable {
        private var slices: Int?
        /// As many as were asked for; else by the budget.
        private var asked: Int?
        private var begin: Double
        private var seconds: Double
        /// A round is worth its candidates from there on: 300 million, and 600 for each process and machine.
        private static let roundAtLeast = 300_000_000
        private static let roundForEach = 600

        init(steps: Int?, seconds: Double, rounds: Int?, begin: Double) {
            asked = rounds
            slices = steps.map { max(1, $0 / ReassignmentSearch.slice) }
            self.begin = begin
            self.seconds = max(0.01, seconds * 0.99 - 0.1)
        }

        /// - Parameter pace: candidates a second that each thread looks at.
        func rounds(for instance: Reassignment, pace: Double) -> Int {
            if let asked { return asked }
            let candidates = slices.map { Double($0) * Double(ReassignmentSearch.slice) } ?? seconds * pace
            let round = max(Double(Self.roundAtLeast), Double(Self.roundForEach) * Double(instance.processes) * Double(instance.machines))
            return max(1, Int(min(candidates / round, 1e6)))
        }

        var isCounted: Bool { slices != nil }

        /// Its share of what is left, with so many rounds to go.
        func round(of left: Int) -> Budget {
            var part = self
            part.slices = slices.map { $0 / max(1, left) }
            let now = Program.clock()
            part.seconds = max(0.01, (begin + seconds - now) / Double(max(1, left)))
            part.begin = now
            return part
        }

        /// The slices that were run before the meeting that ends at `end` was set out for.
        func start(of end: Double) -> Double {
            guard let slices else { return 0 }
            let previous = meetings.last { $0 < end } ?? 0
            return (Double(slices) * previous).rounded(.up)
        }

        func progress(_ done: Int) -> Double {
            if let slices { return Double(done) / Double(max(1, slices)) }
            return (Program.clock() - begin) / seconds
        }
    }

    static func run(_ arguments: [String]) -> Int32 {
        let begin = Program.clock()
        var files: [String] = []
        var (seconds, seed, threads) = (60.0, UInt64(1), 2)
        var (steps, rounds): (Int?, Int?)
        var out: String?
        var known: Int?
        var schedule = ReassignmentSearch.Schedule()
        var index = 0
        while index < arguments.count {
            let value = index + 1 < arguments.count ? arguments[index + 1] : ""
            switch arguments[index] {
            case "--seconds": seconds = Double(value) ?? -1
            case "--steps": steps = Int(value) ?? -1
            case "--rounds": rounds = Int(value) ?? -1
            case "--seed": seed = UInt64(value) ?? 1
            case "--threads": threads = Int(value) ?? 0
            case "--out": out = value
            case "--best": known = Int(value)
            case "--hot": schedule.hot = Double(value) ?? schedule.hot
            case "--cold": schedule.cold = Double(value) ?? schedule.cold
            case "--price": schedule.price = Double(value) ?? schedule.price
            default:
                files.append(arguments[index])
                index -= 1
            }
            index += 2
        }
        guard files.count == 2, seconds > 0, seconds.isFinite, (1...64).contains(threads), steps.map({ $0 > 0 }) ?? true,
            rounds.map({ (1...1_000).contains($0) }) ?? true,
            [schedule.hot, schedule.cold, schedule.price].allSatisfy({ $0 > 0 && $0 < 1e6 })
        else {
            return complain("usage: \(usage)", 64)
        }
        let instance: Reassignment
        switch read(model: files[0], assignment: files[1]) {
        case .success(let whole): instance = whole
        case .failure(let refusal): return complain(refusal.message, refusal.status)
        }
        let budget = Budget(steps: steps, seconds: seconds, rounds: rounds, begin: begin)
        let places = search(instance, budget, schedule, seed: seed, threads: threads)
        return report(instance, places, begin: begin, out: out, known: known)
    }

    /// Why an instance is not searched, and the exit status that says so.
    struct Refusal: Error {
        var message: String
        var status: Int32
    }

    static func read(model: String, assignment: String) -> Result<Reassignment, Refusal> {
        guard let modelBytes = FileText.read(model) else { return .failure(Refusal(message: "\(model): cannot be read", status: 66)) }
        guard let assignmentBytes = FileText.read(assignment) else { return .failure(Refusal(message: "\(assignment): cannot be read", status: 66)) }
        do { return .success(try Reassignment(model: modelBytes, assignment: assignmentBytes)) } catch {
            return .failure(Refusal(message: "\(error.source == .model ? model : assignment): \(error)", status: 65))
        }
    }

    static func search(
        _ instance: Reassignment, _ budget: Budget, _ schedule: ReassignmentSearch.Schedule = .init(), seed: UInt64, threads: Int
    ) -> [Int] {
        let board = ReassignmentBoard(instance)
        let rounds = budget.rounds(for: instance, pace: budget.isCounted ? 0 : pace(board, threads: threads, schedule))
        var best: (places: [Int], cost: Int)?
        for round in 0..<rounds {
            // With steps, each has the same share; with the clock, what is left is shared out anew.
            let part = budget.round(of: rounds - (budget.isCounted ? 0 : round))
            let workers = (0..<threads).map { thread in
                Worker(board, seed: seed &+ UInt64(round * threads + thread) &* 0x9E37_79B9_7F4A_7C15, schedule)
            }
            for end in meetings {
                DispatchQueue.concurrentPerform(iterations: threads) { workers[$0].run(to: end, part) }
                guard end < 1, let ahead = workers.min(by: { $0.standing < $1.standing }) else { continue }
                for worker in workers where worker !== ahead && worker.standing > ahead.standing { worker.adopt(ahead) }
            }
            for answer in workers.map(\.best) where answer.cost < best?.cost ?? .max { best = answer }
        }
        return best?.places ?? instance.initial
    }

    /// Candidates a second of each thread, all running: the machine may have other work.
    private static func pace(_ board: ReassignmentBoard, threads: Int, _ schedule: ReassignmentSearch.Schedule) -> Double {
        let slices = 64
        let begin = Program.clock()
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            var search = ReassignmentSearch(board, seed: UInt64(thread), schedule: schedule)
            // As in the midst of an annealing.
            for _ in 0..<slices { search.run(progress: 0.4) }
        }
        return Double(slices * ReassignmentSearch.slice) / max(1e-3, Program.clock() - begin)
    }

    /// Evaluates the answer anew, from the problem's definition, before anything is written.
    private static func report(_ instance: Reassignment, _ places: [Int], begin: Double, out: String?, known: Int?) -> Int32 {
        let before = instance.score(of: instance.initial).total
        let score = instance.score(of: places)
        if let violation = score.violation { return complain("the answer breaks a constraint, nothing is written: \(violation)", 70) }
        if let out, !FileText.write(places.map(String.init).joined(separator: " ") + "\n", to: out) { return complain("\(out): cannot be written", 73) }
        var line = "cost \(score.total)  initial \(before)  moved \(score.moved)"
        if let known, before > 0 {
            let gap = 100 * Double(score.total - known) / Double(before)
            line += "  gap \(gap < 0 ? "-" : "")\(FleetBenchmark.decimal(abs(gap), 4)) %"
        }
        line += "  wall \(FleetBenchmark.decimal(Program.clock() - begin, 1)) s  CPU \(FleetBenchmark.decimal(Program.processorTime(), 1)) s"
        print(line)
        return 0
    }

    static func complain(_ message: String, _ status: Int32) -> Int32 {
        FileText.complain(message)
        return status
    }
}

/// Files as a whole, and lines for people.
enum FileText {
    /// Writes a line to standard error.
    static func complain(_ message: String) {
        let bytes = Array("\(message)\n".utf8)
        _ = Glibc.write(2, bytes, bytes.count)
    }

    /// `nil` where it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return ferror(file) == 0 ? content : nil }
            content += buffer[0..<count]
        }
    }

    static func write(_ text: String, to path: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        let isWritten = fputs(text, file) >= 0
        return fclose(file) == 0 && isWritten
    }
}
