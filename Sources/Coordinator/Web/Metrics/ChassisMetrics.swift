import PodpCore
import PodpModel
import PodpPower

/// Chassis as Prometheus reads them. What is stale is left out; `podp_chassis_up` and the age of the readings are always there.
struct ChassisMetrics {
    let view: FleetView

    private struct Row<Thing> {
        var labels: [UInt8]
        var thing: Thing
    }

    func write(into page: inout Exposition) {
        writeChassis(&page)
        writeBays(&page)
        writeParts(&page)
        writePower(&page)
    }

    private func metric<Thing>(
        _ page: inout Exposition, _ name: StaticString, _ help: StaticString, _ rows: [Row<Thing>], _ value: (Thing) -> Double?
    ) {
        page.metric(name, .gauge, help: help)
        var told: Set<[UInt8]> = []
        for row in rows {
            // A chassis may name two sensors alike.
            if let value = value(row.thing), told.insert(row.labels).inserted { page.sample(name, row.labels, value) }
        }
    }

    private func rows<Thing>(_ things: (ChassisView) -> [Thing], _ labels: (Thing) -> [(StaticString, String)]) -> [Row<Thing>] {
        view.chassis.filter { !$0.isStale && $0.record.sameAs == nil }.flatMap { chassis in
            things(chassis).map { Row(labels: Exposition.labels([("chassis", chassis.record.name)] + labels($0)), thing: $0) }
        }
    }

    private func writeChassis(_ page: inout Exposition) {
        let all = view.chassis.map { Row(labels: Exposition.labels([("chassis", $0.record.name)]), thing: $0) }
        metric(&page, "podp_chassis_up", "1 when the last poll of the chassis was answered.", all) { $0.silence == nil && $0.readings != nil ? 1 : 0 }
        metric(&page, "podp_chassis_readings_age_seconds", "Since the chassis' last readings came in.", all) { $0.readingsAge?.inSeconds }
        // One chassis at two addresses draws its watts once.
        let fresh = all.filter { !$0.thing.isStale && $0.thing.record.sameAs == nil }
        metric(&page, "podp_chassis_power_watts", "What the chassis draws.", fresh) { $0.watts.map(Double.init) }
        metric(&page, "podp_chassis_primary_module", "Number of the management module that leads.", fresh) { $0.readings?.primaryModule.map(Double.init) }
        let domains = rows({ $0.readings?.powerDomains ?? [] }, { [("domain", "\($0.number)")] })
        metric(&page, "podp_chassis_power_domain_watts", "What a power domain can give.", domains) { $0.totalWatts.map(Double.init) }
        metric(&page, "podp_chassis_power_domain_used_watts", "What a power domain gives now.", domains) { $0.usedWatts.map(Double.init) }
        metric(&page, "podp_chassis_power_domain_allocated_watts", "What a power domain has promised to what is on.", domains) {
            $0.allocatedWatts.map(Double.init)
        }
        metric(&page, "podp_chassis_power_domain_remaining_watts", "What a power domain has left for what is off.", domains) {
            $0.remainingWatts.map(Double.init)
        }
        let sensors = rows({ $0.readings?.temperatures ?? [] }, { [("sensor", $0.sensor)] })
        metric(&page, "podp_chassis_temperature_celsius", "Temperatures of the chassis itself.", sensors) { $0.celsius }
    }

    private func bayLabels(_ bay: ChassisView.Bay) -> [(StaticString, String)] {
        [("bay", "\(bay.number)"), ("blade", bay.bladeName ?? bay.label?.name ?? "")]
    }

