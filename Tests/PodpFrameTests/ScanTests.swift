import PodpFrame
import PodpModel
import Testing

@Suite struct ScanTests {
    private func code(_ kind: MessageKind, _ body: [UInt8]) -> WireError.Code? {
        do throws(WireError) {
            try Scan.check(kind, varint(Int(kind.rawValue) << 3 | 2) + varint(body.count) + body)
            return nil
        } catch { return error.code }
    }

    private func place(_ kind: MessageKind, _ body: [UInt8]) -> String? {
        do throws(WireError) {
            try Scan.check(kind, varint(Int(kind.rawValue) << 3 | 2) + varint(body.count) + body)
            return nil
        } catch { return error.place }
    }

    @Test("A pong of every form of its number, and no other")
    func numbers() {
        #expect(code(.pong, []) == nil)
        #expect(code(.pong, [8, 0]) == nil)
        #expect(code(.pong, [8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]) == nil)
        #expect(code(.pong, [8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2]) == .malformed)
        #expect(code(.pong, [8, 0x80, 0]) == .malformed)
        #expect(code(.pong, [8, 0x80]) == .malformed)
        #expect(code(.pong, [8]) == .malformed)
        #expect(code(.pong, [8, 1, 8, 1]) == .duplicate)
        #expect(code(.pong, [9, 0, 0, 0, 0, 0, 0, 0, 0]) == .wireType)
        #expect(code(.pong, [10, 0]) == .wireType)
        #expect(code(.pong, [0, 0]) == .malformed)
    }

    @Test("Fields that this build does not know are passed over, whatever their type, but not groups")
    func unknownFields() {
        #expect(code(.pong, [0x78, 1]) == nil)
        #expect(code(.pong, [0x79, 0, 0, 0, 0, 0, 0, 0, 0, 8, 1]) == nil)
        #expect(code(.pong, [0x7A, 2, 0xFF, 0xFE]) == nil)
        #expect(code(.pong, [0x7D, 0, 0, 0, 0]) == nil)
        #expect(code(.pong, [0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 1]) == nil)
        #expect(code(.pong, [0x79, 0]) == .malformed)
        #expect(code(.pong, [0x7A, 3, 0, 0]) == .malformed)
        #expect(code(.pong, [0x7B, 0x7C]) == .malformed)
        #expect(code(.pong, [0x7E]) == .malformed)
        #expect(code(.pong, [0xF8, 0xFF, 0xFF, 0xFF, 0x1F, 1]) == .malformed)
    }

    @Test("A megabyte of empty domains is refused at the first one, which has no id")
    func emptyDomains() {
        let body = [UInt8](repeating: 0, count: (1 << 20) - 16).indices.map { $0.isMultiple(of: 2) ? UInt8(0x22) : 0 }
        #expect(code(.inventory, body) == .missing)
        #expect(place(.inventory, body) == "inventory.domains[0].id")
    }

    @Test("Many small domains are refused at their limit")
    func manyDomains() {
        // An id and a state, 20 bytes: the least that a sample can be.
        let domain: [UInt8] = [0x2A, 20, 0x0A, 16] + [UInt8](repeating: 7, count: 16) + [0x10, 1]
        let host: [UInt8] = [0x22, 0]
        #expect(code(.report, host + [[UInt8]](repeating: domain, count: 4096).flatMap { $0 }) == nil)
        #expect(code(.report, host + [[UInt8]](repeating: domain, count: 4097).flatMap { $0 }) == .tooMany)
    }

    @Test("Bytes that would take far more memory than they are long are refused")
    func costly() {
        #expect(code(.pong, [[UInt8]](repeating: [0x78, 1], count: 100).flatMap { $0 }) == nil)
        #expect(code(.pong, [[UInt8]](repeating: [0x78, 1], count: 20_000).flatMap { $0 }) == .costly)
    }

    @Test("Hundreds of unknown fields of a newer agent pass, spread over a report's domains")
    func newerPeer() {
        let domain: [UInt8] = [0x2A, 26, 0x0A, 16] + [UInt8](repeating: 7, count: 16) + [0x10, 1, 0x50, 1, 0x58, 2, 0x60, 3]
        #expect(code(.report, [0x22, 0] + [[UInt8]](repeating: domain, count: 300).flatMap { $0 }) == nil)
    }

    @Test("The kinds' numbers and the frames' bytes must agree")
    func otherKind() {
        #expect(throws: WireError.self) { try Scan.check(.ping, [0x3A, 0]) }
        #expect(throws: WireError.self) { try Scan.check(.ping, []) }
        #expect(throws: WireError.self) { try Scan.check(.ping, [1], from: 2) }
    }

    @Test("Random bodies never trap", arguments: 0..<20)
    func random(seed: UInt64) {
        var random = Seeded(seed)
        for kind in MessageKind.allCases {
            for _ in 0..<200 {
                // Small numbers make tags and lengths that hold longer than wholly random bytes do.
                _ = code(kind, (0..<random.below(60)).map { _ in UInt8(random.below([8, 48, 256][random.below(3)])) })
            }
        }
    }
}

@Suite struct WordsTests {
    @Test("Words that fit stay as they are")
    func unchanged() {
        let words = String(repeating: "é", count: WireLimit.words / 2)
        #expect(fittingWords(words) == words)
        #expect(fittingWords("") == "")
    }

    @Test("Longer words are cut between characters, and say so", arguments: ["a", "é", "€", "😀"])
    func cut(letter: String) {
        let words = fittingWords(String(repeating: letter, count: 3000))
        #expect(words.utf8.count <= WireLimit.words && words.utf8.count > WireLimit.words - 7)
        #expect(words.hasSuffix(letter + "…"))
    }

    @Test("A NUL becomes the replacement character")
    func nul() { #expect(fittingWords("a\0b") == "a\u{FFFD}b") }
}

@Suite struct NumbersTests {
    private func check<Value: WireNumbered & Hashable>(_ type: Value.Type) {
        let values = (1...Value.highestWireNumber).compactMap { Value(wireNumber: $0) }
        #expect(Set(values).count == Value.highestWireNumber)
        for value in values { #expect(Value(wireNumber: value.wireNumber) == value) }
        #expect(Value(wireNumber: 0) == nil)
        #expect(Value(wireNumber: Value.highestWireNumber + 1) == nil)
    }

    @Test("Every value of every enumeration has its number and comes back by it")
    func all() {
        check(HypervisorKind.self)
        check(VirtualisationType.self)
        check(DomainState.self)
        check(DomainExit.self)
        check(Finding.Severity.self)
        #expect(VirtualisationType.highestWireNumber == VirtualisationType.allCases.count)
        #expect(DomainState.highestWireNumber == DomainState.allCases.count)
        #expect(HypervisorKind.highestWireNumber == HypervisorKind.allCases.count)
    }
}
