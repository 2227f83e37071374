import PodpAPI
import PodpCore
import PodpModel
import PodpPower

extension Endpoints {
    static let chassis: [Endpoint] = [
        .get("/v1/chassis", "All chassis that podp watches, by name") { call in
            let view = await call.fleet.view()
            let loads = bladeLoads(view, staleAfter: call.settings.staleAfter)
            return Listing(items: view.chassis.map { ChassisResource($0, loads: loads) })
        },
        .get("/v1/chassis/{chassis}", "One chassis", faults: [.notFound]) { call in
            let view = await call.fleet.view()
            return ChassisResource(
                try Lookup.chassis(try call.parameter("chassis"), in: view), loads: bladeLoads(view, staleAfter: call.settings.staleAfter))
        },
        .act(.post, "/v1/chassis", "Watch a chassis from now on", takes: ChassisAddition.self) { call, addition in
            try await call.receipt(.addChassis(try await call.fleet.chassis(addition, by: call.caller)))
        },
        .act(.delete, "/v1/chassis/{chassis}", "Watch a chassis no more; its blades run on", faults: [.notFound]) { call in
            try await call.receipt(.removeChassis(name: try Lookup.chassis(try call.parameter("chassis"), in: await call.fleet.view()).record.name))
        },
        .act(
            .post, "/v1/chassis/{chassis}/console", "Note that a bay's serial console is opened or left; the session itself goes by ssh, past podp",
            takes: ConsoleNote.self, faults: [.notFound]
        ) { call, note in
            guard let moment = ConsoleMoment(rawValue: note.moment) else {
                throw Fault(.invalid, "'\(note.moment)' is no moment of a session", remedy: "there are opened, taken-over and closed")
            }
            let name = try Lookup.chassis(try call.parameter("chassis"), in: await call.fleet.view()).record.name
            return try await call.receipt(.noteConsole(chassis: name, bay: note.bay, moment))
        },
        .act(.post, "/v1/blades/{blade}/on", "Switch a blade on; follow it with /v1/power", faults: [.notFound, .ambiguous, .unsupported]) { call in
            try await call.receipt(.switchBlade(try await call.blade(), .on))
        },
        .act(
            .post, "/v1/blades/{blade}/off", "Switch a blade off, where no domain runs on it; needs its whole name or UUID; follow it with /v1/power",
            takes: PowerOrder.self, faults: [.notFound, .ambiguous, .unsupported]
        ) { call, order in
            let blade = try await call.blade()
            let escalation = order.escalateAfterSeconds
            if let escalation, !(1...3600).contains(escalation) || order.hard == true {
                throw Fault(.invalid, "'escalateAfterSeconds' is from 1 to 3600, and of a soft-off: without 'hard'")
            }
            return try await call.receipt(
                .switchBlade(
                    blade, order.hard == true ? .hardOff : .softOff, unknownDomains: order.unknownDomains == true,
                    escalateAfter: escalation.map { .seconds($0) }, despitePolicy: order.despitePolicy == true))
        },
        .get("/v1/power", "Requests for power, newest first; ended ones are kept for a while") { call in
            Listing(items: await call.fleet.view().power.map { PowerResource($0) })
        },
        .get("/v1/power/{operation}", "One request for power", faults: [.notFound]) { call in
            let text = try call.parameter("operation")
            guard let record = await call.fleet.view().power.first(where: { $0.id.description == text }) else {
                throw Fault(.notFound, "there is no request for power '\(text)'", remedy: "see /v1/power")
            }
            return PowerResource(record)
        },
    ]

    /// How busy each blade's processors are, in thousandths; without blades whose numbers are old.
    private static func bladeLoads(_ view: FleetView, staleAfter: Duration) -> [BladeID: Int] {
        var loads: [BladeID: Int] = [:]
        for blade in view.blades where !blade.isStale(after: staleAfter) {
            guard let used = blade.report?.host.cpu, let cpus = blade.inventory?.host.cpus, cpus > 0 else { continue }
            loads[blade.record.id] = Int(clamping: Int64(used) / Int64(cpus))
        }
        return loads
    }
}

extension Lookup {
    static func chassis(_ text: String, in view: FleetView) throws(Fault) -> ChassisView {
        guard let found = view.chassis.first(where: { $0.record.name == text }) else {
            throw Fault(.notFound, "there is no chassis '\(text)'", remedy: "see 'podp chassis list'")
        }
        return found
    }
}
