import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// The chassis' management module over HTTP: Redfish on loopback, no login, as a mock-up has it.
struct RedfishService: Sendable {
    let center: BladeCenter

    private struct ResetOrder: Decodable {
        var ResetType: String
    }

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        for path in ["/redfish", "/redfish/**"] as [RouterPath] {
            router.get(path) { request, _ in await read(request.uri.path) }
            router.post(path) { request, context in try await act(request, context) }
        }
        return router
    }

    private func read(_ path: String) async -> Response {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let resource = await center.resources().resource(at: trimmed) else {
            return fault(.notFound, "Base.1.8.ResourceMissingAtURI", "there is no resource at \(path)")
        }
        return answer(.ok, resource)
    }

    private func act(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let parts = request.uri.path.split(separator: "/").map(String.init)
        guard parts.count == 6, parts[0...2] == ["redfish", "v1", "Systems"], parts[4] == "Actions", parts[5] == "ComputerSystem.Reset",
            let bay = await center.resources().bay(parts[3])
        else { return fault(.notFound, "Base.1.8.ActionNotSupported", "there is no action at \(request.uri.path)") }
        let body = try await request.body.collect(upTo: 4096)
        guard let order = try? JSONDecoder().decode(ResetOrder.self, from: Data(body.readableBytesView)), let type = ResetType(rawValue: order.ResetType)
        else {
            let known = ResetType.allCases.map(\.rawValue).joined(separator: ", ")
            return fault(.badRequest, "Base.1.8.ActionParameterValueNotInList", "ResetType is one of \(known)")
        }
        // Accepted is not done: PowerState says when it is.
        _ = await center.reset(bay.bay.number, type)
        return Response(status: .noContent, headers: Self.headers)
    }

    private static let headers: HTTPFields = {
        var headers: HTTPFields = [.contentType: "application/json; charset=utf-8", .cacheControl: "no-cache"]
        if let name = HTTPField.Name("OData-Version") { headers[name] = "4.0" }
        return headers
    }()

    private func answer(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
        Response(status: status, headers: Self.headers, body: ResponseBody(byteBuffer: ByteBuffer(string: value.text)))
    }

    private func fault(_ status: HTTPResponse.Status, _ code: String, _ message: String) -> Response {
        answer(status, ["error": ["code": .string(code), "message": .string(message)]])
    }
}
