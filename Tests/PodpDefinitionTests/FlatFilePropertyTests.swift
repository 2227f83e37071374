import PodpModel
import Testing

@testable import PodpDefinition

@Suite struct FlatFilePropertyTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `what is written is read again as the same definition, without a warning`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<25 {
            let definition = generator.definition()
            #expect(DefinitionLimits.violations(of: definition) == [])
            let text = try FlatFile.write(definition)
            let (again, warnings) = try FlatFile.parse(text, file: "f", newID: .zero)
            #expect(again == definition, "seed \(seed):\n\(text)")
            #expect(warnings.isEmpty, "seed \(seed): \(warnings)")
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `mutated files end in a definition within the limits or in a located error`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let original = Array(try FlatFile.write(generator.definition()).utf8)
        for _ in 0..<60 {
            let text = generator.mutated(original)
            do {
                let (definition, warnings) = try FlatFile.parse(text, file: "f", newID: anID)
                #expect(DefinitionLimits.violations(of: definition) == [])
                #expect(warnings.allSatisfy { $0.location != nil })
            } catch {
                let lines = text.count { $0 == UInt8(ascii: "\n") } + 1
                let location = try #require(error.location, "seed \(seed): \(error)")
                #expect((1...lines).contains(location.line) && location.column >= 1, "seed \(seed): \(error)")
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test func `random bytes end in a located error or an absence`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: DefinitionError.self) { try FlatFile.parse(bytes, file: "f", newID: anID) }
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `addresses follow from the UUID and the seed, lie in Xen's range, and differ`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var definition = generator.definition()
        definition.nics = (0..<20).map { _ in NIC(mac: nil, bridge: "br0") }
        let made = definition.withMACs()
        #expect(made == definition.withMACs() && made.withMACs() == made)
        let macs = made.nics.compactMap(\.mac)
        #expect(Set(macs).count == 20)
        #expect(macs.allSatisfy { $0.hasPrefix("00:16:3e:") && DefinitionLimits.mac($0) == nil })
        #expect(definition.withMACs(seed: [1]).nics != made.nics)
        #expect(Set(definition.withMACs(avoiding: Set(macs)).nics.compactMap(\.mac)).isDisjoint(with: macs))
    }
}
