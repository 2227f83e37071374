import NIOCore
import PodpModel

/// As much of ASN.1's basic encoding rules as SNMPv1 takes (RFC 1157), for a server that tests speak to.
enum BER {
    enum Value: Equatable {
        case integer(Int64)
        case bytes([UInt8])
        case address([UInt8])
        case name([UInt32])
        case null
    }

    struct Message {
        var community: [UInt8]
        /// 0xA0 GET, 0xA1 GETNEXT, 0xA3 SET.
        var kind: UInt8
        var id: Int64
        var variables: [(name: [UInt32], value: Value)]
    }

    // MARK: - Reading

    private static func element(_ bytes: inout ArraySlice<UInt8>) -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        guard let tag = bytes.popFirst(), let first = bytes.popFirst() else { return nil }
        var length = Int(first)
        if first & 0x80 != 0 {
            length = 0
            for _ in 0..<min(4, Int(first & 0x7F)) {
                guard let byte = bytes.popFirst() else { return nil }
                length = length << 8 | Int(byte)
            }
        }
        guard bytes.count >= length else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return (tag, bytes.prefix(length))
    }

    private static func integer(_ content: ArraySlice<UInt8>) -> Int64 {
        var value: Int64 = (content.first ?? 0) & 0x80 != 0 ? -1 : 0
        for byte in content { value = value << 8 | Int64(byte) }
        return value
    }

    private static func name(_ content: ArraySlice<UInt8>) -> [UInt32] {
        var arcs: [UInt32] = [], arc: UInt32 = 0
        for byte in content {
            arc = arc << 7 | UInt32(byte & 0x7F)
            if byte & 0x80 == 0 {
                arcs += arcs.isEmpty ? [arc / 40, arc % 40] : [arc]
                arc = 0
            }
        }
        return arcs
    }

    static func message(_ bytes: [UInt8]) -> Message? {
        var rest = bytes[...]
        guard var outer = element(&rest)?.content, element(&outer) != nil, let community = element(&outer), var body = element(&outer) else { return nil }
        guard let id = element(&body.content), element(&body.content) != nil, element(&body.content) != nil, var list = element(&body.content)?.content else {
            return nil
        }
        var variables: [(name: [UInt32], value: Value)] = []
        while var pair = element(&list)?.content {
            guard let named = element(&pair), let value = element(&pair) else { return nil }
            variables.append((name(named.content), value.tag == 2 ? .integer(integer(value.content)) : .null))
        }
        return Message(community: Array(community.content), kind: body.tag, id: integer(id.content), variables: variables)
    }

    // MARK: - Writing

    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] = count < 128 ? [UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 255)]
        return [tag] + length + content
    }

    private static func integer(_ value: Int64) -> [UInt8] {
        var bytes: [UInt8] = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * Int64($0))) }
        while bytes.count > 1, (bytes[0] == 0 && bytes[1] & 0x80 == 0) || (bytes[0] == 0xFF && bytes[1] & 0x80 != 0) { bytes.removeFirst() }
        return element(2, bytes)
    }

    private static func name(_ arcs: [UInt32]) -> [UInt8] {
        var content: [UInt8] = []
        for arc in [arcs[0] * 40 + arcs[1]] + arcs[2...] {
            var groups = [UInt8(arc & 0x7F)], rest = arc >> 7
            while rest > 0 {
                groups.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
                rest >>= 7
            }
            content += groups
        }
        return element(6, content)
    }

    private static func encoded(_ value: Value) -> [UInt8] {
        switch value {
        case .integer(let number): integer(number)
        case .bytes(let bytes): element(4, bytes)
        case .address(let bytes): element(0x40, bytes)
        case .name(let arcs): name(arcs)
        case .null: element(5, [])
        }
    }

    static func response(to message: Message, status: Int64, index: Int64, _ variables: [(name: [UInt32], value: Value)]) -> [UInt8] {
        let list = element(0x30, variables.flatMap { element(0x30, name($0.name) + encoded($0.value)) })
        return element(0x30, integer(0) + element(4, message.community) + element(0xA2, integer(message.id) + integer(status) + integer(index) + list))
    }
}
