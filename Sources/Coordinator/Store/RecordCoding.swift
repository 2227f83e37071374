import Foundation
import GRDB
import PodpCore

/// Records to JSON and back, and how a batch is told from another with the same id.
enum RecordCoding {
    /// The part of the key before the first slash: `domain`.
    static func kind(of key: RecordKey) -> String {
        String(key.prefix { $0 != "/" })
    }

    /// Throws `.refused` when the record cannot be written.
    static func encode(_ record: Record) throws(StoreError) -> String {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(record), as: UTF8.self)
        } catch {
            throw StoreError(.refused, "record '\(record.key)' cannot be written: \(error)", remedy: "report this as a bug of podp")
        }
    }

    /// Throws `.newer` when a record of another build has a kind or form that this one does not know, `.corrupt` when its own has.
    static func decode(_ json: String, key: RecordKey, writtenBy: String, build: String, file: String) throws(StoreError) -> Record {
        do {
            let record = try JSONDecoder().decode(Record.self, from: Data(json.utf8))
            guard record.key == key else {
                throw StoreError(
                    .corrupt, "\(file): the record under '\(key)' is that of '\(record.key)'", remedy: "restore a backup: podp-coordinator restore FILE")
            }
            return record
        } catch let error as StoreError {
            throw error
        } catch {
            let what = "\(file): record '\(key)' of kind '\(kind(of: key))', written by podp \(writtenBy), cannot be read by podp \(build): \(reason(error))"
            if writtenBy == build { throw StoreError(.corrupt, what, remedy: "restore a backup: podp-coordinator restore FILE") }
            throw StoreError(.newer, what, remedy: "install podp \(writtenBy) or newer; or restore a backup of this version")
        }
    }

    /// Every record of a store, sorted by key. Throws what `decode` throws.
    static func all(in db: Database, build: String, file: String) throws -> [Record] {
        try Row.fetchAll(db, sql: "SELECT key, json, build FROM records ORDER BY key").map { row in
            try decode(row[1], key: row[0], writtenBy: row[2], build: build, file: file)
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        return switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context): context.debugDescription
        @unknown default: "\(error)"
        }
    }

    /// FNV-1a, 64 bits, over all that a batch says. It finds slips of the caller, not attacks.
    static func fingerprint(puts: [(key: RecordKey, json: String)], deletes: [RecordKey]) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ text: String, _ mark: UInt8) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = (hash ^ UInt64(mark)) &* 0x100_0000_01B3
        }
        for put in puts {
            add(put.key, 0)
            add(put.json, 1)
        }
        for key in deletes { add(key, 2) }
        return Int64(bitPattern: hash)
    }
}

/// GRDB has a `Record` of its own.
typealias Record = PodpCore.Record
