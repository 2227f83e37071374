import PodpModel
import Testing

@testable import PodpCore

/// What a blade may say that cannot be: each is refused in words, decides nothing, and loses nothing (docs/bad-input.md).
struct BadInputTests {
    /// A domain that runs, as its blade tells it.
    private func running(_ number: Int, vcpus: Int = 1, memory: Bytes = .gibibytes(1), change: (inout DomainInventory) -> Void = { _ in }) -> DomainInventory {
        var domain = DomainInventory(
            id: CoreFixture.domain(number), name: "web-\(number)", number: UInt32(number), state: .running, type: .pvh, vcpus: vcpus, memory: memory)
        change(&domain)
        return domain
    }

    @Test func `of two agents with one identity the one that answers stays, the other is told, and its blade is held`() throws {
        var fixture = CoreFixture()
        let living = fixture.connect(1)
        let (other, effects) = fixture.hello(1, run: 2) { $0.blade.serial = "another" }
        #expect(effects.isSent(living) { $0 == .ping(other.number) }, "the older one is asked for a sign of life")
        #expect(!effects.isSent(other) { if case .welcome = $0 { true } else { false } })
        let answered = fixture.tell(.received(living, .pong(other.number)))
        let refusal = try #require(answered.refusal(other))
        #expect(refusal.reason == "another agent with the identity of blade blade-1 is connected and alive" && !refusal.permanent)
        let blade = try #require(fixture.view(of: 1))
        #expect(blade.held == "two agents have its identity: blade-1 (serial S1) and blade-1 (serial another)")
        #expect(fixture.problem().blades.first { $0.id == blade.record.id }?.accepts == false)
        #expect(fixture.ask(.releaseBlade(blade.record.id)) == .done)
        #expect(fixture.view(of: 1)?.held == nil)
        #expect(fixture.view(of: 1)?.hello?.blade.serial == "S1")
    }

    @Test func `an agent whose older link does not answer is let in after a while, and nothing is held`() throws {
        var fixture = CoreFixture()
        let dead = fixture.connect(1)
        let (newer, _) = fixture.hello(1, run: 2)
        fixture.pass(5)
        #expect(fixture.view(of: 1)?.hello?.agentRun == ID128(high: 2, low: 2))
        #expect(fixture.tell(.received(dead, .pong(newer.number))).isEmpty, "the older link is gone: its word counts no more")
        #expect(fixture.view(of: 1)?.record.held == nil)
    }

    @Test func `samples that go backwards are refused in words, and the next that go forwards are taken`() throws {
        var fixture = CoreFixture()
        let link = fixture.connect(1)
        fixture.pass(1)
        fixture.report(link, 2)
        let before = try #require(fixture.view(of: 1)?.report)
        fixture.pass(1)
        fixture.report(link, 1)
        #expect(fixture.view.refusedReports == 1)
        #expect(fixture.view(of: 1)?.held == nil, "one alone holds no blade")
        let wrong: [(String, (inout Report) -> Void)] = [
            ("report 2 came after report 2", { $0.sequence = 2 }),
            ("its clock went backwards between two reports", { $0.sampledAt = before.sampledAt }),
            ("report over 0.0 s", { $0.interval = .zero }),
            ("report over 7200.0 s", { $0.interval = .seconds(7200) }),
            ("reports 100000 mCPU in use on 8 CPUs", { $0.host.cpu = 100_000 }),
            ("reports more free memory (65536 MiB) than it has", { $0.host.memoryFree = .gibibytes(64) }),
            ("vif1.0's counter went back", { $0.invalid = "vif1.0's counter went back" }),
        ]
        for (words, change) in wrong {
            let refused = fixture.view.refusedReports
            // One alone is an interval that was cut badly; as many as this say something of the blade.
            let enough = fixture.core.configuration.implausibleReports
            for _ in 0..<enough {
                fixture.pass(1)
                fixture.report(link, 3, change: change)
            }
            #expect(fixture.view(of: 1)?.held == words)
            #expect(fixture.view(of: 1)?.report == before, "the last good one stays: \(words)")
            #expect(fixture.view.refusedReports == refused + UInt64(enough))
            #expect(fixture.problem().blades.first { $0.id == CoreFixture.blade(1).id }?.reason == words)
        }
        fixture.pass(1)
        fixture.report(link, 3)
        #expect(fixture.view(of: 1)?.held == nil)
        #expect(fixture.view(of: 1)?.report?.sequence == 3)
        #expect(fixture.audits.contains { $0.kind == "report-accepted" })
    }

