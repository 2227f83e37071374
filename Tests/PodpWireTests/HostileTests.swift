import PodpFrame
import PodpModel
import Testing

/// A payload that no honest peer sends, and why it is refused.
struct Hostile: CustomTestStringConvertible {
    let name: String
    let code: WireError.Code
    let place: String
    let payload: [UInt8]
    var testDescription: String { name }

    init(_ name: String, _ code: WireError.Code, _ place: String, _ payload: [UInt8]) {
        self.name = name
        self.code = code
        self.place = place
        self.payload = payload
    }

    private static let empty = RawMessage()
    private static let operation = empty.id(1).number(2, 5)
    private static let term = empty.number(1, 1).id(2)
    private static let sample = empty.id(1).number(2, 1)
    private static let domain = empty.id(1).number(4, 1).number(5, 1).message(12, empty.message(1, empty))

    private static func report(_ domain: RawMessage) -> [UInt8] { empty.message(4, empty).message(5, sample).message(5, domain).envelope(.report) }
    private static func inventory(_ domain: RawMessage) -> [UInt8] { empty.message(3, empty).message(4, domain).envelope(.inventory) }
    private static func command(_ action: RawMessage) -> [UInt8] {
        empty.message(1, operation).message(2, term).id(3).raw(action.bytes).envelope(.command)
    }

