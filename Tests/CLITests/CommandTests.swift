import Foundation
import NIOCore
import NIOPosix
import PodpAPI
import PodpCore
import PodpModel
import PodpWeb
import Testing
import WebTestSupport

/// Runs the `podp` that was built beside these tests, against a live server.
@Suite("podp, run")
struct CommandTests {
    private static let program = Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("podp").path ?? "podp"

    private static func fleet() -> FakeFleet {
        let fleet = FakeFleet(ExampleFleet.view())
        fleet.with {
            $0.verdicts = [
                Verdict(resource: "cpu", blade: ExampleFleet.bladeID(1), severity: .warning, sentence: "blade-1's CPU is at 93 % of 8 cores (comfort 70 %)")
            ]
        }
        fleet.log(AuditEntry(at: ExampleFleet.now, kind: "blade-connected", blade: ExampleFleet.bladeID(1), sentence: "blade-1 connected"))
        fleet.log(AuditEntry(at: ExampleFleet.now, severity: .critical, kind: "domain-twice", by: "uid 0 (root)", sentence: "evil \u{1B}[2J text"))
        return fleet
    }

    private static func podp(_ arguments: [String], _ server: LiveServer, _ directory: String, input: String? = nil) async throws -> (
        code: Int32, output: String, errors: String
    ) {
        try await run(program, arguments, environment: ["PODP_COORDINATOR": server.socket], input: input, in: directory)
    }

    /// Compares with the file of that name; with PODP_WRITE_GOLDEN set to the golden folder, writes it instead.
    private static func expectGolden(_ text: String, _ name: String) throws {
        if let folder = ProcessInfo.processInfo.environment["PODP_WRITE_GOLDEN"] {
            try text.write(toFile: "\(folder)/\(name).txt", atomically: true, encoding: .utf8)
            return
        }
        let path = try #require(Bundle.module.resourceURL).appendingPathComponent("Golden/\(name).txt")
        #expect(text == (try String(contentsOf: path, encoding: .utf8)), "\(name)")
    }

    @Test(
        "what podp shows is as it was looked at by a person",
        arguments: [
            ("status", ["status"]), ("blade-list", ["blade", "list"]), ("blade-show", ["blades", "show", "blade-2"]), ("domain-list", ["domains"]),
            ("domain-show", ["domain", "show", "web-2"]), ("operations", ["operations"]), ("plan-show", ["plan", "show", "7f3a9c"]),
            ("plan-list", ["plans", "list"]),
            ("policy", ["policy"]), ("events", ["events"]), ("check", ["check", "blade-1"]), ("tokens", ["token", "list"]),
            ("chassis-list", ["chassis", "list"]), ("chassis-show", ["chassis", "show", "north"]),
            ("blade-tokens", ["blade", "token", "--list"]),
        ])
    func golden(_ name: String, _ arguments: [String]) async throws {
        try await withScratchDirectory { directory in
            try await LiveServer.with(Self.fleet(), directory: directory) { server in
                let result = try await Self.podp(arguments, server, directory)
                #expect(result.code == 0, "\(result.errors)")
                #expect(!result.output.contains("\u{1B}"), "no colour where there is no terminal, and nobody else's either")
                #expect(!result.output.isEmpty)
                try Self.expectGolden(result.output, name)
            }
        }
    }

