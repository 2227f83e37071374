import PodpAPI

/// A chassis' front in a terminal: bays side by side, wide blades across theirs, then power, parts, and what each part's loss would mean.
struct ChassisDrawing {
    /// A bay's inside, in characters.
    private static let inside = 9
    /// How many bays stand side by side.
    private let across: Int

    init(columns: Int) {
        across = columns >= 14 * (Self.inside + 1) + 1 ? 14 : 7
    }

    func text(_ chassis: ChassisResource) -> String {
        var text = title(chassis)
        if let silence = chassis.silence {
            text += Terminal.output.red("nothing answers") + SafeText.line(": \(silence)") + (chassis.readingsAgeSeconds == nil ? "\n" : "; this is old:\n")
        }
        text += front(chassis.bays)
        text += power(chassis)
        text += parts(chassis)
        text += losses(chassis.losses)
        for fault in chassis.faults ?? [] { text += Terminal.output.red("not used: ") + SafeText.line(fault) + "\n" }
        for gap in chassis.gaps { text += Terminal.output.yellow("not read: ") + SafeText.line(gap) + "\n" }
        return text
    }

    private func title(_ chassis: ChassisResource) -> String {
        let facts = [
            chassis.model, chassis.serial.map { "serial \($0)" }, chassis.watts.map { "\($0) W" }, chassis.primary.map { "management module \($0) leads" },
            chassis.readingsAgeSeconds.map { "read \(Words.seconds($0)) ago" },
        ].compactMap { $0 }
        return Terminal.output.bold(SafeText.line(chassis.name)) + SafeText.line(facts.isEmpty ? "" : "  " + facts.joined(separator: ", ")) + "\n"
    }

    // MARK: - The front

    private func front(_ bays: [ChassisBayResource]) -> String {
        var text = ""
        var rest = bays.sorted { $0.bay < $1.bay }[...]
        while !rest.isEmpty {
            let row = Array(rest.prefix(across))
            rest = rest.dropFirst(row.count)
            text += self.row(row)
        }
        return text
    }

    private func row(_ bays: [ChassisBayResource]) -> String {
        // A bay that a wide blade reaches into has no wall of its own to its left, if that blade is in this row.
        let joined = bays.map { bay in bay.coveredBy.map { cover in bays.contains { $0.bay == cover } } ?? false }
        func line(_ left: String, _ middle: String, _ right: String, _ fill: String) -> String {
            var line = left
            for index in bays.indices {
                line += String(repeating: fill, count: Self.inside)
                line += index + 1 == bays.count ? right : joined[index + 1] ? fill : middle
            }
            return line + "\n"
        }
        var text = line("┌", "┬", "┐", "─")
        let cells = bays.map { lines(of: $0) }
        for number in 0..<5 {
            text += "│"
            for index in bays.indices {
                text += cells[index][number] + (index + 1 < bays.count && joined[index + 1] ? " " : "│")
            }
            text += "\n"
        }
        return text + line("└", "┴", "┘", "─")
    }

    private func lines(of bay: ChassisBayResource) -> [String] {
        let number = "\(bay.bay)"
        let blank = pad("")
        if let cover = bay.coveredBy { return [Terminal.output.faint(pad(number)), Terminal.output.faint(pad("bay \(cover)")), blank, blank, blank] }
        if bay.present == false { return [Terminal.output.faint(pad(number)), Terminal.output.faint(pad("empty")), blank, blank, blank] }
        let state = bay.operation == nil ? bay.power.rawValue : "→ …"
        let gap = String(repeating: " ", count: max(1, Self.inside - number.count - SafeText.width(state)))
        let head = Terminal.output.bold(number) + gap + painted(state, bay)
        let name = bay.bladeName ?? bay.name ?? ""
        let load = bay.cpuPermille.map { permille -> String in
            let words = Words.percent(permille: Int64(permille)).filter { $0 != " " }
            return pad(Bar.text(permille: Int64(permille), width: Self.inside - 5) + String(repeating: " ", count: max(1, 5 - words.count)) + words)
        }
        let hottest = bay.temperatures.map(\.celsius).max().map { "\(Words.short($0.rounded()))°" }
        let watts = bay.watts.map { "\($0)W" + (bay.wattsMeasured == false ? "?" : "") }
        let figures = [watts, hottest].compactMap { $0 }.joined(separator: " ")
        let health = bay.health.map { $0 == "good" ? "" : $0 } ?? ""
        return [
            head, bay.blade == nil ? Terminal.output.faint(pad(name)) : pad(name), load ?? blank, pad(figures),
            health == "critical" || health == "commError" ? Terminal.output.red(pad(health)) : Terminal.output.yellow(pad(health)),
        ]
    }

