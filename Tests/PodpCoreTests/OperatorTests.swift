import PodpModel
import Testing

@testable import PodpCore

/// What operators ask for, and what is refused to them with a reason.
@Suite struct OperatorTests {
    private func domain(_ number: Int, on blade: Int, wish: ManagedDomain.Wish = .off, change: (inout DomainDefinition) -> Void = { _ in }) -> ManagedDomain {
        var domain = CoreFixture.managed(number, on: blade)
        domain.wish = wish
        change(&domain.definition)
        return domain
    }

    private func found(_ number: Int, _ state: DomainState, disks: [Disk] = []) -> DomainInventory {
        DomainInventory(
            id: CoreFixture.domain(number), name: "web-\(number)", number: state == .off ? nil : 1, state: state, type: .pvh, vcpus: 1, memory: .gibibytes(1),
            disks: disks)
    }

    /// A blade that reaches one volume group, with these domains.
    private func connect(_ fixture: inout CoreFixture, _ number: Int, _ domains: [DomainInventory] = []) -> LinkID {
        let (link, _) = fixture.hello(number)
        var inventory = fixture.inventory(domains: domains)
        inventory.host.storage = [BlockDevice(path: "/dev/vg0/", size: .gibibytes(10), serial: "s1")]
        fixture.tell(.received(link, .inventory(inventory)))
        fixture.report(link, 1)
        return link
    }

    private func refusal(_ answer: Answer?) -> Refusal? { if case .refused(let refusal)? = answer { refusal } else { nil } }

    // MARK: - Rules

    @Test func `proposals do not push out plans that were carried out, and the oldest of either kind go first`() {
        func record(_ number: Int, _ state: PlanRecord.State) -> Record {
            let plan = Plan(
                revision: 1, goal: .balance, moves: [], waves: [], before: [], after: [], costBefore: 0, costAfter: 0, remarks: [])
            var record = PlanRecord(
                id: "plan\(number)", plan: plan, certificate: Certificate(states: 1, rulesChecked: 1), createdAt: WallTime(milliseconds: Int64(number)),
                by: "root")
            record.state = state
            return .plan(record)
        }
        var configuration = CoordinatorCore.Configuration()
        configuration.plansKept = 3
        let plans = [record(0, .applying(wave: 0)), record(1, .done), record(2, .stopped(reason: "frozen"))] + (3...8).map { record($0, .proposed) }
        var fixture = CoreFixture(records: plans, configuration: configuration)
        fixture.pass(2)
        #expect(fixture.core.committed.plans.keys.sorted() == ["plan0", "plan1", "plan2", "plan6", "plan7", "plan8"])
    }

