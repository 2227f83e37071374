import AgentCore
import AgentHost
import PodpModel
import Testing

@testable import AgentLibvirt

/// libvirt's test driver keeps one state for all connections of a process: the tests that use it take turns, each with domains of its own.
@Suite(.serialized) struct LibvirtTests {
    private static let uri = "test:///default"

    private func domain(_ number: UInt64) -> DomainID { DomainID(ID128(high: 0x7465_7374, low: number)) }

    private func image(_ id: DomainID, name: String, memory: Int = 128) -> DomainImage {
        DomainImage(
            definition: DomainDefinition(id: id, name: name, type: .unknown, memory: .mebibytes(128), vcpus: 2, boot: .firmware(order: "c")),
            libvirtXML: """
                <domain type='test'><name>\(name)</name><uuid>\(id)</uuid><memory unit='MiB'>\(memory * 2)</memory><currentMemory unit='MiB'>\(memory)</currentMemory>
                <vcpu current='1'>2</vcpu><os><type>hvm</type></os></domain>
                """)
    }

    private func command(_ id: DomainID, _ action: Action, sequence: UInt64 = 1) -> Command {
        Command(operation: OperationID(term: .zero, sequence: sequence), term: Term(number: 1, id: .zero), domain: id, domainName: "d", action: action)
    }

    private func run(_ actuator: LibvirtActuator, _ id: DomainID, _ action: Action) async -> Outcome {
        await actuator.execute(command(id, action)) { _ in }
    }

