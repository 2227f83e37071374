import ArgumentParser
import Glibc
import PodpAPI
import PodpModel

/// Where two plans leave domains on different blades; as JSON, the names here are its keys.
struct PlanDifference: Encodable {
    struct Domain: Encodable {
        var domain: String
        var name: String
        /// The blade that it is on when the first of the two plans that moves it begins.
        var from: String
        /// Where each plan leaves it; absent: the plan does not move it.
        var first: String?
        var second: String?
    }

    struct Side: Encodable {
        var plan: String
        var moves: Int
        var bytes: UInt64
        var downtimeSeconds: Double
        /// Absent: a rollback's, which is not searched for.
        var costAfter: Double?
    }

    var first: Side
    var second: Side
    /// Moved by both, to the same blade.
    var same: Int
    /// Sorted by name.
    var domains: [Domain]

    init(_ one: PlanResource, _ other: PlanResource) {
        (first, second) = (Self.side(one), Self.side(other))
        let (ways, others) = (Self.ways(one), Self.ways(other))
        var found: [Domain] = []
        var same = 0
        for id in Set(ways.keys).union(others.keys) {
            let (mine, its) = (ways[id], others[id])
            if mine?.to == its?.to {
                same += 1
            } else if let known = mine ?? its {
                found.append(Domain(domain: "\(id)", name: known.name, from: known.from, first: mine?.toName, second: its?.toName))
            }
        }
        self.same = same
        domains = found.sorted { ($0.name, $0.domain) < ($1.name, $1.domain) }
    }

    private typealias Way = (name: String, from: String, to: BladeID, toName: String)

    /// From where a domain leaves first to where it arrives last: one that steps aside moves twice.
    private static func ways(_ plan: PlanResource) -> [DomainID: Way] {
        var ways: [DomainID: Way] = [:]
        for move in plan.moves { ways[move.domain] = (move.domainName, ways[move.domain]?.from ?? move.fromName, move.to, move.toName) }
        return ways
    }

    private static func side(_ plan: PlanResource) -> Side {
        var bytes: UInt64 = 0
        for move in plan.moves {
            let (sum, isTooMuch) = bytes.addingReportingOverflow(move.bytes)
            bytes = isTooMuch ? .max : sum
        }
        return Side(
            plan: plan.id, moves: plan.moves.count, bytes: bytes, downtimeSeconds: plan.moves.reduce(0) { $0 + $1.downtimeSeconds }, costAfter: plan.costAfter)
    }

    var text: String {
        var table = Table(header: ["PLAN", "MOVES", "TO SEND", "STOPPED", "COST AFTER"])
        for side in [first, second] {
            table.rows.append([
                Cell(side.plan, .bold), Cell("\(side.moves)", right: true), Cell(Words.bytes(side.bytes), right: true),
                Cell(Words.seconds(side.downtimeSeconds), right: true), Cell(side.costAfter.map(Words.short) ?? "–", right: true),
            ])
        }
        var text = table.text() + "\n"
        guard !domains.isEmpty else { return text + "both leave every domain on the same blade\n" }
        var list = Table(header: ["DOMAIN", "IS ON", first.plan, second.plan])
        list.rows = domains.map { [Cell($0.name), Cell($0.from), Cell($0.first ?? "stays"), Cell($0.second ?? "stays")] }
        text += list.text()
        if same > 0 { text += Terminal.output.faint("\(Words.count(same, "domain")) more: moved by both, to the same blade") + "\n" }
        return text
    }
}

extension PlanCommand {
    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What two plans do differently.")
        @Argument(help: "A plan, or a prefix that only one has.") var first: String
        @Argument(help: "Another one.") var second: String
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try await options.withCoordinator { coordinator in
                let one = try await coordinator.get("/v1/plans/\(Coordinator.segment(first))", as: PlanResource.self).value
                let other = try await coordinator.get("/v1/plans/\(Coordinator.segment(second))", as: PlanResource.self).value
                let difference = PlanDifference(one, other)
                switch options.output {
                case .table: Terminal.write(difference.text, to: STDOUT_FILENO)
                case .json: Terminal.write(JSONLine.text(difference) + "\n", to: STDOUT_FILENO)
                }
            }
        }
    }
}
