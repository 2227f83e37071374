import PodpCore
import PodpModel

/// The fleet as Prometheus reads it: base units, one name for one thing, and nothing that is stale.
///
/// Rates are gauges: agents send rates, not counters. A blade's age is always there, so that what is missing can be told from what is zero.
public struct FleetMetrics: Sendable {
    private let view: FleetView
    private let verdicts: [Verdict]
    private let version: String
    private let staleAfter: Duration

    public init(view: FleetView, verdicts: [Verdict], version: String, staleAfter: Duration) {
        self.view = view
        self.verdicts = verdicts
        self.version = version
        self.staleAfter = staleAfter
    }

    private static let diagnosed = ["cpu", "disk", "memory", "network", "survival"]

    public func write(into page: inout Exposition) {
        writeCoordinator(&page)
        writeBlades(&page)
        ChassisMetrics(view: view).write(into: &page)
        writeDomains(&page)
    }

    private func writeCoordinator(_ page: inout Exposition) {
        page.metric("podp_build_info", .gauge, help: "Always 1; the version is a label.")
        page.sample("podp_build_info", Exposition.labels([("version", version)]), 1)
        page.metric("podp_term", .gauge, help: "Number of the term that this coordinator holds.")
        page.sample("podp_term", [], view.term.map { Double($0.number) } ?? 0)
        page.metric("podp_read_only", .gauge, help: "1 when the coordinator decides nothing.")
        page.sample("podp_read_only", [], view.readOnly == nil ? 0 : 1)
        page.metric("podp_frozen", .gauge, help: "1 when an operator stopped all automation.")
        page.sample("podp_frozen", [], view.settings.frozen == nil ? 0 : 1)
        page.metric("podp_refused_reports_total", .counter, help: "Reports refused since the coordinator's start.")
        page.sample("podp_refused_reports_total", [], Double(view.refusedReports))
        page.metric(
            "podp_shortages", .gauge,
            help: "What podp status says is short, sentences by resource and severity; survival: losses that could not be borne and are to be (N+1).")
        for resource in Self.diagnosed {
            for severity in [Verdict.Severity.warning, .critical] {
                let count = verdicts.count { $0.resource == resource && $0.severity == severity }
                page.sample("podp_shortages", Exposition.labels([("resource", resource), ("severity", severity.rawValue)]), Double(count))
            }
        }
        page.metric("podp_operations", .gauge, help: "Operations that the coordinator keeps, by action and state.")
        var counts: [String: [String: Int]] = [:]
        for operation in view.operations { counts[operation.record.action.word, default: [:]][operation.record.state.word, default: 0] += 1 }
        for (action, states) in counts.sorted(by: { $0.key < $1.key }) {
            for (state, count) in states.sorted(by: { $0.key < $1.key }) {
                page.sample("podp_operations", Exposition.labels([("action", action), ("state", state)]), Double(count))
            }
        }
        page.metric("podp_operations_unfinished", .gauge, help: "Operations that have not ended.")
        page.sample("podp_operations_unfinished", [], Double(view.operations.count { !$0.record.state.isEnded }))
        page.metric("podp_domains", .gauge, help: "Domains by state and by whether podp manages them.")
        var domains: [Bool: [DomainState: Int]] = [:]
        // By index: a loop over values would copy each domain whole, with all that it holds.
        for index in view.domains.indices { domains[view.domains[index].managed != nil, default: [:]][view.domains[index].state, default: 0] += 1 }
        for managed in [true, false] {
            for state in DomainState.allCases {
                let labels = Exposition.labels([("managed", managed ? "true" : "false"), ("state", state.rawValue)])
                page.sample("podp_domains", labels, Double(domains[managed]?[state] ?? 0))
            }
        }
    }

    private struct Row<Thing> {
        var labels: [UInt8]
        var thing: Thing
    }

