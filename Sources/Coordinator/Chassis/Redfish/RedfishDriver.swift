import PodpModel
import PodpPower

/// Anything that speaks Redfish (DMTF DSP0266): one system a bay, actions as the resources name them.
public actor RedfishDriver: ChassisDriver {
    let client: RedfishClient
    nonisolated let clock: ChassisClock
    nonisolated let url: ChassisURL
    var layout: Layout?
    /// For as long as this driver lives a system's number is no other system's.
    var numbering = RedfishNumbering()

    /// Which resource is which bay.
    struct Layout: Sendable {
        struct Place: Sendable {
            var system: String
            /// Of the blade alone, not of an enclosure that it shares.
            var chassis: String?
            /// Of the system that was there (`ChassisBay.label`), and whether it is an interface's address, which takes another request.
            var label: String?
            var isLabelAddress = false
            /// It is known by its place in a list alone: with another system gone, another one would be there.
            var isPlaceAlone = false
        }
        var places: [Int: Place] = [:]
        /// Systems that say of no bay that they are in it, while others do.
        var nowhere: [String] = []
        var enclosure: String?
    }

    /// Throws `.configuration`.
    public init(_ url: ChassisURL, secrets: ChassisSecrets, clock: ChassisClock = .system) throws(ChassisError) {
        client = try RedfishClient(url, secrets)
        self.url = url
        self.clock = clock
    }

    public var requestCount: UInt64 { get async { await client.requestCount } }

    public func close() async { await client.close() }

    // MARK: - One bay

    public func powerState(bay: Int) async -> PowerReading {
        let source = PowerSource(.management)
        do {
            guard let place = try await currentLayout().places[bay] else {
                return PowerReading(
                    bay: bay, reported: .unknown, isPresent: false, health: nil, source: source, at: clock.now(), driversDoubt: .absent)
            }
            let reply = try await client.get(place.system)
            switch reply.status {
            case 200:
                var reading = Self.reading(of: reply.node, bay: bay, at: clock.now())
                // What it was known by; of several addresses that one.
                if place.isLabelAddress, let known = place.label {
                    let isThere = await addresses(of: reply.node).contains(known)
                    reading.label = isThere ? known : nil
                }
                // Without its UUID for once, it is not another one.
                if let known = place.label.flatMap({ ID128($0) }), reading.label.flatMap({ ID128($0) }) == nil, known != .zero { reading.label = nil }
                return reading
            // It was there a moment ago: the blade was taken out, or the service is starting.
            case 404, 410:
                // Whoever was counted keeps its number.
                layout = nil
                return PowerReading(
                    bay: bay, reported: .unknown, isPresent: false, health: nil, source: source, at: clock.now(), driversDoubt: .absent)
            default: return .silent("\(client.place) answers \(reply.status)", bay: bay, source: source, at: clock.now())
            }
        } catch {
            return error.reading(bay: bay, source: source, at: clock.now())
        }
    }

    public func powerState(bay: Int, source: PowerSource.Kind) async -> PowerReading? {
        switch source {
        case .management: return await powerState(bay: bay)
        case .watts:
            guard let chassis = try? await currentLayout().places[bay]?.chassis, let reply = try? await client.get(chassis), reply.status == 200,
                let power = await part("Power", of: reply.node), let watts = Self.watts(power)
            else { return nil }
            return PowerReading(
                bay: bay, reported: watts <= 45 ? .off : .on, isPresent: true, health: nil, source: PowerSource(.watts), at: clock.now())
        case .console, .pdu: return nil
        }
    }

    /// PowerState: only `Off` is off.
    static func reading(of system: RedfishNode, bay: Int, at now: Instant) -> PowerReading {
        let status = system["Status"]
        var reading = PowerReading(
            bay: bay, reported: .unknown, isPresent: status?["State"]?.text != "Absent", health: health(status), source: PowerSource(.management), at: now,
            label: label(system))
        switch system["PowerState"]?.text {
        case "On": reading.reported = .on
        case "Off": reading.reported = .off
        // It runs until it is off.
        case "PoweringOff": reading.reported = .on
        case "PoweringOn": reading.driversDoubt = .notTold("it is powering on")
        case "Paused": reading.reported = .standby
        case let other?: reading.driversDoubt = .notTold("PowerState is '\(other)', which podp does not know")
        case nil: reading.driversDoubt = .notTold("the service does not say whether it is on")
        }
        return reading
    }

    static func health(_ status: RedfishNode?) -> BayHealth? {
        switch status?["State"]?.text {
        case "Updating": return .flashing
        case "UnavailableOffline": return .commError
        // On its way to somewhere: what PowerState says meanwhile is what was before.
        case "Starting": return .discovering
        default: break
        }
        switch status?["Health"]?.text {
        case "OK": return .good
        case "Warning": return .warning
        case "Critical": return .critical
        default: return nil
        }
    }

    static func moduleHealth(_ status: RedfishNode?) -> ModuleHealth? {
        if status?["State"]?.text == "Absent" { return .notAvailable }
        switch status?["Health"]?.text {
        case "OK": return .good
        case "Warning": return .warning
        case "Critical": return .critical
        default: return nil
        }
    }

    // MARK: - Asking

    public func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome {
        do {
            guard let place = try await currentLayout().places[bay] else {
                return .refused(PowerRefusal(.noBlade, "\(client.place) has no system for bay \(bay)"))
            }
            if place.isPlaceAlone {
                return .refused(
                    PowerRefusal(
                        .unsupported,
                        "\(place.system) has no number of a bay, no UUID and no serial number: podp cannot tell it from the others, and switches "
                            + "none of them"))
            }
            let system = try await client.get(place.system)
            guard system.status == 200 else { return .lost("\(client.place) answers \(system.status)") }
            if let known = place.label, !place.isLabelAddress, let told = Self.label(system.node), told != known {
                layout = nil
                return .refused(PowerRefusal(.noBlade, "\(place.system) is another system now: its label says \(told), not \(known)"))
            }
            if let known = place.label, place.isLabelAddress, await !addresses(of: system.node).contains(known) {
                layout = nil
                return .refused(PowerRefusal(.noBlade, "\(place.system) is another system now, or its interfaces do not answer: none has the address \(known)"))
            }
            guard let action = system.node["Actions"]?["#ComputerSystem.Reset"], let target = action["target"]?.text else {
                return .refused(PowerRefusal(.unsupported, "\(place.system) has no action ComputerSystem.Reset"))
            }
            let allowed = await allowedValues(action)
            let wanted = Self.names(of: request)
            guard let type = allowed.isEmpty ? wanted.first : wanted.first(where: allowed.contains) else {
                return .refused(
                    PowerRefusal(.unsupported, "\(place.system) cannot do \(wanted.joined(separator: " or ")); it can \(allowed.joined(separator: ", "))"))
            }
            var reply = try await client.post(target, ["ResetType": type])
            if reply.status == 412 || reply.status == 428 {
                // It wants to know which state was seen. Nothing was done.
                let fresh = try await client.get(place.system)
                reply = try await client.post(target, ["ResetType": type], etag: fresh.etag ?? system.etag ?? "*")
            }
            return await outcome(reply, request, bay, place.system)
        } catch {
            switch error.code {
            case .denied, .configuration: return .refused(PowerRefusal(.notPermitted, error.message))
            default: return .lost(error.message)
            }
        }
    }

    static func names(of request: PowerRequest) -> [String] {
        switch request {
        case .on: ["On", "ForceOn"]
        case .hardOff: ["ForceOff"]
        case .softOff: ["GracefulShutdown"]
        }
    }

    private func allowedValues(_ action: RedfishNode) async -> [String] {
        let named = action["ResetType@Redfish.AllowableValues"]?.elements.compactMap(\.text) ?? []
        if !named.isEmpty { return named }
        guard let path = action["@Redfish.ActionInfo"]?.text, let info = try? await client.get(path), info.status == 200 else { return [] }
        let parameter = info.node["Parameters"]?.elements.first { $0["Name"]?.text == "ResetType" }
        return parameter?["AllowableValues"]?.elements.compactMap(\.text) ?? []
    }

    private func outcome(_ reply: RedfishClient.Reply, _ request: PowerRequest, _ bay: Int, _ system: String) async -> RequestOutcome {
        switch reply.status {
        case 200..<300: return .accepted
        case 401, 403: return .refused(PowerRefusal(.notPermitted, "\(client.place) does not let this user switch \(system): \(Self.message(reply))"))
        case 404, 405, 501: return .refused(PowerRefusal(.unsupported, "\(system) does not do that: \(Self.message(reply))"))
        case 400, 409, 422:
            // Many answer so when there is nothing to do.
            let reading = await powerState(bay: bay)
            if reading.state == request.goal { return .needless }
            let words = Self.message(reply)
            let lower = words.lowercased()
            if request == .on, lower.contains("insufficient") || lower.contains("power budget") {
                return .refused(PowerRefusal(.insufficientPower, "the chassis has not enough power to start the blade in bay \(bay): \(words)"))
            }
            return reply.status == 409
                ? .lost("\(client.place) answers 409: \(words)") : .refused(PowerRefusal(.other, "\(system) refuses (\(reply.status)): \(words)"))
        default: return .lost("\(client.place) answers \(reply.status): \(Self.message(reply))")
        }
    }

    /// The service's own words, as far as it has any.
    static func message(_ reply: RedfishClient.Reply) -> String {
        let error = reply.node["error"]
        let extended = error?["@Message.ExtendedInfo"]?.elements.compactMap { $0["Message"]?.text ?? $0["MessageId"]?.text } ?? []
        let text = extended.first ?? error?["message"]?.text ?? "status \(reply.status)"
        return String(text.prefix(300))
    }
}
