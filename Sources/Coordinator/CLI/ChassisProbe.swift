import ArgumentParser
import Glibc
import PodpChassis
import PodpPower

struct ChassisProbe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Read a chassis once: bays, power, health, watts, temperatures, modules.",
        discussion: "Nothing is changed. What the chassis does not know is null, never 0.")
    @OptionGroup var address: ChassisAddress
    @Option(name: .shortAndLong, help: "table, or json.") var output: OutputFormat = .table

    func run() async throws {
        try await address.withDriver { url, driver in
            let inventory = try await driver.inventory()
            let readings = try await driver.readings()
            switch output {
            case .json: Terminal.write(Self.json(inventory, readings).text() + "\n", to: STDOUT_FILENO)
            case .table: Terminal.write(Self.table(inventory, readings), to: STDOUT_FILENO)
            }
            for gap in readings.gaps { Terminal.complain(Terminal.errors.yellow("podp: ") + SafeText.line("\(url): \(gap)")) }
        }
    }

    static func json(_ inventory: ChassisInventory, _ readings: ChassisReadings) -> JSONTree {
        .object([
            ("kind", .string(inventory.kind.rawValue)), ("model", JSONTree(inventory.model)), ("serial", JSONTree(inventory.serial)),
            ("primary", JSONTree(readings.primaryModule ?? inventory.primaryModule)),
            ("bays", .array(inventory.bays.map { bay($0, readings.bay($0.number)) })),
            (
                "powerDomains",
                .array(
                    readings.powerDomains.map { domain in
                        .object([
                            ("domain", .int(domain.number)), ("health", JSONTree(domain.health?.rawValue)), ("totalWatts", JSONTree(domain.totalWatts)),
                            ("allocatedWatts", JSONTree(domain.allocatedWatts)), ("remainingWatts", JSONTree(domain.remainingWatts)),
                            ("usedWatts", JSONTree(domain.usedWatts)), ("modules", .array(domain.modules.map { .string($0) })),
                        ])
                    })
            ),
            (
                "blowers",
                .array(
                    readings.blowers.map { blower in
                        .object([
                            ("blower", .int(blower.number)), ("health", JSONTree(blower.health?.rawValue)), ("percent", JSONTree(blower.percent)),
                            ("rpm", JSONTree(blower.rpm)),
                        ])
                    })
            ),
            (
                "powerModules",
                .array(
                    readings.powerModules.map { module in
                        .object([
                            ("module", .int(module.number)), ("present", JSONTree(module.isPresent)), ("health", JSONTree(module.health?.rawValue)),
                            ("text", JSONTree(module.text)), ("watts", JSONTree(module.watts)),
                        ])
                    })
            ),
            (
                "switchModules",
                .array(
                    readings.switchModules.map { module in
                        .object([
                            ("module", .int(module.number)), ("present", JSONTree(module.isPresent)), ("type", JSONTree(module.kind?.rawValue)),
                            ("power", JSONTree(module.power?.rawValue)), ("health", JSONTree(module.health?.rawValue)), ("mac", JSONTree(module.mac)),
                            ("address", JSONTree(module.address)),
                        ])
                    })
            ),
        ])
    }

    private static func bay(_ bay: ChassisBay, _ readings: BayReadings?) -> JSONTree {
        let power = readings?.power
        let isEmpty = (power?.isPresent ?? bay.isPresent) == false
        return .object([
            ("bay", .int(bay.number)), ("present", JSONTree(power?.isPresent ?? bay.isPresent)),
            ("power", .string((power?.state ?? .unknown).rawValue)), ("health", isEmpty ? .null : JSONTree(power?.health?.rawValue)),
            ("name", JSONTree(bay.name)), ("serial", JSONTree(bay.serial)), ("uuid", JSONTree(bay.uuid?.description)),
            ("macs", .array(bay.macs.map { .string($0) })), ("width", JSONTree(bay.width)), ("coveredBy", JSONTree(bay.coveredBy)),
            ("powerDomain", JSONTree(bay.powerDomain)), ("watts", JSONTree(readings?.watts)), ("wattsMeasured", JSONTree(readings?.isMeasured)),
            (
                "temperatures",
                .array((readings?.temperatures ?? []).map { .object([("sensor", .string($0.sensor)), ("celsius", JSONTree($0.celsius))]) })
            ),
        ])
    }

    // MARK: - For people

    static func table(_ inventory: ChassisInventory, _ readings: ChassisReadings) -> String {
        var text = [inventory.name, inventory.model, inventory.serial.map { "serial \($0)" }].compactMap { $0 }.joined(separator: ", ")
        if let primary = readings.primaryModule { text += "; management module \(primary) leads" }
        text = Terminal.output.bold(SafeText.line(text.isEmpty ? inventory.kind.rawValue : text)) + "\n\n"
        var bays = Table(header: ["BAY", "POWER", "HEALTH", "NAME", "MODEL", "SERIAL", "WATTS", "TEMPERATURE", "DOMAIN", "UUID"])
        bays.rows = inventory.bays.map { bay in
            let reading = readings.bay(bay.number)
            guard reading?.power.isPresent != false else {
                return [Cell("\(bay.number)", right: true), Cell(bay.coveredBy.map { "part of bay \($0)" } ?? "empty", .faint)]
            }
            let hottest = (reading?.temperatures ?? []).filter { $0.celsius != nil }.max { ($0.celsius ?? 0) < ($1.celsius ?? 0) }
            return [
                Cell("\(bay.number)", right: true), power(reading?.power), Cell(reading?.power.health?.rawValue ?? "–", look(reading?.power.health)),
                Cell(bay.name ?? "–"), Cell(bay.model ?? "–"), Cell(bay.serial ?? "–"),
                Cell(reading?.watts.map { "\($0) W\(reading?.isMeasured == false ? " (table)" : "")" } ?? "–", right: true),
                Cell(hottest.map { "\($0.sensor) \(Words.short($0.celsius ?? 0)) °C" } ?? "–"), Cell(bay.powerDomain.map { "\($0)" } ?? "–"),
                Cell(bay.uuid?.description ?? "–", .faint),
            ]
        }
        text += bays.text()
        let doubts = readings.bays.filter { $0.power.state == .unknown && $0.power.isPresent != false }
        for bay in doubts { text += "  bay \(bay.power.bay): \(SafeText.line(bay.power.why))\n" }
        text += "\n" + modules(readings)
        return text
    }

    private static func modules(_ readings: ChassisReadings) -> String {
        var table = Table(header: [])
        for domain in readings.powerDomains {
            table.rows.append([
                Cell("power domain \(domain.number)"), Cell(domain.health?.rawValue ?? "–", look(domain.health)),
                Cell(
                    "\(watts(domain.usedWatts)) used, \(watts(domain.allocatedWatts)) promised, \(watts(domain.remainingWatts)) left of \(watts(domain.totalWatts))"
                ),
            ])
        }
        for module in readings.powerModules where module.isPresent != false {
            table.rows.append([Cell("power module \(module.number)"), Cell(module.health?.rawValue ?? "–", look(module.health)), Cell(module.text ?? "")])
        }
        for blower in readings.blowers {
            let speed = [blower.percent.map { "\($0) %" }, blower.rpm.map { "\($0) rpm" }].compactMap { $0 }.joined(separator: ", ")
            table.rows.append([Cell("blower \(blower.number)"), Cell(blower.health?.rawValue ?? "–", look(blower.health)), Cell(speed)])
        }
        for module in readings.switchModules where module.isPresent != false {
            table.rows.append([
                Cell("switch module \(module.number)"), Cell(module.health?.rawValue ?? "–", look(module.health)),
                Cell([module.kind?.rawValue, module.power?.rawValue, module.address].compactMap { $0 }.joined(separator: ", ")),
            ])
        }
        for temperature in readings.temperatures {
            table.rows.append([Cell(temperature.sensor), Cell(""), Cell(temperature.celsius.map { "\(Words.short($0)) °C" } ?? "–")])
        }
        return table.text()
    }

    private static func watts(_ value: Int?) -> String { value.map { "\($0) W" } ?? "–" }

    private static func power(_ reading: PowerReading?) -> Cell {
        switch reading?.state ?? .unknown {
        case .on: Cell("on", .good)
        case .off: Cell("off")
        case .standby: Cell("standby", .warning)
        case .unknown: Cell("unknown", .bad)
        }
    }

    private static func look(_ health: BayHealth?) -> Cell.Look {
        switch health {
        case .good: .good
        case nil: .faint
        case .warning, .kernelMode, .discovering, .flashing: .warning
        default: .bad
        }
    }

    private static func look(_ health: ModuleHealth?) -> Cell.Look {
        switch health {
        case .good: .good
        case .warning: .warning
        case .critical: .bad
        case nil, .notAvailable, .unknown: .faint
        }
    }
}