    static let all: [Hostile] = [
        Hostile("a domain without id", .missing, "report.domains[1].id", report(empty.number(2, 1))),
        Hostile("a domain without state", .missing, "report.domains[1].state", report(empty.id(1))),
        Hostile("a uuid of 15 bytes", .identifier, "report.domains[1].id", report(empty.bytes(1, [UInt8](repeating: 1, count: 15)).number(2, 1))),
        Hostile("a uuid of 17 bytes", .identifier, "report.domains[1].id", report(empty.bytes(1, [UInt8](repeating: 1, count: 17)).number(2, 1))),
        Hostile("a uuid of no bytes", .identifier, "report.domains[1].id", report(empty.bytes(1, []).number(2, 1))),
        Hostile("a state 0", .range, "report.domains[1].state", report(empty.id(1).number(2, 0))),
        Hostile("a state 99", .range, "report.domains[1].state", report(empty.id(1).number(2, 99))),
        Hostile("a negative state", .range, "report.domains[1].state", report(empty.id(1).number(2, .max))),
        Hostile("a state beyond 32 bits that would be 1 if it were cut", .range, "report.domains[1].state", report(empty.id(1).number(2, 1 << 32 | 1))),
        Hostile("a cpu of 33 bits", .range, "report.domains[1].cpu", report(sample.number(3, 1 << 32))),
        Hostile("an id as a number", .wireType, "report.domains[1].id", report(empty.number(1, 7).number(2, 1))),
        Hostile("a state as bytes", .wireType, "report.domains[1].state", report(empty.id(1).bytes(2, [1]))),
        Hostile("a number as 8 fixed bytes", .wireType, "report.domains[1].cpu", report(sample.raw([0x19, 1, 2, 3, 4, 5, 6, 7, 8]))),
        Hostile("a number as 4 fixed bytes", .wireType, "report.domains[1].cpu", report(sample.raw([0x1D, 1, 2, 3, 4]))),
        Hostile("a list of domains as a number", .wireType, "report.domains", empty.message(4, empty).number(5, 1).envelope(.report)),
        Hostile("a group", .malformed, "report.domains[1]", report(sample.raw([0x7B, 0x7C]))),
        Hostile("a state twice", .duplicate, "report.domains[1].state", report(sample.number(2, 2))),
        Hostile("a host twice", .duplicate, "report.host", empty.message(4, empty).message(4, empty).envelope(.report)),
        Hostile("no host", .missing, "report.host", empty.number(1, 1).envelope(.report)),
        Hostile("a message cut off in its middle", .malformed, "report.domains[0]", empty.message(4, empty).raw([0x2A, 30]).id(1).envelope(.report)),
        Hostile("a number of 11 bytes", .malformed, "report.sequence", empty.raw([8] + [UInt8](repeating: 0x80, count: 10) + [1]).envelope(.report)),
        Hostile("a name with a NUL", .text, "inventory.domains[0].name", inventory(domain.text(2, "web\u{0}1"))),
        Hostile("a name that is not UTF-8", .text, "inventory.domains[0].name", inventory(domain.bytes(2, [0x61, 0xFF, 0xFE]))),
        Hostile("a name with an overlong slash", .text, "inventory.domains[0].name", inventory(domain.bytes(2, [0xC0, 0xAF]))),
        Hostile("a name with half a surrogate pair", .text, "inventory.domains[0].name", inventory(domain.bytes(2, [0xED, 0xA0, 0x80]))),
        Hostile("a name that ends within a character", .text, "inventory.domains[0].name", inventory(domain.bytes(2, [0xE2, 0x82]))),
        Hostile("a name of 64 KiB", .tooLong, "inventory.domains[0].name", inventory(domain.text(2, String(repeating: "n", count: 64 << 10)))),
        Hostile("a name of 257 bytes", .tooLong, "inventory.domains[0].name", inventory(domain.text(2, String(repeating: "n", count: 257)))),
        Hostile("a bool of 2", .range, "inventory.domains[0].autostart", inventory(domain.number(13, 2))),
        Hostile(
            "an ability that says nothing", .missing, "inventory.domains[0].live_migration",
            inventory(empty.id(1).number(4, 1).number(5, 1).message(12, empty))),
        Hostile(
            "an ability that says yes and no", .duplicate, "inventory.domains[0].live_migration.no",
            inventory(empty.id(1).number(4, 1).number(5, 1).message(12, empty.message(1, empty).message(2, empty)))),
        Hostile("129 disks", .tooMany, "inventory.domains[0].disks", inventory((0..<129).reduce(domain) { message, _ in message.message(10, empty) })),
        Hostile("a command without action", .missing, "command", command(empty)),
        Hostile("a command with an action of the future", .missing, "command", command(empty.message(40, empty))),
        Hostile("a command with two actions", .duplicate, "command.undefine", command(empty.message(19, empty).message(26, empty))),
        Hostile("a command without term", .missing, "command.term", empty.message(1, operation).id(3).message(19, empty).envelope(.command)),
        Hostile("a migration to nowhere", .missing, "command.migrate.destination", command(empty.message(25, empty))),
        Hostile("an update without phase", .missing, "update", empty.message(1, operation).envelope(.update)),
        Hostile("a type of virtualisation twice", .duplicate, "hello.hypervisor.live_migration", helloWithTypes([1, 1])),
        Hostile(
            "an inventory of 1 MiB of empty domains", .missing, "inventory.domains[0].id",
            empty.message(3, empty).raw((0..<(1 << 19) - 8).flatMap { _ in [UInt8(0x22), 0] }).envelope(.inventory)),
        Hostile(
            "a report of 256 KiB of empty domains", .missing, "report.domains[0].id",
            empty.message(4, empty).raw((0..<(1 << 17) - 8).flatMap { _ in [UInt8(0x2A), 0] }).envelope(.report)),
        Hostile("20,000 fields of the future", .costly, "pong", empty.raw((0..<20_000).flatMap { _ in [UInt8(0x78), 1] }).envelope(.pong)),
        Hostile(
            "1,000,000 findings", .tooMany, "inventory.findings",
            empty.message(3, empty).raw((0..<250_000).flatMap { _ in [UInt8(0x2A), 2, 0x10, 1] }).envelope(.inventory)),
    ]

    private static func helloWithTypes(_ types: [UInt64]) -> [UInt8] {
        let ability = empty.message(1, empty)
        let facts = types.reduce(empty.number(1, 1)) { $0.message(4, empty.number(1, $1).message(2, ability)) }
        return empty.message(3, empty.id(1)).id(4).id(5).message(7, facts).message(8, empty).envelope(.hello)
    }
}

@Suite struct HostileTests {
    @Test("What no honest peer sends is refused by both codecs, with the same words", arguments: Hostile.all)
    func refused(hostile: Hostile) {
        let expected = Verdict.refused(hostile.code, place: hostile.place)
        #expect(Verdict(hostile.payload, by: codecC) == expected)
        #expect(Verdict(hostile.payload, by: codecSwift) == expected)
    }

