import PodpModel
import Testing

@testable import PodpCore
@testable import PodpSimulator

/// Each checker of the simulator is shown the fault that it is there for, at the place where it looks: on the wire, at the hypervisor, at the store.
@Suite struct PlantedFaultTests {
    /// Two blades, one domain on the first, everything in order.
    private func scene() throws -> (Plant, DomainID) {
        var plant = Plant(seed: 80, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        #expect(plant.findings.isEmpty)
        return (plant, domain)
    }

    private func finds(_ invariant: PlantFinding.Invariant, _ words: String, _ plant: Plant) {
        #expect(plant.findings.contains { $0.invariant == invariant && $0.sentence.contains(words) }, "\(plant.findings)")
    }

    private func command(_ plant: Plant, _ domain: DomainID, operation: OperationID? = nil, term: UInt64 = 1, _ action: Action = .pause) throws -> Command {
        let known = try #require(plant.operations.first { $0.state.isEnded })
        return Command(
            operation: operation ?? known.id, term: Term(number: term, id: ID128(high: 5, low: term)), domain: domain, domainName: "web-1", action: action)
    }

    private func operation(_ plant: Plant, _ domain: DomainID, by: String, to destination: Int? = nil, state: OperationRecord.State = .running)
        -> OperationRecord
    {
        let action: Action = destination.map { .migrate(Migration(destination: plant.bladeID($0), address: "", hostName: "", live: true)) } ?? .pause
        return OperationRecord(
            id: OperationID(term: ID128(high: 5, low: 5), sequence: 1), action: action, domain: domain, domainName: "web-1", blade: plant.bladeID(0),
            state: state,
            by: by, startedAt: plant.wall, plan: destination == nil ? nil : "plan")
    }

    private func batch(_ records: [Record]) -> Batch { Batch(id: 9999, term: Term(number: 1, id: .zero), puts: records) }

    @Test("a command whose operation is not stored is found on the wire")
    func undecided() throws {
        var (plant, domain) = try scene()
        plant.check(.command(try command(plant, domain)), by: LinkID(0))
        #expect(plant.findings.isEmpty)
        plant.check(.command(try command(plant, domain, operation: OperationID(term: .zero, sequence: 77))), by: LinkID(0))
        finds(.durableFirst, "before its operation is committed", plant)
    }

    @Test("a command for a domain that podp does not manage is found on the wire")
    func foreign() throws {
        var (plant, _) = try scene()
        plant.check(.command(try command(plant, plant.domainID())), by: LinkID(0))
        finds(.unmanaged, "which podp does not manage", plant)
    }

    @Test("an acknowledgement of an end that is not stored is found on the wire")
    func acknowledged() throws {
        var (plant, domain) = try scene()
        let running = operation(plant, domain, by: "operator")
        plant.store.apply(batch([.operation(running)]))
        plant.check(.acknowledge(running.id), by: LinkID(0))
        finds(.durableFirst, "while the store has it running", plant)
    }

    @Test("an operation that is executed twice, by nobody's order, or of an older term is found at the hypervisor")
    func executed() throws {
        var (plant, domain) = try scene()
        let first = try command(plant, domain, operation: OperationID(term: .zero, sequence: 1), term: 900)
        plant.checkExecution(of: first, on: 1)
        finds(.staticStability, "which nobody sent to it", plant)
        plant.findings = []
        plant.checkDelivery(of: first, to: 1)
        plant.checkExecution(of: first, on: 1)
        finds(.atMostOnce, "again", plant)
        plant.findings = []
        let older = try command(plant, domain, operation: OperationID(term: .zero, sequence: 2), term: 899)
        plant.checkDelivery(of: older, to: 1)
        plant.checkExecution(of: older, on: 1)
        finds(.oneVoice, "obeys term", plant)
    }

    @Test("a hypervisor without memory for what podp promised is found")
    func promised() throws {
        var (plant, domain) = try scene()
        plant.memoryRefused(try command(plant, domain), on: 0, free: .mebibytes(1), wanted: .gibibytes(1))
        finds(.memory, "which needs 1024 MiB", plant)
    }

    @Test("a batch that etcd would not take is found")
    func tooLarge() throws {
        var (plant, _) = try scene()
        plant.check(Batch(id: 1, term: Term(number: 1, id: .zero), deletes: (0...100).map { "plan/\($0)" }))
        finds(.durableFirst, "etcd takes 100", plant)
    }

    @Test("automation that decides while everything is frozen is found, an operator's decision is not")
    func frozen() throws {
        var (plant, domain) = try scene()
        #expect(plant.askAndWait(.freeze(reason: "a test")) == .done)
        plant.checkBeforeApplying(batch([.operation(operation(plant, domain, by: "operator", to: 1))]))
        #expect(plant.findings.isEmpty)
        plant.checkBeforeApplying(batch([.operation(operation(plant, domain, by: "podp: balance", to: 1))]))
        finds(.freeze, "while all automation is frozen", plant)
    }

    @Test("a plan's move of a held domain, or to a blade that lies, is found")
    func held() throws {
        var (plant, domain) = try scene()
        let move = batch([.operation(operation(plant, domain, by: "podp: balance", to: 1))])
        plant.checkBeforeApplying(move)
        #expect(plant.findings.isEmpty)
        var record = try #require(plant.record(of: domain))
        record.held = "an incident"
        plant.store.apply(batch([.domain(record)]))
        plant.checkBeforeApplying(move)
        finds(.heldBlade, "is held for an operator", plant)
        plant.findings = []
        record.held = nil
        plant.store.apply(batch([.domain(record)]))
        plant.lie(1, noCPUs: true, for: .seconds(3600))
        plant.run(for: .seconds(60))
        plant.checkBeforeApplying(move)
        finds(.heldBlade, "whose numbers cannot be right", plant)
    }

    @Test("a plan's problem with a blade that lies, or with a domain that is not podp's, is found")
    func problem() throws {
        var (plant, domain) = try scene()
        var problem = try #require(plant.coordinator?.core.problem(.balance))
        plant.check(problem)
        #expect(plant.findings.isEmpty && problem.domains.map(\.id) == [domain])
        plant.blades[1].liedSince = .zero
        plant.run(for: .seconds(60))
        plant.check(problem)
        finds(.heldBlade, "and a plan may use it", plant)
        plant.findings = []
        plant.blades[1].liedSince = nil
        problem.domains[0].id = plant.domainID()
        plant.check(problem)
        finds(.unmanaged, "and a plan may move it", plant)
    }

    @Test("answers that nobody asked for, and answers about what is not stored, are found")
    func answers() throws {
        var (plant, _) = try scene()
        plant.answered(RequestID(123_456), .done)
        finds(.answers, "which nobody asked", plant)
        plant.findings = []
        for answer in [
            Answer.operation(OperationID(term: .zero, sequence: 4)), .operations([OperationID(term: .zero, sequence: 5)]), .domain(plant.domainID()),
        ] {
            plant.check(answer, to: RequestID(1))
            finds(.durableFirst, "before it is stored", plant)
            plant.findings = []
        }
    }

    @Test("what has not settled at the end is found: a copy too many, a domain elsewhere, a blade alone, no coordinator")
    func settles() throws {
        var (plant, domain) = try scene()
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty)
        plant.force(domain, on: 1, .paused)
        plant.checkTheEnd()
        finds(.settles, "holds memory on blade-1 and blade-2", plant)
        plant.findings = []
        plant.force(domain, on: 0, nil)
        plant.checkTheEnd()
        finds(.settles, "web-1 is on blade-2", plant)

        (plant, _) = try scene()
        plant.partition(1, for: .seconds(3600))
        plant.run(for: .seconds(120))
        plant.checkTheEnd()
        finds(.settles, "blade-2 is not connected", plant)

        (plant, _) = try scene()
        plant.banCoordinator()
        plant.checkTheEnd()
        finds(.settles, "no coordinator runs", plant)
    }
}
