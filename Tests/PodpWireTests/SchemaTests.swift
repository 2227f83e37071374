import CProtobufC
import CWire
import PodpFrame
import PodpModel
import Testing

/// Holds the scan's schema against what protoc-c made of `podp.proto`.
@Suite struct SchemaTests {
    @Test("Every message and field of podp.proto stands in the schema, with its number, name and type, and no others")
    func agree() throws {
        var seen: Set<String> = []
        try withUnsafePointer(to: podp__v1__envelope__descriptor) { envelope in
            let fields = fields(of: envelope.pointee)
            #expect(Set(fields.map { $0.id }) == Set(MessageKind.allCases.map(\.rawValue)))
            for field in fields {
                let kind = try #require(MessageKind(rawValue: field.id))
                #expect(String(cString: field.name) == "\(kind)")
                try compare(Schema.rule(kind), descriptor(field), &seen)
            }
        }
        #expect(seen.count > 40)
    }

    private func compare(_ rule: MessageRule, _ descriptor: ProtobufCMessageDescriptor, _ seen: inout Set<String>) throws {
        let name = String(cString: descriptor.short_name)
        #expect(rule.name == name)
        guard seen.insert(name).inserted else { return }
        #expect(rule.cost >= descriptor.sizeof_message + 15, "\(name) takes \(descriptor.sizeof_message) bytes")
        let fields = fields(of: descriptor)
        #expect(rule.fields.map(\.name) == fields.map { String(cString: $0.name) }, "\(name)")
        #expect(rule.fields.map { UInt32($0.number) } == fields.map(\.id), "\(name)")
        for (known, field) in zip(rule.fields, fields) {
            let place = "\(name).\(known.name)"
            var isList = false
            if case .list = known.presence { isList = true }
            #expect(isList == (field.label == PROTOBUF_C_LABEL_REPEATED), "\(place)")
            // Members of a oneof: the choices, and the optional fields that are not messages.
            let isMember = field.flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0
            switch (known.presence, known.type) {
            case (.choice, _): #expect(isMember, "\(place)")
            case (.optional, .message): #expect(!isMember, "\(place)")
            case (.optional, _): #expect(isMember, "\(place)")
            default: #expect(!isMember, "\(place)")
            }
            switch known.type {
            case .bool: #expect(field.type == PROTOBUF_C_TYPE_BOOL, "\(place)")
            case .uint32: #expect(field.type == PROTOBUF_C_TYPE_UINT32, "\(place)")
            case .uint64: #expect(field.type == PROTOBUF_C_TYPE_UINT64, "\(place)")
            case .int64: #expect(field.type == PROTOBUF_C_TYPE_INT64, "\(place)")
            case .text: #expect(field.type == PROTOBUF_C_TYPE_STRING, "\(place)")
            case .id: #expect(field.type == PROTOBUF_C_TYPE_BYTES, "\(place)")
            case .enumeration(let highest):
                #expect(field.type == PROTOBUF_C_TYPE_ENUM, "\(place)")
                let values = try #require(field.descriptor).assumingMemoryBound(to: ProtobufCEnumDescriptor.self).pointee
                #expect((0..<Int(values.n_values)).map { values.values[$0].value } == (0...Int32(highest)).map { $0 }, "\(place)")
            case .message(let inner):
                #expect(field.type == PROTOBUF_C_TYPE_MESSAGE, "\(place)")
                try compare(inner, self.descriptor(field), &seen)
            }
        }
    }

    private func fields(of descriptor: ProtobufCMessageDescriptor) -> [ProtobufCFieldDescriptor] {
        Array(UnsafeBufferPointer(start: descriptor.fields, count: Int(descriptor.n_fields)))
    }

    private func descriptor(_ field: ProtobufCFieldDescriptor) throws -> ProtobufCMessageDescriptor {
        try #require(field.descriptor).assumingMemoryBound(to: ProtobufCMessageDescriptor.self).pointee
    }
}
