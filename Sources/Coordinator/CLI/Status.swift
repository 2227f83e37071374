import ArgumentParser
import PodpAPI

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "The chassis as one machine: capacity, use, free, what is short.")
    @OptionGroup var options: ConnectionOptions

    func run() async throws { try await options.show("/v1/status", as: StatusResource.self, table: Self.text) }

    static func text(_ status: StatusResource) -> String {
        let out = Terminal.output
        var text = ""
        if let reason = status.readOnly { text += out.red("read-only: \(SafeText.line(reason))") + "\n" }
        if let freeze = status.frozen {
            let reason = freeze.reason.isEmpty ? "" : ": \(SafeText.line(freeze.reason))"
            text += out.yellow("frozen by \(SafeText.line(freeze.by)) at \(Words.time(freeze.at))\(reason)") + out.faint("  ('podp thaw' ends it)") + "\n"
        }
        var blades = ["\(status.blades.connected) of \(Words.count(status.blades.total, "blade")) answer"]
        if status.blades.unknown > 0 { blades.append(out.red("\(status.blades.unknown) unknown")) }
        if status.blades.held > 0 { blades.append(out.yellow("\(status.blades.held) held")) }
        if status.blades.draining > 0 { blades.append("\(status.blades.draining) draining") }
        if status.blades.revoked > 0 { blades.append("\(status.blades.revoked) revoked") }
        var domains = ["\(status.domains.running) of \(Words.count(status.domains.total, "domain")) run"]
        if status.domains.unmanaged > 0 { domains.append("\(status.domains.unmanaged) unmanaged") }
        if status.domains.unknown > 0 { domains.append(out.red("\(status.domains.unknown) unknown")) }
        if status.domains.held > 0 { domains.append(out.yellow("\(status.domains.held) held")) }
        text += blades.joined(separator: ", ") + "; " + domains.joined(separator: ", ") + "\n"
        text += "balancing: \(status.balance.rawValue)" + (status.frozen == nil ? "" : ", frozen") + "\n\n"

        var table = Table(header: ["", "CAPACITY", "USED", "", "", "HIGH", "FREE"])
        for use in status.resources {
            let permille = Words.permille(use.mean, of: use.capacity)
            table.rows.append([
                Cell(use.resource, .bold), Cell(Words.amount(use.capacity, unit: use.unit), right: true),
                Cell(Words.amount(use.mean, unit: use.unit), right: true),
                Cell(permille.map { Bar.text(permille: $0) } ?? "", Self.look(permille)), Cell(Words.percent(permille: permille), right: true),
                Cell(Words.amount(use.high, unit: use.unit), right: true), Cell(Words.amount(use.free, unit: use.unit), right: true),
            ])
        }
        text += table.text()
        if status.operationsRunning > 0 {
            text += "\n" + Words.count(status.operationsRunning, "operation") + " under way"
            text += status.operationsIndeterminate > 0 ? ", " + out.yellow("\(status.operationsIndeterminate) of unknown end") + "\n" : "\n"
        }
        if !status.shortages.isEmpty { text += "\n" + out.bold("short") + "\n" }
        for verdict in status.shortages { text += "  " + paint(verdict.severity, SafeText.line(verdict.sentence)) + "\n" }
        if !status.notices.isEmpty { text += "\n" + out.bold("notices") + "\n" }
        for notice in status.notices {
            text += "  " + paint(notice.severity, SafeText.line(notice.sentence)) + "\n"
            if !notice.remedy.isEmpty { text += out.faint("    → \(SafeText.line(notice.remedy))") + "\n" }
        }
        if status.refusedReports > 0 { text += "\n" + out.yellow("\(status.refusedReports) reports were refused since the start; see 'podp events'") + "\n" }
        return text
    }

    static func look(_ permille: Int64?) -> Cell.Look {
        switch permille ?? 0 {
        case ..<700: .good
        case ..<900: .warning
        default: .bad
        }
    }
}

/// A sentence in its severity's colour.
func paint(_ severity: Severity, _ text: String) -> String {
    switch severity {
    case .note, .info: text
    case .warning: Terminal.output.yellow(text)
    case .critical: Terminal.output.red(text)
    }
}
