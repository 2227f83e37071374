import PodpFrame
import PodpModel
import Testing

@Suite struct FrameDecoderTests {
    @Test("However the bytes are cut, the same frames come out", arguments: 0..<50)
    func chunks(seed: UInt64) throws {
        var random = Seeded(seed)
        let frames = (0..<20).map { _ in frame([.inventory, .report, .update, .pong][random.below(4)], body: random.below(600)) }
        let stream = frames.flatMap { $0 }
        var decoder = try openCoordinator()
        var seen: [[UInt8]] = []
        var position = 0
        while position < stream.count {
            let end = min(stream.count, position + 1 + random.below([1, 7, 5000][random.below(3)]))
            decoder.append(stream[position..<end])
            while let frame = try decoder.next() { seen.append(frame.bytes) }
            position = end
        }
        #expect(seen == frames)
        #expect(decoder.pending == 0)
    }

    @Test("A length beyond what is allowed is refused with its four bytes, and nothing is kept for it")
    func lyingLength() throws {
        for length in [0xFFFF_FFFF, 0x8000_0000, (1 << 20) + 1] {
            var decoder = try openCoordinator()
            decoder.append(Frame.prefix(length))
            expect(.tooLong, from: &decoder)
            decoder.append([UInt8](repeating: 0, count: 100))
            #expect(decoder.pending == 0)
            expect(.tooLong, from: &decoder)
        }
    }

    @Test("A length that its kind does not allow is refused as soon as the kind is there", arguments: [MessageKind.report, .update, .renew, .pong])
    func kindLimit(kind: MessageKind) throws {
        let over = frame(kind, body: kind.limit)
        var decoder = try openCoordinator()
        decoder.append(over.prefix(4))
        #expect(try decoder.next() == nil)
        decoder.append(over[4..<5])
        expect(.tooLong, from: &decoder)

        var longest = try openCoordinator()
        longest.append(Frame.prefix(kind.limit) + envelope(kind, body: kind.limit - 4))
        #expect(try longest.next()?.kind == kind)
    }

    @Test("Before the hello a coordinator takes 4 KiB at most, whatever the kind")
    func beforeHello() {
        var decoder = FrameDecoder(session: Session(role: .coordinator))
        decoder.append(Frame.prefix(4097))
        expect(.tooLong, from: &decoder)
        var enrolment = FrameDecoder(session: Session(role: .coordinator, purpose: .enrolment))
        enrolment.append(Frame.prefix(4097))
        expect(.tooLong, from: &enrolment)
    }

    @Test("Before the hello nothing but the hello is taken, and it is known by its tag alone", arguments: MessageKind.allCases.filter { $0 != .hello })
    func onlyHello(kind: MessageKind) {
        var decoder = FrameDecoder(session: Session(role: .coordinator))
        decoder.append(frame(kind, body: 100).prefix(6))
        expect(.unexpected, from: &decoder)
    }

    @Test("Nothing is taken between the hello and the answer to it")
    func pipelining() throws {
        var decoder = FrameDecoder(session: Session(role: .coordinator))
        decoder.append(frame(.hello, body: 50) + frame(.report, body: 50))
        #expect(try decoder.next()?.kind == .hello)
        expect(.unexpected, from: &decoder)
    }

    @Test("A frame of no bytes is an error, not a message")
    func empty() throws {
        var decoder = try openCoordinator()
        decoder.append([0, 0, 0, 0])
        expect(.empty, from: &decoder)
    }

    @Test(
        "A first tag that is no message is an error",
        arguments: [[UInt8]([0x48, 0]), [0x4A, 0], [0x08, 0], [0x0B, 0], [0x00, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x8A, 0x00, 0]])
    func unknownKind(payload: [UInt8]) throws {
        var decoder = try openCoordinator()
        decoder.append(Frame.prefix(payload.count) + payload)
        expect(.unknownKind, from: &decoder)
    }

    @Test(
        "An envelope that is not exactly one message is an error",
        arguments: [[UInt8]([0x1A]), [0x1A, 1], [0x1A, 0, 0], [0x1A, 0x80, 0], [0x8A], [0x1A, 0, 0x1A, 0]])
    func notOneMessage(payload: [UInt8]) throws {
        var decoder = try openCoordinator()
        decoder.append(Frame.prefix(payload.count) + payload)
        expect(.malformed, from: &decoder)
    }

    @Test("Random bytes never trap and hold nothing back", arguments: 0..<200)
    func randomBytes(seed: UInt64) throws {
        var random = Seeded(seed)
        var decoder = seed.isMultiple(of: 2) ? try openCoordinator() : FrameDecoder(session: Session(role: .coordinator))
        for _ in 0..<50 {
            decoder.append((0..<random.below(200)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            do {
                while try decoder.next() != nil {}
            } catch { #expect(decoder.pending == 0) }
        }
    }

    @Test("The prefix is the length, most significant byte first")
    func prefix() {
        #expect(Frame.prefix(0x0102_0304) == [1, 2, 3, 4])
        #expect(Frame.prefix(1) == [0, 0, 0, 1])
    }

    private func expect(_ code: FrameError.Code, from decoder: inout FrameDecoder, at location: SourceLocation = #_sourceLocation) {
        do throws(FrameError) {
            let frame = try decoder.next()
            Issue.record("expected \(code.rawValue), got \(String(describing: frame?.kind))", sourceLocation: location)
        } catch {
            #expect(error.code == code, "\(error)", sourceLocation: location)
        }
    }
}

/// A coordinator's decoder that has taken a hello and sent its welcome.
func openCoordinator() throws -> FrameDecoder {
    var decoder = FrameDecoder(session: Session(role: .coordinator))
    decoder.append(frame(.hello, body: 10))
    _ = try decoder.next()
    try decoder.session.send(.welcome)
    return decoder
}

func varint(_ value: Int) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    repeat {
        bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
        rest >>= 7
    } while rest > 0
    return bytes
}

/// An envelope with a body of zeros: frames are not decoded here.
func envelope(_ kind: MessageKind, body: Int) -> [UInt8] {
    varint(Int(kind.rawValue) << 3 | 2) + varint(body) + [UInt8](repeating: 0, count: body)
}

func frame(_ kind: MessageKind, body: Int) -> [UInt8] {
    let payload = envelope(kind, body: body)
    return Frame.prefix(payload.count) + payload
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }
}
