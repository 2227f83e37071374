import PodpModel
import PodpPower

extension RedfishDriver {
    public func readings() async throws(ChassisError) -> ChassisReadings {
        let layout = try await currentLayout()
        var readings = ChassisReadings(at: clock.now())
        var gaps: [String] = []
        var silence: ChassisError?
        for (number, place) in layout.places.sorted(by: { $0.key < $1.key }) {
            var bay = BayReadings(power: await powerState(bay: number))
            if case .silent(let why)? = bay.power.doubt {
                gaps.append("bay \(number): \(why)")
                silence = ChassisError(.silent, why)
            } else if let path = place.chassis, let node = try? await resource(path) {
                if let power = await part("Power", of: node), let watts = Self.watts(power) {
                    bay.watts = watts
                    bay.isMeasured = true
                }
                if let thermal = await part("Thermal", of: node) { bay.temperatures = Self.temperatures(thermal) }
            }
            readings.bays.append(bay)
        }
        if let silence, gaps.count == layout.places.count { throw silence }
        if let path = layout.enclosure, let node = try? await resource(path) { await addEnclosure(node, to: &readings) }
        readings.gaps = gaps
        readings.at = clock.now()
        return readings
    }

    private func addEnclosure(_ node: RedfishNode, to readings: inout ChassisReadings) async {
        readings.health = Self.moduleHealth(node["Status"])
        if let power = await part("Power", of: node) {
            readings.watts = Self.watts(power)
            readings.powerModules = (power["PowerSupplies"]?.elements ?? []).enumerated().map { index, supply in
                PowerModule(
                    number: index + 1, isPresent: supply["Status"]?["State"]?.text != "Absent", health: Self.moduleHealth(supply["Status"]),
                    text: supply["Name"]?.text, watts: supply["PowerCapacityWatts"]?.whole)
            }
            if let control = power["PowerControl"]?.elements.first, control["PowerCapacityWatts"]?.whole != nil {
                let total = control["PowerCapacityWatts"]?.whole, used = control["PowerConsumedWatts"]?.whole
                readings.powerDomains = [
                    PowerDomain(
                        number: 1, health: Self.moduleHealth(control["Status"]), totalWatts: total, allocatedWatts: control["PowerAllocatedWatts"]?.whole,
                        remainingWatts: control["PowerAvailableWatts"]?.whole ?? Self.difference(total, used), usedWatts: used)
                ]
            }
        }
        if let thermal = await part("Thermal", of: node) {
            readings.temperatures = Self.temperatures(thermal)
            readings.blowers = (thermal["Fans"]?.elements ?? []).enumerated().map { index, fan in
                let isPercent = fan["ReadingUnits"]?.text == "Percent"
                return Blower(
                    number: index + 1, health: Self.moduleHealth(fan["Status"]), percent: isPercent ? fan["Reading"]?.whole : nil,
                    rpm: isPercent ? nil : fan["Reading"]?.whole)
            }
        }
    }

    private static func difference(_ a: Int?, _ b: Int?) -> Int? {
        guard let a, let b else { return nil }
        return max(0, a - b)
    }

    /// `Power` or `Thermal` of a chassis, where it has one.
    func part(_ name: String, of chassis: RedfishNode) async -> RedfishNode? {
        guard let path = chassis[name]?.link, let reply = try? await client.get(path), reply.status == 200 else { return nil }
        return reply.node
    }

    static func watts(_ power: RedfishNode) -> Int? { power["PowerControl"]?.elements.lazy.compactMap { $0["PowerConsumedWatts"]?.whole }.first }

    static func temperatures(_ thermal: RedfishNode) -> [Temperature] {
        (thermal["Temperatures"]?.elements ?? []).enumerated().compactMap { index, sensor in
            guard sensor["Status"]?["State"]?.text != "Absent" else { return nil }
            return Temperature(sensor: sensor["Name"]?.text ?? "sensor \(index + 1)", celsius: sensor["ReadingCelsius"]?.number)
        }
    }

    public func resume(seats: [String: Int]) async { numbering.resume(seats) }

    // MARK: - What it can do, and what is wrong with it

