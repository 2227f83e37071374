import CProtobufC
import PodpFrame
import PodpModel

/// Memory for one message in libprotobuf-c's form, with a limit; all of it is freed when the arena goes.
///
/// Its memory never leaves this room: messages are copied out of it, and nothing of it is kept.
final class Arena {
    private var chunks: [UnsafeMutableRawPointer] = []
    private let chunkSize: Int
    private var next: UnsafeMutableRawPointer?
    /// Bytes left in the last chunk.
    private var left = 0
    /// Bytes left of the limit.
    private var remaining: Int

    /// An arena that gives at most `limit` bytes, and takes `chunk` at a time from the system.
    init(limit: Int, chunk: Int) {
        remaining = limit
        chunkSize = chunk
    }

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    /// `count` bytes, aligned for anything; `nil` when the limit is reached.
    func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
        guard count >= 0, count <= remaining - 15 else { return nil }
        let rounded = (max(count, 1) + 15) & ~15
        if left < rounded {
            let size = max(chunkSize, rounded)
            let chunk = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            chunks.append(chunk)
            next = chunk
            left = size
        }
        guard let place = next else { return nil }
        next = place + rounded
        left -= rounded
        remaining -= rounded
        return place
    }

    /// Calls `body` with an allocator of libprotobuf-c's that takes from this arena. It must not be kept.
    func withAllocator<Result>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> Result) -> Result {
        withExtendedLifetime(self) {
            var allocator = ProtobufCAllocator(
                alloc: { context, size in
                    guard let context else { return nil }
                    return Unmanaged<Arena>.fromOpaque(context).takeUnretainedValue().allocate(size)
                },
                free: { _, _ in },
                allocator_data: Unmanaged.passUnretained(self).toOpaque())
            return body(&allocator)
        }
    }
}

// What messages are made of. All throw `costly` when the arena is used up.
extension Arena {
    private static let full = WireError(.costly, "it would take more memory than any message may")

    /// A message as libprotobuf-c's own function initialises it.
    func new<Raw>(_ initialise: (UnsafeMutablePointer<Raw>?) -> Void) throws(WireError) -> UnsafeMutablePointer<Raw> {
        guard let place = allocate(MemoryLayout<Raw>.stride) else { throw Self.full }
        let raw = place.bindMemory(to: Raw.self, capacity: 1)
        initialise(raw)
        return raw
    }

    /// A C string. Throws `text` when it holds a NUL: C would end it there.
    func text(_ string: String) throws(WireError) -> UnsafeMutablePointer<CChar> {
        var string = string
        let copy: Result<UnsafeMutablePointer<CChar>, WireError> = string.withUTF8 { utf8 in
            guard !utf8.contains(0) else { return .failure(WireError(.text, "a NUL in a text")) }
            guard let place = allocate(utf8.count + 1) else { return .failure(Self.full) }
            if let start = utf8.baseAddress { place.copyMemory(from: start, byteCount: utf8.count) }
            place.storeBytes(of: 0, toByteOffset: utf8.count, as: UInt8.self)
            return .success(place.bindMemory(to: CChar.self, capacity: utf8.count + 1))
        }
        return try copy.get()
    }

    /// Words for people, cut where they are too long.
    func words(_ string: String) throws(WireError) -> UnsafeMutablePointer<CChar> { try text(fittingWords(string)) }

    func id(_ id: ID128) throws(WireError) -> ProtobufCBinaryData {
        guard let place = allocate(16) else { throw Self.full }
        place.storeBytes(of: id.high.bigEndian, as: UInt64.self)
        place.storeBytes(of: id.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        return ProtobufCBinaryData(len: 16, data: place.bindMemory(to: UInt8.self, capacity: 16))
    }

    func list<Value, Raw>(
        _ values: [Value], _ make: (Value) throws(WireError) -> UnsafeMutablePointer<Raw>
    ) throws(WireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Raw>?> {
        guard let place = allocate(values.count * MemoryLayout<UnsafeMutablePointer<Raw>?>.stride) else { throw Self.full }
        let list = place.bindMemory(to: UnsafeMutablePointer<Raw>?.self, capacity: values.count)
        for (index, value) in values.enumerated() { (list + index).initialize(to: try make(value)) }
        return list
    }
}

extension WireNumbered {
    /// The number as C's enumerations hold it.
    var cNumber: UInt32 { UInt32(truncatingIfNeeded: wireNumber) }
}