    @Test func `a domain lives its whole life by podp's operations`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        let actuator = LibvirtActuator(host: host, settings: .init(pollInterval: .milliseconds(1)))
        let id = domain(1)
        func state() async throws -> DomainState? { try await host.definitions().domains.first { $0.id == id }?.state }
        let steps: [(Action, DomainState?)] = [
            (.define(image(id, name: "life")), .off), (.start(image(id, name: "life")), .running), (.pause, .paused), (.resume, .running),
            (.setMemory(.mebibytes(64)), .running), (.setVCPUs(2), .running), (.reboot, .running), (.shutdown(deadline: .seconds(60)), .off),
            (.start(image(id, name: "life")), .running), (.destroy, .off), (.undefine, nil),
        ]
        for (action, expected) in steps {
            let outcome = await run(actuator, id, action)
            #expect(outcome == .succeeded, "\(action)")
            #expect(try await state() == expected, "\(action)")
        }
    }

    @Test func `memory and vCPUs are changed where the domain runs and where it is defined`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        let actuator = LibvirtActuator(host: host)
        let id = domain(2)
        _ = await run(actuator, id, .start(image(id, name: "sizes")))
        let outcomes = [await run(actuator, id, .setMemory(.mebibytes(64))), await run(actuator, id, .setVCPUs(2))]
        #expect(outcomes == [.succeeded, .succeeded])
        let told = try #require(try await host.definitions().domains.first { $0.id == id })
        #expect(told.memory == .mebibytes(64) && told.vcpus == 2 && told.maxVCPUs == 2)
        _ = await run(actuator, id, .destroy)
        let off = try #require(try await host.definitions().domains.first { $0.id == id })
        #expect(off.memory == .mebibytes(64) && off.vcpus == 2)
        _ = await run(actuator, id, .undefine)
    }

    @Test func `what cannot be done fails with its reason, and leaves the domain as it was`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        let actuator = LibvirtActuator(host: host)
        let id = domain(3)
        func fails(_ action: Action, with words: String) async {
            guard case .failed(let reason) = await run(actuator, id, action) else {
                Issue.record("\(action) did not fail")
                return
            }
            #expect(reason.contains(words), "\(reason)")
        }
        await fails(.destroy, with: id.description)
        await fails(.undefine, with: id.description)
        await fails(.start(DomainImage(definition: image(id, name: "x").definition, libvirtXML: "<domain")), with: "UUID")
        await fails(.define(image(domain(99), name: "other")), with: "is not \(id)")
        _ = await run(actuator, id, .start(image(id, name: "running")))
        await fails(.start(image(id, name: "running")), with: "runs already")
        await fails(.undefine, with: "it runs")
        await fails(.resume, with: "resume d")
        await fails(.setMemory(.gibibytes(64)), with: "set memory")
        await fails(.migrate(Migration(destination: BladeID(.zero), address: "", hostName: "nowhere.invalid", live: true)), with: "migrate d")
        #expect(try await host.definitions().domains.first { $0.id == id }?.state == .running)
        _ = await run(actuator, id, .destroy)
        await fails(.shutdown(deadline: .seconds(1)), with: "shut down d")
        _ = await run(actuator, id, .undefine)
    }

    @Test func `a type that the hypervisor cannot move live is refused by name, before libvirt is asked`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        let actuator = LibvirtActuator(host: host, settings: .init(liveMigration: [.unknown: .no(reason: "no shadow paging")]))
        let id = domain(4)
        _ = await run(actuator, id, .start(image(id, name: "pv")))
        let outcome = await run(actuator, id, .migrate(Migration(destination: BladeID(.zero), address: "", hostName: "blade2", live: true)))
        #expect(outcome == .failed(reason: "d: no shadow paging"))
        _ = await run(actuator, id, .destroy)
        _ = await run(actuator, id, .undefine)
    }

    @Test func `libvirt that is not there is a failure of nothing begun, and unavailable to telemetry`() async {
        let host = LibvirtHost(uri: "qemu+unix:///system?socket=/nowhere/libvirt-sock")
        defer { host.close() }
        guard case .failed(let reason) = await run(LibvirtActuator(host: host), domain(5), .destroy) else {
            Issue.record("it did not fail")
            return
        }
        #expect(reason.contains("does not answer"))
        await #expect { try await host.definitions() } throws: { ($0 as? HypervisorError)?.code == .unavailable }
        #expect(await LibvirtActuator(host: host).observe(command(domain(5), .destroy)).isIndeterminate)
    }

    @Test func `the test driver has full telemetry`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        let telemetry = LibvirtTelemetry(host: host)
        let inventory = try await telemetry.inventory()
        let test = try #require(inventory.domains.first { $0.name == "test" })
        #expect(test.state == .running && !test.liveMigration.isYes)
        #expect(inventory.host.cpus > 0 && inventory.host.memory > .zero)
        let first = try await telemetry.counters()
        let second = try await telemetry.counters()
        let before = try #require(first.domains.first { $0.id == test.id })
        let after = try #require(second.domains.first { $0.id == test.id })
        #expect(after.cpuNanoseconds >= before.cpuNanoseconds && after.number == before.number)
        #expect(second.readAt >= first.readAt && second.host.idleNanoseconds >= first.host.idleNanoseconds)
        #expect(try await telemetry.facts().hypervisor.kind == .test)
        #expect(Set(first.domains.map(\.id)) == Set(inventory.domains.filter { $0.state != .off }.map(\.id)))
    }

    @Test func `a domain that starts is told as a change`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        let changes = host.definitionChanges()
        let actuator = LibvirtActuator(host: host)
        let id = domain(6)
        // Whatever happened before. Should the events' connection be up only later, its coming up is the next change.
        var iterator = changes.makeAsyncIterator()
        #expect(await iterator.next() != nil)
        _ = await run(actuator, id, .start(image(id, name: "events")))
        #expect(await iterator.next() != nil)
        _ = await run(actuator, id, .destroy)
        _ = await run(actuator, id, .undefine)
        host.close()
    }

    @Test func `a domain that runs is given its weight, and what the scheduler does not take is told and tried again`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        let actuator = LibvirtActuator(host: host)
        func started(_ number: UInt64, _ attributes: String) async -> DomainID {
            let id = domain(number)
            var image = image(id, name: "share-\(number)")
            image.libvirtXML = image.libvirtXML.replacing(
                "</uuid>", with: "</uuid><metadata><podp:domain xmlns:podp='urn:podp:domain:1' \(attributes)/></metadata>")
            #expect(await run(actuator, id, .start(image)) == .succeeded)
            return id
        }
        // The test driver's scheduler is the fair one: it knows a weight, and no cap.
        let weighed = await started(20, "weight='512' cap='0'")
        #expect(try await host.definitions().findings.isEmpty)
        let capped = await started(21, "weight='256' cap='150'")
        for _ in 0..<2 {
            let finding = try #require(try await host.definitions().findings.first)
            #expect(finding.code == "cpu-share" && finding.what.hasPrefix("share-21 runs without its cap 150: "))
        }
        for id in [weighed, capped] {
            #expect(await run(actuator, id, .destroy) == .succeeded)
            _ = await run(actuator, id, .undefine)
        }
        #expect(try await host.definitions().findings.isEmpty)
    }

    @Test func `a domain is described for adoption`() async throws {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        let id = try #require(try await host.definitions().domains.first { $0.name == "test" }?.id)
        let xml = try await LibvirtActuator(host: host).describe(id)
        #expect(LibvirtDescription(xml: xml)?.id == id)
        await #expect { try await LibvirtActuator(host: host).describe(domain(77)) } throws: { ($0 as? HypervisorError)?.code == .noSuchDomain }
    }

    @Test func `an operation that is over cannot be cancelled`() async {
        let host = LibvirtHost(uri: Self.uri)
        defer { host.close() }
        #expect(await LibvirtActuator(host: host).cancel(OperationID(term: .zero, sequence: 9)) == false)
    }
}

extension Outcome {
    var isIndeterminate: Bool { if case .indeterminate = self { true } else { false } }
    var isFailed: Bool { if case .failed = self { true } else { false } }
}
