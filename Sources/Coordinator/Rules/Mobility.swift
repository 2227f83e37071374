import PodpModel

/// A domain that stays is not moved; one that cannot migrate live is stopped no longer than its owner allows.
struct Mobility: PlacementRule {
    let name = "mobility"

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        let domain = occupancy.fleet.problem.domains[arrival.domain]
        switch domain.mobility {
        case .live:
            return arrival.live ? [] : ["\(domain.name) can migrate live and need not be stopped"]
        case .fixed(let reason):
            return ["\(domain.name) stays where it is: \(reason)"]
        case .stopAndGo(let allowed):
            if arrival.live { return ["\(domain.name) cannot migrate live"] }
            guard arrival.downtime > allowed else { return [] }
            return ["\(domain.name) may be stopped for \(seconds(allowed)), and would be for \(seconds(arrival.downtime))"]
        }
    }

    private func seconds(_ duration: Duration) -> String {
        let tenths = duration.nanoseconds / 100_000_000
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(abs(tenths % 10)) s"
    }
}
