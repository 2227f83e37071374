import PodpModel
import Testing

@testable import PodpCore

/// Hard N+1 in operators' actions: what it asks for, and where it steps aside.
@Suite struct SurvivalTests {
    private func domain(_ number: Int, on blade: Int, gibibytes: UInt64, wish: ManagedDomain.Wish = .off) -> ManagedDomain {
        var domain = CoreFixture.managed(number, on: blade)
        domain.wish = wish
        (domain.definition.memory, domain.definition.maxMemory) = (.gibibytes(gibibytes), .gibibytes(gibibytes))
        return domain
    }

    @discardableResult
    private func connect(
        _ fixture: inout CoreFixture, _ number: Int, gibibytes: UInt64, running: [(number: Int, gibibytes: UInt64)] = [], off: [DomainInventory] = []
    ) -> LinkID {
        let (link, _) = fixture.hello(number)
        fixture.tell(.received(link, .inventory(inventory(fixture, number, gibibytes: gibibytes, running: running, off: off))))
        fixture.report(link, 1) { report in
            report.host.memoryFree = .gibibytes(gibibytes - running.reduce(0) { $0 + $1.gibibytes })
            report.domains = []
        }
        return link
    }

    private func inventory(
        _ fixture: CoreFixture, _ number: Int, gibibytes: UInt64, running: [(number: Int, gibibytes: UInt64)], off: [DomainInventory] = []
    ) -> Inventory {
        let domains = running.map { running in
            DomainInventory(
                id: CoreFixture.domain(running.number), name: "web-\(running.number)", number: 1, state: .running, type: .pvh, vcpus: 1,
                memory: .gibibytes(running.gibibytes), disks: [])
        }
        var inventory = fixture.inventory(memory: .gibibytes(gibibytes + 1), domains: domains + off)
        inventory.host.migrationAddress = "10.0.0.\(number)"
        return inventory
    }

    private func refusal(_ answer: Answer?) -> Refusal? { if case .refused(let refusal)? = answer { refusal } else { nil } }

    @Test(arguments: [1, nil] as [Int?])
    func `what ran before may run again with the room that was left for it; another start may not take it`(wanted: Int?) {
        for wish in [ManagedDomain.Wish.running, .off] {
            var fixture = CoreFixture(domains: [domain(1, on: 1, gibibytes: 12, wish: wish)])
            connect(&fixture, 1, gibibytes: 20)
            connect(&fixture, 2, gibibytes: 10)
            #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
            let answer = fixture.ask(.startDomain(CoreFixture.domain(1), on: wanted.map { CoreFixture.blade($0).id }, force: false))
            if wish == .off {
                #expect(refusal(answer)?.message.contains("the loss of blade-1") == true, "\(String(describing: answer))")
                let remedy = "`podp domain start web-1\(wanted == nil ? "" : " --on blade-1") --despite-policy`"
                #expect(refusal(answer)?.remedy.contains(remedy) == true, "\(String(describing: refusal(answer)?.remedy))")
                let despite = Request.startDomain(
                    CoreFixture.domain(1), on: wanted.map { CoreFixture.blade($0).id }, force: false, despitePolicy: true)
                if case .operation? = fixture.ask(despite) {
                } else {
                    Issue.record("it does not start, whatever is asked")
                }
            } else if case .operation? = answer {
            } else {
                Issue.record("\(String(describing: answer))")
            }
        }
    }

    @Test func `starts that are under way count as what they will be`() {
        var fixture = CoreFixture(domains: [domain(1, on: 1, gibibytes: 8), domain(2, on: 1, gibibytes: 8)])
        connect(&fixture, 1, gibibytes: 20)
        connect(&fixture, 2, gibibytes: 11)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        let home = CoreFixture.blade(1).id
        #expect(refusal(fixture.ask(.startDomain(CoreFixture.domain(1), on: home, force: false))) == nil)
        #expect(refusal(fixture.ask(.startDomain(CoreFixture.domain(2), on: home, force: false)))?.message.contains("the loss of blade-1") == true)
    }