    @Test func `groups of the domains' files become rules, wishes with their price, and N+1 is what operators set`() {
        var fixture = CoreFixture(domains: [
            domain(1, on: 1) {
                $0.policy.spread = ["web:power:3", "db"]
                $0.policy.near = ["shop:power"]
                $0.policy.exclusive = ["erp"]
                $0.policy.neverOn = ["blade-2"]
                $0.policy.prices = ["web=2.5", "never_on=1"]
            },
            domain(2, on: 2) {
                $0.policy.spread = ["web:power", "db:power"]
                $0.policy.near = ["shop:power"]
                $0.policy.prices = ["web=1"]
            },
        ])
        let pair = [CoreFixture.domain(1), CoreFixture.domain(2)].sorted()
        let rules = fixture.core.rules(on: [CoreFixture.blade(1).id, CoreFixture.blade(2).id])
        #expect(
            rules.map(\.kind) == [
                .neverOn([CoreFixture.domain(1)], blades: [CoreFixture.blade(2).id]), .exclusive([CoreFixture.domain(1)]), .near(pair, within: .power),
                .spread(pair, over: .power, atLeast: 3),
            ])
        #expect(rules.map(\.price) == [1, nil, nil, 2.5])
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade), Settings.Survive(zone: .power, price: 2)])) == .done)
        #expect(fixture.core.rules(on: []).suffix(2).map(\.kind) == [.survive(.blade), .survive(.power)])
        #expect(refusal(fixture.ask(.setSurvival([Settings.Survive(zone: .blade), Settings.Survive(zone: .blade)])))?.code == .invalid)
        #expect(refusal(fixture.ask(.setSurvival([Settings.Survive(zone: .blade, price: .nan)])))?.code == .invalid)
        #expect(refusal(fixture.ask(.rollbackPlan(id: "ffff")))?.code == .notFound)
    }

    @Test(arguments: [false, true])
    func `a start by hand keeps spread and near, and says who is where; a wish forbids nothing`(isWish: Bool) {
        let price = isWish ? ["web=1", "shop=1"] : []
        var fixture = CoreFixture(domains: [
            domain(1, on: 1, wish: .running) {
                $0.policy.spread = ["web:blade:2"]
                $0.policy.near = ["shop:blade"]
                $0.policy.prices = price
            },
            domain(2, on: 2) { $0.policy.spread = ["web:blade:2"] },
            domain(3, on: 2) { $0.policy.near = ["shop:blade"] },
            domain(4, on: 2) { $0.policy.spread = ["db:power"] },
            domain(5, on: 1, wish: .running) { $0.policy.spread = ["db:power"] },
        ])
        _ = connect(&fixture, 1, [found(1, .running), found(5, .running)])
        _ = connect(&fixture, 2)
        let (one, two) = (CoreFixture.blade(1).id, CoreFixture.blade(2).id)
        let spread = refusal(fixture.ask(.startDomain(CoreFixture.domain(2), on: one, force: true)))
        #expect(
            spread?.message
                == (isWish ? nil : "web-2 cannot run on blade-1: web-1 is in blade-1, and they run in 2 blades or more (spread: web (blade))"))
        let near = refusal(fixture.ask(.startDomain(CoreFixture.domain(3), on: two, force: true)))
        #expect(near?.message == (isWish ? nil : "web-3 cannot run on blade-2: web-1 is in blade-1, and they stay in one blade (near: shop (blade))"))
        let unknown = refusal(fixture.ask(.startDomain(CoreFixture.domain(4), on: two, force: true)))
        #expect(
            unknown?.message
                == "web-4 cannot run on blade-2: which power domain it is in is not known, and they run in 2 power domains or more (spread: db (power))")
        guard !isWish else { return }
        #expect(refusal(fixture.ask(.startDomain(CoreFixture.domain(2), on: two, force: true))) == nil)
        #expect(refusal(fixture.ask(.startDomain(CoreFixture.domain(3), on: one, force: true))) == nil)
    }

    @Test func `a price in one member's file makes the group's rule a wish, also where that one is off; only_on has a price, too`() {
        for isWish in [false, true] {
            var fixture = CoreFixture(domains: [
                domain(1, on: 1, wish: .running) {
                    $0.policy.apart = ["db"]
                    $0.policy.spread = ["web:blade:2"]
                },
                domain(2, on: 1) { $0.policy.apart = ["db"] }, domain(3, on: 1) { $0.policy.spread = ["web:blade:2"] },
                domain(4, on: 1) {
                    $0.policy.onlyOn = ["blade-2"]
                    $0.policy.prices = isWish ? ["only_on=1"] : []
                }, domain(5, on: 2) { $0.policy.prices = isWish ? ["db=1", "web=2"] : [] },
            ])
            _ = connect(&fixture, 1, [found(1, .running)])
            _ = connect(&fixture, 2)
            for number in 2...4 {
                let refused = refusal(fixture.ask(.startDomain(CoreFixture.domain(number), on: CoreFixture.blade(1).id, force: true)))
                #expect((refused == nil) == isWish, "web-\(number): \(refused?.message ?? "")")
            }
        }
    }

    // MARK: - Policy

    @Test func `a policy is for a chassis that there is, and one for all says which it drops`() {
        var fixture = CoreFixture()
        #expect(refusal(fixture.ask(.setPolicy(.advise, chassis: "nochassis")))?.code == .notFound)
        #expect(fixture.ask(.setPolicy(.manual, chassis: "chassis-1")) == .done)
        #expect(fixture.ask(.setPolicy(.automatic, chassis: nil)) == .done)
        #expect(fixture.audits.last?.sentence == "balance is automatic; what was set apart is dropped: chassis-1 manual")
        #expect(fixture.view.settings.chassis.isEmpty)
    }

    // MARK: - Disks

    private static let path = "/dev/vg0/a1"

    @Test(arguments: [(false, false, true), (true, false, true), (true, true, false)])
    func `two domains write one disk only if both say so`(firstShares: Bool, secondShares: Bool, isRefused: Bool) {
        let first = domain(1, on: 1) { $0.disks = [Disk(target: "xvda", source: Self.path, shared: firstShares)] }
        var fixture = CoreFixture(domains: [first])
        _ = connect(&fixture, 1)
        _ = connect(&fixture, 2)
        let second = domain(2, on: 1) { $0.disks = [Disk(target: "xvdb", source: Self.path, shared: secondShares)] }.definition
        let refused = refusal(fixture.ask(.createDomain(second, on: CoreFixture.blade(2).id, start: true)))
        #expect((refused?.message == "web-2 and web-1 would both write /dev/vg0/a1") == isRefused)
        if isRefused { #expect(fixture.view.domains.count == 1) }
    }

    @Test(arguments: [true, false])
    func `a start looks at what runs, podp's own or not: two readers agree, a writer goes with nobody`(isManaged: Bool) {
        let (written, read) = (Disk(target: "xvda", source: Self.path), Disk(target: "xvda", source: Self.path, readOnly: true))
        for running in [written, read] {
            let domains = [
                domain(1, on: 1, wish: .running) { $0.disks = [running] }, domain(2, on: 2) { $0.disks = [written] }, domain(3, on: 2) { $0.disks = [read] },
            ]
            var fixture = CoreFixture(domains: isManaged ? domains : Array(domains.dropFirst()))
            _ = connect(&fixture, 1, [found(1, .running, disks: [running])])
            _ = connect(&fixture, 2)
            let writer = refusal(fixture.ask(.startDomain(CoreFixture.domain(2), on: nil, force: false)))?.message
            #expect(writer?.contains(running == written ? "would both write /dev/vg0/a1" : "web-2 would write /dev/vg0/a1, which web-1") == true)
            let reader = refusal(fixture.ask(.startDomain(CoreFixture.domain(3), on: nil, force: false)))?.message
            #expect(reader.map { $0.contains("web-3 would read /dev/vg0/a1, which web-1") } == (running == written ? true : nil))
        }
    }

    @Test(arguments: [("/dev/vg0/a1", false, true), ("/dev/mapper/vg0-a1", false, true), ("/dev/vg0/a1", true, true), ("/dev/vg0/a2", false, false)])
    func `no domain has a disk twice that it writes, under whatever name`(second: String, readOnly: Bool, isRefused: Bool) {
        var fixture = CoreFixture()
        _ = connect(&fixture, 1)
        let twice = domain(2, on: 1) { $0.disks = [Disk(target: "xvda", source: Self.path), Disk(target: "xvdb", source: second, readOnly: readOnly)] }
        let refused = refusal(fixture.ask(.createDomain(twice.definition, on: CoreFixture.blade(1).id, start: true)))
        #expect((refused?.message.contains("twice, as xvda and as xvdb") == true) == isRefused, "\(String(describing: refused))")
    }

    @Test func `a domain that is off does not hinder another one's start on the same disk`() {
        let disk = Disk(target: "xvda", source: Self.path)
        var fixture = CoreFixture(domains: [domain(1, on: 1) { $0.disks = [disk] }, domain(2, on: 1) { $0.disks = [disk] }])
        _ = connect(&fixture, 1)
        guard case .operation = fixture.ask(.startDomain(CoreFixture.domain(2), on: nil, force: false)) else {
            Issue.record("refused")
            return
        }
        // Now it runs, or is about to.
        #expect(refusal(fixture.ask(.startDomain(CoreFixture.domain(1), on: nil, force: false))) != nil)
    }

    @Test func `what a blade's disks do is kept, shown, and 0 in a plan's problem only where nobody said it`() {
        var fixture = CoreFixture()
        _ = connect(&fixture, 1)
        #expect(refusal(fixture.ask(.setBlade(CoreFixture.blade(1).id, diskMebibytesPerSecond: -1))) != nil)
        #expect(fixture.ask(.setBlade(CoreFixture.blade(1).id, diskMebibytesPerSecond: 400)) == .done)
        #expect(fixture.problem().blades.first { $0.id == CoreFixture.blade(1).id }?.capacity[2] == 409_600)
        #expect(fixture.view(of: 1)?.capacity[2] == 409_600)
        #expect(fixture.ask(.setBlade(CoreFixture.blade(1).id, diskMebibytesPerSecond: 0)) == .done)
        #expect(fixture.problem().blades.first { $0.id == CoreFixture.blade(1).id }?.capacity[2] == 0)
    }

    @Test func `a start after which a loss could no longer be borne is refused, where operators want N+1, and only then`() {
        for (gibibytes, isKept) in [(6, true), (12, false)] as [(UInt64, Bool)] {
            var fixture = CoreFixture(domains: [
                domain(1, on: 1, wish: .running) { $0.memory = .gibibytes(12) },
                domain(2, on: 2) {
                    $0.memory = .gibibytes(gibibytes)
                    $0.maxMemory = .gibibytes(gibibytes)
                },
            ])
            var large = found(1, .running)
            large.memory = .gibibytes(12)
            _ = connect(&fixture, 1, [large])
            _ = connect(&fixture, 2)
            #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
            for wanted in [CoreFixture.blade(2).id, nil] {
                let answer = fixture.core.place(domain(2, on: 2) { $0.memory = .gibibytes(gibibytes) }, on: wanted)
                switch answer {
                case .success(let blade): #expect(isKept && blade == CoreFixture.blade(2).id)
                case .failure(let refusal): #expect(!isKept && refusal.message.contains("the loss of blade-"), "\(refusal.message)")
                }
            }
            if isKept { continue }
            let start = Request.startDomain(CoreFixture.domain(2), on: CoreFixture.blade(2).id, force: false)
            #expect(refusal(fixture.ask(start))?.message.contains("the loss of blade-") == true)
            // A wish refuses nothing.
            #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade, price: 3)])) == .done)
            let begun = fixture.ask(start)
            guard case .operation? = begun else { return #expect(Bool(false), "\(String(describing: begun))") }
        }
    }

    @Test func `N+1 counts where a newcomer's file lets it be restarted, and what a move by hand takes`() {
        let sizes: [(blade: Int, gibibytes: UInt64)] = [(1, 12), (2, 14), (1, 10)]
        var fixture = CoreFixture(
            blades: 3,
            domains: sizes.enumerated().map { index, size in domain(index + 1, on: size.blade, wish: .running) { $0.memory = .gibibytes(size.gibibytes) } })
        for number in 1...3 {
            let running = sizes.enumerated().filter { $1.blade == number }.map { index, size in
                var running = found(index + 1, .running)
                running.memory = .gibibytes(size.gibibytes)
                return running
            }
            _ = connect(&fixture, number, running)
        }
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade)])) == .done)
        // Lost with blade-2, it would have blade-1 alone, which is full.
        let newcomer = domain(5, on: 2) {
            $0.memory = .gibibytes(2)
            $0.maxMemory = .gibibytes(2)
            $0.policy.onlyOn = ["blade-1", "blade-2"]
        }
        let create = Request.createDomain(newcomer.definition, on: CoreFixture.blade(2).id, start: true)
        let move = Request.migrateDomain(CoreFixture.domain(1), to: CoreFixture.blade(3).id, allowStop: true)
        let notCreated = refusal(fixture.ask(create))
        #expect(notCreated?.message.contains("the loss of blade-2") == true && notCreated?.remedy.contains("--no-start") == true)
        // With it on blade-3, web-2 finds room nowhere.
        let refused = refusal(fixture.ask(move))
        #expect(refused?.message.contains("the loss of blade-2") == true && refused?.remedy.contains("--despite-policy") == true)
        for target in [CoreFixture.blade(3).id, nil] {
            let despite = Request.migrateDomain(CoreFixture.domain(1), to: target, allowStop: true, despitePolicy: true)
            #expect(refusal(fixture.ask(despite))?.message.contains("the loss of") != true)
        }
        // Two offs of one blade at once: that the first one waits for the agent's word does not make the second free.
        let off = PendingOff(blade: CoreFixture.blade(3).id, wish: .softOff, request: RequestID(901), actor: Actor(name: "operator", mayOperate: true))
        let asked = fixture.core.refusal(ofOffBearing: CoreFixture.blade(3).id)
        #expect(asked?.message.contains("blade-3 is not switched off: without it, the loss of") == true)
        var waiting = fixture.core
        waiting.pendingOffs[1] = off
        #expect(waiting.refusal(ofOffBearing: CoreFixture.blade(3).id) == asked)
        #expect(fixture.ask(.setSurvival([Settings.Survive(zone: .blade, price: 3)])) == .done)
        #expect(refusal(fixture.ask(move))?.message.contains("the loss of") != true)
    }

    @Test func `a blade's switch module is an operator's word, and counts in rules about switch modules`() {
        var fixture = CoreFixture(domains: [
            domain(1, on: 1, wish: .running) { $0.policy.spread = ["web:network"] }, domain(2, on: 2) { $0.policy.spread = ["web:network"] },
        ])
        _ = connect(&fixture, 1, [found(1, .running)])
        _ = connect(&fixture, 2)
        for (module, expected) in [("north-1", "north-1"), ("north-2", "north-2"), ("", nil)] as [(String, String?)] {
            #expect(fixture.ask(.setBlade(CoreFixture.blade(1).id, switchModule: module)) == .done)
            #expect(fixture.problem().blades.first { $0.id == CoreFixture.blade(1).id }?.zones[.network] == expected)
        }
        #expect(refusal(fixture.ask(.setBlade(CoreFixture.blade(1).id)))?.code == .invalid)
        #expect(refusal(fixture.ask(.setBlade(CoreFixture.blade(1).id, switchModule: "a\n")))?.code == .invalid)
        for number in [1, 2] { #expect(fixture.ask(.setBlade(CoreFixture.blade(number).id, switchModule: "north-1")) == .done) }
        let start = Request.startDomain(CoreFixture.domain(2), on: CoreFixture.blade(2).id, force: false)
        #expect(refusal(fixture.ask(start))?.message.contains("north-1") == true)
        #expect(fixture.ask(.setBlade(CoreFixture.blade(2).id, switchModule: "north-2")) == .done)
        guard case .operation? = fixture.ask(start) else { return #expect(Bool(false), "refused") }
    }

    // MARK: - Definitions

    @Test func `a definition is replaced by its domain's own file, and the next start carries it`() throws {
        var fixture = CoreFixture(domains: [domain(1, on: 1)])
        let link = connect(&fixture, 1)
        var other = domain(1, on: 1).definition
        other.maxMemory = .gibibytes(8)
        other.memory = .gibibytes(3)
        #expect(fixture.ask(.replaceDomain(other)) == .domain(other.id))
        let kept = try #require(fixture.view.domains.first?.managed?.definition)
        #expect(kept.memory == .gibibytes(3) && kept.maxMemory == .gibibytes(8) && kept.revision == domain(1, on: 1).definition.revision + 1)
        let effects = fixture.tell(.request(RequestID(900), .startDomain(other.id, on: nil, force: false), by: Actor(name: "operator", mayOperate: true)))
        #expect(
            effects.isSent(link) { message in
                guard case .command(let command) = message, case .start(let image) = command.action else { return false }
                return image.definition.memory == .gibibytes(3)
            })

        var renamed = other
        renamed.name = "web-9"
        #expect(refusal(fixture.ask(.replaceDomain(renamed)))?.message.contains("web-1") == true)
        var stranger = domain(2, on: 1).definition
        #expect(refusal(fixture.ask(.replaceDomain(stranger)))?.code == .notFound)
        stranger.name = "web-1"
        #expect(refusal(fixture.ask(.replaceDomain(stranger)))?.remedy.contains("uuid") == true)
    }

    // MARK: - Moving, enrolling, ending

    @Test func `a domain that stays is moved only to a blade that somebody names`() {
        var fixture = CoreFixture(domains: [domain(1, on: 1, wish: .running) { $0.policy.stays = true }])
        _ = connect(&fixture, 1, [found(1, .running)])
        _ = connect(&fixture, 2)
        let asked = refusal(fixture.ask(.migrateDomain(CoreFixture.domain(1), to: nil, allowStop: false)))
        #expect(asked?.message.contains("podp_stays") == true)
        let named = refusal(fixture.ask(.migrateDomain(CoreFixture.domain(1), to: CoreFixture.blade(2).id, allowStop: false)))
        #expect(named?.message.contains("podp_stays") != true)
    }

    @Test(arguments: [false, true])
    func `nobody enrols with the UUID of a blade whose agent is connected, unless that was revoked`(isRevoked: Bool) {
        var fixture = CoreFixture()
        _ = connect(&fixture, 1)
        if isRevoked { #expect(fixture.ask(.revokeBlade(CoreFixture.blade(1).id)) == .done) }
        let token = EnrolmentToken(secretHash: "hash", expires: WallTime(milliseconds: 2_000_000_000_000), createdBy: "operator")
        #expect(fixture.ask(.createEnrolmentToken(token)) == .done)
        let effects = fixture.tell(
            .request(
                RequestID(900), .enrol(secretHash: "hash", request: "r", blade: CoreFixture.blade(1), addresses: []), by: Actor(name: "b", mayOperate: false)))
        #expect(effects.contains { if case .sign = $0 { true } else { false } } == isRevoked)
        // A token that was refused is not used up.
        #expect(fixture.view.enrolmentTokens.isEmpty == isRevoked)
    }

    @Test func `of two copies the one that is not the record's can be ended, and only it`() throws {
        var fixture = CoreFixture(blades: 3, domains: [domain(1, on: 1, wish: .running)])
        let home = connect(&fixture, 1, [found(1, .running)])
        let other = connect(&fixture, 2, [found(1, .running)])
        _ = connect(&fixture, 3)
        #expect(fixture.view.domains.first?.managed?.held?.contains("podp domain destroy web-1 --on BLADE") == true)
        for number in [1, 3] {
            #expect(refusal(fixture.ask(.destroyDomain(CoreFixture.domain(1), on: CoreFixture.blade(number).id))) != nil)
        }
        let effects = fixture.tell(
            .request(RequestID(900), .destroyDomain(CoreFixture.domain(1), on: CoreFixture.blade(2).id), by: Actor(name: "operator", mayOperate: true)))
        let sent = effects.lazy.compactMap { effect -> Command? in if case .send(other, .command(let command)) = effect { command } else { nil } }.first
        let command = try #require(sent)
        #expect(command.action == .destroy)
        #expect(!effects.isSent(home) { if case .command = $0 { true } else { false } })
        #expect(fixture.audits.contains { $0.kind == "copy-destroyed" && $0.by == "operator" })
        fixture.tell(.received(other, .update(Update(operation: command.operation, phase: .ended(.succeeded)))))
        let record = try #require(fixture.view.domains.first?.managed)
        #expect(record.blade == CoreFixture.blade(1).id && record.wish == .running)
        #expect(refusal(fixture.ask(.destroyDomain(CoreFixture.domain(1), on: CoreFixture.blade(2).id))) != nil)
    }
}
