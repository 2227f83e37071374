import Foundation
import PodpAPI
import PodpChassis
import PodpCore
import PodpDefinition
import PodpDiagnosis
import PodpModel
import PodpPower
import PodpServer
import PodpWeb

/// The fleet as the web sees it: over the core's loop, the authority and the audit journal.
struct CoordinatorFleet: Fleet {
    let loop: CoreLoop
    let journal: AuditJournal
    let authority: CertificateAuthority
    /// Where agents reach this coordinator: what enrolment tokens name, `host:port`.
    let agentAddresses: [String]
    let planningWindow: Duration
    private let survival = SurvivalWatch()

    func view() async -> FleetView { loop.view() }

    func verdicts(of view: FleetView) async -> [Verdict] {
        survival.verdicts(loop, revision: view.revision) + Diagnosis.verdicts(of: FleetWindow(view, length: planningWindow))
    }

    func apiTokens() async -> [APIToken] { loop.apiTokens() }
    func isFrozen() async -> Bool { loop.isFrozen() }

    func ask(_ request: PodpCore.Request, by actor: Actor) async -> Answer { await loop.ask(request, by: actor) }

    func growth() async -> [Growth] { await journal.growth(of: loop.view().blades.map(\.record.id)) }

    // MARK: - Domains

    func definition(flatFile text: String, file: String, replaces: Bool) async throws(Fault) -> ReadDefinition {
        do {
            let made = ID128.newUUID()
            var (definition, warnings) = try FlatFile.parse(text, file: file, newID: made)
            if replaces, let old = loop.view().domains.first(where: { $0.managed?.definition.name == definition.name })?.managed?.definition {
                if definition.id == DomainID(made) { definition.id = old.id }
                for index in definition.nics.indices where definition.nics[index].mac == nil && old.nics.indices.contains(index) {
                    definition.nics[index].mac = old.nics[index].mac
                }
            }
            return ReadDefinition(definition.withMACs(avoiding: takenMACs()), warnings: warnings.map(\.description))
        } catch {
            let place = error.location ?? SourceLocation(file: file, line: 0, column: 0)
            throw Fault(at: Fault.Problem(file: place.file, line: place.line, column: place.column, message: error.message, remedy: error.remedy))
        }
    }

    private func takenMACs() -> Set<String> {
        var taken: Set<String> = []
        for domain in loop.view().domains {
            for nic in (domain.inventory?.nics ?? []) + (domain.managed?.definition.nics ?? []) { if let mac = nic.mac { taken.insert(mac) } }
        }
        return taken
    }

    func adopt(_ domain: DomainID, on blade: BladeID, by actor: Actor) async -> Answer {
        let view = loop.view()
        guard let found = view.domains.first(where: { $0.id == domain })?.inventory else {
            return .refused(Refusal(.notFound, "no blade tells of a domain \(domain)", remedy: "`podp domain list` shows what the blades have"))
        }
        let described = await loop.ask(.describeDomain(domain, on: blade), by: actor)
        switch described {
        case .description(let xml):
            do {
                let (definition, _) = try LibvirtXML.parse(xml, file: "\(found.name) as libvirt tells it")
                return await loop.ask(.adoptDomain(definition, on: blade), by: actor)
            } catch {
                return .refused(Refusal(.unsupported, "\(found.name) cannot be adopted: \(error)", remedy: error.remedy))
            }
        case .refused: return described
        default: return .refused(Refusal(.unavailable, "the blade's answer makes no sense"))
        }
    }

    // MARK: - Enrolment

    func makeBladeToken(_ order: BladeTokenOrder, lifetime: Duration, by actor: Actor) async throws(Fault) -> BladeTokenSecret {
        let seconds = lifetime.components.seconds
        let expires = WallTime(milliseconds: Clock.wall.milliseconds + seconds * 1000)
        let text: EnrolmentTokenText
        do {
            text = try EnrolmentTokenText(authorityHash: authority.hash, expires: expires, addresses: agentAddresses)
        } catch {
            throw Fault(.unavailable, error.message, remedy: "start podp-coordinator with --name, the name or address that agents reach it by")
        }
        let token = EnrolmentToken(
            secretHash: text.secretHash, expires: expires, createdBy: actor.name, note: order.note ?? "", chassis: order.chassis ?? "", bay: order.bay)
        if case .refused(let refusal) = await loop.ask(.createEnrolmentToken(token), by: actor) { throw Fault(refusal) }
        return BladeTokenSecret(token: text.encoded(), expires: Timestamp(expires))
    }

    // MARK: - Chassis

    /// A chassis' URL without what opens it.
    private static func shown(_ url: ChassisURL, _ text: String) -> String {
        url.description + (text.firstIndex(of: "?").map { String(text[$0...]) } ?? "")
    }

