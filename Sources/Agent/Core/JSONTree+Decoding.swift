extension JSONTree {
    /// Reads a value of the tree. Throws `DecodingError` when the tree is no such value.
    public func value<T: Decodable>(as type: T.Type) throws -> T { try T(from: TreeDecoder(tree: self, codingPath: [])) }

    private static func mismatch(_ type: Any.Type, _ path: [any CodingKey]) -> DecodingError {
        DecodingError.typeMismatch(type, DecodingError.Context(codingPath: path, debugDescription: "not a \(type)"))
    }

    private struct TreeDecoder: Decoder, SingleValueDecodingContainer {
        let tree: JSONTree
        let codingPath: [any CodingKey]
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
            guard case .object(let members) = tree else { throw mismatch([String: JSONTree].self, codingPath) }
            return KeyedDecodingContainer(Keyed<Key>(members: members, codingPath: codingPath))
        }

        func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
            guard case .array(let values) = tree else { throw mismatch([JSONTree].self, codingPath) }
            return Unkeyed(values: values, codingPath: codingPath)
        }

        func singleValueContainer() -> any SingleValueDecodingContainer { self }

        func decodeNil() -> Bool { tree == .null }

        func decode(_ type: Bool.Type) throws -> Bool {
            guard case .bool(let value) = tree else { throw mismatch(type, codingPath) }
            return value
        }

        func decode(_ type: String.Type) throws -> String {
            guard case .string(let value) = tree else { throw mismatch(type, codingPath) }
            return value
        }

        func decode(_ type: Double.Type) throws -> Double {
            switch tree {
            case .double(let value): return value
            case .unsigned(let value): return Double(value)
            case .negative(let value): return Double(value)
            default: throw mismatch(type, codingPath)
            }
        }

        func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
        func decode(_ type: Int.Type) throws -> Int { try integer() }
        func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
        func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
        func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
        func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
        func decode(_ type: UInt.Type) throws -> UInt { try integer() }
        func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
        func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
        func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
        func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }

        private func integer<T: FixedWidthInteger>() throws -> T {
            switch tree {
            case .unsigned(let value):
                if let exact = T(exactly: value) { return exact }
            case .negative(let value):
                if let exact = T(exactly: value) { return exact }
            default: break
            }
            throw mismatch(T.self, codingPath)
        }
    }

    private struct Unkeyed: UnkeyedDecodingContainer {
        let values: [JSONTree]
        let codingPath: [any CodingKey]
        var currentIndex = 0

        init(values: [JSONTree], codingPath: [any CodingKey]) {
            self.values = values
            self.codingPath = codingPath
        }

        var count: Int? { values.count }
        var isAtEnd: Bool { currentIndex >= values.count }

        private mutating func next() throws -> TreeDecoder {
            guard currentIndex < values.count else { throw mismatch(JSONTree.self, codingPath) }
            defer { currentIndex += 1 }
            return TreeDecoder(tree: values[currentIndex], codingPath: codingPath)
        }

        mutating func decodeNil() throws -> Bool {
            guard currentIndex < values.count, values[currentIndex] == .null else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: next()) }
        mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> { try next().container(keyedBy: type) }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
        mutating func superDecoder() throws -> any Decoder { try next() }
    }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let members: [String: JSONTree]
        let codingPath: [any CodingKey]

        var allKeys: [Key] { members.keys.sorted().compactMap { Key(stringValue: $0) } }

        func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

        private func decoder(_ key: String) throws -> TreeDecoder {
            guard let tree = members[key] else {
                throw DecodingError.valueNotFound(JSONTree.self, DecodingError.Context(codingPath: codingPath, debugDescription: "'\(key)' is missing"))
            }
            return TreeDecoder(tree: tree, codingPath: codingPath)
        }

        func decodeNil(forKey key: Key) throws -> Bool { try decoder(key.stringValue).decodeNil() }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try T(from: decoder(key.stringValue)) }
        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
            try decoder(key.stringValue).container(keyedBy: type)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try decoder(key.stringValue).unkeyedContainer() }
        func superDecoder() throws -> any Decoder { try decoder("super") }
        func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key.stringValue) }
    }
}
