import PodpModel
import PodpPower

/// An IBM BladeCenter's Advanced Management Module, by SNMP v1 or v3.
///
/// Numbers are asked by columns with one packet in flight; labels are asked once and kept; tables that the module needs minutes for (LEDs) are
/// not asked at all. Restart (column 8) is never used: see `PowerRequest`.
public actor AMMDriver: ChassisDriver {
    let reader: SNMPReader
    nonisolated let session: SNMPSession
    nonisolated let clock: ChassisClock
    nonisolated let url: ChassisURL
    nonisolated let secrets: ChassisSecrets
    /// What was found out and changes only with blades: bays, and the rows that feed them.
    var layout: Layout?
    var knownInventory: ChassisInventory?
    /// The newest lines of the event log as of the last poll; `nil`: there was none yet.
    var newestLog: [ChassisLogEntry]?
    /// Columns of temperatures that were never filled for a bay are not asked each time.
    var emptyTemperatures: Set<ObjectID> = []
    var pollCount = 0
    /// Opened with the first look that needs it.
    var commandLine: CommandLine?
    /// A login that the command line refused, and until when it is not tried again.
    var deniedConsole: (error: ChassisError, until: ContinuousClock.Instant)?
    /// Which column told a bay's label: each look at it reads that again.
    var labels: [Int: ObjectID] = [:]
    /// Bays of which the module says whether label and addresses are complete (firmware of 5.3 on): each look reads that, too.
    var tellsReadiness: Set<Int> = []
    /// What the places contradict each other in that say which module leads; `nil`: in nothing, when labels were read.
    var contradiction: String?
    /// The management modules' own addresses, as they were last told.
    private var moduleAddresses: [Int: String] = [:]
    /// What the URL's host stands for; `nil`: not looked up yet.
    private var hostAddresses: Set<String>?

    /// Which row of which power domain feeds which bay.
    struct Row: Hashable, Sendable {
        var domain: Int
        var row: UInt32
    }

    struct Layout: Hashable, Sendable {
        var bays: Int
        var rows: [Int: Row] = [:]
        /// Of wide blades: the bays that they cover, where the module has nothing else.
        var covers: [Int: [Int]] = [:]
        var widths: [Int: Int] = [:]
        /// The rows that a blade draws from: the module divides a wide one's watts equally among its bays.
        func feeds(of bay: Int) -> [Row] { ([bay] + (covers[bay] ?? [])).compactMap { rows[$0] } }
        /// Bits of what stood in the bays when labels were read.
        var present: [Bool?] = []
    }

    /// Throws `.configuration`.
    public init(_ url: ChassisURL, secrets: ChassisSecrets, clock: ChassisClock = .system) throws(ChassisError) {
        session = try SNMPSession(try SNMPAccess(url, secrets))
        reader = SNMPReader(session, clock: clock)
        self.clock = clock
        self.url = url
        self.secrets = secrets
    }

    /// Packets sent so far, for figures.
    public var requestCount: UInt64 { get async { await session.requestCount } }

    public func close() async { await session.close() }

    // MARK: - One bay

    public func powerState(bay: Int) async -> PowerReading {
        guard let number = UInt32(exactly: bay), (1...14).contains(bay) else { return noBay(bay) }
        // A wide blade to the left explains an absent one here.
        let before = [bay - 1, bay - 2].filter { $0 >= 1 }.map { UInt32($0) }
        var wants = [AMMTree.exists, AMMTree.power, AMMTree.health].map { SNMPReader.Want(name: $0.appending(number), isVital: true) }
        wants += [AMMTree.activeModule, AMMTree.bayCount].map { SNMPReader.Want(name: $0, isVital: true) } + Self.addressWants + Self.leadWants
        for left in before { wants += [AMMTree.exists, AMMTree.width].map { SNMPReader.Want(name: $0.appending(left), isVital: true) } }
        if let column = labels[bay] { wants.append(SNMPReader.Want(name: column.appending(number), size: 40, isVital: true)) }
        // Of a bay that was empty then, it may tell since.
        let tellsReadiness = tellsReadiness.contains(bay)
        if !self.tellsReadiness.isEmpty { wants.append(SNMPReader.Want(name: AMMTree.inventoryReady.appending(number), isVital: tellsReadiness)) }
        do {
            var found = try await reader.values(wants)
            if primary(in: found) == nil, contradiction(in: found) == nil {
                found.merge(try await reader.values(Self.primaryWants)) { _, new in new }
            }
            await noteAddresses(found)
            if let count = found[AMMTree.bayCount]?.small, bay > count { return noBay(bay) }
            var reading = reading(of: bay, from: found)
            // While it still reads them, what stands in its tables may be another blade's.
            let isReady = AMMText.flag(found[AMMTree.inventoryReady.appending(number)])
            if reading.isPresent != false, tellsReadiness ? isReady != true : isReady == false {
                reading.label = nil
                if reading.reported == .off, reading.driversDoubt == nil {
                    reading.driversDoubt = .notTold("the management module has not read the label of the blade in bay \(bay) yet: it may be another one")
                }
            }
            if reading.health?.refusesStart == true { reading.shortfall = await shortfall(bay) }
            return reading
        } catch {
            return error.reading(bay: bay, source: PowerSource(.management, isPrimary: nil), at: clock.now())
        }
    }

    private func noBay(_ bay: Int) -> PowerReading {
        PowerReading(
            bay: bay, reported: .unknown, isPresent: false, health: nil, source: PowerSource(.management, isPrimary: nil), at: clock.now(),
            driversDoubt: .absent)
    }

    public func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading? {
        switch source {
        case .management: await powerState(bay: bay)
        case .watts: await wattsReading(bay)
        case .console: await consoleReading(bay)
        case .pdu: nil
        }
    }

    /// What a bay's numbers come to. The same for one look and for a poll.
    func reading(of bay: Int, from found: [ObjectID: SNMPValue]) -> PowerReading {
        let number = UInt32(bay)
        let module = primary(in: found)
        let exists = AMMText.flag(found[AMMTree.exists.appending(number)])
        let power = AMMText.bladePower(found[AMMTree.power.appending(number)])
        let health = AMMText.bladeHealth(found[AMMTree.health.appending(number)])
        var reading = PowerReading(
            bay: bay, reported: power ?? .unknown, isPresent: exists, health: health ?? .unknown,
            source: PowerSource(.management, module: module, isPrimary: module.map { standby(whereLeads: $0) == nil }), at: clock.now(),
            label: labels[bay].flatMap { label($0, found[$0.appending(number)]) })
        if exists == false {
            if let cover = cover(of: bay, in: found) { reading.driversDoubt = .covered(by: cover) }
        } else if power == nil {
            reading.driversDoubt = .notTold("the management module does not say whether the blade in bay \(bay) is on")
        } else if exists == nil {
            reading.driversDoubt = .notTold("the management module does not say whether there is a blade in bay \(bay)")
        } else if health == nil, power == .off {
            reading.driversDoubt = .notTold("the management module does not say how the blade in bay \(bay) is")
        }
        return reading
    }

    /// As `ChassisBay.label` has it.
    private func label(_ column: ObjectID, _ value: SNMPValue?) -> String? {
        if column == AMMTree.uuid { return AMMText.uuid(value)?.description }
        return column == AMMTree.serial ? AMMText.label(value) : AMMText.mac(value)
    }

    /// The bay of the wide blade that reaches into an absent one's. Where the module says that a blade is there, there is.
    func cover(of bay: Int, in found: [ObjectID: SNMPValue]) -> Int? {
        for left in [bay - 1, bay - 2] where left >= 1 {
            let number = UInt32(left)
            guard AMMText.flag(found[AMMTree.exists.appending(number)]) == true else { continue }
            if let width = found[AMMTree.width.appending(number)]?.small, (2...4).contains(width), left + width > bay { return left }
            return nil
        }
        return nil
    }

    /// Which module leads, in another place than `activeModule`: the two may contradict each other.
    static let leadWants: [SNMPReader.Want] = [1, 2].map { SNMPReader.Want(name: AMMTree.modulePrimary.appending($0), isVital: true) }

    static let primaryWants: [SNMPReader.Want] =
        [1, 2].map { SNMPReader.Want(name: AMMTree.modulePrimary.appending($0), isVital: true) }
        + [SNMPReader.Want(name: AMMTree.installedModules, size: 4, isVital: true)]

    /// Beside what power is decided by, each time: a failover may give an address to the other module.
    static let addressWants: [SNMPReader.Want] = [1, 2].map { SNMPReader.Want(name: AMMTree.moduleAddress.appending($0), size: 6, isVital: true) }

    /// Keeps what the modules say of their addresses, and finds out what the URL's host stands for.
    func noteAddresses(_ found: [ObjectID: SNMPValue]) async {
        for module in [1, 2] {
            if let address = AMMText.label(found[AMMTree.moduleAddress.appending(UInt32(module))]) { moduleAddresses[module] = address }
        }
        // Where both have one address, or podp knows of none, it need not be known.
        guard hostAddresses == nil, Set(moduleAddresses.values).count > 1 else { return }
        hostAddresses = await session.addresses(of: url.host)
    }

    /// The module that answers, if that is the other one than who leads: it was asked at an address of its own. `nil`: it is the one that leads, or
    /// nothing tells (both have one address, a port is forwarded).
    func standby(whereLeads primary: Int) -> Int? {
        guard let hostAddresses else { return nil }
        let asked = moduleAddresses.filter { hostAddresses.contains($0.value) }.keys
        guard asked.count == 1, let module = asked.first, module != primary else { return nil }
        return module
    }

    /// The modules that lead by the table of modules, where that contradicts `activeModule`; `nil`: it does not.
    func contradiction(in found: [ObjectID: SNMPValue]) -> (active: Int, table: [Int])? {
        guard let active = found[AMMTree.activeModule]?.small, active == 1 || active == 2 else { return nil }
        let leading = [1, 2].filter { AMMText.flag(found[AMMTree.modulePrimary.appending(UInt32($0))]) == true }
        return leading.isEmpty || leading == [active] ? nil : (active, leading)
    }

    static func sentence(_ active: Int, _ table: [Int]) -> String {
        "which management module leads is told twice: by one place module \(active), by another \(table.map { "module \($0)" }.joined(separator: " and "))"
    }

    /// Who answers is the primary one where both carry one address; where each has its own, see `standby`. Which one leads, three places say; where
    /// two of them contradict each other, nobody knows.
    func primary(in found: [ObjectID: SNMPValue]) -> Int? {
        if contradiction(in: found) != nil { return nil }
        if let active = found[AMMTree.activeModule]?.small, active == 1 || active == 2 { return active }
        let leading = [1, 2].filter { AMMText.flag(found[AMMTree.modulePrimary.appending(UInt32($0))]) == true }
        if leading.count == 1 { return leading.first }
        if let bits = found[AMMTree.installedModules]?.text, leading.isEmpty {
            let installed = bits.enumerated().filter { $0.element == "1" }.map { $0.offset + 1 }
            if installed.count == 1 { return installed.first }
        }
        return nil
    }

    /// Watts are a second witness only where they are measured.
    private func wattsReading(_ bay: Int) async -> PowerReading? {
        do {
            let layout = try await currentLayout()
            let rows = layout.feeds(of: bay)
            guard layout.rows[bay] != nil, let number = UInt32(exactly: bay) else { return nil }
            let width = AMMTree.width.appending(number)
            let found = try await reader.values(
                [.init(name: width, isVital: true)]
                    + rows.flatMap { row in
                        [
                            .init(name: AMMTree.domainRow(row.domain, AMMTree.rowWatts).appending(row.row), size: 8, isVital: true),
                            .init(name: AMMTree.domainRow(row.domain, AMMTree.rowMeasured).appending(row.row), isVital: true),
                        ]
                    })
            var reading = PowerReading(bay: bay, reported: .unknown, isPresent: true, health: nil, source: PowerSource(.watts), at: clock.now())
            // Part of a wide blade's watts would look like a blade that is off.
            guard AMMText.width(found[width]) == layout.widths[bay] else {
                self.layout = nil
                reading.driversDoubt = .notTold("the blade in bay \(bay) is not as wide as it was: which rows feed it is read again")
                return reading
            }
            let (sum, isMeasured) = watts(of: bay, layout, found)
            guard isMeasured == true, let value = sum else { return nil }
            // A service processor in standby takes some; a blade that runs takes a hundred.
            reading.reported = value <= 45 ? .off : .on
            return reading
        } catch {
            return error.reading(bay: bay, source: PowerSource(.watts), at: clock.now())
        }
    }

    /// What a blade draws in all its bays, and whether that is measured; `nil` where one of its rows does not say.
    func watts(of bay: Int, _ layout: Layout, _ found: [ObjectID: SNMPValue]) -> (watts: Int?, isMeasured: Bool?) {
        let rows = layout.feeds(of: bay)
        let flags = rows.map { AMMText.flag(found[AMMTree.domainRow($0.domain, AMMTree.rowMeasured).appending($0.row)]) }
        // Its own row says whether it is; a covered bay's may be silent on that, and may deny it.
        let isMeasured: Bool? = flags.contains(false) ? false : flags.first ?? nil
        return (sum(AMMTree.rowWatts, of: rows, found), isMeasured)
    }

    /// `nil`: one of the rows does not say, or there is none.
    func sum(_ column: UInt32, of rows: [Row], _ found: [ObjectID: SNMPValue]) -> Int? {
        var total = 0
        for row in rows {
            guard let part = AMMText.watts(found[AMMTree.domainRow(row.domain, column).appending(row.row)]) else { return nil }
            let (more, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = more
        }
        return rows.isEmpty ? nil : total
    }

    /// What a start lacked: the blade's most, and what its domain has left.
    func shortfall(_ bay: Int) async -> PowerShortfall? {
        guard let layout = try? await currentLayout(), let row = layout.rows[bay] else { return nil }
        let rows = layout.feeds(of: bay)
        let remaining = AMMTree.domainRemaining.appending(UInt32(row.domain))
        let maxima = rows.map { AMMTree.domainRow($0.domain, AMMTree.rowMaximum).appending($0.row) }
        let wants = (maxima + [remaining]).map { SNMPReader.Want(name: $0, size: 8, isVital: true) }
        guard let found = try? await reader.values(wants) else { return nil }
        return PowerShortfall(
            domain: row.domain, neededWatts: sum(AMMTree.rowMaximum, of: rows, found), remainingWatts: AMMText.watts(found[remaining]))
    }

    // MARK: - Asking

    public func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome {
        guard (1...14).contains(bay) else { return .refused(PowerRefusal(.noBlade, "the chassis has no bay \(bay)")) }
        let value: Int32 =
            switch request {
            case .hardOff: 0
            case .on: 1
            case .softOff: 2
            }
        let status: Int32
        do {
            status = try await session.set(AMMTree.powerOnOff.appending(UInt32(bay)), value, timeout: .seconds(5))
        } catch {
            switch error.code {
            case .denied, .configuration: return .refused(PowerRefusal(.notPermitted, error.message))
            default: return .lost(error.message)
            }
        }
        return status == 0 ? .accepted : await explain(status, request, bay)
    }

    /// SNMPv1 has four words for everything: the blade's health says more.
    private func explain(_ status: Int32, _ request: PowerRequest, _ bay: Int) async -> RequestOutcome {
        let word = SNMPStatus.word(status)
        let reading = await powerState(bay: bay)
        if request == .on, let health = reading.health, health.refusesStart {
            let reason: PowerRefusal.Reason = health == .insufficientPower ? .insufficientPower : .powerDenied
            let what = health == .insufficientPower ? "has not enough power to start" : "denies power to"
            return .refused(PowerRefusal(reason, "the chassis \(what) the blade in bay \(bay) (\(word))", shortfall: reading.shortfall))
        }
        if reading.doubt == .absent { return .refused(PowerRefusal(.noBlade, "bay \(bay) is empty (\(word))")) }
        switch status {
        case SNMPStatus.noSuchName, SNMPStatus.readOnly, SNMPStatus.noAccess, SNMPStatus.authorizationError, SNMPStatus.notWritable:
            return .refused(
                PowerRefusal(
                    .notPermitted,
                    "the management module does not let this community or user switch blades (\(word)): give it write access, and enable the blade's "
                        + "remote power control"
                ))
        // Busy, or something went wrong inside: what the blade does tells.
        case SNMPStatus.genErr, SNMPStatus.resourceUnavailable: return .lost("the management module answers \(word)")
        default:
            let what = request == .softOff ? "does not shut the blade in bay \(bay) down softly" : "refuses to switch bay \(bay)"
            return .refused(PowerRefusal(request == .softOff ? .unsupported : .other, "the management module \(what) (\(word))"))
        }
    }
}
