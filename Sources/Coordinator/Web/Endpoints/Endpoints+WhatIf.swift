import PodpAPI
import PodpCore
import PodpModel

extension Endpoints {
    /// Questions about what is not there: nothing is kept, moved or created.
    static let whatIf: [Endpoint] = [
        .consider(
            "/v1/what-if", "Look at a loss, more blades or more domains; nothing is kept or done", takes: WhatIfOrder.self, faults: [.notFound, .ambiguous]
        ) { call, order in
            let hypothesis: Hypothesis
            switch order.question {
            case .lose:
                guard order.count == nil, order.cores == nil, order.memoryBytes == nil, order.like == nil else {
                    throw Fault(.invalid, "a loss is of one blade", remedy: "leave count, cores, memoryBytes and like out")
                }
                guard let blade = try await call.place(order.blade) else { throw Fault(.invalid, "which blade is lost?", remedy: "give blade") }
                hypothesis = .lose(blade)
            case .add:
                guard let count = order.count, let cores = order.cores, let memory = order.memoryBytes, order.blade == nil, order.like == nil else {
                    throw Fault(.invalid, "more blades: how many, and how large?", remedy: "give count, cores and memoryBytes, and nothing else")
                }
                hypothesis = .add(blades: count, cpus: cores, memory: Bytes(memory))
            case .more:
                guard let count = order.count, let like = order.like, order.blade == nil, order.cores == nil, order.memoryBytes == nil else {
                    throw Fault(.invalid, "more domains: how many, and like which?", remedy: "give count and like, and nothing else")
                }
                hypothesis = .more(count, like: try Lookup.domain(like, in: await call.fleet.view(), whole: true).id)
            }
            guard case .outlook(let outlook) = try await call.ask(.whatIf(hypothesis)) else {
                throw Fault(.internalError, "the core answered with no outlook")
            }
            return OutlookResource(outlook, growth: outlook.bounds.isEmpty ? [] : await call.fleet.growth())
        },
        .consider("/v1/placement", "Where a domain would be created, and why not elsewhere; nothing is created", takes: PlacementOrder.self) { call, order in
            let read = try await call.fleet.definition(flatFile: order.flatFile, file: order.fileName ?? "domain.cfg", replaces: false)
            guard case .placement(let choice) = try await call.ask(.placeDomain(read.definition)) else {
                throw Fault(.internalError, "the core answered with no placement")
            }
            return PlacementResource(choice, warnings: read.warnings)
        },
    ]
}
