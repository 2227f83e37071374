import PodpCore
import PodpModel

/// A store that keeps what it has committed, whatever crashes; slow, and failing when it is told to.
struct PlantStore: Sendable {
    private(set) var records: [RecordKey: Record] = [:]
    private(set) var commits = 0
    var queue: [Batch] = []
    var isBusy = false
    /// Every operation that was ever committed: what may be on the wire.
    private(set) var operations: Set<OperationID> = []
    private(set) var applied: Set<BatchKey> = []

    struct BatchKey: Hashable, Sendable {
        var term: ID128
        var id: UInt64
    }

    init() {}

    /// In the order of their keys.
    var loaded: [Record] { records.keys.sorted().compactMap { records[$0] } }

    var term: Term? { if case .term(let record) = records["term"] { record.term } else { nil } }
    var settings: Settings? { if case .settings(let settings) = records["settings"] { settings } else { nil } }

    func domain(_ id: DomainID) -> ManagedDomain? { if case .domain(let domain) = records["domain/\(id)"] { domain } else { nil } }
    func operation(_ id: OperationID) -> OperationRecord? { if case .operation(let record) = records["operation/\(id)"] { record } else { nil } }

    /// Why it cannot be stored: a higher term is there.
    func refusal(of batch: Batch) -> String? {
        guard let term, !batch.term.isAccepted(after: term) else { return nil }
        return "term \(batch.term) is over: the store is held by \(term)"
    }

    mutating func apply(_ batch: Batch) {
        commits += 1
        applied.insert(BatchKey(term: batch.term.id, id: batch.id))
        for record in batch.puts {
            records[record.key] = record
            if case .operation(let operation) = record { operations.insert(operation.id) }
            if case .power(let power) = record { operations.insert(power.id) }
        }
        for key in batch.deletes { records[key] = nil }
    }

    /// Yesterday's database, put back by an operator.
    mutating func restore(_ old: [RecordKey: Record], at wall: WallTime) {
        records = old
        // As `podp-coordinator restore` marks it.
        let mark = Record.restored(RestoredMark(at: wall, from: "yesterday"))
        records[mark.key] = mark
    }
}