    private func painted(_ state: String, _ bay: ChassisBayResource) -> String {
        switch bay.power {
        case .on: Terminal.output.green(state)
        case .off: Terminal.output.faint(state)
        case .standby, .unknown: Terminal.output.yellow(state)
        }
    }

    /// As wide as a bay: cut, or filled with blanks.
    private func pad(_ text: String) -> String {
        var shown = SafeText.line(text)
        while SafeText.width(shown) > Self.inside { shown.removeLast() }
        return shown + String(repeating: " ", count: Self.inside - SafeText.width(shown))
    }

    // MARK: - Below it

    private func power(_ chassis: ChassisResource) -> String {
        guard !chassis.powerDomains.isEmpty else { return "" }
        var table = Table(header: ["POWER DOMAIN", "", "USED", "OF", "PROMISED", "LEFT", "FED BY"])
        for domain in chassis.powerDomains {
            let permille = domain.usedWatts.flatMap { used in Words.permille(Int64(used), of: domain.totalWatts.map { Int64($0) }) }
            table.rows.append([
                Cell("\(domain.number)", domain.health == "good" || domain.health == nil ? .bold : .bad),
                Cell(permille.map { Bar.text(permille: $0, width: 12) } ?? ""), watts(domain.usedWatts), watts(domain.totalWatts),
                watts(domain.allocatedWatts), watts(domain.remainingWatts), Cell(domain.modules.joined(separator: ", ")),
            ])
        }
        return table.text()
    }

    private func watts(_ watts: Int?) -> Cell { Cell(watts.map { "\($0) W" } ?? "–", right: true) }

    private func parts(_ chassis: ChassisResource) -> String {
        var table = Table(header: [])
        func line(_ name: String, _ parts: [ChassisPartResource], _ words: (ChassisPartResource) -> String) {
            let shown = parts.filter { $0.present != false }
            guard !shown.isEmpty else { return }
            let isBad = shown.contains { $0.health != nil && $0.health != "good" && $0.health != "unknown" }
            let text = shown.map { part in
                "\(part.number)" + (part.health.map { $0 == "good" ? "" : " \($0)" } ?? "") + (words(part).isEmpty ? "" : " \(words(part))")
            }
            table.rows.append([Cell(name, .faint), Cell(text.joined(separator: ", "), isBad ? .warning : .plain)])
        }
        line("blowers", chassis.blowers) { $0.percent.map { "\($0) %" } ?? "" }
        line("power modules", chassis.powerModules) { $0.watts.map { "\($0) W" } ?? "" }
        line("switch modules", chassis.switchModules) { part in
            [part.kind, part.power == .on || part.power == nil ? nil : part.power?.rawValue].compactMap { $0 }.joined(separator: " ")
        }
        line("management", chassis.managementModules) { $0.primary == true ? "leads" : "" }
        if !chassis.temperatures.isEmpty {
            let sensors = chassis.temperatures.map { "\($0.sensor) \(Words.short($0.celsius)) °C" }
            table.rows.append([Cell("temperatures", .faint), Cell(sensors.joined(separator: ", "))])
        }
        return table.text()
    }

    private func losses(_ losses: [LossResource]) -> String {
        guard !losses.isEmpty else { return "" }
        var table = Table(header: ["WITHOUT", "WHAT HAPPENS"])
        for loss in losses {
            let look: Cell.Look = loss.severity == .critical ? .bad : loss.severity == .warning ? .warning : .plain
            table.rows.append([Cell(loss.part), Cell(loss.sentence, look)])
        }
        return table.text()
    }
}