    @Test func `an inventory that cannot be right is refused in words, and the one before it stays`() throws {
        var fixture = CoreFixture(domains: [CoreFixture.managed(1, on: 1)])
        let link = fixture.connect(1, domains: [running(1)])
        let wrong: [(String, (CoreFixture) -> Inventory)] = [
            ("reports 0 CPUs", { $0.inventory(cpus: 0) }),
            ("reports -8 CPUs", { $0.inventory(cpus: -8) }),
            ("reports 100000 CPUs", { $0.inventory(cpus: 100_000) }),
            ("reports no memory", { $0.inventory(memory: .zero) }),
            ("reports more memory for dom0 (1024 MiB) than it has (512 MiB)", { $0.inventory(memory: .mebibytes(512)) }),
            ("reports web-1 with 0 vCPUs", { $0.inventory(domains: [running(1, vcpus: 0)]) }),
            ("reports domain \(CoreFixture.domain(1)) without a name", { $0.inventory(domains: [running(1) { $0.name = "" }]) }),
            ("reports domain \(CoreFixture.domain(1)) twice", { $0.inventory(domains: [running(1), running(1)]) }),
            ("reports its domains out of order", { $0.inventory(domains: [running(2), running(1)]) }),
            ("reports domains with 30720 MiB together on 24576 MiB", { $0.inventory(domains: [running(1), running(2, memory: .gibibytes(29))]) }),
        ]
        for (words, inventory) in wrong {
            fixture.tell(.received(link, .inventory(inventory(fixture))))
            let blade = try #require(fixture.view(of: 1))
            #expect(blade.held == words)
            #expect(blade.inventory?.domains == [running(1)], "held, not emptied: \(words)")
            #expect(fixture.view.domains.map(\.blade) == [CoreFixture.blade(1).id])
            let problem = fixture.problem()
            #expect(problem.blades.first { $0.id == blade.record.id }?.accepts == false)
            guard case .refused = fixture.ask(.createDomain(CoreFixture.managed(7, on: 1).definition, on: blade.record.id, start: true)) else {
                Issue.record("a domain was placed on a blade that \(words)")
                return
            }
        }
        #expect(fixture.audits.filter { $0.kind == "inventory-refused" }.count == wrong.count)
        fixture.tell(.received(link, .inventory(fixture.inventory(domains: [running(1)]))))
        #expect(fixture.view(of: 1)?.held == nil)
    }

    @Test func `what differs by one from what cannot be right is taken`() {
        var fixture = CoreFixture()
        let link = fixture.connect(1)
        for inventory in [
            fixture.inventory(cpus: 1), fixture.inventory(memory: .gibibytes(1)), fixture.inventory(domains: [running(1, memory: .gibibytes(24))]),
            // While it is built it has its memory and no vCPU yet.
            fixture.inventory(domains: [running(1, vcpus: 0) { $0.state = .incoming }]),
        ] {
            fixture.tell(.received(link, .inventory(inventory)))
            #expect(fixture.view(of: 1)?.held == nil)
        }
    }

    @Test func `another protocol's version, another's name and a blade that nobody enrolled are refused for good, with what to do`() throws {
        var fixture = CoreFixture(blades: 1)
        let (old, tooOld) = fixture.hello(1) { ($0.minimumVersion, $0.maximumVersion) = (7, 9) }
        #expect(try #require(tooOld.refusal(old)).reason == "the agent speaks protocol 7 to 9, this coordinator 1 to 1: install matching versions of podp")
        let (turned, inverted) = fixture.hello(1) { ($0.minimumVersion, $0.maximumVersion) = (2, 1) }
        #expect(try #require(inverted.refusal(turned)).permanent)
        let (masked, other) = fixture.hello(1) { $0.blade = CoreFixture.blade(5) }
        #expect(try #require(other.refusal(masked)).reason.contains("the hello says \(CoreFixture.blade(5).id)"))
        let (unknown, nobody) = fixture.hello(6)
        let refusal = try #require(nobody.refusal(unknown))
        #expect(refusal.permanent && refusal.reason.contains("podp blade token"))
        guard case .unknown? = fixture.view(of: 1)?.link else {
            Issue.record("it is linked")
            return
        }
    }

