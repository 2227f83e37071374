import PodpModel

/// Walks a frame's bytes along the schema, before a protobuf library sees them, and refuses what either library would take
/// differently or too readily: wrong wire types, overlong numbers, fields twice, texts with a NUL or not in UTF-8, short ids,
/// enumerations' unknown values, too many elements, and bytes that cost far more memory than they are long.
///
/// It builds nothing and its depth is the schema's, so a megabyte of empty messages costs it a few microseconds. Fields that
/// this build does not know are passed over: a newer peer may send them.
public struct Scan {
    /// The memory that a message of a frame of `count` bytes may cost to decode, in bytes: 64 KiB and 24 times the frame, at
    /// most 4 MiB.
    public static func budget(_ count: Int) -> Int { min(4 << 20, 64 << 10 + 24 * min(max(count, 0), 4 << 20)) }

    /// Checks an envelope that begins at `start`. Returns at least what libprotobuf-c's decoder takes for it, in bytes.
    @discardableResult
    public static func check(_ kind: MessageKind, _ bytes: [UInt8], from start: Int = 0) throws(WireError) -> Int {
        guard start >= 0, start <= bytes.count else { throw WireError(.malformed, "no envelope") }
        let count = bytes.count - start
        guard count <= kind.limit else { throw WireError(.tooLong, "\(count) bytes, but at most \(kind.limit) are allowed", at: "\(kind)") }
        var scan = Scan(bytes: bytes, position: start, budget: budget(count))
        // The envelope itself, which has one member of its choice.
        guard let tag = scan.varint(end: bytes.count), tag == UInt64(kind.rawValue) << 3 | 2,
            let length = scan.varint(end: bytes.count), length == UInt64(bytes.count - scan.position)
        else { throw WireError(.malformed, "an envelope that is not exactly one message", at: "\(kind)") }
        scan.cost = 128
        do throws(WireError) {
            try scan.message(Schema.rule(kind), end: bytes.count)
        } catch { throw error.within("\(kind)") }
        return scan.cost
    }

    private let bytes: [UInt8]
    private var position: Int
    private let budget: Int
    private var cost = 0

    private init(bytes: [UInt8], position: Int, budget: Int) {
        self.bytes = bytes
        self.position = position
        self.budget = budget
    }

    private mutating func message(_ rule: MessageRule, end: Int) throws(WireError) {
        try charge(rule.cost)
        var seen: UInt64 = 0
        var counts = SIMD4<Int32>(repeating: 0)
        var members = 0
        while position < end {
            members += 1
            // libprotobuf-c notes 16 members on its stack, and more in slabs that double.
            if members > 16 { try charge(members == 17 ? 17 * 64 : 64) }
            guard let tag = varint(end: end), tag <= UInt64(UInt32.max), tag >> 3 > 0 else { throw WireError(.malformed, "a broken tag") }
            guard let field = rule.field(tag >> 3) else {
                try skip(wireType: tag & 7, end: end)
                continue
            }
            guard tag & 7 == (field.type.isNumber ? 0 : 2) else { throw WireError(.wireType, "wire type \(tag & 7) is not this field's", at: field.name) }
            let bit = UInt64(1) << UInt64(field.number)
            if case .list = field.presence {
                let count = counts[field.slot] + 1
                guard count <= field.most else { throw WireError(.tooMany, "more than \(field.most)", at: field.name) }
                counts[field.slot] = count
                // The pointer, and the list's own alignment.
                try charge(count == 1 ? 24 : 8)
            } else if seen & bit != 0 {
                throw WireError(.duplicate, "given twice", at: field.name)
            } else if field.presence == .choice, seen & rule.choice != 0 {
                throw WireError(.duplicate, "\(rule.name(of: seen & rule.choice)) is given too", at: field.name)
            }
            seen |= bit
            do throws(WireError) {
                try value(of: field.type, end: end)
            } catch {
                if case .list = field.presence { throw error.within("\(field.name)[\(counts[field.slot] - 1)]") }
                throw error.within(field.name)
            }
        }
        let absent = rule.required & ~seen
        guard absent == 0 else { throw WireError(.missing, "missing", at: rule.name(of: absent)) }
        guard rule.choice == 0 || seen & rule.choice != 0 else { throw WireError(.missing, "\(rule.name) says nothing this build knows") }
    }

    private mutating func value(of type: FieldType, end: Int) throws(WireError) {
        if type.isNumber {
            guard let number = varint(end: end) else { throw WireError(.malformed, "a broken number") }
            switch type {
            case .bool where number > 1: throw WireError(.range, "\(number) is neither true nor false")
            case .uint32 where number > UInt64(UInt32.max): throw WireError(.range, "\(number) has more than 32 bits")
            case .enumeration(let highest) where number == 0 || number > UInt64(highest):
                throw WireError(.range, "\(Int64(bitPattern: number)) is no value that this build knows")
            default: return
            }
        }
        let stop = try length(end: end)
        switch type {
        case .message(let rule):
            try message(rule, end: stop)
        case .id:
            guard stop - position == 16 else { throw WireError(.identifier, "an id of \(stop - position) bytes, not 16") }
            try charge(32)
            position = stop
        case .text(let longest):
            guard stop - position <= longest else { throw WireError(.tooLong, "\(stop - position) bytes, but at most \(longest) are allowed") }
            try charge(stop - position + 32)
            try text(end: stop)
        case .bool, .uint32, .uint64, .int64, .enumeration:
            break
        }
    }

    private mutating func text(end: Int) throws(WireError) {
        var isASCII = true
        for index in position..<end {
            if bytes[index] == 0 { throw WireError(.text, "a NUL in a text") }
            if bytes[index] >= 0x80 { isASCII = false }
        }
        if !isASCII, String(validating: bytes[position..<end], as: UTF8.self) == nil { throw WireError(.text, "not UTF-8") }
        position = end
    }

    /// Passes over a field that this build does not know.
    private mutating func skip(wireType: UInt64, end: Int) throws(WireError) {
        let start = position
        switch wireType {
        case 0: guard varint(end: end) != nil else { throw WireError(.malformed, "a broken number") }
        case 1, 5:
            let size = wireType == 1 ? 8 : 4
            guard end - position >= size else { throw WireError(.malformed, "cut off") }
            position += size
        case 2: position = try length(end: end)
        default: throw WireError(.malformed, "wire type \(wireType)")
        }
        try charge(64 + position - start)
    }

    /// Reads a length and gives where the field ends.
    private mutating func length(end: Int) throws(WireError) -> Int {
        guard let length = varint(end: end), length <= UInt64(end - position) else { throw WireError(.malformed, "a length beyond the end") }
        return position + Int(length)
    }

    private mutating func charge(_ amount: Int) throws(WireError) {
        cost += amount
        guard cost <= budget else { throw WireError(.costly, "decoding it would take more than \(budget) bytes of memory") }
    }

    private mutating func varint(end: Int) -> UInt64? { readVarint(bytes, at: &position, end: end) }
}
