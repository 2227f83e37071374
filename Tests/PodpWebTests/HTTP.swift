import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import PodpAPI
import WebTestSupport

/// An answer, read whole.
struct HTTPAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: Data

    var text: String { String(decoding: body, as: UTF8.self) }
    func json() throws -> JSONThing { try JSONDecoder().decode(JSONThing.self, from: body) }
    func fault() throws -> Fault { try JSONDecoder().decode(Fault.self, from: body) }
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value { try JSONDecoder().decode(type, from: body) }
}

extension LiveServer {
    var socketBase: String { "http+unix://" + socket.replacingOccurrences(of: "/", with: "%2F") }

    /// One request over the Unix socket.
    func send(_ method: HTTPMethod = .GET, _ path: String, _ body: String? = nil, headers: [(String, String)] = []) async throws -> HTTPAnswer {
        try await fetch(HTTPClient.shared, socketBase + path, method, body, headers)
    }
}

func fetch(_ client: HTTPClient, _ url: String, _ method: HTTPMethod = .GET, _ body: String? = nil, _ headers: [(String, String)] = []) async throws
    -> HTTPAnswer
{
    var request = HTTPClientRequest(url: url)
    request.method = method
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(ByteBuffer(string: body)) }
    let response = try await client.execute(request, timeout: .seconds(60))
    let bytes = try await response.body.collect(upTo: 64 << 20)
    return HTTPAnswer(status: Int(response.status.code), headers: response.headers, body: Data(bytes.readableBytesView))
}

/// Any JSON, for those who look at its form.
indirect enum JSONThing: Hashable, Sendable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONThing])
    case object([String: JSONThing])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONThing].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONThing].self))
        }
    }

    subscript(_ key: String) -> JSONThing? { if case .object(let fields) = self { fields[key] } else { nil } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var object: [String: JSONThing]? { if case .object(let fields) = self { fields } else { nil } }
    var array: [JSONThing]? { if case .array(let items) = self { items } else { nil } }
}

/// As much of JSON Schema 2020-12 as the API's document uses. A keyword that is not known here is a violation: nothing is passed over in silence.
struct SchemaCheck {
    let document: JSONThing

    /// What the value breaks, each with its place; empty when it fits.
    func violations(_ value: JSONThing, _ schema: JSONThing, at place: String = "$") -> [String] {
        guard let keywords = schema.object else { return ["\(place): the schema is no object"] }
        var found: [String] = []
        for (keyword, argument) in keywords.sorted(by: { $0.key < $1.key }) {
            switch keyword {
            case "description": break
            case "$ref":
                let name = argument.string?.split(separator: "/").last.map(String.init) ?? ""
                guard let target = document["components"]?["schemas"]?[name] else {
                    found.append("\(place): there is no schema \(name)")
                    continue
                }
                found += violations(value, target, at: place)
            case "type": if !hasType(value, argument.string ?? "") { found.append("\(place): is no \(argument.string ?? "?")") }
            case "enum": if !(argument.array ?? []).contains(value) { found.append("\(place): \(value) is no choice") }
            case "minimum": if case .number(let number) = value, case .number(let least) = argument, number < least { found.append("\(place): below \(least)") }
            case "format":
                if let text = value.string, !hasFormat(text, argument.string ?? "") { found.append("\(place): '\(text)' is no \(argument.string ?? "?")") }
            case "items":
                for (index, item) in (value.array ?? []).enumerated() { found += violations(item, argument, at: "\(place)[\(index)]") }
            case "required":
                for name in argument.array ?? [] where value[name.string ?? ""] == nil { found.append("\(place): lacks \(name.string ?? "?")") }
            case "properties":
                for (name, inner) in argument.object ?? [:] { if let field = value[name] { found += violations(field, inner, at: "\(place).\(name)") } }
            case "additionalProperties":
                let known = keywords["properties"]?.object ?? [:]
                for name in (value.object ?? [:]).keys.sorted() where known[name] == nil && argument == .bool(false) {
                    found.append("\(place): has an undocumented \(name)")
                }
            default: found.append("\(place): the keyword \(keyword) is not known to this test")
            }
        }
        return found
    }

    private func hasType(_ value: JSONThing, _ type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("number", .number): true
        case ("integer", .number(let number)): number == number.rounded()
        default: false
        }
    }

    private func hasFormat(_ text: String, _ format: String) -> Bool {
        switch format {
        case "uuid": text.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil
        case "date-time": text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
        case "podp-operation": text.wholeMatch(of: /[0-9a-f-]{36}\.\d+/) != nil
        case "int64": true
        default: false
        }
    }
}
