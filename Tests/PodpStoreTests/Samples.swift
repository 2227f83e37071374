import Foundation
import PodpCore
import PodpModel
import PodpStore

/// A folder of its own, gone with the test.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("podp-store-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

let build = "0.1.0"

func term(_ number: UInt64, _ id: UInt64 = 7) -> Term { Term(number: number, id: ID128(high: id, low: number)) }

func blade(_ number: UInt64, name: String? = nil) -> BladeRecord {
    let id = BladeID(ID128(high: 1, low: number))
    return BladeRecord(
        id: id, identity: BladeIdentity(id: id, serial: "S\(number)", name: name ?? "blade-\(number)"),
        enrolledAt: WallTime(milliseconds: Int64(clamping: number)))
}

func batch(_ id: UInt64, _ term: Term, _ records: [Record], deletes: [RecordKey] = []) -> Batch {
    Batch(id: id, term: term, puts: records, deletes: deletes)
}

/// A store that holds the term already.
func openStore(_ folder: Folder, term: Term = term(1), name: String = "podp.db") async throws -> Store {
    let store = try Store(file: folder.file(name), build: build)
    _ = await store.commit(batch(1, term, [.term(TermRecord(term: term))]))
    return store
}