    public func capabilities() async throws(ChassisError) -> ChassisCapabilities {
        let layout = try await currentLayout()
        var capabilities = ChassisCapabilities()
        for place in layout.places.values {
            guard let node = try? await resource(place.system), let action = node["Actions"]?["#ComputerSystem.Reset"] else { continue }
            let allowed = action["ResetType@Redfish.AllowableValues"]?.elements.compactMap(\.text) ?? []
            for request in PowerRequest.allCases where allowed.isEmpty || Self.names(of: request).contains(where: allowed.contains) {
                capabilities.requests.insert(request)
            }
            break
        }
        if let own = layout.places.values.compactMap(\.chassis).first, let node = try? await resource(own), let power = await part("Power", of: node),
            Self.watts(power) != nil
        {
            capabilities.measuresWatts = true
            capabilities.secondSources = [.watts]
        }
        return capabilities
    }

    public func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] {
        let inventory = try await inventory()
        let layout = try await currentLayout()
        var findings: [ChassisFinding] = []
        if layout.places.isEmpty {
            findings.append(
                ChassisFinding(
                    .critical, code: "no-systems", what: "the service shows no system",
                    remedy: "name the chassis' own management controller, with a user who may see its systems"))
        }
        if numbering.way == .list, !layout.places.isEmpty {
            let alone = layout.places.filter(\.value.isPlaceAlone).keys.sorted().map { "\($0)" }.joined(separator: ", ")
            findings.append(
                alone.isEmpty
                    ? ChassisFinding(
                        .warning, code: "no-bay-numbers", what: "no system says which bay it is in, and none has a number in its id or name: podp counts them",
                        remedy: "see 'podp chassis probe' for which one is which: they are known by their UUIDs and serial numbers, not by their bays")
                    : ChassisFinding(
                        .critical, code: "no-bay-numbers",
                        what: "no system says which bay it is in, and some have neither UUID nor serial number (\(alone)): these are not switched",
                        remedy: "let the service tell LocationOrdinalValue of their chassis, or a UUID or serial number of each system"))
        }
        for path in layout.nowhere {
            findings.append(
                ChassisFinding(
                    .critical, code: "no-place", what: "\(path) does not say which bay it is in, while others do: it is not switched",
                    remedy: "let the service tell LocationOrdinalValue of its chassis"))
        }
        for bay in inventory.bays where bay.isPresent == true && bay.mayBeSwitched == false {
            findings.append(
                ChassisFinding(
                    .critical, code: "remote-power-off", what: "bay \(bay.number): its system has no action ComputerSystem.Reset",
                    remedy: "give the user a role that may configure (Operator), and enable remote power control at the device"))
        }
        var silent: [Int] = []
        for (number, place) in layout.places.sorted(by: { $0.key < $1.key }) {
            let policy = (try? await resource(place.system))?["PowerRestorePolicy"]?.text
            if policy == "AlwaysOn" {
                findings.append(
                    ChassisFinding(
                        .critical, code: "auto-power-on", what: "bay \(number): it switches itself on when power comes back (AlwaysOn)",
                        remedy: "set its PowerRestorePolicy to AlwaysOff: a fenced blade must stay off until podp starts it"))
            } else if policy == nil {
                silent.append(number)
            } else if policy == "LastState" {
                findings.append(
                    ChassisFinding(
                        .warning, code: "auto-power-on", what: "bay \(number): after a loss of power it is as it was before (LastState)",
                        remedy: "set its PowerRestorePolicy to AlwaysOff, so that only podp starts blades"))
            }
        }
        if !silent.isEmpty {
            let bays = silent.map { "\($0)" }.joined(separator: ", ")
            findings.append(
                ChassisFinding(
                    .info, code: "auto-power-on-not-told",
                    what: "bay \(bays): the service does not tell what it does when power comes back (PowerRestorePolicy)",
                    remedy: "see the device's own settings: a fenced blade must stay off until podp starts it"))
        }
        if inventory.managementModules.count == 1 {
            findings.append(
                ChassisFinding(
                    .warning, code: "one-management-module", what: "there is one management controller: when it fails, nothing in this chassis can be fenced",
                    remedy: "add a Switched PDU that podp may use for the whole chassis"))
        }
        if url.parameters["pin"] == nil {
            findings.append(
                ChassisFinding(
                    .info, code: "not-pinned", what: "its certificate is not pinned",
                    remedy: "add ?pin=sha256:… with the fingerprint that the device itself shows"))
        }
        return findings
    }
}
