import PodpModel

/// Reads many values with few packets from agents that know no kindness: SNMPv1 fails a whole request for one name that is not there, small
/// machines send no large answers, and old firmware lacks whole columns.
///
/// Names are packed to a budget of bytes. With v1, names that have not answered yet are asked by GETNEXT from the name before each, which answers
/// what is there and passes over what is not; those that have, by GET; where one way fails, the other is tried; where both fail, the name that it
/// complains of is left out, one after the other. What was missing is not asked again for a while.
actor SNMPReader {
    /// A value that is wanted, and about how many bytes its value takes.
    struct Want: Hashable, Sendable {
        var name: ObjectID
        var size = 4
        /// Asked even if it was missing a moment ago: what power is decided by.
        var isVital = false
    }

    /// Of an answer's values; with its header it stays below what one Ethernet frame takes.
    private static let budget = 1180
    private static let namesPerRequest = 48
    private static let forgetAfter = Duration.seconds(600)

    nonisolated let session: SNMPSession
    private let clock: ChassisClock
    private var missing: [ObjectID: Instant] = [:]
    /// What has answered before.
    private var known: Set<ObjectID> = []
    private var budget = SNMPReader.budget

    init(_ session: SNMPSession, clock: ChassisClock) {
        self.session = session
        self.clock = clock
    }

    /// What is there of what is wanted. Throws when nobody answers.
    func values(_ wants: [Want]) async throws(ChassisError) -> [ObjectID: SNMPValue] {
        let now = clock.now()
        if missing.count > 4096 { missing = [:] }
        var open: [Want] = []
        for want in wants {
            if !want.isVital, let at = missing[want.name], now - at < Self.forgetAfter { continue }
            open.append(want)
        }
        var found: [ObjectID: SNMPValue] = [:]
        var rest = open[...]
        while !rest.isEmpty {
            var batch: [ObjectID] = []
            var bytes = 0
            while let want = rest.first, batch.count < Self.namesPerRequest {
                let cost = want.name.arcs.count + want.size + 10
                if !batch.isEmpty && bytes + cost > budget { break }
                bytes += cost
                batch.append(want.name)
                rest.removeFirst()
            }
            try await ask(batch, into: &found)
        }
        for want in open where found[want.name] == nil { missing[want.name] = now }
        if known.count > 4096 { known = [] }
        for name in found.keys {
            missing[name] = nil
            known.insert(name)
        }
        return found
    }

    /// The first rows of a column, by GETBULK or by repeated GETNEXT; ends at the column's end.
    func column(_ column: ObjectID, limit: Int) async throws(ChassisError) -> [(row: UInt32, value: SNMPValue)] {
        var rows: [(row: UInt32, value: SNMPValue)] = []
        var last = column
        while rows.count < limit {
            let question: SNMPSession.Question = session.access.isV1 ? .getNext : .getBulk(repetitions: Int32(min(32, limit - rows.count)))
            let answer = try await session.ask(question, [last])
            guard answer.status == 0, !answer.values.isEmpty else { break }
            for (name, value) in answer.values {
                guard name.hasPrefix(column), name.arcs.count == column.arcs.count + 1, value != .missing, let row = name.arcs.last,
                    row > (rows.last?.row ?? 0) || rows.isEmpty
                else { return rows }
                rows.append((row, value))
                last = name
            }
        }
        return rows
    }

    private func ask(_ names: [ObjectID], into found: inout [ObjectID: SNMPValue]) async throws(ChassisError) {
        guard !names.isEmpty else { return }
        // What has never answered is asked in the way that v1 forgives.
        let isFamiliar = !session.access.isV1 || names.allSatisfy(known.contains)
        let first = isFamiliar ? try await session.ask(.get, names) : try await session.ask(.getNext, names.map(\.predecessor))
        if first.status == 0 { return collect(first, names, into: &found) }
        if first.status == SNMPStatus.tooBig {
            guard names.count > 1 else { return }
            budget = max(200, budget / 2)
            try await ask(Array(names[..<(names.count / 2)]), into: &found)
            return try await ask(Array(names[(names.count / 2)...]), into: &found)
        }
        let second = isFamiliar ? try await session.ask(.getNext, names.map(\.predecessor)) : try await session.ask(.get, names)
        if second.status == 0 { return collect(second, names, into: &found) }
        // The end of the tree, or a column that fails in every way: without the name that it complains of, and after a second complaint of the
        // same column without that column.
        var left = names
        var complaint = isFamiliar ? first : second
        var columns: Set<[UInt32]> = []
        for _ in 0..<names.count {
            guard complaint.index >= 1, Int(complaint.index) <= left.count else { break }
            let bad = left.remove(at: Int(complaint.index) - 1).arcs.dropLast()
            if !columns.insert(Array(bad)).inserted { left.removeAll { $0.arcs.dropLast() == bad } }
            guard !left.isEmpty else { break }
            complaint = try await session.ask(.get, left)
            if complaint.status == 0 { return collect(complaint, left, into: &found) }
        }
    }

    /// What was asked for, in the order of the asking; an agent that answers something else has not answered that.
    private func collect(_ answer: SNMPSession.Answer, _ names: [ObjectID], into found: inout [ObjectID: SNMPValue]) {
        for (name, (answered, value)) in zip(names, answer.values) where name == answered && value != .missing { found[name] = value }
    }
}
