import AgentCore
import AgentSimulated
import Foundation
import PodpModel
import Testing

@testable import podp_agent

/// The real agent as a process, over real TLS, with the simulated hypervisor.
@Suite(.timeLimit(.minutes(10))) struct AgentProcessTests {
    private let term = Term(number: 3, id: ID128(high: 3, low: 3))

    private func welcome(clock: WallTime = AgentShell.wall) -> CoordinatorMessage {
        .welcome(Welcome(version: 1, term: term, reportInterval: .milliseconds(200), clock: clock))
    }

    private func command(_ sequence: UInt64, _ action: Action) -> Command {
        Command(operation: OperationID(term: term.id, sequence: sequence), term: term, domain: definition.id, domainName: "web-1", action: action)
    }

    private var definition: DomainDefinition {
        var definition = DomainDefinition(
            id: DomainID(ID128(high: 1, low: 1)), name: "web-1", type: .pvh, memory: .gibibytes(4), vcpus: 2,
            boot: .kernel(path: "/k", ramdisk: nil, commandLine: ""))
        definition.disks = [Disk(target: "xvda", source: "/dev/vg0/web-1")]
        return definition
    }

    private func migrate() -> Action {
        .migrate(Migration(destination: AgentProcess.otherBlade, address: "127.0.0.1", hostName: "blade-2", live: true))
    }

    /// The next message for which `pick` gives something. The time limit of the suite ends a wait in vain.
    private func next<Value>(_ coordinator: LittleCoordinator, _ pick: (Int, AgentMessage) -> Value?) async throws -> Value {
        for await (link, message) in coordinator.messages {
            if let value = pick(link, message) { return value }
        }
        throw CancellationError()
    }

    private func nextHello(_ coordinator: LittleCoordinator) async throws -> (link: Int, hello: Hello) {
        try await next(coordinator) { link, message in if case .hello(let hello) = message { (link, hello) } else { nil } }
    }

    private func nextUpdate(_ coordinator: LittleCoordinator, of sequence: UInt64, where isWanted: (Update.Phase) -> Bool) async throws -> Update.Phase {
        try await next(coordinator) { _, message in
            if case .update(let update) = message, update.operation.sequence == sequence, isWanted(update.phase) { update.phase } else { nil }
        }
    }

    private func isEnd(_ phase: Update.Phase) -> Bool { if case .ended = phase { true } else { false } }

    @Test("it enrols, links, reports, starts a domain, and survives being killed in the middle of a migration") func wholeLife() async throws {
        let coordinator = try await LittleCoordinator()
        defer { coordinator.close() }
        let enrolment = try AgentProcess(["enrol", coordinator.token], folder: coordinator.folder)
        #expect(enrolment.finish() == 0)
        let mode = try FileManager.default.attributesOfItem(atPath: coordinator.folder + "/state/identity.pem")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let world = SimulatedWorld(path: coordinator.folder + "/world")
        try world.install(SimulatedSettings(identity: BladeIdentity(id: AgentProcess.otherBlade, serial: "S2", name: "blade-2")))
        try world.powerOn(AgentProcess.otherBlade, boot: ID128(high: 2, low: 2))

        let first = try AgentProcess(["run"], folder: coordinator.folder)
        let (link, hello) = try await nextHello(coordinator)
        #expect(hello.blade.id == AgentProcess.blade)
        #expect(hello.bootID == ID128(AgentProcess.boot))
        #expect(hello.highestTerm == nil)
        coordinator.send(welcome(), on: link)
        let inventory: Inventory = try await next(coordinator) { _, message in if case .inventory(let inventory) = message { inventory } else { nil } }
        #expect(inventory.host.cpus == 8)
        coordinator.send(.command(command(1, .start(DomainImage(definition: definition, libvirtXML: "<domain/>")))), on: link)
        #expect(try await nextUpdate(coordinator, of: 1, where: isEnd) == .ended(.succeeded))
        let report: Report = try await next(coordinator) { _, message in
            if case .report(let report) = message, !report.domains.isEmpty { report } else { nil }
        }
        #expect(report.invalid == nil)
        #expect(report.host.agentMemory ?? .zero > .mebibytes(4))
        coordinator.send(.acknowledge(command(1, .pause).operation), on: link)

        // Killed while it migrates.
        coordinator.send(.command(command(2, migrate())), on: link)
        _ = try await nextUpdate(coordinator, of: 2) { if case .progress = $0 { true } else { false } }
        first.kill()
        let second = try AgentProcess(["run"], folder: coordinator.folder)
        let (again, secondHello) = try await nextHello(coordinator)
        #expect(secondHello.highestTerm == term)
        #expect(secondHello.agentRun != hello.agentRun)
        coordinator.send(welcome(), on: again)
        guard case .ended(.failed(let reason)) = try await nextUpdate(coordinator, of: 2, where: isEnd) else {
            Issue.record("the cut migration did not end as failed")
            return
        }
        #expect(reason.contains("still here"))
        // The same command again is answered, not executed.
        coordinator.send(.command(command(2, migrate())), on: again)
        #expect(try await nextUpdate(coordinator, of: 2, where: isEnd) == .ended(.failed(reason: reason)))
        // A new one goes through, and an older term's does not.
        coordinator.send(.command(command(3, migrate())), on: again)
        #expect(try await nextUpdate(coordinator, of: 3, where: isEnd) == .ended(.succeeded))
        var late = command(4, .destroy)
        late.term = Term(number: 2, id: .zero)
        coordinator.send(.command(late), on: again)
        _ = try await nextUpdate(coordinator, of: 4) { if case .refused = $0 { true } else { false } }
        // The link is lost: it comes back by itself.
        coordinator.hangUp(again)
        _ = try await nextHello(coordinator)
        #expect(second.stop() == 0)
    }

    @Test("a token of another authority, or a wrong secret, gets the secret or the blade nowhere") func distrust() async throws {
        let coordinator = try await LittleCoordinator()
        let other = try await LittleCoordinator()
        let silent = try await LittleCoordinator(showsAuthority: false)
        defer {
            coordinator.close()
            other.close()
            silent.close()
        }
        func token(_ change: (inout [UInt8]) -> Void) throws -> String {
            var bytes = try #require(Encoding.decodeBase64URL(coordinator.token.dropFirst(6)))
            change(&bytes)
            let text = Encoding.base64(bytes)
            return "podp1." + text.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
        }
        let foreign = try token { $0.replaceSubrange(1..<33, with: other.authorityHash) }
        #expect(try AgentProcess(["enrol", foreign], folder: coordinator.folder).finish() == AgentFailure.Code.noHost.rawValue)
        let wrong = try token { $0[42] ^= 1 }
        #expect(try AgentProcess(["enrol", wrong], folder: coordinator.folder).finish() == AgentFailure.Code.refused.rawValue)
        #expect(try AgentProcess(["enrol", silent.token], folder: silent.folder).finish() == AgentFailure.Code.noHost.rawValue)
        #expect(!FileManager.default.fileExists(atPath: coordinator.folder + "/state/identity.pem"))
        #expect(try AgentProcess(["run"], folder: coordinator.folder).finish() == AgentFailure.Code.configuration.rawValue)
    }

    @Test("a certificate whose time is up by the coordinator's clock is renewed, and the agent comes back with the new one") func renewal() async throws {
        let coordinator = try await LittleCoordinator(days: 1)
        defer { coordinator.close() }
        #expect(try AgentProcess(["enrol", coordinator.token], folder: coordinator.folder).finish() == 0)
        let before = try String(contentsOfFile: coordinator.folder + "/state/identity.pem", encoding: .utf8)
        let agent = try AgentProcess(["run"], folder: coordinator.folder)
        let (link, _) = try await nextHello(coordinator)
        coordinator.send(welcome(clock: WallTime(milliseconds: AgentShell.wall.milliseconds + 3 * 86_400_000)), on: link)
        let (again, _) = try await nextHello(coordinator)
        coordinator.send(welcome(), on: again)
        #expect(try String(contentsOfFile: coordinator.folder + "/state/identity.pem", encoding: .utf8) != before)
        // One agent a state directory.
        #expect(try AgentProcess(["run"], folder: coordinator.folder).finish() == AgentFailure.Code.busy.rawValue)
        #expect(agent.stop() == 0)
    }
}
