import PodpModel

/// One whole envelope as it came from a link, its kind known, the rest not looked at yet.
public struct Frame: Hashable, Sendable {
    /// The bytes before an envelope: its length, 32 bits, most significant byte first.
    public static let prefixLength = 4

    public let kind: MessageKind
    /// The envelope, without the length before it.
    public let payload: [UInt8]

    /// Takes an envelope. Throws `empty`, `unknownKind`, `malformed`, or `tooLong` by its kind's limit.
    public init(payload: [UInt8]) throws(FrameError) {
        guard !payload.isEmpty else { throw FrameError(.empty, "a frame of no bytes") }
        guard let tag = try EnvelopeTag(payload, from: 0, to: payload.count) else { throw EnvelopeTag.cutOff }
        guard payload.count <= tag.kind.limit else {
            throw FrameError(.tooLong, "a \(tag.kind) of \(payload.count) bytes, but at most \(tag.kind.limit) are allowed")
        }
        var position = tag.end
        guard let length = readVarint(payload, at: &position, end: payload.count), length == UInt64(payload.count - position) else {
            throw FrameError(.malformed, "an envelope that is not exactly one message")
        }
        self.kind = tag.kind
        self.payload = payload
    }

    /// The length that stands before an envelope of `count` bytes.
    public static func prefix(_ count: Int) -> [UInt8] {
        let length = UInt32(clamping: count)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }

    /// The frame as it is sent: length and envelope.
    public var bytes: [UInt8] { Self.prefix(payload.count) + payload }
}

/// An envelope's first tag: which message it holds.
struct EnvelopeTag {
    var kind: MessageKind
    /// Where the message's length begins.
    var end: Int

    static let cutOff = FrameError(.malformed, "an envelope that ends within its first tag")

    /// Reads the tag that begins at `start`. `nil` when it goes on at or after `end`.
    init?(_ bytes: [UInt8], from start: Int, to end: Int) throws(FrameError) {
        var tag: UInt32 = 0
        var position = start
        // All kinds' tags have one or two bytes; a third one means another field.
        for shift in [UInt32(0), 7] {
            guard position < end, position < bytes.count else { return nil }
            let byte = bytes[position]
            position += 1
            tag |= UInt32(byte & 0x7F) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0, tag & 7 == 2, let kind = MessageKind(rawValue: tag >> 3) else { throw Self.unknown(tag) }
                self.kind = kind
                self.end = position
                return
            }
        }
        throw Self.unknown(tag)
    }

    private static func unknown(_ tag: UInt32) -> FrameError {
        FrameError(.unknownKind, "a frame that begins with field \(tag >> 3) of wire type \(tag & 7): no message of this protocol")
    }
}

/// Reads a base-128 number. `nil` when it is cut off, longer than 64 bits, or written longer than it need be.
///
/// Protobuf's decoders disagree on overlong numbers, and no encoder writes them.
@inline(__always)
func readVarint(_ bytes: [UInt8], at position: inout Int, end: Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 64 {
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 {
            if byte == 0 && shift > 0 || shift == 63 && byte > 1 { return nil }
            return value
        }
        shift += 7
    }
    return nil
}
