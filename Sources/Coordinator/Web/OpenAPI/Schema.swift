import PodpAPI

/// The JSON schemas of resources, read off their `init(from:)`: what a resource decodes is what its schema says, so that the two cannot differ.
struct SchemaCollection {
    /// By name, as `#/components/schemas` has them.
    private(set) var schemas: [String: JSONValue] = [:]
    private var underWay: Set<String> = []

    enum Failure: Error { case unknownShape(String) }

    /// A reference to the type's schema, which is made if it is not there yet.
    mutating func reference(to type: any Documented.Type) throws -> JSONValue {
        let name = type.schemaName
        if schemas[name] == nil, underWay.insert(name).inserted {
            let recorder = Recorder()
            _ = try type.init(from: RecordingDecoder(recorder: recorder))
            var properties: [String: JSONValue] = [:]
            for field in recorder.fields {
                var schema = try self.schema(of: field.type)
                if let about = type.fields[field.name], case .object(var object) = schema {
                    // Beside `$ref`, other keywords count since JSON Schema 2019-09, and so in OpenAPI 3.1.
                    object["description"] = .string(about)
                    schema = .object(object)
                }
                properties[field.name] = schema
            }
            schemas[name] = [
                "type": "object", "description": .string(type.summary), "properties": .object(properties), "additionalProperties": false,
                "required": .array(recorder.fields.filter { !$0.optional }.map { .string($0.name) }.sorted { "\($0)" < "\($1)" }),
            ]
            underWay.remove(name)
        }
        return ["$ref": .string("#/components/schemas/\(name)")]
    }

    private mutating func schema(of type: any Any.Type) throws -> JSONValue {
        switch type {
        case is String.Type: return ["type": "string"]
        case is Bool.Type: return ["type": "boolean"]
        case is Double.Type: return ["type": "number"]
        case is Int.Type, is Int64.Type: return ["type": "integer", "format": "int64"]
        case is UInt64.Type, is UInt32.Type: return ["type": "integer", "minimum": 0]
        case let choice as any StringChoice.Type: return ["type": "string", "enum": .array(choice.choices.map { .string($0) })]
        case let text as any FormattedText.Type: return ["type": "string", "format": .string(text.format)]
        case let list as any ListShape.Type: return ["type": "array", "items": try schema(of: list.elementType)]
        case let resource as any Documented.Type: return try reference(to: resource)
        default: throw Failure.unknownShape("\(type)")
        }
    }
}

/// An array's element, for those who have the array's type only.
private protocol ListShape { static var elementType: any Any.Type { get } }
extension Array: ListShape { static var elementType: any Any.Type { Element.self } }

/// What a type asked its decoder for.
private final class Recorder {
    struct Field {
        var name: String
        var type: any Any.Type
        var optional: Bool
    }

    var fields: [Field] = []
}

/// A decoder that has any key, and a value of the type that is asked for.
private struct RecordingDecoder: Decoder {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RecordingContainer<Key>(recorder: recorder))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw SchemaCollection.Failure.unknownShape("an array at the top") }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw SchemaCollection.Failure.unknownShape("a single value at the top") }
}

private struct RecordingContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        recorder.fields.append(Recorder.Field(name: key.stringValue, type: type, optional: false))
        return try Self.any(type)
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        recorder.fields.append(Recorder.Field(name: key.stringValue, type: type, optional: true))
        return nil
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try absent(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try absent(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try absent(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try absent(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try absent(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try absent(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try absent(type, key) }

    private func absent<T>(_ type: T.Type, _ key: Key) throws -> T? {
        recorder.fields.append(Recorder.Field(name: key.stringValue, type: type, optional: true))
        return nil
    }

    /// Some value of the type: its form is what counts.
    private static func any<T: Decodable>(_ type: T.Type) throws -> T {
        let value: Any =
            switch type {
            case is String.Type: ""
            case is Bool.Type: false
            case is Double.Type: 0.0
            case is Int.Type: 0
            case is Int64.Type: Int64(0)
            case is UInt32.Type: UInt32(0)
            case is UInt64.Type: UInt64(0)
            case let choice as any StringChoice.Type: try first(choice)
            case let text as any FormattedText.Type: text.placeholder
            case is any ListShape.Type: [Never]()
            case let resource as any Documented.Type: try resource.init(from: RecordingDecoder(recorder: Recorder()))
            default: throw SchemaCollection.Failure.unknownShape("\(type)")
            }
        if let list = type as? any EmptyList.Type, let empty = list.empty as? T { return empty }
        guard let typed = value as? T else { throw SchemaCollection.Failure.unknownShape("\(type)") }
        return typed
    }

    private static func first<Choice: StringChoice>(_ type: Choice.Type) throws -> Choice {
        guard let choice = Choice.allCases.first else { throw SchemaCollection.Failure.unknownShape("\(type), which has no cases") }
        return choice
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        throw SchemaCollection.Failure.unknownShape(key.stringValue)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw SchemaCollection.Failure.unknownShape(key.stringValue) }
    func superDecoder() throws -> any Decoder { throw SchemaCollection.Failure.unknownShape("super") }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw SchemaCollection.Failure.unknownShape("super") }
}

private protocol EmptyList { static var empty: Any { get } }
extension Array: EmptyList { static var empty: Any { [Element]() } }
