import PodpAPI
import PodpCore
import PodpModel

extension Endpoints {
    static let domains: [Endpoint] = [
        .get(
            "/v1/domains", "All domains, managed and not, by name", query: [.init(name: "blade", about: "Only those on this blade.", form: .text)],
            faults: [.notFound, .ambiguous, .invalid]
        ) { call in
            let view = await call.fleet.view()
            let blade: BladeID? = if let text = call.query["blade"] { try Lookup.blade(text, in: view).record.id } else { nil }
            let blades = view.bladesByID
            let age = call.settings.staleAfter
            return Listing(items: view.domains.filter { blade == nil || $0.blade == blade }.map { DomainResource($0, blades: blades, staleAfter: age) })
        },
        .get("/v1/domains/{domain}", "One domain", faults: [.notFound, .ambiguous]) { call in
            let view = await call.fleet.view()
            let domain = try Lookup.domain(try call.parameter("domain"), in: view)
            return DomainResource(domain, blades: view.bladesByID, staleAfter: call.settings.staleAfter)
        },
        .act(
            .post, "/v1/domains", "Create a domain from xl's flat file, place it, and start it", takes: DomainCreation.self,
            faults: [.notFound, .ambiguous, .unsupported]
        ) { call, order in
            let replaces = order.replace == true
            let read = try await call.fleet.definition(flatFile: order.flatFile, file: order.fileName ?? "domain.cfg", replaces: replaces)
            if replaces {
                guard order.blade == nil, order.start == nil else {
                    throw Fault(.invalid, "a definition that is replaced is neither placed nor started", remedy: "leave blade and start out")
                }
                var receipt = try await call.receipt(.replaceDomain(read.definition))
                receipt.warnings = read.warnings
                return receipt
            }
            let blade = try await call.place(order.blade)
            var receipt = try await call.receipt(.createDomain(read.definition, on: blade, start: order.start ?? true))
            receipt.domain = read.definition.id
            receipt.warnings = read.warnings
            return receipt
        },
        .act(.patch, "/v1/domains/{domain}", "Set memory and processors", takes: DomainChange.self, faults: [.notFound, .ambiguous, .unsupported]) {
            call, change in
            guard change.memoryBytes != nil || change.vcpus != nil else { throw Fault(.invalid, "nothing to set", remedy: "give memoryBytes or vcpus") }
            if let vcpus = change.vcpus, !(1...512).contains(vcpus) { throw Fault(.invalid, "vcpus is \(vcpus)", remedy: "take 1 to 512") }
            return try await call.receipt(
                .setDomain(
                    try await call.domain(), memory: change.memoryBytes.map { Bytes($0) }, vcpus: change.vcpus,
                    despitePolicy: change.despitePolicy ?? false))
        },
        .act(
            .delete, "/v1/domains/{domain}", "Undefine it on its blade and forget it; its disks are left alone",
            faults: [.notFound, .ambiguous]
        ) { call in
            try await call.receipt(.removeDomain(try await call.domain()))
        },
        .act(.post, "/v1/domains/{domain}/start", "Start it", takes: DomainPlacement.self, faults: [.notFound, .ambiguous, .unsupported]) { call, order in
            try await call.receipt(
                .startDomain(
                    try await call.domain(), on: try await call.place(order.blade), force: order.force ?? false,
                    despitePolicy: order.despitePolicy ?? false))
        },
        .act(.post, "/v1/domains/{domain}/stop", "Ask its guest to shut down", takes: DomainStop.self, faults: [.notFound, .ambiguous]) { call, order in
            let deadline = order.deadlineSeconds ?? 120
            guard (1...3600).contains(deadline) else { throw Fault(.invalid, "deadlineSeconds is \(deadline)", remedy: "take 1 to 3600") }
            return try await call.receipt(.stopDomain(try await call.domain(), deadline: .seconds(deadline)))
        },
        .act(
            .post, "/v1/domains/{domain}/destroy", "Take its power, as pulling the plug", takes: DomainDestruction.self, faults: [.notFound, .ambiguous]
        ) { call, order in
            try await call.receipt(.destroyDomain(try await call.domain(), on: try await call.place(order.blade)))
        },
        .act(.post, "/v1/domains/{domain}/pause", "Stop its processors, keep its memory", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.pauseDomain(try await call.domain()))
        },
        .act(.post, "/v1/domains/{domain}/resume", "Let a paused one run on", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.resumeDomain(try await call.domain()))
        },
        .act(.post, "/v1/domains/{domain}/reboot", "Ask its guest to reboot", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.rebootDomain(try await call.domain()))
        },
        .act(
            .post, "/v1/domains/{domain}/migrate", "Move it to another blade while it runs", takes: DomainMigration.self,
            faults: [.notFound, .ambiguous, .unsupported]
        ) { call, order in
            try await call.receipt(
                .migrateDomain(
                    try await call.domain(), to: try await call.place(order.blade), allowStop: order.allowStop ?? false,
                    despitePolicy: order.despitePolicy ?? false))
        },
        .act(.post, "/v1/domains/{domain}/adopt", "Take an unmanaged domain under podp's care", faults: [.notFound, .ambiguous, .unsupported]) { call in
            let domain = try Lookup.domain(try call.parameter("domain"), in: await call.fleet.view(), whole: true)
            guard domain.managed == nil else { throw Fault(.conflict, "podp manages \(domain.name) already") }
            guard let blade = domain.blade else { throw Fault(.unavailable, "no blade tells of \(domain.name)", remedy: "wait until its blade answers") }
            var receipt = try Receipt(try Call.unlessRefused(await call.fleet.adopt(domain.id, on: blade, by: call.caller)))
            receipt.domain = domain.id
            return receipt
        },
        .act(.post, "/v1/domains/{domain}/release", "Forget it; it runs on, unmanaged", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.releaseDomain(try await call.domain()))
        },
        .act(.post, "/v1/domains/{domain}/clear", "Let automation touch it again after an incident", faults: [.notFound, .ambiguous]) { call in
            try await call.receipt(.clearDomain(try await call.domain()))
        },
    ]
}

extension Call {
    /// The blade that an order names; `nil` when it names none.
    func place(_ text: String?) async throws(Fault) -> BladeID? {
        guard let text else { return nil }
        return try Lookup.blade(text, in: await fleet.view(), whole: true).record.id
    }
}

extension FleetView {
    var bladesByID: [BladeID: BladeView] { Dictionary(blades.map { ($0.record.id, $0) }, uniquingKeysWith: { first, _ in first }) }
}
