import AgentCore
import PodpModel
import Testing

@Suite struct OperationJournalTests {
    private func filled(_ seed: Int, limits: OperationJournal.Limits) throws -> (OperationJournal, [JournalRecord]) {
        var random = Seeded(seed)
        var journal = OperationJournal(limits: limits)
        var written: [JournalRecord] = []
        for sequence in 1...60 {
            let action: Action = random.chance(50) ? .pause : .start(DomainImage(definition: Sample.definition(sequence), libvirtXML: "<domain/>"))
            let command = Sample.command(sequence, domain: random.below(8), term: Sample.term(1 + sequence / 20), decidedIn: 1 + sequence / 20, action: action)
            var records: [JournalRecord] = []
            switch journal.judge(command) {
            case .accept(let new): records = new
            case .answer(_, let new): records = new
            case .refuse(_, let new): records = new
            }
            if let running = journal.running.randomElement(using: &random), random.chance(60) {
                records.append(.ended(running.operation, random.chance(50) ? .succeeded : .indeterminate(reason: "r\u{0}\"\\ é")))
                if random.chance(60) { records.append(.acknowledged(running.operation)) }
            }
            for record in records { try journal.apply(record) }
            written += records
        }
        return (journal, written)
    }

    @Test("a compacted journal judges as the whole one does", arguments: 0..<12) func snapshots(seed: Int) throws {
        var limits = OperationJournal.Limits()
        limits.remembered = 5
        let (journal, written) = try filled(seed, limits: limits)
        let replayed = try OperationJournal(replaying: written, limits: limits)
        let compacted = try OperationJournal(replaying: journal.snapshot, limits: limits)
        for sequence in 1...70 {
            for term in 1...4 {
                let command = Sample.command(sequence, domain: sequence % 8, term: Sample.term(4), decidedIn: term)
                let verdict = journal.judge(command)
                #expect(verdict == compacted.judge(command))
                #expect(verdict == replayed.judge(command))
            }
        }
        #expect(compacted.snapshot == journal.snapshot)
    }

    @Test("records survive their text", arguments: 0..<20) func text(seed: Int) throws {
        let (journal, written) = try filled(seed, limits: OperationJournal.Limits())
        for record in written + journal.snapshot {
            let text = JSONTree.text(of: record)
            #expect(!text.utf8.contains(0x0A))
            let again = try JSONTree(parsing: text.utf8).value(as: JournalRecord.self)
            #expect(again == record)
            #expect(JSONTree.text(of: again) == text)
        }
    }

    @Test("an operation that is forgotten is refused, not executed") func forgotten() throws {
        var limits = OperationJournal.Limits()
        limits.remembered = 2
        var journal = OperationJournal(limits: limits)
        for sequence in 1...4 {
            try journal.apply(.accepted(Sample.command(sequence, domain: 1)))
            try journal.apply(.ended(Sample.operation(sequence), .succeeded))
            try journal.apply(.acknowledged(Sample.operation(sequence)))
        }
        guard case .refuse(let reason, _) = journal.judge(Sample.command(2, domain: 1)) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("older than this agent's journal"))
        #expect(journal.judge(Sample.command(4, domain: 1)) == .answer(.ended(.succeeded), [.term(Sample.term(1))]))
    }

    @Test("a full journal refuses, and says why") func full() throws {
        var limits = OperationJournal.Limits()
        limits.open = 2
        var journal = OperationJournal(limits: limits)
        for sequence in 1...2 { try journal.apply(.accepted(Sample.command(sequence, domain: sequence))) }
        guard case .refuse(let reason, let records) = journal.judge(Sample.command(3, domain: 3)) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("journal is full"))
        for record in records { try journal.apply(record) }
        #expect(journal.open.count == 2)
    }

    @Test(
        "records that contradict each other are an error with words",
        arguments: [
            [JournalRecord.ended(Sample.operation(1), .succeeded)],
            [.acknowledged(Sample.operation(1))],
            [.accepted(Sample.command(1, domain: 1)), .accepted(Sample.command(1, domain: 2))],
            [.accepted(Sample.command(1, domain: 1)), .accepted(Sample.command(2, domain: 1))],
            [.term(Sample.term(3)), .term(Sample.term(2))],
        ]) func contradictions(records: [JournalRecord])
    {
        #expect(throws: JournalError.self) { try OperationJournal(replaying: records) }
    }

    @Test("text that is no JSON is an error, never a trap", arguments: 0..<200) func garbage(seed: Int) {
        var random = Seeded(seed)
        var bytes = Array(JSONTree.text(of: JournalRecord.accepted(Sample.command(1, domain: 1, action: .setMemory(.gibibytes(1))))).utf8)
        for _ in 0..<(1 + random.below(4)) {
            switch random.below(3) {
            case 0: bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.removeLast(random.below(bytes.count))
            default: bytes.insert(contentsOf: Array("[{\"\\u".utf8), at: random.below(bytes.count + 1))
            }
            if bytes.isEmpty { bytes = [0] }
        }
        if let tree = try? JSONTree(parsing: bytes) { _ = try? tree.value(as: JournalRecord.self) }
        #expect(throws: JSONTree.Malformed.self) { try JSONTree(parsing: String(repeating: "[", count: 100_000).utf8) }
    }
}