    @Test("Fields of the future are passed over by both, and what is known is read")
    func future() {
        let payload = RawMessage().number(1, 42).number(15, 7).text(16, "new").raw([0x8D, 1, 1, 2, 3, 4]).envelope(.pong)
        #expect(Verdict(payload, by: codecC) == .agent(.pong(42)))
        #expect(Verdict(payload, by: codecSwift) == .agent(.pong(42)))
    }

    @Test("Defaults that are spelled out are read as if they were absent")
    func spelledOut() {
        let payload = RawMessage().number(1, 0).envelope(.ping)
        #expect(Verdict(payload, by: codecC) == .coordinator(.ping(0)))
        #expect(Verdict(payload, by: codecSwift) == .coordinator(.ping(0)))
    }

    @Test("A truncated message is refused wherever it is cut, by both alike", arguments: 0..<8)
    func truncated(seed: UInt64) throws {
        var random = Generator(seed)
        for bytes in [try codecC.encode(random.agentMessage()), try codecC.encode(random.coordinatorMessage())] {
            // Cut the body and mend the envelope's length, so that the cut itself is what is found.
            let payload = Array(bytes.dropFirst(4))
            let body = try #require(Body(payload))
            for length in stride(from: 0, to: body.bytes.count, by: max(1, body.bytes.count / 300)) {
                let cut = RawMessage(bytes: Array(body.bytes.prefix(length))).envelope(body.kind)
                #expect(Verdict(cut, by: codecC) == Verdict(cut, by: codecSwift))
                #expect(!Verdict(Array(payload.prefix(length)), by: codecC).isAccepted)
            }
        }
    }

    @Test("Messages with some bytes changed are read or refused by both alike", arguments: 0..<40)
    func mutated(seed: UInt64) throws {
        var random = Generator(seed)
        var accepted = 0
        for round in 0..<60 {
            let bytes = try round.isMultiple(of: 2) ? codecC.encode(random.agentMessage()) : codecC.encode(random.coordinatorMessage())
            var body = try #require(Body(Array(bytes.dropFirst(4))))
            for _ in 0...random.below(3) where !body.bytes.isEmpty {
                let place = random.below(body.bytes.count)
                switch random.below(4) {
                case 0: body.bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: body.bytes[place] ^= 1 << UInt8(random.below(8))
                case 2: body.bytes.insert(UInt8(random.below(128)), at: place)
                default: body.bytes.remove(at: place)
                }
            }
            let payload = RawMessage(bytes: body.bytes).envelope(body.kind)
            let verdict = Verdict(payload, by: codecC)
            #expect(verdict == Verdict(payload, by: codecSwift))
            if verdict.isAccepted { accepted += 1 }
        }
        // Otherwise it would only test the scan, and not that the codecs read the same.
        #expect(accepted > 0)
    }

    @Test("Random bytes are read or refused by both alike", arguments: 0..<20)
    func random(seed: UInt64) {
        var random = Generator(seed)
        for kind in MessageKind.allCases {
            for _ in 0..<50 {
                let body = (0..<random.below(80)).map { _ in UInt8(random.below([8, 64, 256][random.below(3)])) }
                let payload = RawMessage(bytes: body).envelope(kind)
                #expect(Verdict(payload, by: codecC) == Verdict(payload, by: codecSwift))
            }
        }
    }

    @Test("A message that goes the other way is refused by its direction", arguments: [codecC, codecSwift] as [any WireCodec])
    func direction(codec: any WireCodec) throws {
        let ping = try unframed(codec.encode(.ping(1)))
        let pong = try unframed(codec.encode(.pong(1)))
        #expect(throws: WireError(.direction, "a ping is nothing that an agent sends", at: "ping")) { try codec.agentMessage(from: ping) }
        #expect(throws: WireError(.direction, "a pong is nothing that a coordinator sends", at: "pong")) { try codec.coordinatorMessage(from: pong) }
    }
}

/// An envelope's one message, apart from its kind.
struct Body {
    var kind: MessageKind
    var bytes: [UInt8]

    init?(_ payload: [UInt8]) {
        guard let frame = try? Frame(payload: payload) else { return nil }
        var rest = payload[...]
        // The tag, then the length: both end at their first byte below 0x80.
        for _ in 0..<2 {
            guard let last = rest.firstIndex(where: { $0 < 0x80 }) else { return nil }
            rest = rest[(last + 1)...]
        }
        kind = frame.kind
        bytes = Array(rest)
    }
}
