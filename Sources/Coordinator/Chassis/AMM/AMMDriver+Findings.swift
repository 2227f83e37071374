import PodpModel
import PodpPower

extension AMMDriver {
    public func capabilities() async throws(ChassisError) -> ChassisCapabilities {
        let layout = try await currentLayout()
        var capabilities = ChassisCapabilities(requests: Set(PowerRequest.allCases), hasConsole: true, hasEventLog: true)
        let rows = layout.rows.values.sorted { ($0.domain, $0.row) < ($1.domain, $1.row) }
        let measured = rows.map { AMMTree.domainRow($0.domain, AMMTree.rowMeasured).appending($0.row) }
        let found = try await reader.values(measured.map { .init(name: $0) })
        capabilities.measuresWatts = measured.contains { AMMText.flag(found[$0]) == true }
        if capabilities.measuresWatts { capabilities.secondSources.insert(.watts) }
        if url.parameters["console"] != nil { capabilities.secondSources.insert(.console) }
        if layout.rows.isEmpty { capabilities.limits.append("the power domains do not say which bay they feed: no watts by blade") }
        return capabilities
    }

    public func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] {
        let inventory = try await inventory()
        let found = try await reader.values(
            [AMMTree.powerControlPolicy, AMMTree.autoPowerOn].map { .init(name: $0, isVital: true) }
                + [AMMTree.clock, AMMTree.timeZone].map { .init(name: $0, size: 24) })
        var findings: [ChassisFinding] = []
        if AMMText.flag(found[AMMTree.powerControlPolicy]) == false {
            findings.append(
                ChassisFinding(
                    .critical, code: "power-control-policy", what: "the chassis' policy forbids power control of blades",
                    remedy: "in the management module: Blade Tasks, Power/Restart, enable local and remote power control"))
        }
        for bay in inventory.bays where bay.isPresent == true && bay.mayBeSwitched == false {
            findings.append(
                ChassisFinding(
                    .critical, code: "remote-power-off", what: "bay \(bay.number)\(bay.name.map { " (\($0))" } ?? ""): its remote power control is disabled",
                    remedy: "in the management module: Blade Tasks, Power/Restart, enable remote power control for this blade"))
        }
        switch found[AMMTree.autoPowerOn]?.small {
        case 2:
            findings.append(
                ChassisFinding(
                    .critical, code: "auto-power-on", what: "the chassis switches blades on by itself when power comes back or a blade is put in (automatic)",
                    remedy: "set the automatic power-on policy to manual: a fenced blade must stay off until podp starts it"))
        case 1:
            findings.append(
                ChassisFinding(
                    .warning, code: "auto-power-on", what: "the chassis switches blades back on that were on before it lost power (restore)",
                    remedy: "set the automatic power-on policy to manual, so that only podp starts blades"))
        case 3: break
        case nil:
            findings.append(
                ChassisFinding(
                    .info, code: "auto-power-on-not-told", what: "the chassis does not tell what it does with blades when power comes back",
                    remedy: "in the management module: Blade Tasks, Power/Restart; a fenced blade must stay off until podp starts it"))
        case let other?:
            findings.append(
                ChassisFinding(
                    .info, code: "auto-power-on", what: "the automatic power-on policy has a value that podp does not know (\(other))",
                    remedy: "see to it that it is manual"))
        }
        if let finding = try await writeFinding(inventory, tryWrite) { findings.append(finding) }
        findings += moduleFindings(inventory)
        if let finding = clockFinding(found[AMMTree.clock], found[AMMTree.timeZone]) { findings.append(finding) }
        for bay in inventory.bays where bay.isPresent == true && bay.uuid == nil && bay.macs.isEmpty {
            findings.append(
                ChassisFinding(
                    .warning, code: "no-identity",
                    what: "bay \(bay.number): the chassis tells neither UUID nor MAC of its blade, so it cannot be tied to an agent",
                    remedy: "wait until its inventory is read (minutes after it was put in), or restart its service processor"))
        }
        if session.access.isV1 {
            findings.append(
                ChassisFinding(
                    .info, code: "snmpv1", what: "SNMPv1 has no secret: whoever hears the network can switch blades",
                    remedy: "use amm+snmpv3://USER@\(url.place)?auth=sha&priv=aes (a login profile with SNMPv3 access), or keep the management network closed"))
        }
        return findings
    }

    private func moduleFindings(_ inventory: ChassisInventory) -> [ChassisFinding] {
        var findings: [ChassisFinding] = []
        if let contradiction {
            findings.append(
                ChassisFinding(
                    .critical, code: "primary-contradicted", what: "\(contradiction); podp believes none of its \"off\"",
                    remedy: "ask again after the failover is over; if it stays so, restart the standby management module"))
        } else if inventory.primaryModule == nil {
            findings.append(
                ChassisFinding(
                    .critical, code: "primary-unknown",
                    what: "the chassis does not say which management module is the primary one; podp believes none of its \"off\"",
                    remedy: "update the management module's firmware, or ask with a user that may see the whole tree"))
        }
        if let primary = inventory.primaryModule, let asked = standby(whereLeads: primary) {
            let there = inventory.managementModules.first { $0.number == primary }?.address
            findings.append(
                ChassisFinding(
                    .critical, code: "standby-module",
                    what: "management module \(asked) answers at \(url.host), and module \(primary) leads: podp believes none of its \"off\"",
                    remedy: "name the address of module \(primary)\(there.map { " (\($0))" } ?? ""), or one that moves with the lead: in the management "
                        + "module, External Network Interface, let the address be swapped at a failover"))
        }
        let present = inventory.managementModules.filter { $0.isPresent == true }
        if present.count > 1, present.contains(where: { $0.address == nil }) {
            findings.append(
                ChassisFinding(
                    .warning, code: "module-addresses",
                    what: "the management modules do not tell their addresses: podp cannot find out whether the one that leads answers at \(url.host)",
                    remedy: "let the address be swapped at a failover (External Network Interface), so that whoever leads answers there"))
        }
        if present.count == 1 {
            findings.append(
                ChassisFinding(
                    .warning, code: "one-management-module", what: "there is one management module: when it fails, nothing in this chassis can be fenced",
                    remedy: "add the second one, or a Switched PDU that podp may use for the whole chassis"))
        }
        for module in inventory.managementModules where module.isPresent == true && (module.health == .warning || module.health == .critical) {
            findings.append(
                ChassisFinding(
                    .warning, code: "management-module-health", what: "management module \(module.number) is \(module.health?.rawValue ?? "not well")",
                    remedy: "see the chassis' event log"))
        }
        return findings
    }

    /// Whether it may be written, tried, when asked for, by setting settings to what they are. SNMPv1 has one word (noSuchName) for "not by you" and
    /// for "not in this firmware": only when several different ones are refused is that the first.
    private func writeFinding(_ inventory: ChassisInventory, _ tryWrite: Bool) async throws(ChassisError) -> ChassisFinding? {
        guard tryWrite else {
            return ChassisFinding(
                .warning, code: "write-not-tried", what: "whether this community or user may switch blades was not tried: that takes a write",
                remedy: "'podp chassis check --try-write' sets settings to the values that they have")
        }
        let bays = inventory.bays.filter { $0.isPresent == true }.prefix(2).map { AMMTree.remotePowerControl.appending(UInt32($0.number)) }
        let names = [AMMTree.autoPowerOn, AMMTree.powerControlPolicy] + bays
        let found = try await reader.values(names.map { .init(name: $0, isVital: true) })
        var refused: [Int32] = []
        for name in names {
            guard let value = found[name]?.small, (0...3).contains(value) else { continue }
            let status = try await session.set(name, Int32(value), timeout: .seconds(5))
            if status == 0 { return nil }
            refused.append(status)
        }
        let clear: Set<Int32> = [SNMPStatus.readOnly, SNMPStatus.noAccess, SNMPStatus.authorizationError]
        guard refused.contains(where: clear.contains) || (refused.count > 1 && refused.allSatisfy { $0 == SNMPStatus.noSuchName }) else {
            return ChassisFinding(
                .info, code: "write-unclear", what: "no setting could be set to what it is, and the module does not say why",
                remedy: "try 'podp chassis power' on a blade that nobody needs")
        }
        return ChassisFinding(
            .critical, code: "read-only",
            what: "this community or user may read only (\(SNMPStatus.word(refused.first ?? 0))): no blade can be switched",
            remedy: session.access.isV1
                ? "give the community access type 'set' for podp's address in the management module (Network Protocols, SNMP), or name the one that has it"
                : "give the user's SNMPv3 profile access type 'set' in the management module (Login Profiles)")
    }

    private func clockFinding(_ clock: SNMPValue?, _ zone: SNMPValue?) -> ChassisFinding? {
        guard let text = AMMText.label(clock), let written = AMMClock(text, zone: AMMText.label(zone)) else {
            return ChassisFinding(
                .info, code: "clock-not-told", what: "the management module does not tell its clock\(AMMText.label(clock).map { " ('\($0)')" } ?? "")",
                remedy: "see that it follows an NTP server (Network Protocols, NTP): its event log cannot be compared with anything otherwise")
        }
        let drift = written.seconds - AMMClock.now
        // Without a zone it may be any zone's.
        let allowed: Int64 = written.hasZone ? 300 : 15 * 3600
        guard drift.magnitude > UInt64(allowed) else { return nil }
        return ChassisFinding(
            .warning, code: "clock", what: "the management module's clock says \(text), some \(drift.magnitude / 60) minutes \(drift > 0 ? "ahead" : "behind")",
            remedy: "let it follow an NTP server (Network Protocols, NTP): its event log cannot be compared with anything otherwise")
    }
}
