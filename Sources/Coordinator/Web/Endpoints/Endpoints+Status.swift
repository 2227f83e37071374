import Hummingbird
import PodpAPI
import PodpCore
import PodpModel

extension Endpoints {
    static let status: [Endpoint] = [
        .get("/v1/status", "The chassis as one machine") { call in
            let view = await call.fleet.view()
            let verdicts = await call.fleet.verdicts(of: view)
            return StatusResource(view, verdicts: verdicts, version: call.settings.version, staleAfter: call.settings.staleAfter)
        },
        .act(.post, "/v1/recover", "Take a higher term after this coordinator met one above its own, and adopt what the agents observe") { call in
            try await call.receipt(.recover(newTermID: ID128(high: .random(in: .min ... .max), low: .random(in: .min ... .max))))
        },
    ]

    static let policy: [Endpoint] = [
        .get(
            "/v1/policy", "What automation may do", query: [.init(name: "chassis", about: "What goes for this chassis alone.", form: .text)],
            faults: [.notFound]
        ) { call in
            let view = await call.fleet.view()
            guard let chassis = call.query["chassis"] else { return PolicyResource(view.settings) }
            var settings = view.settings
            let known = Set(view.blades.map(\.record.chassis)).union(view.chassis.map(\.record.name)).union(settings.chassis.map(\.chassis))
            guard known.contains(chassis) else {
                throw Fault(.notFound, "there is no chassis '\(chassis)', and no blade of one", remedy: "known: \(known.sorted().joined(separator: ", "))")
            }
            settings.balance = settings.chassis.first { $0.chassis == chassis }?.balance ?? settings.balance
            settings.chassis.removeAll { $0.chassis != chassis }
            return PolicyResource(settings)
        },
        .act(.put, "/v1/policy", "Set what the balancer may do by itself", takes: PolicyChange.self, faults: [.notFound]) { call, change in
            let apart = change.chassis == nil ? await call.fleet.view().settings.chassis : []
            var receipt = try await call.receipt(.setPolicy(change.balance.policy, chassis: change.chassis))
            receipt.warnings = apart.map { "chassis \($0.chassis) had a policy of its own, \($0.balance.rawValue): it is dropped" }
            return receipt
        },
        .act(.put, "/v1/policy/survive", "Set what loss the fleet is to survive (N+1)", takes: SurviveOrder.self) { call, order in
            try await call.receipt(.setSurvival(order.survive.map { Settings.Survive(zone: $0.zone.zone, price: $0.price) }))
        },
        .act(.post, "/v1/freeze", "Stop all automation, durably, until it is thawed", takes: FreezeOrder.self) { call, order in
            let reason = order.reason ?? ""
            guard reason.utf8.count <= 1024 else { throw Fault(.invalid, "the reason is longer than 1024 bytes") }
            return try await call.receipt(.freeze(reason: reason))
        },
        .act(.post, "/v1/thaw", "Let automation go on") { call in try await call.receipt(.thaw) },
    ]

    static let document: [Endpoint] = [
        Endpoint(
            method: .get, path: "/v1/openapi.json", summary: "This document", right: .read,
            success: .raw(contentType: "application/json", about: "OpenAPI 3.1"), faults: []
        ) { call in Reply.bytes(call.document, contentType: "application/json") },
        Endpoint(
            method: .get, path: "/healthz", summary: "Whether the process answers", right: .read, success: .raw(contentType: "text/plain", about: "`ok`"),
            faults: []
        ) { _ in Health.alive },
        Endpoint(
            method: .get, path: "/readyz", summary: "Whether it holds a term and shows committed state", right: .read,
            success: .raw(contentType: "text/plain", about: "`ok`, or 503 and why not"), faults: [.unavailable]
        ) { call in Health.readiness(await call.fleet.view()) },
    ]
}

/// Answers for those who watch the process.
enum Health {
    static let alive = Reply.bytes(ByteBuffer(string: "ok\n"), contentType: "text/plain")

    /// 200 once a term is held; a read-only coordinator is ready, and says so: it answers, and no other would answer better.
    static func readiness(_ view: FleetView) -> Response {
        guard view.term != nil else { return Reply.fault(Fault(.unavailable, "no term is held yet", remedy: "wait; if it lasts, see the coordinator's log")) }
        let text = view.readOnly.map { "ok, read-only: \($0)\n" } ?? "ok\n"
        return Reply.bytes(ByteBuffer(string: text), contentType: "text/plain")
    }
}
