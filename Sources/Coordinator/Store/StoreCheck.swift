import Foundation
import GRDB
import PodpCore
import PodpModel

/// `podp-coordinator check`: whether a store, or a backup of one, is sound. Changes nothing.
public enum StoreCheck {
    public struct Finding: Sendable, Hashable, CustomStringConvertible {
        public enum Severity: String, Sendable, Hashable {
            /// Odd, and podp works with it.
            case warning
            /// podp will not start on this file.
            case damage
        }

        public var severity: Severity
        public var what: String
        public var remedy: String

        public var description: String { "\(severity.rawValue): \(what) (\(remedy))" }
    }

    /// Everything that is wrong with the file; empty when it is sound. Throws when it cannot be looked at at all.
    public static func run(_ file: String, build: String) throws(StoreError) -> [Finding] {
        guard FileManager.default.fileExists(atPath: file) else {
            throw StoreError(.missing, "there is no store at \(file)", remedy: "name the store that podp-coordinator uses")
        }
        var findings: [Finding] = []
        do {
            let queue = try open(file)
            try queue.read { db in
                for line in try String.fetchAll(db, sql: "PRAGMA integrity_check(20)") where line != "ok" {
                    findings.append(Finding(severity: .damage, what: "\(file): \(line)", remedy: "restore a backup"))
                }
                let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
                let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
                try StoreSchema.verify(version: version, application: application, tables: 1, file: file)
                var records: [Record] = []
                for row in try Row.fetchAll(db, sql: "SELECT key, json, build, kind, term FROM records ORDER BY key") {
                    do {
                        let key: String = row[0]
                        let record = try RecordCoding.decode(row[1], key: key, writtenBy: row[2], build: build, file: file)
                        records.append(record)
                        if row[3] != RecordCoding.kind(of: key) {
                            findings.append(
                                Finding(severity: .warning, what: "record '\(key)' is filed under kind '\(row[3] as String)'", remedy: "report this as a bug"))
                        }
                    } catch let error as StoreError {
                        findings.append(Finding(severity: .damage, what: error.message, remedy: error.remedy))
                    }
                }
                findings += try terms(db, records)
                findings += references(records)
            }
        } catch {
            let error = StoreError(error, file: file)
            switch error.code {
            case .corrupt, .newer: findings.append(Finding(severity: .damage, what: error.message, remedy: error.remedy))
            default: throw error
            }
        }
        return findings
    }

    /// Read-only, so that a backup stays as it was; a store whose log must be read first needs its directory to be writable.
    private static func open(_ file: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: file, configuration: configuration)
    }

    private static func terms(_ db: Database, _ records: [Record]) throws -> [Finding] {
        let term = records.compactMap { record -> Term? in if case .term(let term) = record { term.term } else { nil } }.first
        guard let term else {
            if records.isEmpty { return [] }
            return [Finding(severity: .damage, what: "there are \(records.count) records and no term", remedy: "restore a backup")]
        }
        let highest = try Int64.fetchOne(db, sql: "SELECT max(term) FROM records") ?? 0
        guard UInt64(clamping: highest) <= term.number else {
            return [Finding(severity: .damage, what: "records of term \(highest) in a store of term \(term.number)", remedy: "restore a backup")]
        }
        return []
    }

    private static func references(_ records: [Record]) -> [Finding] {
        var blades: Set<BladeID> = []
        var operations: Set<OperationID> = []
        for record in records {
            if case .blade(let blade) = record { blades.insert(blade.id) }
            if case .operation(let operation) = record { operations.insert(operation.id) }
        }
        var findings: [Finding] = []
        func warn(_ what: String, _ remedy: String) { findings.append(Finding(severity: .warning, what: what, remedy: remedy)) }
        var names: [String: DomainID] = [:]
        for record in records {
            switch record {
            case .domain(let domain):
                if let blade = domain.blade, !blades.contains(blade) {
                    warn(
                        "domain '\(domain.definition.name)' is on blade \(blade), which is not enrolled",
                        "enrol the blade, or: podp domain release \(domain.id)")
                }
                if let other = names.updateValue(domain.id, forKey: domain.definition.name) {
                    warn("domains \(other) and \(domain.id) have one name, '\(domain.definition.name)'", "release one of them and adopt it under another name")
                }
            case .operation(let operation):
                for blade in [operation.blade, operation.destination].compactMap({ $0 }) where !blades.contains(blade) && !operation.state.isEnded {
                    warn("operation \(operation.id) runs on blade \(blade), which is not enrolled", "podp operations cancel \(operation.id)")
                }
            case .plan(let plan):
                guard case .applying = plan.state else { continue }
                for id in plan.operations.compactMap({ $0 }) where !operations.contains(id) {
                    warn("plan \(plan.id) waits for operation \(id), of which there is no record", "podp plan balance makes a new plan")
                }
                if plan.operations.count != plan.plan.moves.count {
                    warn("plan \(plan.id) has \(plan.plan.moves.count) moves and \(plan.operations.count) operations", "podp plan balance makes a new plan")
                }
            case .power(let power):
                if !power.state.isEnded, !blades.contains(power.blade) {
                    warn("a request for power waits for blade \(power.blade), which is not enrolled", "start the coordinator: it ends it as unknown")
                }
            case .restored(let mark):
                warn("it was restored from \(mark.from), and nobody has recovered it", "start the coordinator, then: podp-coordinator recover")
            case .term, .settings, .blade, .enrolmentToken, .apiToken, .chassis, .removedBlade: continue
            }
        }
        return findings
    }
}
