import AgentCore
import PodpModel
import Testing

@Suite struct AgentCoreTests {
    @Test("whatever fails, an operation is executed at most once, after its acceptance is durable, and its end is told", arguments: 0..<100)
    func invariantsHold(seed: Int) {
        var plant = AgentPlant(seed: seed)
        plant.isDoubled = seed % 10 == 0
        for _ in 0..<400 where plant.faults.isEmpty { plant.step() }
        plant.settle()
        #expect(plant.faults == [], "seed \(seed)")
        for operation in plant.executions.keys {
            #expect(plant.finals[operation] != nil, "seed \(seed): the end of \(operation) was lost")
        }
    }

    @Test("the plant does exercise what it checks") func plantIsNotIdle() {
        var executed = 0
        var refused = 0
        var terms = 0
        for seed in 0..<20 {
            var plant = AgentPlant(seed: seed)
            for _ in 0..<400 { plant.step() }
            plant.settle()
            executed += plant.executions.count
            refused += plant.refusals.count
            terms += plant.term
        }
        #expect(executed > 60)
        #expect(refused > 50)
        #expect(terms > 40)
    }

    @Test("a crash at any write of the journal loses no accepted operation and repeats none", arguments: 0..<12)
    func crashAtEveryWrite(at crash: Int) {
        var plant = AgentPlant(seed: 1)
        plant.connect()
        var writes = 0
        for round in 0..<3 {
            for domain in 0..<2 {
                plant.sequence += 1
                let command = Sample.command(plant.sequence, domain: domain, term: Sample.term(plant.term), decidedIn: plant.term)
                plant.sent.append(command)
                plant.deliver(.received(.command(command)))
            }
            for _ in 0..<2 {
                while !plant.writes.isEmpty {
                    if writes == crash {
                        plant.restart()
                        plant.connect()
                    } else {
                        plant.finishWrite()
                    }
                    writes += 1
                }
                while !plant.running.isEmpty { plant.finishExecution() }
            }
            for command in plant.sent where round < 3 { plant.deliver(.received(.command(command))) }
        }
        plant.settle()
        #expect(plant.faults == [])
        #expect(writes > crash)
        for operation in plant.executions.keys { #expect(plant.finals[operation] != nil) }
    }

    // MARK: - Single rules

    private func linked(term: Term = Sample.term(1), settings: AgentCore.Settings = Sample.settings) -> AgentCore {
        var core = AgentCore(settings: settings, journal: OperationJournal())
        _ = core.handle(.started, at: .zero)
        _ = core.handle(.linkUp(clock: WallTime(milliseconds: 0)), at: .zero)
        _ = core.handle(.received(Sample.welcome(term)), at: .zero)
        _ = core.handle(.journalled(1), at: .zero)
        return core
    }

    private func updates(_ effects: [AgentCore.Effect]) -> [Update] {
        effects.compactMap { if case .send(.update(let update)) = $0 { update } else { nil } }
    }

    @Test("a deposed coordinator is told everything and obeyed in nothing") func deposed() {
        var core = linked(term: Sample.term(5))
        let effects = core.handle(.received(.command(Sample.command(1, domain: 1, term: Sample.term(4)))), at: .zero)
        #expect(!effects.contains { if case .journal = $0 { true } else { false } })
        guard case .refused(let reason)? = updates(effects).first?.phase else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("term 4 is over"))
        let twin = core.handle(.received(.command(Sample.command(2, domain: 1, term: Sample.term(5, holder: 7)))), at: .zero)
        guard case .refused(let other)? = updates(twin).first?.phase else {
            Issue.record("not refused")
            return
        }
        #expect(other.contains("held by another coordinator"))
    }

    @Test("an acknowledgement of a deposed coordinator is not taken: its store is not the one that counts") func deposedAcknowledges() {
        var core = linked(term: Sample.term(5))
        _ = core.handle(.received(.command(Sample.command(1, domain: 1, term: Sample.term(5)))), at: .zero)
        _ = core.handle(.journalled(2), at: .zero)
        _ = core.handle(.executed(Sample.operation(1), .succeeded), at: .zero)
        _ = core.handle(.journalled(3), at: .zero)
        _ = core.handle(.linkDown(reason: "test", random: 0), at: .zero)
        _ = core.handle(.timer(.reconnect), at: .zero)
        _ = core.handle(.linkUp(clock: WallTime(milliseconds: 0)), at: .zero)
        let told = core.handle(.received(Sample.welcome(Sample.term(4))), at: .zero)
        #expect(updates(told) == [Update(operation: Sample.operation(1), phase: .ended(.succeeded))])
        let effects = core.handle(.received(.acknowledge(Sample.operation(1))), at: .zero)
        #expect(effects == [])
        #expect(core.journal.open == [Sample.operation(1)])
    }

