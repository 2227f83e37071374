import PodpModel

/// Amounts and names in the words of people.
struct Words {
    let problem: Problem
    /// The unit of loads as people give them, in millionths.
    static let load = "millionths of a load"
    /// What the names of Ganeti's migration tags begin with among a CPU's features.
    static let migrationTag = "migration tag "

    func percent(_ part: Double) -> String { "\(Int(min(max(part * 100, 0), 99_999) + 0.5)) %" }

    /// `1.4 cores`, `26 GiB`.
    func amount(_ amount: Int64, _ resource: Int) -> String {
        switch problem.resources[resource].unit {
        case "mCPU":
            let cores = tenths(Double(amount) / 1000)
            return cores + (cores == "1" ? " core" : " cores")
        case Self.load: return "a load of \(Self.decimal(Double(amount) / 1_000_000))"
        case "KiB": return bytes(Double(amount), rate: "")
        case "KiB/s": return bytes(Double(amount), rate: "/s")
        default: return "\(amount) \(problem.resources[resource].unit)"
        }
    }

    private func bytes(_ kibibytes: Double, rate: String) -> String {
        if kibibytes >= 1_048_576 { return tenths(kibibytes / 1_048_576) + " GiB" + rate }
        if kibibytes >= 1024 { return tenths(kibibytes / 1024) + " MiB" + rate }
        return tenths(kibibytes) + " KiB" + rate
    }

    func tenths(_ value: Double) -> String {
        let count = Int(min(max(value, 0), 1e15) * 10 + 0.5)
        return count % 10 == 0 ? "\(count / 10)" : "\(count / 10).\(count % 10)"
    }

    /// `1.2`, `0.0625`: as many decimals as are told apart, four at most or as many as are asked for.
    static func decimal(_ value: Double, decimals: Int = 4) -> String {
        var unit = 1
        for _ in 0..<decimals { unit *= 10 }
        let count = Int((min(max(value, 0), 1e9) * Double(unit)).rounded())
        guard count % unit > 0 else { return "\(count / unit)" }
        var digits = String(String(count % unit + unit).dropFirst())
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(count / unit).\(digits)"
    }

    /// `CPU`, `memory`.
    func name(_ resource: Int) -> String { problem.resources[resource].name == "cpu" ? "CPU" : problem.resources[resource].name }

    /// `{erp, mail}`; after six `and 3 more`.
    func set(_ domains: [Int]) -> String {
        let names = domains.prefix(6).map { problem.domains[$0].name }.joined(separator: ", ")
        return domains.count > 6 ? "{\(names) and \(domains.count - 6) more}" : "{\(names)}"
    }

    /// Why no plan sends the domain to the blade, whatever room there is; `nil` when nothing is in the way.
    func obstacle(_ domain: Int, _ blade: Int) -> String? {
        let (domain, blade) = (problem.domains[domain], problem.blades[blade])
        if !blade.accepts { return "\(blade.name) accepts none (\(blade.reason ?? "no reason given"))" }
        if domain.mobility == .live, let missing = domain.cpuFeatures.first(where: { !blade.cpuFeatures.contains($0) }) {
            return missing.hasPrefix(Self.migrationTag) ? "\(blade.name) lacks \(missing)" : "\(blade.name)'s CPU lacks \(missing)"
        }
        if let missing = domain.bridges.first(where: { !blade.bridges.contains($0) }) { return "\(blade.name) has no bridge \(missing)" }
        return nil
    }
}
