import PodpAPI
import PodpCore
import PodpModel

extension Endpoints {
    static let blades: [Endpoint] = [
        .get("/v1/blades", "All blades, by name") { call in
            let view = await call.fleet.view()
            let tally = DomainTally(view.domains)
            let age = call.settings.staleAfter
            return Listing(items: view.blades.map { BladeResource($0, counts: tally, staleAfter: age) })
        },
        .get("/v1/blades/{blade}", "One blade", faults: [.notFound, .ambiguous]) { call in
            let view = await call.fleet.view()
            let blade = try Lookup.blade(try call.parameter("blade"), in: view)
            return BladeResource(blade, counts: DomainTally(view.domains), staleAfter: call.settings.staleAfter)
        },
        .act(.delete, "/v1/blades/{blade}", "Forget a blade that has no domains", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.removeBlade(try await call.blade()))
        },
        .act(
            .post,
            "/v1/blades/{blade}/revoke", "Revoke its certificates and cut its link; its domains run on",
            faults: [.notFound, .ambiguous]
        ) { call in try await call.receipt(.revokeBlade(try await call.blade())) },
        .act(.patch, "/v1/blades/{blade}", "Set what podp cannot measure", takes: BladeChange.self, faults: [.notFound, .ambiguous]) { call, change in
            guard change.diskMebibytesPerSecond != nil || change.switchModule != nil else {
                throw Fault(.invalid, "nothing to set", remedy: "give diskMebibytesPerSecond, or switchModule")
            }
            return try await call.receipt(
                .setBlade(try await call.blade(), diskMebibytesPerSecond: change.diskMebibytesPerSecond, switchModule: change.switchModule))
        },
        .act(.post, "/v1/blades/{blade}/drain", "Give it no new domains", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.setDraining(try await call.blade(), true))
        },
        .act(.post, "/v1/blades/{blade}/undrain", "Let it take new domains again", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.setDraining(try await call.blade(), false))
        },
        .act(.post, "/v1/blades/{blade}/release", "Let automation use a blade again that was held", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.releaseBlade(try await call.blade()))
        },
    ]

    static let bladeTokens: [Endpoint] = [
        .get("/v1/blade-tokens", "One-time tokens for enrolment that were not used yet") { call in
            Listing(items: await call.fleet.view().enrolmentTokens.map { BladeTokenResource($0) })
        },
        .make("/v1/blade-tokens", "Make a one-time token for a blade's enrolment", takes: BladeTokenOrder.self) { call, order in
            let lifetime = order.lifetimeSeconds ?? 3600
            guard (60...604_800).contains(lifetime) else {
                throw Fault(.invalid, "lifetimeSeconds is \(lifetime)", remedy: "take 60 (a minute) to 604800 (a week)")
            }
            for (name, text) in [("note", order.note), ("chassis", order.chassis)] where (text?.utf8.count ?? 0) > 128 {
                throw Fault(.invalid, "\(name) is longer than 128 bytes")
            }
            if let bay = order.bay, !(1...64).contains(bay) { throw Fault(.invalid, "bay is \(bay)", remedy: "take 1 to 64") }
            var secret = try await call.fleet.makeBladeToken(order, lifetime: .seconds(lifetime), by: call.caller)
            if let chassis = order.chassis, let warning = Self.unknown(chassis, in: await call.fleet.view()) { secret.warnings = [warning] }
            return secret
        },
    ]
}

extension Endpoints {
    /// A blade's chassis may be named before it is added, or never be: a slip is told of, not refused.
    private static func unknown(_ chassis: String, in view: FleetView) -> String? {
        let known = Set(view.chassis.map(\.record.name) + view.blades.map(\.record.chassis)).subtracting([""])
        guard !chassis.isEmpty, !known.isEmpty, !known.contains(chassis) else { return nil }
        return "no chassis and no blade of a chassis '\(chassis)' is known; known: \(known.sorted().prefix(10).joined(separator: ", "))"
    }
}

extension Call {
    /// The blade that an action's path names, wholly.
    func blade() async throws(Fault) -> BladeID {
        try Lookup.blade(try parameter("blade"), in: await fleet.view(), whole: true).record.id
    }

    /// The domain that an action's path names, wholly.
    func domain() async throws(Fault) -> DomainID {
        try Lookup.domain(try parameter("domain"), in: await fleet.view(), whole: true).id
    }
}
