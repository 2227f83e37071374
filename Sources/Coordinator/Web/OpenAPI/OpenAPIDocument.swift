import FoundationEssentials
import NIOCore
import PodpAPI

/// The OpenAPI 3.1 document, made from the endpoints that the router serves and the resources that they answer with.
enum OpenAPIDocument {
    /// What any endpoint can answer, whatever it does.
    private static let always: [Fault.Code] = [.unauthenticated, .forbidden, .rateLimited, .internalError, .timeout, .invalid, .tooLarge]

    static func bytes(version: String) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(try value(version: version)))
    }

    static func value(version: String) throws -> JSONValue {
        var schemas = SchemaCollection()
        var paths: [String: [String: JSONValue]] = [:]
        for endpoint in Endpoints.all {
            paths[endpoint.path, default: [:]][endpoint.method.rawValue.lowercased()] = try operation(endpoint, &schemas)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "podp", "version": .string(version), "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
                "description":
                    """
                A blade chassis as one machine. Units are in the names; times are RFC 3339 in UTC; what is absent is not known. \
                Where a path names a blade or domain, it takes a UUID, a name, or a prefix of either that only one has.
                """,
            ],
            "servers": [["url": "/", "description": "The coordinator: its Unix socket, or HTTPS."]],
            "security": [["token": []]],
            "paths": .object(paths.mapValues { .object($0) }),
            "components": [
                "schemas": .object(schemas.schemas),
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "Made by `podp token create`. The Unix socket needs none: the kernel says who is there.",
                    ]
                ],
            ],
        ]
    }

    private static func operation(_ endpoint: Endpoint, _ schemas: inout SchemaCollection) throws -> JSONValue {
        var operation: [String: JSONValue] = [
            "operationId": .string(identifier(endpoint)), "summary": .string(endpoint.summary), "tags": [.string(tag(endpoint))],
            "responses": .object(try responses(endpoint, &schemas)),
        ]
        let parameters =
            endpoint.segments.filter { $0.hasPrefix("{") }.map { segment -> JSONValue in
                ["name": .string(String(segment.dropFirst().dropLast())), "in": "path", "required": true, "schema": ["type": "string"]]
            }
            + endpoint.query.map { parameter -> JSONValue in
                ["name": .string(parameter.name), "in": "query", "description": .string(parameter.about), "schema": form(parameter.form)]
            }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let body = endpoint.takes {
            operation["requestBody"] = ["content": ["application/json": ["schema": try schemas.reference(to: body)]]]
        }
        return .object(operation)
    }

    private static func responses(_ endpoint: Endpoint, _ schemas: inout SchemaCollection) throws -> [String: JSONValue] {
        func json(_ about: String, _ type: any Documented.Type) throws -> JSONValue {
            ["description": .string(about), "content": ["application/json": ["schema": try schemas.reference(to: type)]]]
        }
        var responses: [String: JSONValue] = [:]
        switch endpoint.success {
        case .resource(let type): responses["200"] = try json(type.summary, type)
        case .created(let type): responses["201"] = try json(type.summary, type)
        case .receipt:
            responses["200"] = try json("It is done.", Receipt.self)
            responses["202"] = try json("It was begun: follow the operations.", Receipt.self)
        case .raw(let contentType, let about):
            responses["200"] = ["description": .string(about), "content": .object([contentType: ["schema": .object([:])]])]
        }
        let codes = Dictionary(grouping: Set(endpoint.faults + always), by: \.httpStatus)
        for (status, codes) in codes {
            responses["\(status)"] = try json(codes.map { "`\($0.rawValue)`" }.sorted().joined(separator: ", "), Fault.self)
        }
        return responses
    }

    private static func form(_ form: Endpoint.QueryParameter.Form) -> JSONValue {
        switch form {
        case .text: ["type": "string"]
        case .integer(let range): ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .choice(let choices): ["type": "string", "enum": .array(choices.map { .string($0) })]
        }
    }

    /// `postDomainsMigrate`: of the method and the path's words.
    private static func identifier(_ endpoint: Endpoint) -> String {
        let words = endpoint.segments.drop { $0 == "v1" }.flatMap { segment -> [Substring] in
            segment.hasPrefix("{") ? ["by", segment.dropFirst().dropLast()] : segment.split { $0 == "-" || $0 == "." }
        }
        return endpoint.method.rawValue.lowercased() + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func tag(_ endpoint: Endpoint) -> String {
        let words = endpoint.segments.drop { $0 == "v1" }
        return words.first.map(String.init) ?? "podp"
    }
}