    @Test func `a certificate that was revoked stays worthless when its blade is enrolled again, and a new one works`() throws {
        var fixture = CoreFixture()
        _ = fixture.connect(1)
        #expect(fixture.ask(.revokeBlade(CoreFixture.blade(1).id)) == .done)
        let (whileRevoked, refused) = fixture.hello(1)
        #expect(refused.refusal(whileRevoked)?.permanent == true)

        let token = EnrolmentToken(secretHash: "hash", expires: WallTime(milliseconds: 2_000_000_000_000), createdBy: "operator", note: "", chassis: "")
        #expect(fixture.ask(.createEnrolmentToken(token)) == .done)
        let effects = fixture.tell(
            .request(
                RequestID(900), .enrol(secretHash: "hash", request: "r", blade: CoreFixture.blade(1), addresses: []), by: Actor(name: "b", mayOperate: false)))
        let ticket = try #require(effects.lazy.compactMap { if case .sign(let ticket, _, _, _) = $0 { ticket } else { nil } }.first)
        fixture.tell(.signed(ticket: ticket, .certificate(chain: "c", authorities: "a", serial: "ff", notAfter: WallTime(milliseconds: 2_000_000_000_000))))

        let (thief, stolen) = fixture.hello(1, run: 3, certificate: "01")
        let refusal = try #require(stolen.refusal(thief), "the old certificate opens the door again")
        #expect(refusal.permanent && refusal.reason.contains("revoked"))
        let (blade, welcome) = fixture.hello(1, run: 4, certificate: "ff")
        #expect(welcome.isSent(blade) { if case .welcome = $0 { true } else { false } })
    }

    private func enrol(_ fixture: inout CoreFixture, serial: String, token secret: String) throws {
        let token = EnrolmentToken(secretHash: secret, expires: WallTime(milliseconds: 2_000_000_000_000), createdBy: "operator", note: "", chassis: "")
        #expect(fixture.ask(.createEnrolmentToken(token)) == .done)
        let effects = fixture.tell(
            .request(
                RequestID(900), .enrol(secretHash: secret, request: "r", blade: CoreFixture.blade(1), addresses: []), by: Actor(name: "b", mayOperate: false)))
        let ticket = try #require(effects.lazy.compactMap { if case .sign(let ticket, _, _, _) = $0 { ticket } else { nil } }.first)
        fixture.tell(
            .signed(ticket: ticket, .certificate(chain: "c", authorities: "a", serial: serial, notAfter: WallTime(milliseconds: 2_000_000_000_000))))
    }

    /// Renews over the blade's link `count` times; serials are `r0`, `r1`, …
    private func renew(_ fixture: inout CoreFixture, _ link: LinkID, _ count: Int) {
        for number in 0..<count {
            for case .sign(let ticket, _, _, _) in fixture.tell(.received(link, .renew(request: "r"))) {
                fixture.tell(
                    .signed(
                        ticket: ticket,
                        .certificate(chain: "c", authorities: "a", serial: "r\(number)", notAfter: WallTime(milliseconds: 2_000_000_000_000))))
            }
        }
    }

