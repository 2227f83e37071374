import PodpAPI
import PodpCore
import PodpModel

extension Endpoints {
    private static let filters: [Endpoint.QueryParameter] = [
        .init(name: "after", about: "Only those after the event with this id.", form: .integer(0...Int64.max)),
        .init(name: "blade", about: "Only those about this blade.", form: .text),
        .init(name: "domain", about: "Only those about this domain.", form: .text),
        .init(name: "kind", about: "Only those of this kind.", form: .text),
        .init(name: "severity", about: "Only those as bad as this, or worse.", form: .choice(["info", "warning", "critical"])),
    ]

    static let events: [Endpoint] = [
        .get(
            "/v1/events", "The audit log, oldest first: what follows `after`, or the newest ones",
            query: filters + [.init(name: "limit", about: "At most this many; 100 when it is absent.", form: .integer(1...1000))],
            faults: [.invalid, .notFound, .ambiguous, .unavailable]
        ) { call in
            Listing(items: try await call.fleet.audit(try await call.auditQuery()).map { EventResource($0) })
        },
        Endpoint(
            method: .get, path: "/v1/events/stream",
            summary: "The audit log as server-sent events, from `Last-Event-ID` or `after`, or from now on; each `data` is an EventResource", right: .read,
            query: filters, success: .raw(contentType: "text/event-stream", about: "Events `podp`, with `id`; comments as heartbeats."),
            faults: [.invalid, .notFound, .ambiguous, .unavailable, .rateLimited]
        ) { call in try await EventStream.response(to: call) },
    ]

    static let tokens: [Endpoint] = [
        .get("/v1/tokens", "Bearer tokens, by name") { call in
            Listing(items: await call.fleet.apiTokens().sorted { $0.name < $1.name }.map { TokenResource($0) })
        },
        .make("/v1/tokens", "Make a bearer token", takes: TokenOrder.self) { call, order in
            let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
            guard (1...64).contains(order.name.utf8.count), order.name.allSatisfy(letters.contains) else {
                throw Fault(.invalid, "the name is not 1 to 64 letters, digits, '-', '_' and '.'")
            }
            if let lifetime = order.lifetimeSeconds, !(60...315_360_000).contains(lifetime) {
                throw Fault(.invalid, "lifetimeSeconds is \(lifetime)", remedy: "take 60 to 315360000 (ten years), or leave it out")
            }
            let secret = BearerToken()
            let now = wallTimeNow()
            let expires = order.lifetimeSeconds.map { WallTime(milliseconds: now.milliseconds + Int64($0) * 1000) }
            let token = APIToken(name: order.name, hash: secret.hash, role: order.role == .operate ? .operate : .read, createdAt: now, expires: expires)
            _ = try await call.ask(.createAPIToken(token))
            return TokenSecret(name: token.name, role: order.role, expires: expires.map { Timestamp($0) }, token: secret.text)
        },
        .act(.delete, "/v1/tokens/{token}", "Revoke a bearer token", faults: [.notFound]) { call in
            let name = try call.parameter("token")
            guard await call.fleet.apiTokens().contains(where: { $0.name == name }) else {
                throw Fault(.notFound, "there is no token '\(name)'", remedy: "see 'podp token list'")
            }
            return try await call.receipt(.revokeAPIToken(name: name))
        },
    ]
}

extension Call {
    /// The lines that the query asks for.
    func auditQuery() async throws(Fault) -> AuditQuery {
        var query = AuditQuery(limit: Int(try number("limit", in: 1...1000) ?? 100))
        query.after = try number("after", in: 0...Int64.max)
        query.kind = self.query["kind"]
        if let text = self.query["severity"] {
            guard let severity = AuditEntry.Severity(rawValue: text) else { throw Fault(.invalid, "severity=\(text) is none of info, warning, critical") }
            query.severity = severity
        }
        if self.query["blade"] != nil || self.query["domain"] != nil {
            let view = await fleet.view()
            if let text = self.query["blade"] { query.blade = try Lookup.blade(text, in: view).record.id }
            // A domain that is gone still has a history: its UUID is enough.
            if let text = self.query["domain"] { query.domain = if let id = ID128(text) { DomainID(id) } else { try Lookup.domain(text, in: view).id } }
        }
        return query
    }
}