    @Test func `who is busy is refused as such, not for the room that its own operation takes`() {
        var fixture = CoreFixture(domains: [domain(1, on: 1, gibibytes: 12), domain(2, on: 1, gibibytes: 12, wish: .running)])
        connect(&fixture, 1, gibibytes: 30, running: [(2, 12)])
        connect(&fixture, 2, gibibytes: 30)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        let (starting, moving) = (CoreFixture.domain(1), CoreFixture.domain(2))
        #expect(refusal(fixture.ask(.startDomain(starting, on: nil, force: false))) == nil)
        #expect(refusal(fixture.ask(.migrateDomain(moving, to: nil, allowStop: false, despitePolicy: true))) == nil)
        let again: [Request] = [
            .startDomain(starting, on: nil, force: false), .migrateDomain(moving, to: nil, allowStop: false),
            .setDomain(moving, memory: .gibibytes(12), vcpus: nil),
        ]
        for request in again { #expect(refusal(fixture.ask(request))?.code == .busy, "\(request)") }
    }

    @Test(arguments: ["under way", "its source tells that it has left", "ended"])
    func `moves that are under way count as what they will be`(news: String) {
        var fixture = CoreFixture(blades: 3, domains: [domain(1, on: 3, gibibytes: 8, wish: .running), domain(2, on: 3, gibibytes: 8, wish: .running)])
        connect(&fixture, 1, gibibytes: 40)
        connect(&fixture, 2, gibibytes: 11)
        let link = connect(&fixture, 3, gibibytes: 20, running: [(1, 8), (2, 8)])
        #expect(fixture.ask(.setDraining(CoreFixture.blade(3).id, true)) == .done)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        let target = CoreFixture.blade(1).id
        guard case .operation(let first)? = fixture.ask(.migrateDomain(CoreFixture.domain(1), to: target, allowStop: true)) else {
            Issue.record("the first is refused")
            return
        }
        if news.contains("left") { fixture.tell(.received(link, .inventory(inventory(fixture, 3, gibibytes: 20, running: [(2, 8)])))) }
        if news == "ended" { fixture.tell(.received(link, .update(Update(operation: first, phase: .ended(.succeeded))))) }
        #expect(
            refusal(fixture.ask(.migrateDomain(CoreFixture.domain(2), to: target, allowStop: true)))?.message.contains("the loss of blade-1") == true)
    }