    @Test("one id with two contents is refused, and the first goes on") func twoContents() {
        var core = linked()
        _ = core.handle(.received(.command(Sample.command(1, domain: 1))), at: .zero)
        _ = core.handle(.journalled(2), at: .zero)
        for other in [Sample.command(1, domain: 2), Sample.command(1, domain: 1, action: .destroy)] {
            let effects = core.handle(.received(.command(other)), at: .zero)
            guard case .refused(let reason)? = updates(effects).first?.phase else {
                Issue.record("not refused")
                continue
            }
            #expect(reason.contains("one id twice"))
            #expect(!effects.contains { if case .execute = $0 { true } else { false } })
        }
        let again = core.handle(.received(.command(Sample.command(1, domain: 1))), at: .zero)
        #expect(updates(again) == [Update(operation: Sample.operation(1), phase: .accepted)])
    }

    @Test("a second operation on a busy domain is refused by name, one on another domain is not") func oneAtATime() {
        var core = linked()
        _ = core.handle(.received(.command(Sample.command(1, domain: 1))), at: .zero)
        _ = core.handle(.received(.command(Sample.command(2, domain: 1))), at: .zero)
        _ = core.handle(.received(.command(Sample.command(3, domain: 2))), at: .zero)
        let effects = core.handle(.journalled(4), at: .zero)
        #expect(effects.filter { if case .execute = $0 { true } else { false } }.count == 2)
        #expect(updates(effects).contains { if case .refused(let reason) = $0.phase { reason.contains("one at a time") } else { false } })
    }

    @Test("an operation cancelled before its acceptance is durable never begins") func cancelledEarly() {
        var core = linked()
        _ = core.handle(.received(.command(Sample.command(1, domain: 1))), at: .zero)
        _ = core.handle(.received(.cancel(Sample.operation(1))), at: .zero)
        let effects = core.handle(.journalled(2), at: .zero)
        #expect(!effects.contains { if case .execute = $0 { true } else { false } })
        let ended = core.handle(.journalled(3), at: .zero)
        #expect(updates(ended) == [Update(operation: Sample.operation(1), phase: .ended(.failed(reason: "cancelled before it began")))])
    }

    @Test("reports are kept while nobody takes them, oldest dropped and counted, and sent in order") func reportsKept() {
        var settings = Sample.settings
        settings.reportsKept = 3
        var core = AgentCore(settings: settings, journal: OperationJournal())
        _ = core.handle(.started, at: .zero)
        for second in 0..<6 {
            let counters = Counters(
                readAt: .zero + .seconds(second), host: HostCounters(cpus: 2, idleNanoseconds: UInt64(second) * 1_000_000_000, memoryFree: .zero), domains: [])
            _ = core.handle(.counters(counters, use: nil), at: .zero + .seconds(second))
        }
        #expect(core.reportsDropped == 2)
        _ = core.handle(.linkUp(clock: WallTime(milliseconds: 0)), at: .zero + .seconds(7))
        let effects = core.handle(.received(Sample.welcome(Sample.term(1))), at: .zero + .seconds(7))
        let sequences = effects.compactMap { if case .send(.report(let report)) = $0 { report.sequence } else { nil } }
        #expect(sequences == [3, 4, 5])
    }