    @Test(arguments: [[true], [false], [true, false], [false, false]])
    func `no certificate of a blade that was revoked or removed works again, however often it is enrolled anew`(revokedBefore: [Bool]) throws {
        var fixture = CoreFixture()
        let link = fixture.connect(1)
        renew(&fixture, link, 6)
        var worthless = ["01"] + (0..<6).map { "r\($0)" }
        for (round, isRevoked) in revokedBefore.enumerated() {
            if isRevoked { #expect(fixture.ask(.revokeBlade(CoreFixture.blade(1).id)) == .done) }
            #expect(fixture.ask(.removeBlade(CoreFixture.blade(1).id)) == .done)
            try enrol(&fixture, serial: "new\(round)", token: "secret\(round)")
            for serial in worthless {
                let (thief, effects) = fixture.hello(1, run: 7, certificate: serial)
                #expect(effects.refusal(thief)?.permanent == true, "certificate \(serial) opens the door again")
            }
            let (blade, welcome) = fixture.hello(1, run: 8, certificate: "new\(round)")
            #expect(welcome.isSent(blade) { if case .welcome = $0 { true } else { false } })
            worthless.append("new\(round)")
        }
    }

    @Test func `a certificate that podp has not noted (an older store was restored) is worth nothing either when its blade is revoked`() throws {
        var fixture = CoreFixture()
        _ = fixture.hello(1, certificate: "unheard")
        #expect(fixture.ask(.revokeBlade(CoreFixture.blade(1).id)) == .done)
        try enrol(&fixture, serial: "new", token: "secret")
        let (thief, effects) = fixture.hello(1, run: 3, certificate: "unheard")
        #expect(effects.refusal(thief)?.permanent == true)
    }

    @Test func `a link that lives through many renewals may still renew with what it was made with, and nobody gets certificates without end`() throws {
        var fixture = CoreFixture()
        let link = fixture.connect(1)
        func renewsBySelf() -> Bool {
            let asked = Request.renew(blade: CoreFixture.blade(1).id, certificate: "01", request: "r", addresses: [])
            let effects = fixture.tell(.request(RequestID(901), asked, by: Actor(name: "b", mayOperate: false)))
            return effects.contains { if case .sign = $0 { true } else { false } }
        }
        renew(&fixture, link, 40)
        #expect(fixture.view(of: 1)?.record.certificates.first?.serial == "01")
        #expect(renewsBySelf())
        renew(&fixture, link, 200)
        #expect(fixture.view(of: 1)?.record.certificates.count == 64)
        #expect(!renewsBySelf())
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `no numbers of a blade make the core trap, or its view, or a plan's problem`(_ seed: UInt64) {
        var random = Seeded(state: seed)
        func number() -> UInt64 { [0, 1, 255, 1 << 31, 1 << 62, .max, random.next()].randomElement(using: &random) ?? 0 }
        func signed() -> Int { Int(truncatingIfNeeded: number()) }
        var fixture = CoreFixture(domains: [CoreFixture.managed(1, on: 1)])
        let link = fixture.connect(1, domains: [running(1)])
        for sequence in 2..<60 as Range<UInt64> {
            fixture.pass(1)
            fixture.tell(
                .received(
                    link,
                    .inventory(
                        Inventory(
                            revision: number(), readAt: Instant(nanoseconds: Int64(truncatingIfNeeded: number())),
                            host: HostInventory(cpus: Bool.random(using: &random) ? 8 : signed(), memory: Bytes(number()), dom0Memory: Bytes(number())),
                            domains: [running(1, vcpus: signed(), memory: Bytes(number()))], answers: number()))))
            fixture.report(link, Bool.random(using: &random) ? sequence : number()) { report in
                report.host = HostSample(
                    cpu: UInt32(truncatingIfNeeded: number()), dom0CPU: UInt32(truncatingIfNeeded: number()), memoryFree: Bytes(number()),
                    disk: DiskRates(readBytes: number(), writtenBytes: number(), reads: number(), writes: number(), outOfRequests: number()),
                    network: NetworkRates(receivedBytes: number(), sentBytes: number()))
                report.domains = [
                    DomainSample(
                        id: CoreFixture.domain(1), state: .running, cpu: UInt32(truncatingIfNeeded: number()), ready: UInt32(truncatingIfNeeded: number()),
                        memory: Bytes(number()), disk: DiskRates(readBytes: number()), network: NetworkRates(sentBytes: number()))
                ]
            }
            _ = fixture.problem()
        }
        #expect(fixture.view.domains.count == 1, "nothing is lost by it")
    }
}

/// SplitMix64.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
