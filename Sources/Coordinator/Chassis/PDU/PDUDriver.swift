import PodpModel
import PodpPower

/// Switched PDUs: cuts off what its outlets feed, and says "off" only when every one of these outlets says so.
///
/// Either its outlets feed a whole chassis, which it then calls its bay 1 (`outlets=3,4`), or each bay has outlets of its own (`bay3=5,6`), as
/// servers in a rack have. There is no soft-off: what runs, falls.
public actor PDUDriver: ChassisDriver {
    private struct Feed {
        var session: SNMPSession
        var reader: SNMPReader
        var profile: PDUProfile?
    }

    /// Outlets of one PDU.
    private struct Outlets {
        var feed: Int
        var numbers: [UInt32]
    }

    private var feeds: [Feed] = []
    private var bays: [Int: [Outlets]] = [:]
    private nonisolated let feedsWholeChassis: Bool
    private nonisolated let fedBays: Set<Int>
    private let named: PDUProfile?
    private let clock: ChassisClock
    public nonisolated var mainSource: PowerSource.Kind { .pdu }

    /// `outlets=3,4` (or `bay3=3,4`) at the URL's host, and `also=HOST:PORT/5,6` (`also3=…`) at another with the same login. Throws `.configuration`.
    public init(_ url: ChassisURL, secrets: ChassisSecrets, clock: ChassisClock = .system) throws(ChassisError) {
        self.clock = clock
        if let name = url.parameters["profile"] {
            guard let profile = PDUProfile.all.first(where: { $0.name == name }) else {
                let known = PDUProfile.all.map(\.name).joined(separator: ", ")
                throw ChassisError(.configuration, "there is no profile '\(name)'", remedy: "one of \(known)")
            }
            named = profile
        } else {
            named = nil
        }
        let outlets = try PDUOutlets(url)
        feedsWholeChassis = outlets.feedWholeChassis
        fedBays = Set(outlets.groups.map(\.bay))
        let access = try SNMPAccess(url, secrets)
        var known: [String: Int] = [:]
        for group in outlets.groups {
            let key = "\(group.host) \(group.port)"
            if known[key] == nil {
                var own = access
                own.host = group.host
                own.port = group.port
                let session = try SNMPSession(own)
                known[key] = feeds.count
                feeds.append(Feed(session: session, reader: SNMPReader(session, clock: clock), profile: named))
            }
            bays[group.bay, default: []].append(Outlets(feed: known[key] ?? 0, numbers: group.numbers))
        }
    }

    /// Why nothing is asked of a bay's outlets: none is named. `nil`: some are.
    nonisolated func refusal(bay: Int) -> PowerRefusal? { fedBays.contains(bay) ? nil : PowerRefusal(.noBlade, strange(bay)) }

    /// Whether these outlets are a bay's own: then they may be cut for it alone.
    public nonisolated var feedsSingleBays: Bool { !feedsWholeChassis }

    public func close() async { for feed in feeds { await feed.session.close() } }

    // MARK: - Reading

    public func powerState(bay: Int) async -> PowerReading {
        var reading = PowerReading(bay: bay, reported: .unknown, isPresent: nil, health: nil, source: PowerSource(.pdu), at: clock.now())
        guard let fed = bays[bay] else {
            reading.driversDoubt = .notTold(strange(bay))
            return reading
        }
        var states: Set<PowerState> = []
        for outlets in fed {
            do {
                for (outlet, state) in try await outletStates(outlets) {
                    states.insert(state)
                    if state == .unknown {
                        reading.driversDoubt = .notTold("outlet \(outlet) of \(feeds[outlets.feed].session.place) says neither on nor off")
                    }
                }
            } catch {
                return error.reading(bay: bay, source: PowerSource(.pdu), at: clock.now())
            }
        }
        if states == [.on] || states == [.off] {
            reading.reported = states.first ?? .unknown
        } else if reading.driversDoubt == nil {
            reading.driversDoubt = .notTold("some of the outlets that feed it are on, and some are off")
        }
        reading.at = clock.now()
        return reading
    }

    public func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading? { source == .pdu ? await powerState(bay: bay) : nil }

    private nonisolated func strange(_ bay: Int) -> String {
        feedsWholeChassis ? "these outlets feed the whole chassis, which is bay 1 here" : "no outlet is named for bay \(bay): bay\(bay)=…"
    }

    private func outletStates(_ outlets: Outlets) async throws(ChassisError) -> [(UInt32, PowerState)] {
        let profile = try await profile(outlets.feed)
        let feed = feeds[outlets.feed]
        let found = try await feed.reader.values(outlets.numbers.map { .init(name: profile.status.appending($0), isVital: true) })
        return outlets.numbers.map { outlet in
            switch found[profile.status.appending(outlet)]?.integer {
            case profile.readsOn: (outlet, .on)
            case profile.readsOff: (outlet, .off)
            default: (outlet, .unknown)
            }
        }
    }

    private func profile(_ index: Int) async throws(ChassisError) -> PDUProfile {
        if let profile = feeds[index].profile { return profile }
        let found = try await feeds[index].reader.values([.init(name: PDUProfile.sysObjectID, size: 16, isVital: true)])
        guard case .name(let id)? = found[PDUProfile.sysObjectID] else {
            throw ChassisError(.garbled, "\(feeds[index].session.place) does not say what it is", remedy: "name its family with profile=")
        }
        guard let profile = PDUProfile.all.first(where: { $0.sysObjectID == id }) else {
            let known = PDUProfile.all.map(\.name).joined(separator: ", ")
            throw ChassisError(
                .unsupported, "\(feeds[index].session.place) is of a family that podp does not know (\(id))",
                remedy: "if it is known to be like one of \(known), name that with profile=; families disagree about which number is off")
        }
        feeds[index].profile = profile
        return profile
    }

    // MARK: - Switching

    public func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome {
        guard let fed = bays[bay] else { return .refused(PowerRefusal(.noBlade, strange(bay))) }
        guard request != .softOff else { return .refused(PowerRefusal(.unsupported, "a PDU cuts power; it shuts nothing down")) }
        var lost: String?
        var done: [UInt32] = []
        for outlets in fed {
            let profile: PDUProfile
            do {
                profile = try await self.profile(outlets.feed)
            } catch {
                return .lost(error.message)
            }
            let session = feeds[outlets.feed].session
            for outlet in outlets.numbers {
                let value = request == .on ? profile.writesOn : profile.writesOff
                do {
                    let status = try await session.set(profile.control.appending(outlet), value, timeout: .seconds(5))
                    guard status == 0 else {
                        return .refused(
                            PowerRefusal(
                                .notPermitted,
                                "outlet \(outlet) of \(session.place) is not switched (\(SNMPStatus.word(status))): "
                                    + "does this community or user have write access, and is there such an outlet?"
                                    + (done.isEmpty ? "" : " Outlets switched before it: \(done.map(String.init).joined(separator: ", "))")))
                    }
                    done.append(outlet)
                } catch {
                    if error.code == .denied { return .refused(PowerRefusal(.notPermitted, error.message)) }
                    lost = error.message
                }
            }
        }
        return lost.map { .lost($0) } ?? .accepted
    }

    // MARK: - What it is

    public func inventory() async throws(ChassisError) -> ChassisInventory {
        for index in feeds.indices { _ = try await profile(index) }
        let labels = bays.keys.sorted().map { number in
            let names = (bays[number] ?? []).map { outlets in
                let feed = feeds[outlets.feed]
                return "\(feed.session.place) (\(feed.profile?.name ?? "")) outlets \(outlets.numbers.map(String.init).joined(separator: ", "))"
            }
            return ChassisBay(number: number, name: "\(feedsWholeChassis ? "the whole chassis: " : "")\(names.joined(separator: "; "))", mayBeSwitched: true)
        }
        let names = labels.compactMap(\.name).joined(separator: "; ")
        return ChassisInventory(kind: .pdu, model: feeds.compactMap(\.profile?.name).first, name: names, bays: labels)
    }

    public func readings() async throws(ChassisError) -> ChassisReadings {
        var readings = ChassisReadings(at: clock.now())
        var silence: String?
        for bay in bays.keys.sorted() {
            let reading = await powerState(bay: bay)
            if case .silent(let why)? = reading.doubt {
                silence = why
                readings.gaps.append("bay \(bay): \(why)")
            }
            readings.bays.append(BayReadings(power: reading))
        }
        if let silence, readings.gaps.count == readings.bays.count { throw ChassisError(.silent, silence) }
        readings.at = clock.now()
        return readings
    }

    public func capabilities() async throws(ChassisError) -> ChassisCapabilities {
        ChassisCapabilities(
            requests: [.on, .hardOff], secondSources: [.pdu], limits: feedsWholeChassis ? ["switches the whole chassis, no single blade"] : [])
    }

    public func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] {
        var findings = try await writeFindings(tryWrite)
        for bay in bays.keys.sorted() {
            let fed = bays[bay] ?? []
            for outlets in fed {
                for (outlet, state) in try await outletStates(outlets) where state == .unknown {
                    findings.append(
                        ChassisFinding(
                            .critical, code: "outlet-unknown", what: "outlet \(outlet) of \(feeds[outlets.feed].session.place) says neither on nor off",
                            remedy: "check the outlet's number and the profile"))
                }
            }
            guard fed.reduce(0, { $0 + $1.numbers.count }) == 1 else { continue }
            let what = feedsWholeChassis ? "one outlet is named: a chassis usually has two to four feeds" : "one outlet is named for bay \(bay)"
            findings.append(
                ChassisFinding(
                    feedsWholeChassis ? .warning : .info, code: "one-feed", what: "\(what), and it is off only when all are",
                    remedy: feedsWholeChassis
                        ? "name every outlet that feeds the chassis: outlets=3,4&also=pdu-b:161/3,4"
                        : "name every outlet that feeds it: bay\(bay)=3,4&also\(bay)=pdu-b:161/3,4"))
        }
        return findings
    }

    /// Whether it may be written, tried on one outlet of each PDU, when asked for, by setting it to what it is.
    private func writeFindings(_ tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] {
        guard tryWrite else {
            return [
                ChassisFinding(
                    .warning, code: "write-not-tried", what: "whether this community or user may switch outlets was not tried: that takes a write",
                    remedy: "'podp chassis check --try-write' sets one outlet of each PDU to what it is; not while something is being cut off by it")
            ]
        }
        var findings: [ChassisFinding] = []
        for index in feeds.indices {
            let (session, profile) = (feeds[index].session, try await profile(index))
            guard let outlets = bays.keys.sorted().lazy.compactMap({ self.bays[$0]?.first { $0.feed == index } }).first,
                let (outlet, state) = try await outletStates(outlets).first(where: { $0.1 != .unknown })
            else { continue }
            let value = state == .on ? profile.writesOn : profile.writesOff
            let status = try await session.set(profile.control.appending(outlet), value, timeout: .seconds(5))
            guard status != 0 else { continue }
            findings.append(
                ChassisFinding(
                    .critical, code: "read-only",
                    what: "outlet \(outlet) of \(session.place) could not be set to what it is (\(SNMPStatus.word(status))): nothing can be cut off there",
                    remedy: "give this community or user write access on the PDU, for podp's address, or name the one that has it"))
        }
        return findings
    }
}