    @Test("off --move asks before anything is drained or moved whether N+1 holds without the blade, unless that is not to be asked", arguments: [false, true])
    func despitePolicy(_ isForced: Bool) async throws {
        let fleet = Self.fleet()
        var record = ExampleFleet.plan()
        record.plan.goal = .evacuate(ExampleFleet.bladeID(2))
        record.certificate.whenOff = ["the loss of blade-1 would leave domains without room elsewhere (N+1: blade)"]
        fleet.with {
            $0.view.settings.survive = [Settings.Survive(zone: .blade)]
            $0.answers = isForced ? [.done, .plan(record), .refused(Refusal(.conflict, "enough"))] : [.plan(record)]
        }
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let result = try await Self.podp(["blade", "off", "blade-2", "--move"] + (isForced ? ["--despite-policy"] : []), server, directory)
                let asked = fleet.with { $0.asked.map(\.0) }
                if isForced {
                    #expect(asked.first == .setDraining(ExampleFleet.bladeID(2), true))
                } else {
                    #expect(result.code == 4 && asked == [.plan(.evacuate(ExampleFleet.bladeID(2)), weighsWatts: false)])
                    let sentence =
                        "podp: blade-2 is neither emptied nor switched off: without it, the loss of blade-1 would leave domains without room elsewhere"
                    #expect(result.errors.contains(sentence) && !result.errors.contains("undrain"), "\(result.errors)")
                }
            }
        }
        fleet.with { $0.answers = [.operation(OperationID(term: ExampleFleet.term.id, sequence: 5))] }
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                _ = try await Self.podp(["blade", "off", "blade-2"] + (isForced ? ["--despite-policy"] : []), server, directory)
            }
        }
        #expect(fleet.with { $0.asked.last?.0 } == .switchBlade(ExampleFleet.bladeID(2), .softOff, despitePolicy: isForced))
    }

    @Test("what a plan breaks, what it does not fulfil, what an off would lose, and what it undoes is shown")
    func planWords() async throws {
        let fleet = Self.fleet()
        var record = ExampleFleet.plan()
        record.certificate.left = [Violation(step: 1, rule: "db", sentence: "db-1 and db-2 share blade-1 (apart: db)")]
        record.certificate.wishes = [Violation(step: 1, rule: "web", sentence: "web-1 and web-2 are in one chassis (spread: web)")]
        record.certificate.whenOff = ["the loss of blade-1 would leave domains without room elsewhere (N+1: blade)"]
        record.plan.goal = .evacuate(ExampleFleet.bladeID(2))
        var back = ExampleFleet.plan()
        back.id = "aa77"
        back.plan.undoes = "7f3a9c"
        fleet.with { $0.view.plans = [record, back] }
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let text = try await Self.podp(["plan", "show", "7f3a9c"], server, directory).output
                for line in [
                    "broken, before and after (without blade-2): db-1 and db-2 share blade-1", "a wish that is not kept: web-1 and web-2 are in one chassis",
                    "if blade-2 is off: the loss of blade-1 would leave",
                ] {
                    #expect(text.contains(line), "\(text)")
                }
                #expect(try await Self.podp(["plan", "show", "aa77"], server, directory).output.hasPrefix("plan aa77  rollback 7f3a9c, proposed"))
                let json = try await Self.podp(["plan", "show", "aa77", "--output", "json"], server, directory).output
                let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
                #expect(object["goal"] as? String == "rollback" && object["undoes"] as? String == "7f3a9c" && object["costAfter"] == nil)
            }
        }
    }

    @Test(
        "--output json is the API's own answer",
        arguments: [["status"], ["blade", "list"], ["domain", "show", "web-1"], ["plan", "show", "7f3a9c"], ["operations"], ["events"]])
    func json(_ arguments: [String]) async throws {
        try await withScratchDirectory { directory in
            try await LiveServer.with(Self.fleet(), directory: directory) { server in
                let result = try await Self.podp(arguments + ["--output", "json"], server, directory)
                #expect(result.code == 0, "\(result.errors)")
                #expect(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) is [String: Any])
            }
        }
    }

    @Test("exit codes say how it ended")
    func exitCodes() async throws {
        let fleet = Self.fleet()
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                #expect(try await Self.podp(["status"], server, directory).code == 0)
                #expect(try await Self.podp(["domain", "migrate"], server, directory).code == 2)
                #expect(try await Self.podp(["domain", "set", "web-1"], server, directory).code == 2)
                for wrong in [[], ["blade", "--none"]] { #expect(try await Self.podp(["policy", "survive"] + wrong, server, directory).code == 2) }
                #expect(fleet.with { $0.asked.isEmpty })
                #expect(try await Self.podp(["--help"], server, directory).code == 0)
                // blade-2 has a critical finding.
                #expect(try await Self.podp(["check"], server, directory).code == 1)

                let missing = try await Self.podp(["domain", "show", "nobody"], server, directory)
                #expect(missing.code == 4)
                #expect(missing.errors == "podp: there is no domain 'nobody'\n  → see 'podp domain list'\n")
                let many = try await Self.podp(["domain", "show", "web"], server, directory)
                #expect(many.code == 4)
                #expect(many.errors.contains("web-1") && many.errors.contains("web-2"))

                fleet.with { $0.answers = [.operation(OperationID(term: ExampleFleet.term.id, sequence: 2))] }
                let failed = try await Self.podp(["domain", "pause", "web-1"], server, directory)
                #expect(failed.code == 1)
                #expect(failed.errors.contains("libvirt: domain is not running"))
                fleet.with { $0.answers = [.operation(OperationID(term: ExampleFleet.term.id, sequence: 1))] }
                #expect(try await Self.podp(["domain", "stop", "web-2"], server, directory).code == 0)
                // Requests for power: one that was read back, one that nobody knows of, one that was refused.
                for (sequence, code) in [(5, 0), (6, 3), (7, 4)] as [(UInt64, Int32)] {
                    fleet.with { $0.answers = [.operation(OperationID(term: ExampleFleet.term.id, sequence: sequence))] }
                    #expect(try await Self.podp(["blade", "off", "blade-2"], server, directory).code == code)
                }
                let (off, _) = try #require(fleet.with { $0.asked.last })
                #expect(off == .switchBlade(ExampleFleet.bladeID(2), .softOff))
                fleet.with { $0.answers = [.operation(OperationID(term: ExampleFleet.term.id, sequence: 5))] }
                #expect(try await Self.podp(["blade", "off", "blade-2", "--escalate-after", "2m"], server, directory).code == 0)
                let (escalating, _) = try #require(fleet.with { $0.asked.last })
                #expect(escalating == .switchBlade(ExampleFleet.bladeID(2), .softOff, escalateAfter: .seconds(120)))
                for wrong in [["--hard", "--escalate-after", "60s"], ["--escalate-after", "2h"], ["--escalate-after", "soon"]] {
                    #expect(try await Self.podp(["blade", "off", "blade-2"] + wrong, server, directory).code == 2)
                }
                let nowhere = try await Self.podp(["chassis", "power", "simulated", "--bay", "15", "off"], server, directory)
                #expect(nowhere.code == 4 && nowhere.errors.contains("no such bay: 15"))
                let simulated = try await Self.podp(["chassis", "probe", "simulated", "--output", "json"], server, directory)
                struct Probe: Decodable {
                    struct Bay: Decodable { var uuid: String? }
                    var bays: [Bay]
                }
                let uuid = try #require(try JSONDecoder().decode(Probe.self, from: Data(simulated.output.utf8)).bays.first?.uuid)
                let power = ["chassis", "power", "simulated", "on", "--blade", uuid.uppercased(), "--bay"]
                #expect(try await Self.podp(power + ["1"], server, directory).code == 0)
                let elsewhere = try await Self.podp(power + ["2"], server, directory)
                #expect(elsewhere.code == 4 && elsewhere.errors.contains("is in bay 1") && !elsewhere.output.contains("request"))

                fleet.with { $0.answers = [.operation(OperationID(term: ExampleFleet.term.id, sequence: 4))] }
                let begun = try await Self.podp(["domain", "migrate", "web-1", "blade-2", "--no-wait"], server, directory)
                #expect(begun.output == "begun: #4\n")
                let (request, _) = try #require(fleet.with { $0.asked.last })
                #expect(request == .migrateDomain(ExampleFleet.domainID(1), to: ExampleFleet.bladeID(2), allowStop: false))

                // Two changes are two operations, the second after the first.
                fleet.with { $0.answers = [.operation(OperationID(term: ExampleFleet.term.id, sequence: 1)), .done] }
                let before = fleet.with { $0.asked.count }
                #expect(try await Self.podp(["domain", "set", "web-1", "--memory", "2G", "--vcpus", "4"], server, directory).code == 0)
                #expect(
                    fleet.with { $0.asked.dropFirst(before).map(\.0) } == [
                        .setDomain(ExampleFleet.domainID(1), memory: .gibibytes(2), vcpus: nil), .setDomain(ExampleFleet.domainID(1), memory: nil, vcpus: 4),
                    ])

                let empty = try await Self.podp(["domain", "show", ""], server, directory)
                #expect(empty.code == 2 && empty.errors.contains("its name is empty"))
                for arguments in [["plan", "show", ""], ["apply", ""], ["operations", "cancel", ""], ["token", "revoke", ""]] {
                    let result = try await Self.podp(arguments, server, directory)
                    #expect(result.code == 2 && result.errors.contains("name is empty"), "\(arguments): \(result.errors)")
                }
                let filter = try await Self.podp(["domain", "list", "--blade", ""], server, directory)
                #expect(filter.code == 2 && filter.errors.contains("--blade is empty"))
                let followed = try await Self.podp(["events", "--follow", "--blade", ""], server, directory)
                #expect(followed.code == 2 && followed.errors.contains("--blade is empty"), "\(followed.errors)")
                let usage = try await Self.podp(["domain", "migrate", "-o", "json"], server, directory)
                #expect(usage.code == 2 && usage.errors.hasPrefix(#"{"error":{"code":"usage""#), "\(usage.errors)")
                let token = try await Self.podp(["blade", "token", "--chassis", "nope"], server, directory)
                #expect(token.code == 0 && token.errors.contains("'nope' is known; known: "), "\(token.errors)")
                let json = try await Self.podp(["domain", "show", "nothing", "-o", "json"], server, directory)
                #expect(json.code == 4 && json.errors.hasPrefix(#"{"error":{"code":"notFound""#))
            }
            let gone = try await run(Self.program, ["status", "--coordinator", "\(directory)/none.sock"], in: directory)
            #expect(gone.code == 5)
            #expect(gone.errors.contains("systemctl start podp-coordinator"))
            #expect(try await run(Self.program, ["status", "--coordinator", "http://example.com"], in: directory).code == 2)
        }
    }

    @Test("a plan is carried out to its end, and a stopped one is a failure")
    func apply() async throws {
        let fleet = Self.fleet()
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                fleet.with { $0.view.plans[0].state = .done }
                let done = try await Self.podp(["apply", "7f3a"], server, directory)
                #expect(done.code == 0, "\(done.errors)")
                #expect(done.output == "done: 1 move\n")
                fleet.with { $0.view.plans[0].state = .stopped(reason: "blade-2 has no room any more") }
                let stopped = try await Self.podp(["plan", "apply", "7f3a"], server, directory)
                #expect(stopped.code == 1)
                #expect(stopped.errors.contains("blade-2 has no room any more"))
            }
        }
    }

    @Test("a blade that a plan cannot empty is said not to be empty, when all moves are done too")
    func evacuate() async throws {
        let fleet = Self.fleet()
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                for (left, code) in [(0, 0), (1, 4)] as [(Int, Int32)] {
                    var record = ExampleFleet.plan()
                    record.plan.goal = .evacuate(ExampleFleet.bladeID(1))
                    record.plan.after[0].domains = left
                    record.plan.remarks = ["blade-1 cannot be emptied: web-1 stays"]
                    fleet.with {
                        $0.answers = [.done, .plan(record), .plan(record)]
                        record.state = .done
                        $0.view.plans = [record]
                    }
                    let result = try await Self.podp(["blade", "evacuate", "blade-1"], server, directory)
                    #expect(result.code == code, "\(result.errors)")
                    #expect(result.output.contains("done: 1 move"))
                    #expect(result.errors.contains("blade-1 is not empty: 1 domain of podp's stays") == (left > 0), "\(result.errors)")
                }
            }
        }
    }

    @Test("a blade is not drained to be emptied while a plan is under way that may be about to move domains there")
    func evacuateMeanwhile() async throws {
        let fleet = Self.fleet()
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                var record = ExampleFleet.plan()
                record.state = .applying(wave: 0)
                fleet.with { $0.view.plans = [record] }
                let asked = fleet.with { $0.asked.count }
                let result = try await Self.podp(["blade", "evacuate", "blade-1"], server, directory)
                #expect(result.code == 4 && result.errors.contains("plan \(record.id) is being carried out"), "\(result.errors)")
                #expect(fleet.with { $0.asked.count } == asked)
            }
        }
    }

    @Test("a request that is cut off is not known to be done or not; a question that is cut off found nobody")
    func cutOff() async throws {
        final class Hangs: ChannelInboundHandler, Sendable {
            typealias InboundIn = ByteBuffer
            func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }
        }
        try await withScratchDirectory { directory in
            let socket = "\(directory)/cut.sock"
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let server = try await ServerBootstrap(group: group).childChannelInitializer { $0.pipeline.addHandler(Hangs()) }
                .bind(unixDomainSocketPath: socket).get()
            for (arguments, code) in [(["freeze"], 3), (["status"], 5)] as [([String], Int32)] {
                let result = try await run(Self.program, arguments, environment: ["PODP_COORDINATOR": socket], in: directory)
                #expect(result.code == code, "\(arguments): \(result.errors)")
            }
            try await server.close()
            try await group.shutdownGracefully()
        }
    }

    @Test("two plans are compared by where they leave each domain, whatever its way")
    func difference() async throws {
        let fleet = Self.fleet()
        let first = ExampleFleet.plan()
        var second = first
        second.id = "8a1b2c"
        func move(_ domain: Int, _ from: Int, _ to: Int) -> Move {
            var move = first.plan.moves[0]
            (move.domain, move.domainName) = (ExampleFleet.domainID(domain), "web-\(domain)")
            (move.from, move.fromName, move.to, move.toName) = (ExampleFleet.bladeID(from), "blade-\(from)", ExampleFleet.bladeID(to), "blade-\(to)")
            return move
        }
        // web-2 goes round by blade-3 to where the first plan sends it at once; web-1 moves in this plan only.
        second.plan.moves = [move(2, 1, 3), move(1, 1, 2), move(2, 3, 2)]
        fleet.with { $0.view.plans.append(second) }
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let answer = try await Self.podp(["plan", "diff", "7f3a", "8a1b", "-o", "json"], server, directory)
                #expect(answer.code == 0, "\(answer.errors)")
                let json = try #require(try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
                let domains = try #require(json["domains"] as? [[String: String]])
                #expect(domains.map { $0.filter { $0.key != "domain" } } == [["name": "web-1", "from": "blade-1", "second": "blade-2"]])
                #expect(json["same"] as? Int == 1)
                #expect((json["second"] as? [String: Any])?["bytes"] as? UInt64 == 3 * Bytes.gibibytes(4).count)
                let table = try await Self.podp(["plan", "diff", "7f3a", "8a1b"], server, directory)
                #expect(table.output.contains("web-1") && table.output.contains("stays") && !table.output.contains("web-2"), "\(table.output)")
                #expect(try await Self.podp(["plan", "diff", "7f3a", "7f3a"], server, directory).output.contains("every domain on the same blade"))
            }
        }
    }

    @Test("a flat file is sent whole, and its mistakes are shown with line and column")
    func create() async throws {
        let fleet = Self.fleet()
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let good = "name = \"new\"\ntype = \"pvh\"\nmemory = 512\nvcpus = 1\nkernel = \"/boot/vmlinuz\"\ndisk = [ \"phy:/dev/vdb,xvda,w\" ]\n"
                let made = try await Self.podp(["domain", "create", "-", "--on", "blade-1"], server, directory, input: good)
                #expect(made.code == 0, "\(made.errors)")
                guard case .createDomain(let definition, let blade, let start) = try #require(fleet.with { $0.asked.last }).0 else {
                    Issue.record("no domain was created")
                    return
                }
                #expect(definition.name == "new" && blade == ExampleFleet.bladeID(1) && start)
                let bad = try await Self.podp(["domain", "create", "-"], server, directory, input: "name = \"new\"\nmemory = [\n")
                #expect(bad.code == 4)
                #expect(bad.errors.contains("stdin:"))
                let parts = bad.errors.components(separatedBy: "stdin:")
                #expect(parts.count == 2, "a mistake is told once: \(bad.errors)")
                let offline = try await Self.podp(["domain", "check-file", "-"], server, directory, input: good)
                #expect(offline.output == "new: pvh, 1 vcpu, 512 MiB\n")
            }
        }
    }

    @Test("what-if and plan place show who finds room, what runs out, and why not; exit code 4 where somebody finds none")
    func whatIf() async throws {
        try await withScratchDirectory { directory in
            let fleet = Self.fleet()
            let load = BladeLoad(blade: ExampleFleet.bladeID(1), name: "blade-1", permille: [500, 600, 0, 0], domains: 2)
            let less = BladeLoad(blade: ExampleFleet.bladeID(1), name: "blade-1", permille: [250, 300, 0, 0], domains: 1)
            let place = Outlook.Place(domainName: "web-1+1", blade: ExampleFleet.bladeID(1), bladeName: "blade-1")
            let candidates = [
                PlacementChoice.Candidate(
                    blade: ExampleFleet.bladeID(2), name: "blade-2", free: .zero, pressure: .init(resource: "cpu", permille: 620), reason: "it is draining"),
                PlacementChoice.Candidate(
                    blade: ExampleFleet.bladeID(1), name: "blade-1", free: .gibibytes(2), pressure: .init(resource: "cpu", permille: 620), reason: nil),
            ]
            fleet.with {
                $0.answers = [
                    .outlook(
                        Outlook(
                            hypothesis: .more(2, like: ExampleFleet.domainID(1)), places: [place],
                            homeless: [.init(domainName: "web-1+2", reason: "all is full")],
                            bounds: [.init(resource: "memory", fits: 1, need: 1 << 20, free: 1 << 20, unit: "KiB")], before: [load], after: [load])),
                    .outlook(Outlook(hypothesis: .add(blades: 1, cpus: 8, memory: .gibibytes(8)), before: [load], after: [less], moves: 3)),
                    .outlook(Outlook(hypothesis: .lose(ExampleFleet.bladeID(2)), places: [place], before: [load], after: [less], remarks: ["a remark"])),
                    .placement(PlacementChoice(domainName: "new", needed: .gibibytes(1), chosen: ExampleFleet.bladeID(1), candidates: candidates)),
                    .placement(PlacementChoice(domainName: "new", needed: .gibibytes(1), chosen: nil, candidates: [candidates[0]])),
                ]
            }
            try await LiveServer.with(fleet, directory: directory) { server in
                let more = try await Self.podp(["what-if", "more", "2", "--like", "web-1"], server, directory)
                #expect(more.code == 4 && more.errors.contains("1 domain would find no room"), "\(more.errors)")
                #expect(more.output.contains("1 of 2 more like web-1 would fit") && more.output.contains("the next one fits nowhere: all is full"))
                #expect(more.output.contains("runs out first: memory") && more.output.contains("until when is not known"), "\(more.output)")
                let add = try await Self.podp(["what-if", "add", "1", "--cores", "8", "--memory", "8G"], server, directory)
                #expect(add.code == 0 && add.output.contains("a balance would take 3 moves"), "\(add.errors)")
                #expect(add.output.contains("fullest CPU: 50 % (blade-1) now, 25 % (blade-1) then"), "\(add.output)")
                let lose = try await Self.podp(["what-if", "lose", "blade-2"], server, directory)
                #expect(
                    lose.code == 0 && lose.output.contains("without blade-2, 1 of 1 domain would find room") && lose.output.contains("a remark"),
                    "\(lose.output)")
                let file = "name = \"new\"\ntype = \"pvh\"\nmemory = 512\nkernel = \"/boot/vmlinuz\"\n"
                let placed = try await Self.podp(["plan", "place", "-"], server, directory, input: file)
                #expect(
                    placed.code == 0 && placed.output.contains("new would run on blade-1, which would be the least full with it: cpu 62 %")
                        && placed.output.contains("no: it is draining"), "\(placed.errors)")
                let nowhere = try await Self.podp(["plan", "place", "-"], server, directory, input: file)
                #expect(nowhere.code == 4 && nowhere.output.contains("new would run nowhere"), "\(nowhere.errors)")
            }
        }
    }
}
