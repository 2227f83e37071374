import PodpModel
import PodpPower

/// Switched PDUs that feed one chassis: cuts it off as a whole, and says "off" only when every outlet of every PDU says so.
///
/// A PDU switches power modules, not blades. The chassis is its bay 1. There is no soft-off: what runs, falls.
public actor PDUDriver: WholeChassisDriver {
    /// One PDU and the outlets that are this chassis'.
    private struct Feed {
        var session: SNMPSession
        var reader: SNMPReader
        var outlets: [UInt32]
        var profile: PDUProfile?
    }

    private var feeds: [Feed] = []
    private let named: PDUProfile?
    private let clock: ChassisClock

    /// `outlets=3,4` at the URL's host, and `also=HOST:PORT/5,6` at another with the same login. Throws `.configuration`.
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
        var access = try SNMPAccess(url, secrets)
        var places = [(access.host, access.port, url.parameters["outlets"] ?? "")]
        if let also = url.parameters["also"] {
            let parts = also.split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let colon = parts[0].lastIndex(of: ":"), let port = UInt16(parts[0][parts[0].index(after: colon)...]), port > 0 else {
                throw ChassisError(.configuration, "also=\(also) is no HOST:PORT/OUTLETS", remedy: "like also=pdu-b:161/3,4")
            }
            places.append((String(parts[0][..<colon].drop { $0 == "[" }.prefix { $0 != "]" }), port, String(parts[1])))
        }
        for (host, port, text) in places {
            let outlets = text.split(separator: ",").map { UInt32($0) }
            guard !outlets.isEmpty, outlets.allSatisfy({ $0.map { (1...96).contains($0) } ?? false }) else {
                throw ChassisError(.configuration, "outlets=\(text): name every outlet that feeds the chassis", remedy: "like outlets=3,4")
            }
            access.host = host
            access.port = port
            let session = SNMPSession(access)
            feeds.append(Feed(session: session, reader: SNMPReader(session, clock: clock), outlets: outlets.compactMap { $0 }, profile: named))
        }
    }

    public func close() async { for feed in feeds { await feed.session.close() } }

    // MARK: - Reading

    public func powerState(bay: Int) async -> PowerReading {
        var reading = PowerReading(bay: bay, reported: .unknown, isPresent: nil, health: nil, source: PowerSource(.pdu), at: clock.now())
        guard bay == 1 else {
            reading.driversDoubt = .notTold("a PDU has no bays: the whole chassis is its bay 1")
            return reading
        }
        var areAllOff = true
        for index in feeds.indices {
            do {
                for (outlet, state) in try await outletStates(index) {
                    switch state {
                    case .on:
                        reading.reported = .on
                        areAllOff = false
                    case .off: break
                    case .standby, .unknown:
                        areAllOff = false
                        reading.driversDoubt = .notTold("outlet \(outlet) of \(feeds[index].session.place) says neither on nor off")
                    }
                }
            } catch {
                return .silent(error.message, bay: bay, source: PowerSource(.pdu), at: clock.now())
            }
        }
        if reading.reported == .on { reading.driversDoubt = nil } else if areAllOff { reading.reported = .off }
        reading.at = clock.now()
        return reading
    }

    public func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading? { source == .pdu ? await powerState(bay: bay) : nil }

    private func outletStates(_ index: Int) async throws(ChassisError) -> [(UInt32, PowerState)] {
        let profile = try await profile(index)
        let feed = feeds[index]
        let found = try await feed.reader.values(feed.outlets.map { .init(name: profile.status.appending($0), isVital: true) })
        return feed.outlets.map { outlet in
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
        guard bay == 1 else { return .refused(PowerRefusal(.noBlade, "a PDU has no bays: the whole chassis is its bay 1")) }
        guard request != .softOff else { return .refused(PowerRefusal(.unsupported, "a PDU cuts power; it shuts nothing down")) }
        var lost: String?
        for index in feeds.indices {
            let profile: PDUProfile
            do {
                profile = try await self.profile(index)
            } catch {
                return .lost(error.message)
            }
            for outlet in feeds[index].outlets {
                let value = request == .on ? profile.writesOn : profile.writesOff
                do {
                    let status = try await feeds[index].session.set(profile.control.appending(outlet), value, timeout: .seconds(5))
                    guard status == 0 else {
                        return .refused(
                            PowerRefusal(
                                .notPermitted,
                                "outlet \(outlet) of \(feeds[index].session.place) is not switched (\(SNMPStatus.word(status))): "
                                    + "does this community or user have write access, and is there such an outlet?"))
                    }
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
        var names: [String] = []
        for index in feeds.indices {
            let profile = try await profile(index)
            names.append("\(feeds[index].session.place) (\(profile.name)) outlets \(feeds[index].outlets.map(String.init).joined(separator: ", "))")
        }
        return ChassisInventory(
            kind: .pdu, model: feeds.compactMap(\.profile?.name).first, name: names.joined(separator: "; "),
            bays: [ChassisBay(number: 1, name: "the whole chassis", mayBeSwitched: true)])
    }

    public func readings() async throws(ChassisError) -> ChassisReadings {
        let reading = await powerState(bay: 1)
        if case .silent(let why)? = reading.doubt { throw ChassisError(.silent, why) }
        return ChassisReadings(at: clock.now(), bays: [BayReadings(power: reading)])
    }

    public func capabilities() async throws(ChassisError) -> ChassisCapabilities {
        ChassisCapabilities(requests: [.on, .hardOff], secondSources: [.pdu], limits: ["switches the whole chassis, no single blade"])
    }

    public func findings() async throws(ChassisError) -> [ChassisFinding] {
        var findings: [ChassisFinding] = []
        for index in feeds.indices {
            for (outlet, state) in try await outletStates(index) where state == .unknown {
                findings.append(
                    ChassisFinding(
                        .critical, code: "outlet-unknown", what: "outlet \(outlet) of \(feeds[index].session.place) says neither on nor off",
                        remedy: "check the outlet's number and the profile"))
            }
        }
        if feeds.reduce(0, { $0 + $1.outlets.count }) == 1 {
            findings.append(
                ChassisFinding(
                    .warning, code: "one-feed", what: "one outlet is named: a chassis usually has two to four feeds, and is off only when all are",
                    remedy: "name every outlet that feeds the chassis: outlets=3,4&also=pdu-b:161/3,4"))
        }
        return findings
    }
}