    func chassis(_ addition: ChassisAddition, by actor: Actor) async throws(Fault) -> ChassisRecord {
        let url: ChassisURL
        do throws(ChassisError) {
            url = try ChassisURL(addition.url)
            if let file = addition.secretFile { _ = try ChassisSecrets(file: file) }
            let pdu = try addition.pdu.map { text throws(ChassisError) in try ChassisURL(text) }
            for named in [url, pdu].compactMap({ $0 }) where (named.scheme == .ammV1 || named.scheme == .pduV1) && named.user != nil {
                throw ChassisError(
                    .configuration, "\(named): a community in the URL would be stored with it",
                    remedy: "leave it out, and put 'community = …' into a file that podp-coordinator alone can read: --secrets, or --pdu-secrets")
            }
            guard url.scheme != .pduV1, url.scheme != .pduV3 else {
                throw ChassisError(
                    .configuration, "a PDU is no chassis that podp switches blades in", remedy: "name it beside the chassis whose bays it feeds: --pdu \(url)")
            }
            _ = try ChassisDrivers.driver(
                for: ChassisURL("simulated"), secrets: ChassisSecrets(), feeds: pdu,
                feedSecrets: try addition.pduSecretFile.map { file throws(ChassisError) in try ChassisSecrets(file: file) } ?? ChassisSecrets())
        } catch {
            throw Fault(.invalid, error.message, remedy: error.remedy)
        }
        var record = ChassisRecord(
            name: addition.name ?? url.host, url: addition.url, address: Self.shown(url, addition.url), secretFile: addition.secretFile, addedAt: Clock.wall,
            addedBy: actor.name)
        for word in addition.secondSources ?? [] {
            guard let kind = PowerSource.Kind(rawValue: word), kind != .management else {
                throw Fault(.invalid, "'\(word)' is no second source", remedy: "there are console, watts and pdu")
            }
            if kind == .pdu, addition.pdu == nil {
                throw Fault(.invalid, "which outlets feed its bays is not said", remedy: "name them with --pdu")
            }
            if !record.secondSources.contains(kind) { record.secondSources.append(kind) }
        }
        if let pdu = addition.pdu {
            record.feeds = pdu
            record.feedSecretFile = addition.pduSecretFile
            if !record.secondSources.contains(.pdu) { record.secondSources.append(.pdu) }
            try await checkOutlets(of: record)
        }
        try await checkSecondSources(of: record, at: url)
        return record
    }

    /// An outlet that feeds a bay of another chassis, too, would cut off both.
    private func checkOutlets(of record: ChassisRecord) async throws(Fault) {
        func outlets(_ record: ChassisRecord) -> PDUOutlets? { record.feeds.flatMap { try? PDUOutlets(ChassisURL($0)) } }
        guard let own = outlets(record) else { return }
        for other in await view().chassis.map(\.record) where other.name != record.name {
            guard let shared = outlets(other).flatMap({ own.shared(with: $0) }) else { continue }
            throw Fault(
                .conflict, "\(other.name) has \(shared): cut for one, the other falls",
                remedy: "an outlet that feeds several blades is no switch of one of them: leave it out of both")
        }
    }

    /// A second source that the chassis has not would keep every blade in it from being confirmed off. One that does not answer now is asked when it
    /// does: the core says so then.
    private func checkSecondSources(of record: ChassisRecord, at url: ChassisURL) async throws(Fault) {
        let wanted = record.secondSources.filter { $0 != .pdu }
        guard !wanted.isEmpty else { return }
        // That needs no answer.
        if wanted.contains(.console), url.scheme != .simulated, url.scheme != .ammV1 && url.scheme != .ammV3 || url.parameters["console"] == nil {
            throw Fault(
                .invalid, "\(url) has no second source console: no blade in it could be confirmed off",
                remedy: "where an AMM's command line is, is said in its URL: console=USER@HOST:PORT")
        }
        let found: Set<PowerSource.Kind>
        do throws(ChassisError) {
            let secrets = try record.secretFile.map { path throws(ChassisError) in try ChassisSecrets(file: path) } ?? ChassisSecrets()
            let driver = try ChassisDrivers.driver(for: url, secrets: secrets)
            let answer: Result<ChassisCapabilities, ChassisError>
            do throws(ChassisError) { answer = .success(try await driver.capabilities()) } catch { answer = .failure(error) }
            await driver.close()
            found = try answer.get().secondSources
        } catch {
            if error.code == .silent || error.code == .unreachable { return }
            throw Fault(.invalid, error.message, remedy: error.remedy)
        }
        let missing = wanted.filter { !found.contains($0) }
        guard let first = missing.first else { return }
        let names = missing.map(\.rawValue).joined(separator: " and ")
        throw Fault(
            .invalid, "\(url) has no second source \(names): no blade in it could be confirmed off",
            remedy: first == .watts
                ? "no blade's watts are measured there ('podp chassis probe' shows wattsMeasured); take console, or --pdu"
                : "where its command line is, is said in its URL: console=USER@HOST:PORT")
    }

    // MARK: - Audit

    func audit(_ query: AuditQuery) async throws(Fault) -> [AuditLine] { try await journal.lines(query) }

    func auditChanges() async -> AsyncStream<Int64> { journal.changes() }
}

extension ID128 {
    /// A random UUID (RFC 9562, version 4).
    static func newUUID() -> ID128 {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & ~0xf000 | 0x4000
        let low = generator.next() & ~(0b11 << 62) | (0b10 << 62)
        return ID128(high: high, low: low)
    }
}