    @Test("the back-off grows to its limit, differs by its random bits, and tries the addresses in turn") func backoff() {
        var core = AgentCore(settings: Sample.settings, journal: OperationJournal())
        var now = Instant.zero
        var effects = core.handle(.started, at: now)
        var addresses: [String] = []
        var waits: [Duration] = []
        for _ in 0..<24 {
            for case .connect(let address) in effects { addresses.append(address) }
            effects = core.handle(.linkDown(reason: "refused", random: 0), at: now)
            for case .arm(.reconnect, let due) in effects {
                waits.append(due - now)
                now = due
            }
            effects = core.handle(.timer(.reconnect), at: now)
        }
        #expect(addresses.prefix(4) == ["a:1", "b:2", "a:1", "b:2"])
        #expect(waits.first == .milliseconds(500))
        #expect(waits.last == .seconds(30))
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test("a certificate renews after two thirds of its life by the coordinator's clock, once") func renewal() {
        let day: Int64 = 86_400_000
        var core = AgentCore(settings: Sample.settings, journal: OperationJournal())
        _ = core.handle(.started, at: .zero)
        _ = core.handle(.certificate(AgentCore.CertificateLife(notBefore: WallTime(milliseconds: 0), notAfter: WallTime(milliseconds: 90 * day))), at: .zero)
        _ = core.handle(.linkUp(clock: WallTime(milliseconds: 5000 * day)), at: .zero)
        let early = core.handle(.received(Sample.welcome(Sample.term(1), clock: WallTime(milliseconds: 59 * day))), at: .zero)
        #expect(!early.contains(.makeRequest))
        let due = early.compactMap { if case .arm(.certificate, let at) = $0 { at } else { nil } }.first
        #expect(due == .zero + .seconds(86_400))
        let late = core.handle(.timer(.certificate), at: .zero + .seconds(86_400))
        #expect(late.contains(.makeRequest))
        let asked = core.handle(.requestMade("PEM"), at: .zero + .seconds(86_401))
        #expect(asked.contains(.send(.renew(request: "PEM"))))
        let stored = core.handle(.received(.certificate(chain: "C", authorities: "A")), at: .zero + .seconds(86_402))
        #expect(stored.contains(.storeCertificate(chain: "C", authorities: "A")))
        let unasked = core.handle(.received(.certificate(chain: "X", authorities: "A")), at: .zero)
        #expect(!unasked.contains(.storeCertificate(chain: "X", authorities: "A")))
    }

    @Test("an inventory is sent when it differs, and for every observe with its number") func inventories() {
        var core = linked()
        let host = HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1))
        func sent(_ effects: [AgentCore.Effect]) -> [UInt64?] {
            effects.compactMap { if case .send(.inventory(let inventory)) = $0 { .some(inventory.answers) } else { nil } }
        }
        var inventory = Inventory(revision: 0, readAt: .zero, host: host, domains: [])
        let fresh = core.handle(.inventory(inventory), at: .zero)
        #expect(sent(fresh) == [nil])
        inventory.readAt = .zero + .seconds(60)
        _ = core.handle(.timer(.inventory), at: .zero + .seconds(60))
        let same = core.handle(.inventory(inventory), at: .zero + .seconds(60))
        #expect(sent(same) == [])
        _ = core.handle(.timer(.inventory), at: .zero + .seconds(120))
        let asked = core.handle(.received(.observe(7)), at: .zero + .seconds(120))
        #expect(asked == [])
        // The reading that was under way began before the question: it is no answer.
        let first = core.handle(.inventory(inventory), at: .zero + .seconds(121))
        #expect(sent(first) == [])
        #expect(first.contains(.readInventory))
        let second = core.handle(.inventory(inventory), at: .zero + .seconds(122))
        #expect(sent(second) == [7])
    }

    @Test(
        "a domain with a name of 64 KiB, or with a NUL, or with too many disks keeps nobody from hearing of its blade",
        arguments: [String(repeating: "n", count: 64 << 10), String(repeating: "€", count: 86), "web\u{0}1", String(repeating: "n", count: 257)])
    func beyondLimits(_ name: String) throws {
        var core = linked()
        func domain(_ number: UInt64, _ name: String) -> DomainInventory {
            DomainInventory(id: DomainID(ID128(high: 1, low: number)), name: name, state: .running, type: .pvh, vcpus: 1, memory: .gibibytes(1))
        }
        var inventory = Inventory(
            revision: 0, readAt: .zero, host: HostInventory(cpus: 8, memory: .gibibytes(24), dom0Memory: .gibibytes(1)),
            domains: [domain(1, name), domain(2, String(repeating: "w", count: 256))])
        inventory.domains[0].disks = (0..<200).map { Disk(target: "xvd\($0)", source: "/dev/vg/\($0)") }
        var sent: [Inventory] = []
        for case .send(.inventory(let one)) in core.handle(.inventory(inventory), at: .zero) { sent.append(one) }
        let told = try #require(sent.first)
        #expect(told.domains.map(\.id) == inventory.domains.map(\.id))
        #expect(told.domains[0].name.utf8.count <= 256 && !told.domains[0].name.utf8.contains(0) && !told.domains[0].name.isEmpty)
        #expect(told.domains[0].disks.count == 128)
        #expect(told.domains[1] == inventory.domains[1], "others are told as they are")
        #expect(told.findings.map(\.code) == ["domain-beyond-limits"])
    }
}