    private func writeBays(_ page: inout Exposition) {
        let bays = rows({ $0.bays }, { bayLabels($0) })
        metric(&page, "podp_chassis_bay_present", "1 when a blade is in the bay.", bays) { ($0.readings?.power.isPresent).map { $0 ? 1 : 0 } }
        let states = rows(
            { chassis in chassis.bays.flatMap { bay in PowerState.allCases.map { (bay, $0) } } }, { bayLabels($0.0) + [("state", $0.1.rawValue)] })
        metric(&page, "podp_chassis_bay_power_state", "1 for the state of the bay's power that may be believed.", states) { bay, state in
            bay.readings.map { $0.power.state == state ? 1 : 0 }
        }
        let drawing = rows({ $0.bays }, { bay in bayLabels(bay) + [("measured", bay.readings?.isMeasured == true ? "true" : "false")] })
        metric(&page, "podp_chassis_bay_power_watts", "What the bay's blade draws; where it is not measured, a table's worst case.", drawing) {
            $0.readings?.watts.map(Double.init)
        }
        let sensors = rows(
            { chassis in chassis.bays.flatMap { bay in (bay.readings?.temperatures ?? []).map { (bay, $0) } } }, { bayLabels($0.0) + [("sensor", $0.1.sensor)] }
        )
        metric(&page, "podp_chassis_bay_temperature_celsius", "Temperatures of the bay's blade.", sensors) { $0.1.celsius }
    }

    private func writeParts(_ page: inout Exposition) {
        let blowers = rows({ $0.readings?.blowers ?? [] }, { [("blower", "\($0.number)")] })
        metric(&page, "podp_chassis_blower_speed_ratio", "Part of the blower's full speed, from 0 to 1.", blowers) { $0.percent.map { Double($0) / 100 } }
        metric(&page, "podp_chassis_blower_revolutions_per_minute", "The blower's turns.", blowers) { $0.rpm.map(Double.init) }
        let modules = rows(
            { chassis -> [(String, Int, ModuleHealth)] in
                let readings = chassis.readings
                var parts: [(String, Int, ModuleHealth?)] = (readings?.blowers ?? []).map { ("blower", $0.number, $0.health) }
                parts += (readings?.powerModules ?? []).filter { $0.isPresent != false }.map { ("power", $0.number, $0.health) }
                parts += (readings?.switchModules ?? []).filter { $0.isPresent == true }.map { ("switch", $0.number, $0.health) }
                parts += (chassis.inventory?.managementModules ?? []).filter { $0.isPresent != false }.map { ("management", $0.number, $0.health) }
                return parts.compactMap { part in part.2.map { (part.0, part.1, $0) } }
            }, { [("kind", $0.0), ("module", "\($0.1)")] })
        metric(&page, "podp_chassis_module_healthy", "1 when the chassis calls the module good.", modules) { $0.2 == .good ? 1 : 0 }
    }

    private func writePower(_ page: inout Exposition) {
        let figures = view.powerFigures
        page.metric("podp_power_requests_total", .counter, help: "Requests for power that have ended since the coordinator's start, and how.")
        for (count, value) in figures.ended.sorted(by: { key($0.key) < key($1.key) }) {
            let labels = Exposition.labels([("chassis", count.chassis), ("request", count.request.rawValue), ("result", count.result.rawValue)])
            page.sample("podp_power_requests_total", labels, Double(value))
        }
        page.metric("podp_power_confirmation_seconds", .histogram, help: "From a request for power to its confirmation.")
        for (chassis, requests) in figures.confirmation.sorted(by: { $0.key < $1.key }) {
            for (request, histogram) in requests.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                let labels: [(StaticString, String)] = [("chassis", chassis), ("request", request.rawValue)]
                var sum: UInt64 = 0
                for (index, bound) in (PowerFigures.bounds.map { "\($0)" } + ["+Inf"]).enumerated() where index < histogram.counts.count {
                    sum &+= histogram.counts[index]
                    page.sample("podp_power_confirmation_seconds_bucket", Exposition.labels(labels + [("le", bound)]), Double(sum))
                }
                page.sample("podp_power_confirmation_seconds_sum", Exposition.labels(labels), histogram.sum)
                page.sample("podp_power_confirmation_seconds_count", Exposition.labels(labels), Double(histogram.count))
            }
        }
    }

    private func key(_ count: PowerFigures.Count) -> String { "\(count.chassis)/\(count.request.rawValue)/\(count.result.rawValue)" }
}
