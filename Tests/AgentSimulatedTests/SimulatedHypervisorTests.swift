import AgentCore
import AgentSimulated
import Foundation
import PodpModel
import Synchronization
import Testing

@Suite struct SimulatedHypervisorTests {
    private func states(_ hypervisors: [SimulatedHypervisor], of domain: Int) async throws -> [DomainState?] {
        var states: [DomainState?] = []
        for hypervisor in hypervisors {
            let inventory = try await hypervisor.inventory()
            states.append(inventory.domains.first { $0.id == Scene.domain(domain) }?.state)
        }
        return states
    }

    @Test("a live migration moves the one copy, with progress, and leaves nothing behind") func migration() async throws {
        let scene = try Scene()
        let (one, two) = (try scene.hypervisor(1), try scene.hypervisor(2))
        #expect(await one.execute(Scene.command(1, 1, Scene.start(1))) { _ in } == .succeeded)
        let steps = Mutex<[PodpModel.Progress]>([])
        let outcome = await one.execute(Scene.command(2, 1, Scene.migrate(to: 2))) { progress in steps.withLock { $0.append(progress) } }
        #expect(outcome == .succeeded)
        #expect(try await states([one, two], of: 1) == [nil, .running])
        let seen = steps.withLock { $0 }
        #expect(seen.count > 10)
        #expect(seen.last?.remaining == .zero)
        let definition = Scene.definition(9)
        #expect(await two.execute(Scene.command(3, 9, .define(DomainImage(definition: definition, libvirtXML: "<domain/>")))) { _ in } == .succeeded)
        #expect(try await scene.hypervisor(2).describe(definition.id) == "<domain/>", "what it was defined as is told again, by another agent too")
        await #expect { try await one.describe(definition.id) } throws: { ($0 as? HypervisorError)?.code == .noSuchDomain }
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.done <= $1.done })
    }

    @Test("while a migration is under way its destination shows a paused copy and holds the memory; cancelling ends both") func cancelling() async throws {
        let scene = try Scene()
        let gate = Gate()
        let one = try scene.hypervisor(1, clock: scene.clock.clock)
        #expect(await one.execute(Scene.command(1, 1, Scene.start(1))) { _ in } == .succeeded)
        let two = try scene.hypervisor(2)
        let before = try await two.counters().host.memoryFree
        let slow = SimulatedHypervisor.Clock(now: scene.clock.clock.now, wall: scene.clock.clock.wall, sleep: { _ in await gate.pass() })
        let source = try scene.hypervisor(1, clock: slow)
        let migration = Task { await source.execute(Scene.command(2, 1, Scene.migrate(to: 2))) { _ in } }
        await gate.reached()
        #expect(try await states([one, two], of: 1) == [.running, .incoming])
        #expect(try await two.counters().host.memoryFree == before - .gibibytes(2))
        #expect(await source.cancel(Scene.command(2, 1, .pause).operation))
        await gate.open()
        #expect(await migration.value == .failed(reason: "cancelled before the switch"))
        #expect(try await states([one, two], of: 1) == [.running, nil])
    }

    @Test("an agent that dies in the middle leaves the domain at the source; its successor finds that out and frees the room") func killed() async throws {
        let scene = try Scene()
        let gate = Gate()
        let first = try scene.hypervisor(1)
        #expect(await first.execute(Scene.command(1, 1, Scene.start(1))) { _ in } == .succeeded)
        let two = try scene.hypervisor(2)
        let slow = SimulatedHypervisor.Clock(now: scene.clock.clock.now, wall: scene.clock.clock.wall, sleep: { _ in await gate.pass() })
        let dying = try scene.hypervisor(1, clock: slow)
        let command = Scene.command(2, 1, Scene.migrate(to: 2))
        let migration = Task { await dying.execute(command) { _ in } }
        await gate.reached()
        let successor = try scene.hypervisor(1)
        #expect(try await states([successor, two], of: 1) == [.running, .incoming])
        guard case .failed = await successor.observe(command) else {
            Issue.record("not told as failed")
            return
        }
        #expect(try await states([successor, two], of: 1) == [.running, nil])
        // What was left of the old process cannot switch over any more.
        await gate.open()
        guard case .failed = await migration.value else {
            Issue.record("switched over after all")
            return
        }
        #expect(try await states([successor, two], of: 1) == [.running, nil])
    }

    @Test("the same boot finds domains running, another finds them off") func boots() async throws {
        let scene = try Scene()
        let first = try scene.hypervisor(1)
        #expect(await first.execute(Scene.command(1, 1, Scene.start(1))) { _ in } == .succeeded)
        #expect(try await states([try scene.hypervisor(1)], of: 1) == [.running])
        #expect(try await states([try scene.hypervisor(1, boot: 2)], of: 1) == [.off])
    }

    @Test("whatever is done, a domain runs at most once and memory is never overcommitted", arguments: 0..<10) func oneCopy(seed: Int) async throws {
        var random = Seeded(seed)
        let scene = try Scene()
        var blades = [try scene.hypervisor(1), try scene.hypervisor(2), try scene.hypervisor(3)]
        var boots = [1, 1, 1]
        // Where podp's rules allow a start: where the domain is off on every blade.
        for sequence in 1...40 {
            let number = 1 + random.below(6)
            let index = random.below(3)
            let here = try await states(blades, of: number)
            let action: Action =
                switch random.below(9) {
                case 0, 1, 2:
                    here.allSatisfy { $0 == nil || $0 == .off }
                        ? .start(DomainImage(definition: Scene.definition(number, gibibytes: 9), libvirtXML: "")) : .pause
                case 3, 4, 5: Scene.migrate(to: 1 + random.below(3), live: random.below(2) == 0)
                case 6: .setMemory(.gibibytes(UInt64(1 + random.below(18))))
                case 7: random.below(2) == 0 ? .resume : .reboot
                default: random.below(2) == 0 ? .destroy : .undefine
                }
            _ = await blades[index].execute(Scene.command(sequence, number, action)) { _ in }
            if random.below(12) == 0 {
                boots[index] += random.below(2)
                blades[index] = try scene.hypervisor(index + 1, boot: boots[index])
            }
            for number in 1...6 {
                let executing = try await states(blades, of: number).filter { $0 == .running }.count
                #expect(executing <= 1, "seed \(seed), step \(sequence)")
            }
            for blade in blades {
                let inventory = try await blade.inventory()
                let held = inventory.domains.filter { $0.state.holdsMemory }.reduce(Bytes.zero) { $0 + $1.memory }
                #expect(held <= inventory.host.memory - inventory.host.dom0Memory, "seed \(seed), step \(sequence)")
            }
        }
    }

    @Test("faults are suffered as their files say") func faults() async throws {
        let scene = try Scene()
        let one = try scene.hypervisor(1)
        let folder = scene.world.folder(of: Scene.blade(1)) + "/faults/"
        try "fail no such device".write(toFile: folder + "start", atomically: true, encoding: .utf8)
        #expect(await one.execute(Scene.command(1, 1, Scene.start(1))) { _ in } == .failed(reason: "no such device"))
        try "lose the line went dead".write(toFile: folder + "start", atomically: true, encoding: .utf8)
        #expect(await one.execute(Scene.command(2, 1, Scene.start(1))) { _ in } == .indeterminate(reason: "the line went dead"))
        #expect(try await states([one], of: 1) == [.running])
        try "fail xenstored is slow".write(toFile: folder + "counters", atomically: true, encoding: .utf8)
        await #expect(throws: HypervisorError(.unavailable, "xenstored is slow")) { try await one.counters() }
    }

    @Test("a file that cannot be read is named") func damaged() async throws {
        let scene = try Scene()
        let one = try scene.hypervisor(1)
        #expect(await one.execute(Scene.command(1, 1, Scene.start(1))) { _ in } == .succeeded)
        let file = scene.world.folder(of: Scene.blade(1)) + "/domains/\(Scene.domain(1))"
        try "{\"definition\":".write(toFile: file, atomically: true, encoding: .utf8)
        do {
            _ = try await one.inventory()
            Issue.record("it was read")
        } catch {
            #expect(error.message.contains(file))
        }
    }

    @Test("what cannot be is refused with the reason") func refusals() async throws {
        let scene = try Scene()
        let one = try scene.hypervisor(1)
        func reason(_ number: Int, _ action: Action) async -> String {
            if case .failed(let reason) = await one.execute(Scene.command(9, number, action), progress: { _ in }) { reason } else { "it was done" }
        }
        var far = Scene.definition(1)
        far.disks[0].source = "/dev/sdz"
        #expect(await reason(1, .start(DomainImage(definition: far, libvirtXML: ""))).contains("has no /dev/sdz"))
        far = Scene.definition(1)
        far.nics[0].bridge = "br7"
        #expect(await reason(1, .start(DomainImage(definition: far, libvirtXML: ""))).contains("no bridge br7"))
        #expect(await reason(1, .start(DomainImage(definition: Scene.definition(1, gibibytes: 99), libvirtXML: ""))).contains("MiB are free"))
        #expect(await reason(1, .start(DomainImage(definition: Scene.definition(1, vcpus: .max / 4), libvirtXML: ""))).contains("vCPUs"))
        #expect(await reason(5, .pause).contains("no domain"))
        #expect(await one.execute(Scene.command(1, 1, Scene.start(1))) { _ in } == .succeeded)
        #expect(await reason(1, Scene.start(1)).contains("already"))
        #expect(await reason(1, Scene.migrate(to: 2)).contains("off"))
        #expect(await reason(1, .setVCPUs(0)).contains("1 to"))
        #expect(await reason(1, .setMemory(.gibibytes(300))).contains("at most"))
        var pv = Scene.definition(2)
        pv.type = .pv
        #expect(await one.execute(Scene.command(3, 2, .start(DomainImage(definition: pv, libvirtXML: "")))) { _ in } == .succeeded)
        #expect(await reason(2, Scene.migrate(to: 2)).contains("shadow paging"))
    }
}

/// Holds sleepers until it is opened.
actor Gate {
    private var isOpen = false
    private var sleepers: [CheckedContinuation<Void, Never>] = []
    private var watchers: [CheckedContinuation<Void, Never>] = []
    private var wasReached = false

    func pass() async {
        wasReached = true
        for watcher in watchers { watcher.resume() }
        watchers = []
        if isOpen { return }
        await withCheckedContinuation { sleepers.append($0) }
    }

    func reached() async {
        if wasReached { return }
        await withCheckedContinuation { watchers.append($0) }
    }

    func open() {
        isOpen = true
        for sleeper in sleepers { sleeper.resume() }
        sleepers = []
    }
}
