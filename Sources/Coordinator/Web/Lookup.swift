import PodpAPI
import PodpCore
import PodpModel

/// Finds what people name: by UUID, by name; to look at, by a prefix of either that only one has, too.
enum Lookup {
    /// `whole`: prefixes do not count. Every action asks so: the domain that was meant may just have gone, and another one begin like it.
    static func blade(_ text: String, in view: FleetView, whole: Bool = false) throws(Fault) -> BladeView {
        let index = try find(text, kind: "blade", list: "podp blade list", whole: whole, view.blades.map { ($0.record.id.description, $0.name) })
        return view.blades[index]
    }

    static func domain(_ text: String, in view: FleetView, whole: Bool = false) throws(Fault) -> DomainView {
        let index = try find(text, kind: "domain", list: "podp domain list", whole: whole, view.domains.map { ($0.id.description, $0.name) })
        return view.domains[index]
    }

    /// By its id alone: `podp apply e` is not to carry out whichever evacuation is the only one kept.
    static func plan(_ text: String, in view: FleetView) throws(Fault) -> PlanRecord {
        let index = try find(text, kind: "plan", list: "podp plan list", whole: false, view.plans.map { ($0.id, $0.plan.goal.word) }, names: false)
        return view.plans[index]
    }

    /// By its whole id, or by its number in its term (`12`) when only one has it.
    static func operation(_ text: String, in view: FleetView) throws(Fault) -> OperationView {
        if let number = UInt64(text) {
            let known = view.operations.filter { $0.record.id.sequence == number }
            let open = known.filter { !$0.record.state.isEnded }
            let fitting = open.count == 1 ? open : known
            if fitting.count > 1 { throw ambiguous(text, kind: "operation", fitting.map { ($0.record.id.description, $0.record.domainName) }, names: false) }
            if let only = fitting.first { return only }
        }
        let index = try find(
            text, kind: "operation", list: "podp operations", whole: false, view.operations.map { ($0.record.id.description, $0.record.domainName) },
            names: false)
        return view.operations[index]
    }

    /// Of an id: a shorter prefix fits by chance.
    private static let leastDigits = 4

    private static func find(
        _ text: String, kind: String, list: String, whole: Bool, _ things: [(id: String, name: String)], names: Bool = true
    ) throws(Fault) -> Int {
        let lower = text.lowercased()
        if let exact = things.firstIndex(where: { $0.id == lower }) { return exact }
        var fitting = names ? things.indices.filter { things[$0].name == text } : []
        if fitting.isEmpty, !whole {
            fitting = things.indices.filter {
                (names && things[$0].name.hasPrefix(text)) || (lower.utf8.count >= leastDigits && things[$0].id.hasPrefix(lower))
            }
        }
        if fitting.count > 1 { throw ambiguous(text, kind: kind, fitting.map { things[$0] }, names: names) }
        if fitting.isEmpty, !names, !text.isEmpty, lower.utf8.count < leastDigits, things.contains(where: { $0.id.hasPrefix(lower) }) {
            let what = kind == "operation" ? "an operation" : "a \(kind)"
            throw Fault(.notFound, "'\(text)' is too little of the id of \(what)", remedy: "give \(leastDigits) digits of it at least")
        }
        guard let only = fitting.first else {
            let near = whole && !text.isEmpty ? things.filter { $0.name.hasPrefix(text) || $0.id.hasPrefix(lower) } : []
            guard !near.isEmpty else { throw Fault(.notFound, "there is no \(kind) '\(text)'", remedy: "see '\(list)'") }
            throw Fault(
                .notFound, "there is no \(kind) '\(text)', only \(near.count) that begin\(near.count == 1 ? "s" : "") so",
                remedy: "an action needs the whole name or UUID",
                choices: near.prefix(20).map { Fault.Choice(id: $0.id, name: $0.name) })
        }
        return only
    }

    private static func ambiguous(_ text: String, kind: String, _ fitting: [(id: String, name: String)], names: Bool) -> Fault {
        Fault(
            .ambiguous, "'\(text)' fits \(fitting.count) \(kind)s", remedy: names ? "give more of the name, or the UUID" : "give more of the id",
            choices: fitting.prefix(20).map { Fault.Choice(id: $0.id, name: $0.name) })
    }
}

extension Problem.Goal {
    var word: String {
        switch self {
        case .balance: "balance"
        case .consolidate: "consolidate"
        case .restore: "restore"
        case .evacuate: "evacuate"
        }
    }
}
