import PodpModel
import PodpPower

/// What two polls of a chassis differ in, where people want to know: never a number, always a state.
struct ChassisChange: Hashable, Sendable {
    var kind: String
    var severity: AuditEntry.Severity
    var sentence: String

    static func between(_ before: ChassisReadings?, and after: ChassisReadings) -> [ChassisChange] {
        guard let before else { return [] }
        var changes: [ChassisChange] = []
        if let old = before.primaryModule, let new = after.primaryModule, old != new {
            changes.append(
                ChassisChange(kind: "chassis-failover", severity: .warning, sentence: "management module \(new) leads now, \(old) did before"))
        }
        health("the chassis", before.health, after.health, &changes)
        for bay in after.bays {
            guard let old = before.bay(bay.power.bay) else { continue }
            blade(old.power, bay.power, &changes)
        }
        for part in after.powerModules {
            health("power module \(part.number)", before.powerModules.first { $0.number == part.number }?.health, part.health, &changes)
        }
        for part in after.switchModules {
            guard let old = before.switchModules.first(where: { $0.number == part.number }) else { continue }
            switchModule(old, part, &changes)
        }
        for part in after.blowers { health("blower \(part.number)", before.blowers.first { $0.number == part.number }?.health, part.health, &changes) }
        for part in after.powerDomains {
            health("power domain \(part.number)", before.powerDomains.first { $0.number == part.number }?.health, part.health, &changes)
        }
        return changes
    }

    /// Of labels, which are read more seldom: a standby management module is missed only when it is needed.
    static func between(_ before: ChassisInventory?, and after: ChassisInventory) -> [ChassisChange] {
        var changes: [ChassisChange] = []
        for module in after.managementModules {
            guard let old = before?.managementModules.first(where: { $0.number == module.number }) else { continue }
            if old.isPresent == true, module.isPresent == false {
                changes.append(
                    ChassisChange(
                        kind: "management-module-lost", severity: .critical,
                        sentence: "management module \(module.number) is gone: when the other one fails, nothing here can be switched"))
            } else if old.isPresent == false, module.isPresent == true {
                changes.append(ChassisChange(kind: "management-module-back", severity: .info, sentence: "management module \(module.number) is there"))
            }
            health("management module \(module.number)", old.health, module.health, &changes, tellsUnknown: true)
        }
        return changes
    }

    private static func switchModule(_ old: SwitchModule, _ new: SwitchModule, _ changes: inout [ChassisChange]) {
        let part = "switch module \(new.number)"
        if old.isPresent == true, new.isPresent == false {
            return changes.append(ChassisChange(kind: "switch-gone", severity: .warning, sentence: "\(part) is gone"))
        }
        if let was = old.power, let power = new.power, was != power {
            let severity: AuditEntry.Severity = power == .on ? .info : .warning
            changes.append(ChassisChange(kind: "switch-power", severity: severity, sentence: "\(part) reads \(power.rawValue), \(was.rawValue) before"))
        }
        health(part, old.health, new.health, &changes, tellsUnknown: true)
    }

    private static func blade(_ old: PowerReading, _ new: PowerReading, _ changes: inout [ChassisChange]) {
        if old.isPresent == false, new.isPresent == true {
            changes.append(ChassisChange(kind: "bay-filled", severity: .info, sentence: "bay \(new.bay) has a blade now"))
        } else if old.isPresent == true, new.isPresent == false {
            changes.append(ChassisChange(kind: "bay-emptied", severity: .warning, sentence: "bay \(new.bay) is empty now"))
        } else if old.state != new.state, new.state != .unknown, old.state != .unknown {
            let sentence = "the blade in bay \(new.bay) reads \(new.state.rawValue), \(old.state.rawValue) before"
            changes.append(ChassisChange(kind: "bay-power", severity: .info, sentence: sentence))
        }
        if let was = old.health, let health = new.health, was != health {
            let isBad = health != .good && health != .unknown && health != .discovering
            let sentence = "the blade in bay \(new.bay) has health \(health.rawValue), \(was.rawValue) before"
            changes.append(ChassisChange(kind: "bay-health", severity: isBad ? .warning : .info, sentence: sentence))
        }
    }

    private static func health(
        _ part: String, _ old: ModuleHealth?, _ new: ModuleHealth?, _ changes: inout [ChassisChange], tellsUnknown: Bool = false
    ) {
        guard let old, let new, old != new, tellsUnknown || (new != .unknown && old != .unknown) else { return }
        let severity: AuditEntry.Severity = new == .good ? .info : new == .critical ? .critical : .warning
        changes.append(ChassisChange(kind: "chassis-health", severity: severity, sentence: "\(part) is \(new.rawValue), \(old.rawValue) before"))
    }
}
