import HTTPTypes
import Hummingbird
import NIOCore
import PodpAPI
import PodpCore
import PodpModel

/// What answers on the metrics' listener.
struct MetricsSite: HTTPResponder {
    typealias Context = CallContext

    private let fleet: any Fleet
    private let settings: WebSettings
    private let page = Page()

    init(fleet: any Fleet, settings: WebSettings) {
        self.fleet = fleet
        self.settings = settings
    }

    func respond(to request: Hummingbird.Request, context: CallContext) async throws -> Response {
        guard request.method == .get || request.method == .head else { return Reply.fault(Fault(.methodNotAllowed, "only GET is known here")) }
        let answer: Response
        switch request.uri.path {
        case "/metrics":
            let view = await fleet.view()
            let buffer = await page.render(view, await fleet.verdicts(of: view), settings)
            answer = Reply.bytes(buffer, contentType: "text/plain; version=0.0.4; charset=utf-8")
        case "/healthz": answer = Health.alive
        case "/readyz": answer = Health.readiness(await fleet.view())
        default: answer = Reply.fault(Fault(.notFound, "there is no \(request.uri.path)", remedy: "there are /metrics, /healthz and /readyz"))
        }
        return answer.watched(context.channel, for: settings.idleTimeout)
    }

    /// One page at a time, in one buffer that is used again.
    private actor Page {
        private var exposition = Exposition()

        func render(_ view: FleetView, _ verdicts: [Verdict], _ settings: WebSettings) -> ByteBuffer {
            exposition.clear()
            FleetMetrics(view: view, verdicts: verdicts, version: settings.version, staleAfter: settings.staleAfter).write(into: &exposition)
            return ByteBuffer(bytes: exposition.bytes)
        }
    }
}
