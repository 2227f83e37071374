import PodpAPI
import PodpCore
import PodpModel

extension Endpoints {
    static let operations: [Endpoint] = [
        .get(
            "/v1/operations", "Operations, newest first; ended ones are kept for a while",
            query: [
                .init(name: "state", about: "Only those that stand so.", form: .choice(OperationPhase.choices)),
                .init(name: "limit", about: "At most this many; 100 when it is absent.", form: .integer(1...10_000)),
            ], faults: [.invalid]
        ) { call in
            let phase = try call.choice("state", of: OperationPhase.self)
            let limit = try call.number("limit", in: 1...10_000) ?? 100
            let all = await call.fleet.view().operations.lazy.map { OperationResource($0) }
            return Listing(items: Array(all.filter { phase == nil || $0.state == phase }.prefix(Int(limit))))
        },
        .get("/v1/operations/{operation}", "One operation, by its id, or by its number when only one has it", faults: [.notFound, .ambiguous]) { call in
            OperationResource(try Lookup.operation(try call.parameter("operation"), in: await call.fleet.view()))
        },
        .act(
            .post, "/v1/operations/{operation}/cancel", "Ask its blade to break it off; it ends as the blade says",
            faults: [.notFound, .ambiguous, .unsupported]
        ) { call in
            let operation = try Lookup.operation(try call.parameter("operation"), in: await call.fleet.view())
            return try await call.receipt(.cancelOperation(operation.record.id))
        },
    ]

    static let plans: [Endpoint] = [
        .get("/v1/plans", "Plans, newest first") { call in
            let view = await call.fleet.view()
            return Listing(items: view.plans.map { PlanResource($0, blades: view.blades) })
        },
        .get("/v1/plans/{plan}", "One plan", faults: [.notFound, .ambiguous]) { call in
            let view = await call.fleet.view()
            return PlanResource(try Lookup.plan(try call.parameter("plan"), in: view), blades: view.blades)
        },
        .make("/v1/plans", "Make a plan; nothing is moved", takes: PlanOrder.self, faults: [.notFound, .ambiguous]) { call, order in
            let goal: Problem.Goal
            let despitePolicy = order.despitePolicy ?? false
            guard order.goal == .evacuate || !despitePolicy else { throw Fault(.invalid, "'despitePolicy' goes with the goal evacuate only") }
            switch order.goal {
            case .balance: goal = .balance
            case .consolidate: goal = .consolidate
            case .restore: goal = .restore
            case .rollback:
                guard order.watts != true else { throw Fault(.invalid, "watts are weighed where blades are chosen: a rollback chooses none") }
                guard let name = order.plan else { throw Fault(.invalid, "a rollback needs a plan", remedy: "give plan") }
                guard order.blade == nil else { throw Fault(.invalid, "a blade goes with the goal evacuate only") }
                let undone = try Lookup.plan(name, in: await call.fleet.view())
                guard case .plan(let record) = try await call.ask(.rollbackPlan(id: undone.id)) else {
                    throw Fault(.internalError, "the core answered with no plan")
                }
                return PlanResource(record, blades: await call.fleet.view().blades)
            case .evacuate:
                guard let blade = try await call.place(order.blade) else { throw Fault(.invalid, "an evacuation needs a blade", remedy: "give blade") }
                goal = .evacuate(blade)
            }
            guard order.goal == .evacuate || order.blade == nil else { throw Fault(.invalid, "a blade goes with the goal evacuate only") }
            guard order.plan == nil else { throw Fault(.invalid, "a plan goes with the goal rollback only") }
            guard case .plan(let record) = try await call.ask(.plan(goal, weighsWatts: order.watts ?? false, despitePolicy: despitePolicy)) else {
                throw Fault(.internalError, "the core answered with no plan")
            }
            return PlanResource(record, blades: await call.fleet.view().blades)
        },
        .act(.post, "/v1/plans/{plan}/apply", "Carry a plan out; a step whose premise has changed is refused", faults: [.notFound, .ambiguous, .planStale]) {
            call in
            let plan = try Lookup.plan(try call.parameter("plan"), in: await call.fleet.view())
            return try await call.receipt(.applyPlan(id: plan.id))
        },
    ]
}
