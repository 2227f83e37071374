// libFuzzer's entry: whatever the bytes are, nothing traps, both codecs say the same, and what they accept they write back alike.
// Tests/Fuzz/run builds and runs it; it is no part of `swift test`.

import PodpFrame
import PodpModel
import PodpWireC
import PodpWireSwift

private let codecs: [any WireCodec] = [WireCodecC(), WireCodecSwift()]

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    frames(bytes)
    if let payload = mended(bytes) { messages(payload) }
    return 0
}

/// The input as a link's bytes, in chunks, at three points of a session.
private func frames(_ bytes: [UInt8]) {
    let chunk = Int(bytes.first ?? 0) + 1
    for isOpen in [false, true] {
        var session = Session(role: .coordinator)
        if isOpen {
            try? session.receive(.hello)
            try? session.send(.welcome)
        }
        var decoder = FrameDecoder(session: session)
        for position in stride(from: 0, to: bytes.count, by: chunk) {
            decoder.append(bytes[position..<min(bytes.count, position + chunk)])
            do {
                while let frame = try decoder.next() { messages(frame.payload) }
            } catch {
                precondition(decoder.pending == 0, "bytes are kept after an error")
            }
        }
    }
}

/// The input as an envelope, its length made right: otherwise few mutations would get past it.
private func mended(_ bytes: [UInt8]) -> [UInt8]? {
    var rest = bytes[...]
    guard let tag = take(&rest), take(&rest) != nil else { return nil }
    return tag + varint(rest.count) + rest
}

private func take(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard let last = rest.firstIndex(where: { $0 < 0x80 }) else { return nil }
    defer { rest = rest[(last + 1)...] }
    return Array(rest[...last])
}

private func varint(_ value: Int) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
}

private enum Verdict: Equatable {
    case agent(AgentMessage)
    case coordinator(CoordinatorMessage)
    case refused(WireError.Code, place: String)
}

private func messages(_ payload: [UInt8]) {
    guard let frame = try? Frame(payload: payload) else { return }
    let verdicts = codecs.map { verdict(frame, by: $0) }
    precondition(verdicts[0] == verdicts[1], "the codecs disagree: \(verdicts)")
    let written = codecs.map { codec -> [UInt8]? in
        switch verdicts[0] {
        case .agent(let message): try? codec.encode(message)
        case .coordinator(let message): try? codec.encode(message)
        case .refused: nil
        }
    }
    precondition(written[0] == written[1], "the codecs write different bytes")
    guard let bytes = written[0] else { return }
    guard let again = try? Frame(payload: Array(bytes.dropFirst(Frame.prefixLength))) else { preconditionFailure("what was written is no frame") }
    for codec in codecs { precondition(verdict(again, by: codec) == verdicts[0], "what was written is read differently") }
}

private func verdict(_ frame: Frame, by codec: any WireCodec) -> Verdict {
    do throws(WireError) {
        return frame.kind.rawValue < 33 ? .agent(try codec.agentMessage(from: frame)) : .coordinator(try codec.coordinatorMessage(from: frame))
    } catch {
        return .refused(error.code, place: error.place)
    }
}
