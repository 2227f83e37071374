import FoundationEssentials
import Hummingbird
import NIOCore
import PodpAPI
import PodpCore
import PodpModel

/// One request on its way through an endpoint: who asks, for what, and the fleet to ask.
struct Call: Sendable {
    var fleet: any Fleet
    var settings: WebSettings
    var caller: Actor
    var channel: any Channel
    /// Of the path, percent-decoded.
    var parameters: [String: String] = [:]
    /// Of the query, percent-decoded; of a name that comes twice the last.
    var query: [String: String] = [:]
    var headers: HTTPFields
    var content = ByteBuffer()
    var streams: StreamSlots
    var document: ByteBuffer
    /// Whether the caller is still who it was: a token may be revoked while an answer goes on.
    var isStillKnown: @Sendable () async -> Bool = { true }

    /// A parameter of the path.
    func parameter(_ name: String) throws(Fault) -> String {
        guard let value = parameters[name], !value.isEmpty else { throw Fault(.notFound, "the path names no \(name)") }
        return value
    }

    /// The body. Nothing at all is `{}`. Throws `invalid` when it is no JSON of this type, or has a field that the type does not.
    func body<Body: Documented>(_ type: Body.Type) throws(Fault) -> Body {
        let bytes = content.readableBytes == 0 ? Data("{}".utf8) : Data(content.readableBytesView)
        do {
            let object = try JSONDecoder().decode([String: JSONValue].self, from: bytes)
            if let unknown = object.keys.filter({ Body.fields[$0] == nil }).sorted().first {
                throw Fault(
                    .invalid, "the body has a field '\(unknown)' that \(Body.schemaName) does not have",
                    remedy: "fields: \(Body.fields.keys.sorted().joined(separator: ", "))")
            }
            return try JSONDecoder().decode(Body.self, from: bytes)
        } catch let fault as Fault {
            throw fault
        } catch let error as DecodingError {
            throw Fault(.invalid, "the body is no \(Body.schemaName): \(Self.words(error))", remedy: "see /v1/openapi.json")
        } catch {
            throw Fault(.invalid, "the body is no JSON object", remedy: "see /v1/openapi.json")
        }
    }

    /// A number of the query within bounds.
    func number(_ name: String, in range: ClosedRange<Int64>) throws(Fault) -> Int64? {
        guard let text = query[name] else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw Fault(.invalid, "\(name)=\(text) is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A choice of the query.
    func choice<Choice: StringChoice>(_ name: String, of type: Choice.Type) throws(Fault) -> Choice? {
        guard let text = query[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw Fault(.invalid, "\(name)=\(text) is none of \(Choice.choices.joined(separator: ", "))")
        }
        return choice
    }

    /// Asks the core; a refusal becomes a fault.
    func ask(_ request: PodpCore.Request) async throws(Fault) -> Answer {
        try Self.unlessRefused(await fleet.ask(request, by: caller))
    }

    static func unlessRefused(_ answer: Answer) throws(Fault) -> Answer {
        if case .refused(let refusal) = answer { throw Fault(refusal) }
        return answer
    }

    /// Asks the core for something that ends as a receipt.
    func receipt(_ request: PodpCore.Request) async throws(Fault) -> Receipt {
        try Receipt(try await ask(request))
    }

    private static func words(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String { path.isEmpty ? "" : " at \(path.map(\.stringValue).joined(separator: "."))" }
        switch error {
        case .keyNotFound(let key, _): return "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let context): return "wrong type\(place(context.codingPath))"
        case .valueNotFound(_, let context): return "null\(place(context.codingPath))"
        case .dataCorrupted(let context): return "not valid\(place(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "it cannot be read"
        }
    }
}

extension Receipt {
    /// What the core answered. Throws `internalError` for an answer that no action has.
    init(_ answer: Answer) throws(Fault) {
        switch answer {
        case .done: self.init(operations: [], warnings: [])
        case .operation(let id): self.init(operations: [id], warnings: [])
        case .operations(let ids): self.init(operations: ids, warnings: [])
        // Of a plan that is applied: what its first wave began.
        case .plan(let plan): self.init(operations: plan.operations.compactMap { $0 }, warnings: [])
        case .domain(let id): self.init(operations: [], domain: id, warnings: [])
        case .refused(let refusal): throw Fault(refusal)
        case .certificate, .description, .outlook, .placement: throw Fault(.internalError, "the core gave an answer that does not fit the question")
        }
    }
}

extension Fault {
    /// The core's refusal, as the API says it.
    public init(_ refusal: Refusal) {
        let code: Code =
            switch refusal.code {
            case .notFound: .notFound
            case .conflict: .conflict
            case .invalid: .invalid
            case .forbidden: .forbidden
            case .unavailable: .unavailable
            case .readOnly: .readOnly
            case .busy: .busy
            case .tokenInvalid: .tokenInvalid
            case .planStale: .planStale
            case .unsupported: .unsupported
            }
        self.init(code, refusal.message, remedy: refusal.remedy)
    }
}
