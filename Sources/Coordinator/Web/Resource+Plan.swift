import PodpAPI
import PodpCore
import PodpModel

extension PlanResource {
    init(_ record: PlanRecord, blades: [BladeView]) {
        let plan = record.plan
        var goal = PlanGoal.balance
        var blade: BladeID?
        switch plan.goal {
        case .balance: break
        case .consolidate: goal = .consolidate
        case .restore: goal = .restore
        case .evacuate(let id): (goal, blade) = (.evacuate, id)
        }
        if plan.undoes != nil { goal = .rollback }
        var phase = PlanPhase.proposed
        var reason: String?
        var wave: Int?
        switch record.state {
        case .proposed: break
        case .applying(let running): (phase, wave) = (.applying, running)
        case .done: phase = .done
        case .stopped(let why): (phase, reason) = (.stopped, why)
        }
        var waves = [Int](repeating: 0, count: plan.moves.count)
        for (number, members) in plan.waves.enumerated() {
            for member in members where waves.indices.contains(member) { waves[member] = number }
        }
        self.init(
            id: record.id, goal: goal, blade: blade, bladeName: blade.flatMap { id in blades.first { $0.record.id == id }?.name }, state: phase, reason: reason,
            wave: wave, createdAt: Timestamp(record.createdAt), by: record.by,
            moves: zip(plan.moves.indices, plan.moves).map { index, move in
                MoveResource(move, wave: waves[index], operation: record.operations.indices.contains(index) ? record.operations[index] : nil)
            },
            before: plan.before.map { LoadResource($0) }, after: plan.after.map { LoadResource($0) },
            waves: (record.certificate.waves ?? []).map { $0.map { LoadResource($0) } },
            costBefore: plan.undoes == nil ? plan.costBefore.finite : nil, costAfter: plan.undoes == nil ? plan.costAfter.finite : nil,
            wattsBefore: plan.wattsBefore, wattsAfter: plan.wattsAfter, remarks: plan.remarks, broken: (record.certificate.left ?? []).map(\.sentence),
            wishes: (record.certificate.wishes ?? []).map(\.sentence), whenOff: record.certificate.whenOff ?? [], undoes: plan.undoes,
            statesChecked: record.certificate.states, rulesChecked: record.certificate.rulesChecked)
    }
}

extension MoveResource {
    init(_ move: Move, wave: Int, operation: OperationID?) {
        self.init(
            domain: move.domain, domainName: move.domainName, from: move.from, fromName: move.fromName, to: move.to, toName: move.toName, live: move.live,
            wave: wave, bytes: move.bytes.count, durationSeconds: move.duration.inSeconds, downtimeSeconds: move.downtime.inSeconds, reason: move.reason,
            operation: operation)
    }
}

extension LoadResource {
    init(_ load: BladeLoad) {
        func permille(_ index: Int) -> Int64? { load.permille.indices.contains(index) ? load.permille[index] : nil }
        self.init(
            blade: load.blade, name: load.name, cpuPermille: permille(0), memoryPermille: permille(1), diskPermille: permille(2), networkPermille: permille(3),
            domains: load.domains)
    }
}

extension Double {
    /// JSON has no infinity: the largest number stands for it, and 0 for what is no number.
    fileprivate var finite: Double { isNaN ? 0 : min(max(self, -.greatestFiniteMagnitude), .greatestFiniteMagnitude) }
}
