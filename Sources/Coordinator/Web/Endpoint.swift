import Hummingbird
import PodpAPI

/// One method of one path: what it takes, what it answers, who may ask. The router and the OpenAPI document are both made from these.
struct Endpoint: Sendable {
    /// What a caller must be allowed to.
    enum Right: Sendable {
        case read, operate
    }

    /// A query parameter.
    struct QueryParameter: Sendable {
        enum Form: Sendable {
            case text
            case integer(ClosedRange<Int64>)
            case choice([String])
        }

        var name: String
        var about: String
        var form: Form
    }

    /// What a success carries.
    enum Success: Sendable {
        /// 200 with this resource.
        case resource(any Documented.Type)
        /// 201 with this resource.
        case created(any Documented.Type)
        /// 202 when something was begun, 200 when it is done already; a receipt.
        case receipt
        /// 200 with a body of this type.
        case raw(contentType: String, about: String)
    }

    var method: HTTPRequest.Method
    /// `/v1/blades/{blade}`.
    var path: String
    /// In a sentence, without a full stop.
    var summary: String
    var right: Right
    var query: [QueryParameter] = []
    /// The body's type; `nil`: it takes none.
    var takes: (any Documented.Type)?
    var success: Success
    /// What else can come, besides what any endpoint can answer.
    var faults: [Fault.Code]
    var perform: @Sendable (inout Call) async throws -> Response

    /// An endpoint that shows something.
    static func get<Shown: Documented>(
        _ path: String, _ summary: String, query: [QueryParameter] = [], faults: [Fault.Code] = [],
        _ show: @escaping @Sendable (inout Call) async throws -> Shown
    ) -> Endpoint {
        Endpoint(method: .get, path: path, summary: summary, right: .read, query: query, success: .resource(Shown.self), faults: faults) { call in
            try Reply.json(try await show(&call))
        }
    }

    /// An endpoint that begins or does something and answers with a receipt.
    static func act<Body: Documented>(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, takes body: Body.Type, faults: [Fault.Code] = [],
        _ act: @escaping @Sendable (inout Call, Body) async throws -> Receipt
    ) -> Endpoint {
        Endpoint(method: method, path: path, summary: summary, right: .operate, takes: Body.self, success: .receipt, faults: actionFaults + faults) { call in
            let receipt = try await act(&call, try call.body(Body.self))
            return try Reply.json(receipt, status: receipt.operations.isEmpty ? .ok : .accepted)
        }
    }

    /// The same, without a body.
    static func act(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, faults: [Fault.Code] = [],
        _ act: @escaping @Sendable (inout Call) async throws -> Receipt
    ) -> Endpoint {
        Endpoint(method: method, path: path, summary: summary, right: .operate, success: .receipt, faults: actionFaults + faults) { call in
            let receipt = try await act(&call)
            return try Reply.json(receipt, status: receipt.operations.isEmpty ? .ok : .accepted)
        }
    }

    /// An endpoint that makes something and answers with it.
    static func make<Body: Documented, Made: Documented>(
        _ path: String, _ summary: String, takes body: Body.Type, faults: [Fault.Code] = [],
        _ make: @escaping @Sendable (inout Call, Body) async throws -> Made
    ) -> Endpoint {
        Endpoint(method: .post, path: path, summary: summary, right: .operate, takes: Body.self, success: .created(Made.self), faults: actionFaults + faults) {
            call in
            try Reply.json(try await make(&call, try call.body(Body.self)), status: .created)
        }
    }

    /// An endpoint that works something out, and keeps nothing.
    static func consider<Body: Documented, Shown: Documented>(
        _ path: String, _ summary: String, takes body: Body.Type, faults: [Fault.Code] = [],
        _ consider: @escaping @Sendable (inout Call, Body) async throws -> Shown
    ) -> Endpoint {
        Endpoint(
            method: .post, path: path, summary: summary, right: .operate, takes: Body.self, success: .resource(Shown.self), faults: actionFaults + faults
        ) { call in
            try Reply.json(try await consider(&call, try call.body(Body.self)))
        }
    }

    /// What the core can answer to any request, and what any body can be.
    private static let actionFaults: [Fault.Code] = [.conflict, .invalid, .readOnly, .unavailable, .busy]

    /// The path's parts; `{name}` is a parameter.
    var segments: [Substring] { path.split(separator: "/") }
}

/// All of the API.
enum Endpoints {
    static let all: [Endpoint] = status + blades + bladeTokens + chassis + domains + operations + plans + whatIf + policy + events + tokens + document
}
