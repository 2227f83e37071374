import AgentCore
import Foundation
import PodpModel
import Testing

@testable import podp_agent

@Suite struct JournalFileTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-journal-\(UUID().uuidString)")

    private func path() throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appendingPathComponent("journal").path
    }

    private func records(_ count: Int) -> [JournalRecord] {
        (0..<count).map { number in
            let id = OperationID(term: ID128(high: 7, low: 7), sequence: UInt64(number))
            return number % 2 == 0
                ? .accepted(
                    Command(
                        operation: id, term: Term(number: 1, id: ID128(high: 7, low: 7)), domain: DomainID(ID128(high: 1, low: UInt64(number))),
                        domainName: "d\(number)\né",
                        action: .shutdown(deadline: .milliseconds(1500))))
                : .ended(OperationID(term: ID128(high: 7, low: 7), sequence: UInt64(number - 1)), .failed(reason: "no \"room\"\n"))
        }
    }

    @Test("what was appended is there after opening again, and after replacing only what replaced it") func roundTrip() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try path()
        var (file, empty) = try JournalFile.open(path)
        #expect(empty.records == [])
        try file.append(Array(records(6)[..<4]))
        try file.append(Array(records(6)[4...]))
        #expect(try JournalFile.open(path).1.records == records(6))
        try file.replace(Array(records(2)))
        try file.append([records(3)[2]])
        #expect(try JournalFile.open(path).1.records == records(3))
    }

    @Test("wherever a crash tears the file, whole records before it are read and the agent goes on") func torn() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try path()
        var whole = JournalFile.header
        var ends = [whole.count]
        for record in records(3) {
            whole += JournalFile.line(record)
            ends.append(whole.count)
        }
        for cut in 1...whole.count {
            try Data(whole[..<cut]).write(to: URL(fileURLWithPath: path))
            let expected = ends.filter { $0 <= cut }.count - 1
            // Within the header nothing is whole yet: the file is begun anew.
            var (file, content) = try JournalFile.open(path)
            #expect(content.records == Array(records(3).prefix(max(0, expected))), "cut at \(cut)")
            if cut % 17 == 0 {
                try file.append([.term(Term(number: 9, id: .zero))])
                #expect(try JournalFile.open(path).1.records.last == .term(Term(number: 9, id: .zero)), "cut at \(cut)")
            }
        }
    }

    @Test("damage before whole records is an error that names the file, the place and the remedy") func damaged() throws {
        let whole = JournalFile.header + records(4).flatMap(JournalFile.line)
        for place in [0, 5, JournalFile.header.count, JournalFile.header.count + 20] {
            var bytes = whole
            bytes[place] ^= 0x11
            do {
                _ = try JournalFile.parse(bytes, path: "/var/lib/podp-agent/journal")
                Issue.record("damage at \(place) was not seen")
            } catch {
                #expect(error.message.contains("/var/lib/podp-agent/journal is damaged at byte"))
                #expect(error.remedy.contains("mv /var/lib/podp-agent/journal"))
            }
        }
    }

    @Test("after a write that failed nothing is appended until all is written anew") func failure() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try path()
        var (file, _) = try JournalFile.open(path)
        // A full disk, without one: no file may grow beyond this.
        try file.append(records(1))
        let before = try JournalFile.open(path).1
        file.breakForTest()
        #expect(throws: AgentFailure.self) { try file.append(records(2)) }
        #expect(throws: AgentFailure.self) { try file.append([]) }
        #expect(try JournalFile.open(path).1.records == before.records)
        try file.replace(records(4))
        try file.append([])
        #expect(try JournalFile.open(path).1.records == records(4))
    }

    @Test("the checksum is CRC-32") func checksum() {
        #expect(JournalFile.checksum(Array("123456789".utf8)) == "cbf43926")
    }
}