    private func writeBlades(_ page: inout Exposition) {
        let all = view.blades.map {
            Row(labels: Exposition.labels([("blade", $0.name), ("blade_uuid", $0.record.id.description), ("chassis", $0.record.chassis)]), thing: $0)
        }
        func metric(_ name: StaticString, _ help: StaticString, _ rows: [Row<BladeView>], _ value: (BladeView) -> Double?) {
            page.metric(name, .gauge, help: help)
            for row in rows {
                if let value = value(row.thing) { page.sample(name, row.labels, value) }
            }
        }
        metric("podp_blade_connected", "1 when the blade's agent answers.", all) { if case .connected = $0.link { 1 } else { 0 } }
        metric("podp_blade_held", "1 when nothing is planned on the blade.", all) { $0.held == nil ? 0 : 1 }
        metric("podp_blade_draining", "1 when the blade takes no new domains.", all) { $0.record.draining ? 1 : 0 }
        metric("podp_blade_stale", "1 when the blade's numbers are old or invalid; they are left out then.", all) { $0.isStale(after: staleAfter) ? 1 : 0 }
        metric("podp_blade_report_age_seconds", "Since the blade's last report was received.", all) { $0.reportAge?.inSeconds }
        metric("podp_blade_clock_offset_seconds", "The blade's wall clock less the coordinator's.", all) { $0.clockOffset?.inSeconds }
        metric("podp_blade_findings", "Things on the blade that will hurt (podp check).", all) { Double($0.findings.count { $0.severity != .note }) }
        metric("podp_blade_memory_promised_bytes", "Memory promised to domains that run on the blade or are on their way to it.", all) {
            Double($0.memoryPromised.count)
        }

        let fresh = all.filter { !$0.thing.isStale(after: staleAfter) }
        metric("podp_blade_cpus", "Logical processors that the hypervisor schedules on.", fresh) { $0.inventory.map { Double($0.host.cpus) } }
        metric("podp_blade_cpu_usage_ratio", "Busy part of the blade's processors, from 0 to 1.", fresh) { blade in
            guard let sample = blade.report?.host, let cpus = blade.inventory?.host.cpus, cpus > 0 else { return nil }
            return Double(sample.cpu) / 1000 / Double(cpus)
        }
        metric("podp_blade_dom0_cpu_usage_cores", "Processors that dom0 uses.", fresh) { $0.report?.host.dom0CPU.map { Double($0) / 1000 } }
        metric("podp_blade_memory_bytes", "Physical memory.", fresh) { $0.inventory.map { Double($0.host.memory.count) } }
        metric("podp_blade_memory_free_bytes", "Memory free for new domains.", fresh) { ($0.report?.host.memoryFree.count).map { Double($0) } }
        metric("podp_blade_disk_read_bytes_per_second", "Read from the blade's disks, over the last interval.", fresh) {
            ($0.report?.host.disk?.readBytes).map { Double($0) }
        }
        metric("podp_blade_disk_written_bytes_per_second", "Written to the blade's disks, over the last interval.", fresh) {
            ($0.report?.host.disk?.writtenBytes).map { Double($0) }
        }
        metric("podp_blade_network_received_bytes_per_second", "Received by the blade, over the last interval.", fresh) {
            ($0.report?.host.network?.receivedBytes).map { Double($0) }
        }
        metric("podp_blade_network_sent_bytes_per_second", "Sent by the blade, over the last interval.", fresh) {
            ($0.report?.host.network?.sentBytes).map { Double($0) }
        }
        metric("podp_blade_agent_cpu_usage_cores", "Processors that podp-agent uses.", fresh) { $0.report?.host.agentCPU.map { Double($0) / 1000 } }
        metric("podp_blade_agent_memory_bytes", "Memory that podp-agent uses.", fresh) { ($0.report?.host.agentMemory?.count).map { Double($0) } }
    }

    private func writeDomains(_ page: inout Exposition) {
        let stale = Set(view.blades.filter { $0.isStale(after: staleAfter) }.map(\.record.id))
        var rows: [Row<DomainSample>] = []
        rows.reserveCapacity(view.domains.count)
        for index in view.domains.indices {
            guard let sample = view.domains[index].sample, let blade = view.domains[index].blade, !stale.contains(blade) else { continue }
            let labels = Exposition.labels([
                ("blade", view.domains[index].bladeName ?? ""), ("domain", view.domains[index].name), ("domain_uuid", view.domains[index].id.uuid.hyphenated),
            ])
            rows.append(Row(labels: labels, thing: sample))
        }
        func metric(_ name: StaticString, _ help: StaticString, _ value: (DomainSample) -> Double?) {
            page.metric(name, .gauge, help: help)
            for row in rows {
                if let value = value(row.thing) { page.sample(name, row.labels, value) }
            }
        }
        metric("podp_domain_running", "1 when the domain's processors run.") { $0.state.executes ? 1 : 0 }
        metric("podp_domain_cpu_usage_cores", "Processors that the domain uses, over the last interval.") { Double($0.cpu) / 1000 }
        metric("podp_domain_cpu_ready_cores", "Processors that the domain wanted and did not get, over the last interval.") {
            $0.ready.map { Double($0) / 1000 }
        }
        metric("podp_domain_memory_bytes", "Memory that the domain holds.") { Double($0.memory.count) }
        metric("podp_domain_disk_read_bytes_per_second", "Read by the domain, over the last interval.") { ($0.disk?.readBytes).map { Double($0) } }
        metric("podp_domain_disk_written_bytes_per_second", "Written by the domain, over the last interval.") { ($0.disk?.writtenBytes).map { Double($0) } }
        metric("podp_domain_disk_out_of_requests_per_second", "Times that the disk backend ran out of requests, over the last interval.") {
            ($0.disk?.outOfRequests).map { Double($0) }
        }
        metric("podp_domain_network_received_bytes_per_second", "Received by the domain, over the last interval.") {
            ($0.network?.receivedBytes).map { Double($0) }
        }
        metric("podp_domain_network_sent_bytes_per_second", "Sent by the domain, over the last interval.") { ($0.network?.sentBytes).map { Double($0) } }
    }
}

extension OperationRecord.State {
    /// As the API and metrics name it.
    var word: String {
        switch self {
        case .running: "running"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .indeterminate: "indeterminate"
        }
    }
}

extension ID128 {
    /// The same as `description`, in one go: there are as many of these as domains.
    fileprivate var hyphenated: String {
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: 36) { space in
            var place = 0
            digits.withUTF8Buffer { digits in
                for nibble in 0..<32 {
                    if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                        space[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    let half = nibble < 16 ? high : low
                    space[place] = digits[Int(truncatingIfNeeded: half >> UInt64(60 - 4 * (nibble & 15))) & 15]
                    place += 1
                }
            }
            return place
        }
    }
}
