import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import PodpAPI

/// Answers on their way out.
enum Reply {
    /// `frozen` where an operator stopped all automation: every client can say so, whatever it asked for.
    static let automation = HTTPField.Name("Podp-Automation")

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return bytes(ByteBuffer(bytes: try encoder.encode(value)), contentType: "application/json", status: status, headers: headers)
    }

    static func bytes(_ buffer: ByteBuffer, contentType: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = contentType
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }

    /// A fault, with its status. Never throws: a fault that cannot be encoded is said in plain words.
    static func fault(_ fault: Fault, headers: HTTPFields = [:]) -> Response {
        let status = HTTPResponse.Status(code: Fault.Code(rawValue: fault.code)?.httpStatus ?? 500)
        var headers = headers
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"podp\"" }
        do {
            return try json(fault, status: status, headers: headers)
        } catch {
            return bytes(
                ByteBuffer(string: "{\"code\":\"internalError\",\"message\":\"the fault cannot be shown\",\"remedy\":\"\"}"), contentType: "application/json",
                status: .internalServerError)
        }
    }
}

/// Closes the channel of a client that does not take what it asked for, or does not end what it sends.
struct Watchdog: Sendable {
    private let task: Scheduled<Void>

    init(_ channel: any Channel, after time: Duration) {
        task = channel.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
    }

    func cancel() { task.cancel() }
}

extension Response {
    /// The same answer; the channel is closed when the client has not taken it within this time.
    func watched(_ channel: any Channel, for time: Duration) -> Response {
        let inner = body
        var copy = self
        copy.body = ResponseBody(contentLength: inner.contentLength) { writer in
            let dog = Watchdog(channel, after: time)
            defer { dog.cancel() }
            try await inner.write(writer)
        }
        return copy
    }
}
