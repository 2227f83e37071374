import PodpAPI
import PodpCore
import PodpModel

extension OutlookResource {
    /// - Parameter growth: by resource, where there is history.
    init(_ outlook: Outlook, growth: [Growth]) {
        let question: WhatIfQuestion
        var wanted = 0
        switch outlook.hypothesis {
        case .lose: question = .lose
        case .add: question = .add
        case .more(let count, _): (question, wanted) = (.more, count)
        }
        self.init(
            question: question, fits: outlook.homeless.isEmpty,
            places: outlook.places.map { PlaceResource(domainName: $0.domainName, blade: $0.blade, bladeName: $0.bladeName) },
            homeless: outlook.homeless.map { HomelessResource(domainName: $0.domainName, reason: $0.reason) },
            bounds: outlook.bounds.map { bound in BoundResource(bound, wanted: wanted, growth.first { $0.resource == bound.resource }) },
            before: outlook.before.map { LoadResource($0) }, after: outlook.after.map { LoadResource($0) }, moves: outlook.moves, remarks: outlook.remarks)
    }
}

extension BoundResource {
    init(_ bound: Outlook.Bound, wanted: Int, _ growth: Growth?) {
        let left = max(0, Double(bound.free) - Double(wanted) * Double(bound.need))
        let lasts = growth.flatMap { $0.perDay > 0 ? left / $0.perDay : nil }
        self.init(
            resource: bound.resource, fits: bound.fits, need: bound.need, free: bound.free, unit: bound.unit, growthPerDay: growth?.perDay,
            historyDays: growth?.days, lastsDays: lasts.flatMap { $0.isFinite ? $0 : nil })
    }
}

extension PlacementResource {
    init(_ choice: PlacementChoice, warnings: [String]) {
        let order = choice.candidates.sorted { first, second in
            // Who can, first; the chosen one is the first of equals by id, as they come.
            if (first.reason == nil) != (second.reason == nil) { return first.reason == nil }
            if first.reason == nil, first.isBetter(than: second) || second.isBetter(than: first) { return first.isBetter(than: second) }
            return first.blade < second.blade
        }
        self.init(
            domainName: choice.domainName, neededBytes: choice.needed.count, blade: choice.chosen,
            bladeName: choice.candidates.first { $0.blade == choice.chosen }?.name,
            candidates: order.map {
                CandidateResource(
                    blade: $0.blade, name: $0.name, freeBytes: $0.free.count, fullest: $0.pressure.resource,
                    fullestRatio: Double($0.pressure.permille) / 1000, reason: $0.reason)
            }, warnings: warnings)
    }
}