    @Test func `more memory is a start of so much more`() {
        for isFirstUnderWay in [false, true] {
            var domains = [domain(1, on: 1, gibibytes: 4, wish: .running), domain(2, on: 1, gibibytes: 4, wish: .running)]
            for index in domains.indices { domains[index].definition.maxMemory = .gibibytes(16) }
            var fixture = CoreFixture(domains: domains)
            connect(&fixture, 1, gibibytes: 20, running: [(1, 4), (2, 4)])
            connect(&fixture, 2, gibibytes: 11)
            #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
            if isFirstUnderWay { #expect(refusal(fixture.ask(.setDomain(CoreFixture.domain(1), memory: .gibibytes(6), vcpus: nil))) == nil) }
            let more = Request.setDomain(CoreFixture.domain(2), memory: .gibibytes(isFirstUnderWay ? 6 : 8), vcpus: nil)
            let refused = refusal(fixture.ask(more))
            #expect(refused?.message.contains("the loss of blade-1") == true, "\(String(describing: refused))")
            #expect(refused?.remedy.contains("--memory \(isFirstUnderWay ? 6144 : 8192) --despite-policy`") == true)
            #expect(refusal(fixture.ask(.setDomain(CoreFixture.domain(2), memory: .gibibytes(2), vcpus: nil))) == nil)
        }
        var small = domain(1, on: 1, gibibytes: 4, wish: .running)
        small.definition.maxMemory = .gibibytes(16)
        var fixture = CoreFixture(domains: [small])
        connect(&fixture, 1, gibibytes: 20, running: [(1, 4)])
        connect(&fixture, 2, gibibytes: 6)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        #expect(refusal(fixture.ask(.setDomain(CoreFixture.domain(1), memory: .gibibytes(8), vcpus: nil)))?.message.contains("the loss of") == true)
        #expect(refusal(fixture.ask(.setDomain(CoreFixture.domain(1), memory: .gibibytes(8), vcpus: nil, despitePolicy: true))) == nil)
    }

    @Test func `a loss that could not be borne is told, by a wish as a note, and no more once it can be`() {
        var fixture = CoreFixture(blades: 3, domains: [domain(1, on: 1, gibibytes: 12, wish: .running)])
        connect(&fixture, 1, gibibytes: 20, running: [(1, 12)])
        connect(&fixture, 2, gibibytes: 10)
        #expect(fixture.core.problemToSurvive() == nil)
        func verdicts() -> [Verdict] { fixture.core.problemToSurvive().map(SurvivalOutlook.verdicts(of:)) ?? [] }
        for price in [nil, 3.0] {
            #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade, price: price)])) == .done)
            #expect(verdicts().map(\.severity) == [price == nil ? .warning : .note])
            #expect(verdicts().first?.sentence.contains("the loss of blade-1 would leave domains without room elsewhere") == true)
        }
        connect(&fixture, 3, gibibytes: 20)
        #expect(fixture.core.problemToSurvive() != nil && verdicts().isEmpty)
    }

    @Test func `blades whose zone is not known are told of as long as its loss is to be survived`() {
        var fixture = CoreFixture(blades: 2)
        for number in 1...2 { connect(&fixture, number, gibibytes: 20) }
        func verdicts() -> [Verdict] { fixture.core.problemToSurvive().map(SurvivalOutlook.verdicts(of:)) ?? [] }
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .network)])) == .done)
        #expect(verdicts().map(\.severity) == [.note])
        #expect(verdicts().first?.sentence.hasPrefix("no loss of a switch module is counted for blade-1, blade-2: which they are in is not known") == true)
        for number in 1...2 { #expect(fixture.ask(.setBlade(CoreFixture.blade(number).id, switchModule: "north-\(number)")) == .done) }
        #expect(verdicts().isEmpty)
    }

    @Test func `what is only defined takes no room yet`() {
        var fixture = CoreFixture()
        connect(&fixture, 1, gibibytes: 20)
        connect(&fixture, 2, gibibytes: 10)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        let definition = domain(1, on: 1, gibibytes: 12).definition
        #expect(refusal(fixture.ask(.createDomain(definition, on: nil, start: true)))?.message.contains("the loss of blade-1") == true)
        #expect(refusal(fixture.ask(.createDomain(definition, on: nil, start: false))) == nil)
    }

    @Test func `blades that say the same are told together, what N+1 says first`() {
        func candidate(_ number: Int, _ reason: String?) -> PlacementChoice.Candidate {
            PlacementChoice.Candidate(
                blade: CoreFixture.blade(number).id, name: "blade-\(number)", free: .zero, pressure: PlacementChoice.Pressure(resource: "cpu", permille: 0),
                reason: reason)
        }
        let candidates = (1...7).map { candidate($0, "it is draining") } + [candidate(8, "N+1"), candidate(9, nil), candidate(10, "no bridge")]
        #expect(
            PlacementChoice.reasons(of: candidates, first: [CoreFixture.blade(8).id])
                == "blade-8: N+1; blade-1, blade-2, blade-3, blade-4 and 3 more: it is draining; blade-10: no bridge")
        let many = (1...9).map { candidate($0, "\($0) MiB is free") }
        #expect(PlacementChoice.reasons(of: many, first: []).hasSuffix("blade-6: 6 MiB is free; and 3 more"))
    }

    @Test func `where N+1 is lost everywhere, only the best blades are asked about, for the core waits meanwhile`() throws {
        var fixture = CoreFixture(blades: 12)
        for number in 1...12 {
            connect(&fixture, number, gibibytes: 20)
            #expect(fixture.ask(.setBlade(CoreFixture.blade(number).id, switchModule: "north-1")) == .done)
        }
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .network)])) == .done)
        guard case .placement(let choice)? = fixture.ask(.placeDomain(domain(1, on: 1, gibibytes: 2).definition)) else {
            Issue.record("refused")
            return
        }
        #expect(choice.chosen == nil)
        #expect(choice.candidates.count { $0.reason?.contains("the loss of") == true } == 8)
        #expect(choice.candidates.count { $0.reason?.contains("was not asked") == true } == 4)
        let refused = refusal(fixture.ask(.createDomain(domain(1, on: 1, gibibytes: 2).definition, on: nil, start: true)))
        #expect(refused?.remedy.hasPrefix("4 blades were not asked: name one with --on; ") == true, "\(String(describing: refused))")
    }

    @Test(arguments: [false, true])
    func `a start while another blade is drained is asked as if that were back`(isDrained: Bool) {
        var fixture = CoreFixture(
            blades: 3,
            domains: [domain(1, on: 1, gibibytes: 12, wish: .running), domain(2, on: 2, gibibytes: 15, wish: .running), domain(3, on: 1, gibibytes: 6)])
        connect(&fixture, 1, gibibytes: 20, running: [(1, 12)])
        connect(&fixture, 2, gibibytes: 20, running: [(2, 15)])
        connect(&fixture, 3, gibibytes: 16)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        if isDrained { #expect(fixture.ask(.setDraining(CoreFixture.blade(3).id, true)) == .done) }
        let refused = refusal(fixture.ask(.startDomain(CoreFixture.domain(3), on: CoreFixture.blade(1).id, force: false)))
        #expect(refused?.message.contains("the loss of blade-1") == true, "\(String(describing: refused))")
    }

    @Test(arguments: [ManagedDomain.Wish.off, .running], [false, true])
    func `of a blade that is silent only what is to run needs room elsewhere`(wish: ManagedDomain.Wish, hasTold: Bool) {
        var fixture = CoreFixture(blades: 3, domains: [domain(1, on: 1, gibibytes: 8), domain(2, on: 3, gibibytes: 15, wish: wish)])
        connect(&fixture, 1, gibibytes: 20)
        connect(&fixture, 2, gibibytes: 9)
        if hasTold {
            let link = connect(&fixture, 3, gibibytes: 20, running: wish == .running ? [(2, 15)] : [])
            fixture.tell(.disconnected(link, reason: "switched off"))
        }
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        let refused = refusal(fixture.ask(.startDomain(CoreFixture.domain(1), on: CoreFixture.blade(1).id, force: false)))
        #expect((refused?.message.contains("the loss of blade-3") == true) == (wish == .running), "\(String(describing: refused))")
    }

    @Test func `what starts needs what its file says, not what is left of a run before`() {
        var fixture = CoreFixture(domains: [domain(1, on: 1, gibibytes: 12)])
        let before = DomainInventory(
            id: CoreFixture.domain(1), name: "web-1", state: .off, type: .pvh, vcpus: 1, memory: .gibibytes(1),
            disks: [Disk(target: "xvda", source: "/dev/vg/of-before")])
        connect(&fixture, 1, gibibytes: 20, off: [before])
        connect(&fixture, 2, gibibytes: 10)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        #expect(refusal(fixture.ask(.startDomain(CoreFixture.domain(1), on: nil, force: false)))?.message.contains("the loss of blade-1") == true)
    }

    @Test func `a remedy asks for all that was asked for`() {
        let other = CoreFixture.blade(2).id
        var fixture = CoreFixture(domains: [domain(1, on: 1, gibibytes: 15), domain(2, on: 1, gibibytes: 8, wish: .running)])
        connect(&fixture, 1, gibibytes: 14, running: [(2, 8)])
        connect(&fixture, 2, gibibytes: 24)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        #expect(
            refusal(fixture.ask(.startDomain(CoreFixture.domain(1), on: other, force: true)))?.remedy
                == "`podp domain start web-1 --on blade-2 --force --despite-policy` starts it nevertheless")

        var created = domain(3, on: 1, gibibytes: 15).definition
        created.name = "web-3"
        #expect(
            refusal(fixture.ask(.createDomain(created, on: other, start: true)))?.remedy
                == "`podp domain create FILE --no-start --on blade-2`, then `podp domain start web-3 --despite-policy` starts it nevertheless")
        #expect(refusal(fixture.ask(.createDomain(created, on: nil, start: true)))?.remedy.contains("create FILE --no-start`, then `podp domain start") == true)

        fixture = CoreFixture(blades: 3, domains: [domain(1, on: 1, gibibytes: 8, wish: .running), domain(2, on: 2, gibibytes: 15, wish: .running)])
        connect(&fixture, 1, gibibytes: 10, running: [(1, 8)])
        connect(&fixture, 2, gibibytes: 20, running: [(2, 15)])
        connect(&fixture, 3, gibibytes: 20)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        for allowStop in [false, true] {
            let move = Request.migrateDomain(CoreFixture.domain(1), to: CoreFixture.blade(3).id, allowStop: allowStop)
            #expect(
                refusal(fixture.ask(move))?.remedy
                    == "`podp domain migrate web-1 blade-3\(allowStop ? " --allow-stop" : "") --despite-policy` moves it nevertheless")
        }
    }

    @Test(arguments: [4, 12] as [UInt64])
    func `what was lost may take the room that was left for it, and no more`(ran: UInt64) {
        var fixture = CoreFixture(domains: [domain(1, on: 1, gibibytes: 12, wish: .running)])
        let before = DomainInventory(id: CoreFixture.domain(1), name: "web-1", state: .off, type: .pvh, vcpus: 1, memory: .gibibytes(ran), disks: [])
        connect(&fixture, 1, gibibytes: 20, off: [before])
        connect(&fixture, 2, gibibytes: 10)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        let refused = refusal(fixture.ask(.startDomain(CoreFixture.domain(1), on: nil, force: false)))
        #expect((refused?.message.contains("the loss of blade-1") == true) == (ran < 12), "\(String(describing: refused))")
    }

    @Test func `a zone that blades are not known to be in is warned of when its loss is to be survived`() {
        var fixture = CoreFixture()
        #expect(fixture.ask(.setBlade(CoreFixture.blade(1).id, switchModule: "north-1")) == .done)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade), Settings.Survive(zone: .network)])) == .done)
        let warned = fixture.audits.filter { $0.kind == "zone-unknown" }.map(\.sentence)
        let remedy = "(`podp blade set BLADE --switch-module NAME`)"
        #expect(warned == ["no loss of a switch module is counted for blade-2: which it is in is not known \(remedy)"])
    }

    @Test func `the remedy of a refused creation does what it says`() {
        var fixture = CoreFixture(domains: [domain(2, on: 1, gibibytes: 8, wish: .running)])
        connect(&fixture, 1, gibibytes: 14, running: [(2, 8)])
        let link = connect(&fixture, 2, gibibytes: 24)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        let definition = domain(3, on: 1, gibibytes: 15).definition
        guard case .operation(let id)? = fixture.ask(.createDomain(definition, on: CoreFixture.blade(2).id, start: false)) else {
            Issue.record("not created")
            return
        }
        fixture.tell(.received(link, .update(Update(operation: id, phase: .ended(.succeeded)))))
        #expect(refusal(fixture.ask(.startDomain(definition.id, on: nil, force: false)))?.message.contains("the loss of") == true)
        let answer = fixture.ask(.startDomain(definition.id, on: nil, force: false, despitePolicy: true))
        guard case .operation? = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
    }
}
