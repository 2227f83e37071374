import PodpCore
import PodpModel
import PodpSimulator
import Testing

/// What is said of a fleet that is not there, against what happens to the one that is.
@Suite struct WhatIfScenarios {
    private func outlook(_ hypothesis: Hypothesis, _ plant: inout Plant) throws -> Outlook {
        let answer = plant.askAndWait(.whatIf(hypothesis))
        guard case .outlook(let outlook) = answer else { throw Unexpected("no outlook: \(String(describing: answer))") }
        return outlook
    }

    @Test("as many as are said to fit can be created, one more is refused, and asking changes nothing")
    func more() throws {
        var plant = Plant(seed: 71, blades: 3)
        plant.begin()
        let model = try plant.started("web-1", on: 0, memory: .gibibytes(5))
        let (commits, operations) = (plant.commits, plant.operations.count)
        let found = try outlook(.more(50, like: model), &plant)
        #expect(plant.commits == commits && plant.operations.count == operations && plant.view?.plans.isEmpty == true)
        let fits = found.places.count
        #expect(fits > 3 && found.homeless.count == 50 - fits)
        #expect(found.bounds.first { $0.resource == "memory" }?.fits == fits)
        for number in 0..<fits {
            let definition = plant.definition(plant.domainID(), "like-\(number)", memory: .gibibytes(5))
            guard case .placement(let choice) = plant.askAndWait(.placeDomain(definition)) else { throw Unexpected("no placement") }
            let created = plant.askAndWait(.createDomain(definition, on: nil, start: true))
            guard case .operation = created else { throw Unexpected("number \(number + 1) of \(fits) is refused: \(String(describing: created))") }
            #expect(choice.chosen != nil && plant.record(of: definition.id)?.blade == choice.chosen)
            plant.run(for: .seconds(20))
        }
        let definition = plant.definition(plant.domainID(), "one-more", memory: .gibibytes(5))
        guard case .placement(let choice) = plant.askAndWait(.placeDomain(definition)) else { throw Unexpected("no placement") }
        #expect(choice.chosen == nil && choice.candidates.count == 3 && choice.candidates.allSatisfy { $0.reason?.contains("MiB is free") == true })
        guard case .refused = plant.askAndWait(.createDomain(definition, on: nil, start: true)) else { throw Unexpected("one more was created") }
        #expect(plant.record(of: definition.id) == nil)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("newcomers keep the rules of one that is alone in its group as yet")
    func alone() throws {
        var plant = Plant(seed: 73, blades: 3)
        plant.begin()
        var definition = plant.definition(plant.domainID(), "web-1")
        definition.policy.apart = ["webs"]
        guard case .operation = plant.askAndWait(.createDomain(definition, on: plant.bladeID(0), start: true)) else { throw Unexpected("not created") }
        plant.run(for: .seconds(60))
        let found = try outlook(.more(4, like: definition.id), &plant)
        #expect(found.places.count == 2 && found.homeless.count == 2, "\(found.places) \(found.homeless)")
        #expect(found.homeless.allSatisfy { $0.reason.contains("webs") }, "\(found.homeless)")
    }

    @Test("of a loss it says who finds room where, and what the rest lacks; more blades are balanced onto")
    func lossAndMoreBlades() throws {
        var plant = Plant(seed: 72, blades: 3)
        plant.begin()
        for number in 1...4 { _ = try plant.started("big-\(number)", on: 0, memory: .gibibytes(5), vcpus: 4) }
        for blade in 1...2 { _ = try plant.started("full-\(blade)", on: blade, memory: .gibibytes(14)) }
        plant.addUnmanaged("by-hand", on: 0)
        plant.run(for: .seconds(60))
        let loss = try outlook(.lose(plant.bladeID(0)), &plant)
        #expect(loss.places.count + loss.homeless.count == 4 && !loss.places.isEmpty && !loss.homeless.isEmpty)
        #expect(loss.homeless.allSatisfy { $0.reason.contains("GiB of memory free, ") })
        #expect(loss.remarks.contains("not podp's, and started by nobody: by-hand"), "\(loss.remarks)")
        let more = try outlook(.add(blades: 2, cpus: 16, memory: .gibibytes(32)), &plant)
        #expect(more.after.count == 5 && more.remarks.contains { $0.hasPrefix("taken for granted") })
        guard case .refused = plant.askAndWait(.whatIf(.more(0, like: plant.domainID()))) else { throw Unexpected("none more of nobody") }
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }
}
