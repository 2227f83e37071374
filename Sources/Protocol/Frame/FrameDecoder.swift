import PodpModel

/// Makes frames of a link's bytes as they come, and refuses early: each length is held against what its kind may have, now,
/// before any byte of the message is waited for, and no memory is taken for bytes that were only announced.
///
/// Call `next()` until it gives `nil` after each `append`; then no more than one frame's bytes are ever held.
/// After an error the decoder takes nothing more and repeats it: there is no way to find the next frame.
public struct FrameDecoder: Sendable {
    /// The link's handshake. `next()` moves it on for what comes; note with `session.send` what is sent.
    public var session: Session
    private var buffer: [UInt8] = []
    /// Where the first unread byte is.
    private var head = 0
    private var failure: FrameError?

    public init(session: Session) { self.session = session }

    /// Bytes that wait for the rest of their frame.
    public var pending: Int { buffer.count - head }

    /// Takes bytes as they came, in order.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        guard failure == nil else { return }
        if head == buffer.count {
            // One large frame must not keep its memory for the rest of the link's life.
            buffer.removeAll(keepingCapacity: buffer.capacity <= 128 << 10)
            head = 0
        } else if head > 64 << 10 {
            buffer.removeSubrange(..<head)
            head = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next frame; `nil` when it has not come wholly. Throws `empty`, `tooLong`, `unknownKind`, `malformed`, `unexpected`.
    public mutating func next() throws(FrameError) -> Frame? {
        if let failure { throw failure }
        do throws(FrameError) {
            return try take()
        } catch {
            failure = error
            buffer = []
            head = 0
            throw error
        }
    }

    private mutating func take() throws(FrameError) -> Frame? {
        let start = head + Frame.prefixLength
        guard buffer.count >= start else { return nil }
        let length = buffer[head..<start].reduce(0) { $0 << 8 | Int($1) }
        guard length > 0 else { throw FrameError(.empty, "a frame of no bytes") }
        let ceiling = session.limit
        guard ceiling > 0 else { throw FrameError(.unexpected, "a frame that was not expected: this end has still to answer, or the link was closed") }
        guard length <= ceiling else { throw FrameError(.tooLong, "a frame of \(length) bytes, but now at most \(ceiling) are allowed") }

        guard let tag = try EnvelopeTag(buffer, from: start, to: min(buffer.count, start + length)) else {
            if buffer.count - start >= length { throw EnvelopeTag.cutOff }
            return nil
        }
        var after = session
        try after.receive(tag.kind)
        let limit = session.limit(receiving: tag.kind)
        guard length <= limit else { throw FrameError(.tooLong, "a \(tag.kind) of \(length) bytes, but now at most \(limit) are allowed") }

        guard buffer.count - start >= length else { return nil }
        let frame = try Frame(payload: Array(buffer[start..<start + length]))
        head = start + length
        session = after
        return frame
    }
}
