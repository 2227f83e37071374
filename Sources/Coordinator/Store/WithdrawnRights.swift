import GRDB
import PodpCore
import PodpModel

/// Rights that a store had taken away since a backup of it was made: the restored store does not give them back.
///
/// A token that the replaced store no longer has was revoked, used or has expired; a certificate that it lists as revoked stays so. Where the replaced
/// store is not a later one (another store, or an older backup that was put there), nothing can be said of what it lacks.
struct WithdrawnRights: Equatable {
    var puts: [Record] = []
    var deletes: [RecordKey] = []
    /// What was withdrawn again, and what else is otherwise than before the restore: for people.
    var sentences: [String] = []
    /// `false`: the replaced store says nothing of what was withdrawn since.
    var isKnown = true

    init(from backup: StoreContent, replacedBy later: StoreContent) {
        guard later.isSameOrLater(than: backup) else {
            sentences = ["what was there is no later state of the same store: what was revoked since the backup is not known from it"]
            isKnown = false
            return
        }
        withdrawTokens(backup, later)
        withdrawCertificates(backup, later)
        compareDomains(backup, later)
        let (before, after) = (backup.settings, later.settings)
        if before.balance != after.balance || before.chassis != after.chassis {
            sentences.append("the policy is that of the backup: \(words(before)); what was there had \(words(after))")
        }
        if let frozen = after.frozen, before.frozen == nil {
            sentences.append("what was there was frozen by \(frozen.by)\(frozen.reason.isEmpty ? "" : ": \(frozen.reason)")")
        }
    }

    private mutating func withdrawTokens(_ backup: StoreContent, _ later: StoreContent) {
        let kept = Set(later.records.filter { $0.isToken })
        for record in backup.records where record.isToken && !kept.contains(record) {
            deletes.append(record.key)
            switch record {
            case .apiToken(let token): sentences.append("API token \(token.name) was revoked since: it stays revoked")
            case .enrolmentToken(let token):
                sentences.append("the token to enrol \(token.note.isEmpty ? "a blade" : token.note) was used since, or has expired: it is worth nothing")
            default: break
            }
        }
    }

    private mutating func withdrawCertificates(_ backup: StoreContent, _ later: StoreContent) {
        let blades = backup.blades
        let known = later.blades
        for record in later.records {
            switch record {
            case .blade(let newer):
                guard var blade = blades[newer.id] else { continue }
                let old = blade
                blade.revoke(newer.revokedCertificates ?? [])
                if newer.revoked { blade.revokeAll() }
                withdraw(blade, instead: old)
            case .removedBlade(let removed):
                if var blade = blades[removed.id], known[removed.id] == nil {
                    // Its domains are in the backup, so its record stays; what it came with does not.
                    let old = blade
                    blade.revoke(removed.certificates)
                    blade.revokeAll()
                    withdraw(blade, instead: old)
                } else if blades[removed.id] == nil {
                    puts.append(record)
                }
            default: continue
            }
        }
    }

    /// Only told of: what runs is found out from the blades.
    private mutating func compareDomains(_ backup: StoreContent, _ later: StoreContent) {
        let (old, new) = (backup.domainNames, later.domainNames)
        for id in old.keys.filter({ new[$0] == nil }).sorted() {
            sentences.append("domain \(old[id] ?? "") was removed or released since: podp has it again; `podp domain release` it before it is started")
        }
        for id in new.keys.filter({ old[$0] == nil }).sorted() {
            sentences.append("domain \(new[id] ?? "") was created or adopted since: podp does not know it; `podp domain adopt` it")
        }
    }

    private mutating func withdraw(_ blade: BladeRecord, instead old: BladeRecord) {
        guard blade != old else { return }
        puts.append(.blade(blade))
        sentences.append(
            "blade \(blade.identity.name) \(blade.revoked ? "was revoked or removed since: it is revoked" : "has certificates that were revoked since: they stay revoked")"
        )
    }

    private func words(_ settings: Settings) -> String {
        ([settings.balance.rawValue] + settings.chassis.map { "\($0.chassis) \($0.balance.rawValue)" }).joined(separator: ", ")
    }
}

/// What a store holds, and how far it had come.
struct StoreContent: Equatable {
    var records: [Record]
    /// Batches that were ever stored: a copy goes on from where it was made.
    var batches: Int64

    /// Reads all records. Throws what `Store.load` throws.
    init(_ db: Database, file: String, build: String) throws {
        records = try RecordCoding.all(in: db, build: build, file: file)
        batches = try Int64.fetchOne(db, sql: "SELECT max(sequence) FROM batches") ?? 0
    }

    var settings: Settings {
        for case .settings(let settings) in records { return settings }
        return Settings()
    }

    var blades: [BladeID: BladeRecord] {
        var blades: [BladeID: BladeRecord] = [:]
        for case .blade(let blade) in records { blades[blade.id] = blade }
        return blades
    }

    var domainNames: [DomainID: String] {
        var names: [DomainID: String] = [:]
        for case .domain(let domain) in records { names[domain.id] = domain.definition.name }
        return names
    }

    private var term: Term? {
        for case .term(let record) in records { return record.term }
        return nil
    }

    func isSameOrLater(than other: StoreContent) -> Bool {
        guard let mine = term, let its = other.term else { return false }
        return mine.number == its.number ? mine.id == its.id && batches >= other.batches : mine.number > its.number
    }
}

extension Record {
    fileprivate var isToken: Bool {
        switch self {
        case .apiToken, .enrolmentToken: true
        default: false
        }
    }
}

extension BladeRecord {
    fileprivate mutating func revoke(_ revoked: [Certificate]) {
        let serials = Set(revoked.map(\.serial))
        certificates.removeAll { serials.contains($0.serial) }
        let before = revokedCertificates ?? []
        let added = revoked.filter { certificate in !before.contains { $0.serial == certificate.serial } }
        if !added.isEmpty { revokedCertificates = before + added }
    }

    fileprivate mutating func revokeAll() {
        revoke(certificates)
        revoked = true
    }
}
