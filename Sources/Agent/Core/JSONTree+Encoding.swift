extension JSONTree {
    /// The value's tree. Throws what the value's own `encode` throws.
    public static func tree(of value: some Encodable) throws -> JSONTree {
        let node = Node()
        try value.encode(to: TreeEncoder(node: node, codingPath: []))
        return node.tree
    }

    /// The value's canonical text; `null` if its own `encode` throws, as none of podp's Model does.
    public static func text(of value: some Encodable) -> String { ((try? tree(of: value)) ?? .null).text }

    /// A place in the tree under construction.
    private final class Node {
        enum Content {
            case leaf(JSONTree)
            case array([Node])
            case object([String: Node])
        }

        var content: Content?

        var tree: JSONTree {
            switch content {
            case .none: .object([:])
            case .leaf(let tree): tree
            case .array(let nodes): .array(nodes.map(\.tree))
            case .object(let nodes): .object(nodes.mapValues(\.tree))
            }
        }

        func append() -> Node {
            let node = Node()
            if case .array(var nodes) = content {
                content = nil
                nodes.append(node)
                content = .array(nodes)
            } else {
                content = .array([node])
            }
            return node
        }

        func member(_ key: String) -> Node {
            let node = Node()
            if case .object(var nodes) = content {
                content = nil
                nodes[key] = node
                content = .object(nodes)
            } else {
                content = .object([key: node])
            }
            return node
        }
    }

    private struct TreeEncoder: Encoder, SingleValueEncodingContainer {
        let node: Node
        let codingPath: [any CodingKey]
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            if node.content == nil { node.content = .object([:]) }
            return KeyedEncodingContainer(Keyed<Key>(node: node, codingPath: codingPath))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            if node.content == nil { node.content = .array([]) }
            return Unkeyed(node: node, codingPath: codingPath)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer { self }

        func encodeNil() { node.content = .leaf(.null) }
        func encode(_ value: Bool) { node.content = .leaf(.bool(value)) }
        func encode(_ value: String) { node.content = .leaf(.string(value)) }
        func encode(_ value: Double) { node.content = .leaf(.double(value)) }
        func encode(_ value: Float) { node.content = .leaf(.double(Double(value))) }
        func encode(_ value: Int) { integer(value) }
        func encode(_ value: Int8) { integer(value) }
        func encode(_ value: Int16) { integer(value) }
        func encode(_ value: Int32) { integer(value) }
        func encode(_ value: Int64) { integer(value) }
        func encode(_ value: UInt) { integer(value) }
        func encode(_ value: UInt8) { integer(value) }
        func encode(_ value: UInt16) { integer(value) }
        func encode(_ value: UInt32) { integer(value) }
        func encode(_ value: UInt64) { integer(value) }
        func encode<T: Encodable>(_ value: T) throws { try value.encode(to: TreeEncoder(node: node, codingPath: codingPath)) }

        private func integer(_ value: some FixedWidthInteger) {
            node.content = .leaf(value < 0 ? .negative(Int64(clamping: value)) : .unsigned(UInt64(clamping: value)))
        }
    }

    private struct Unkeyed: UnkeyedEncodingContainer {
        let node: Node
        let codingPath: [any CodingKey]
        var count: Int { if case .array(let nodes) = node.content { nodes.count } else { 0 } }

        private var next: TreeEncoder { TreeEncoder(node: node.append(), codingPath: codingPath) }

        func encodeNil() { next.encodeNil() }
        func encode<T: Encodable>(_ value: T) throws { try value.encode(to: next) }
        func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> { next.container(keyedBy: type) }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next.unkeyedContainer() }
        func superEncoder() -> any Encoder { next }
    }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let node: Node
        let codingPath: [any CodingKey]

        private func encoder(_ key: String) -> TreeEncoder { TreeEncoder(node: node.member(key), codingPath: codingPath) }

        func encodeNil(forKey key: Key) { encoder(key.stringValue).encodeNil() }
        func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try value.encode(to: encoder(key.stringValue)) }
        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
            encoder(key.stringValue).container(keyedBy: type)
        }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key.stringValue).unkeyedContainer() }
        func superEncoder() -> any Encoder { encoder("super") }
        func superEncoder(forKey key: Key) -> any Encoder { encoder(key.stringValue) }
    }
}
