import PodpModel
import PodpPower

/// What the loss of one part of a chassis would mean, by its last readings.
public struct ChassisLoss: Hashable, Sendable {
    public enum Severity: Hashable, Sendable { case note, warning, critical }

    /// `power module 2`.
    public var part: String
    public var severity: Severity
    public var sentence: String

    public init(part: String, severity: Severity, sentence: String) {
        self.part = part
        self.severity = severity
        self.sentence = sentence
    }

    /// Of every power module and every switch module that is there.
    public static func all(_ readings: ChassisReadings, inventory: ChassisInventory?) -> [ChassisLoss] {
        let modules = readings.powerModules.filter { $0.isPresent != false }
        let switches = readings.switchModules.filter { $0.isPresent == true && $0.power != .off }
        return modules.map { of($0, among: modules, readings, inventory) } + switches.map { of($0, among: switches) }
    }

    private static func of(
        _ module: PowerModule, among modules: [PowerModule], _ readings: ChassisReadings, _ inventory: ChassisInventory?
    ) -> ChassisLoss {
        let part = "power module \(module.number)"
        guard let domain = readings.powerDomains.first(where: { $0.modules.contains { bay(of: $0) == module.number } }) else {
            let others = modules.count - 1
            return ChassisLoss(
                part: part, severity: .note, sentence: "the chassis does not say what it feeds; \(others) other\(others == 1 ? "" : "s") would be left")
        }
        let bays = (inventory?.bays ?? []).filter { $0.powerDomain == domain.number && $0.isPresent == true }.map(\.number)
        let fed = bays.isEmpty ? "power domain \(domain.number)" : "power domain \(domain.number) (blades in bays \(list(bays)))"
        let left = domain.modules.filter { text in
            guard let number = bay(of: text), number != module.number else { return false }
            let health = modules.first { $0.number == number }?.health
            return health != .critical && health != .notAvailable
        }
        guard !left.isEmpty else {
            return ChassisLoss(part: part, severity: .critical, sentence: "\(fed) would have no power: no other module feeds it")
        }
        let watts = left.compactMap { Self.watts(of: $0) }
        guard let used = domain.usedWatts, watts.count == left.count else {
            let others = "\(left.count) other module\(left.count == 1 ? "" : "s")"
            return ChassisLoss(part: part, severity: .note, sentence: "\(fed) would run on \(others); the chassis does not say how much that gives")
        }
        let capacity = watts.reduce(0) { $0.addingReportingOverflow($1).partialValue }
        if used > capacity {
            return ChassisLoss(
                part: part, severity: .critical,
                sentence: "\(fed) draws \(used) W and would have \(capacity) W: the chassis would slow blades down or switch them off")
        }
        return ChassisLoss(part: part, severity: .note, sentence: "\(fed) would run on: it draws \(used) W of the \(capacity) W that would be left")
    }

    private static func of(_ module: SwitchModule, among modules: [SwitchModule]) -> ChassisLoss {
        let part = "switch module \(module.number)"
        let kind = module.kind == .fibreChannel ? "Fibre Channel" : module.kind == .other ? "their" : "Ethernet"
        let others = modules.filter { $0.number != module.number && $0.kind == module.kind && $0.health != .critical }
        // A blade's serial console comes through its first interface, and so through the first Ethernet switch.
        let console = module.number == 1 && module.kind != .fibreChannel ? "; serial consoles would be lost" : ""
        guard !others.isEmpty else {
            return ChassisLoss(part: part, severity: .critical, sentence: "all blades would lose \(kind) paths: there is no other such switch\(console)")
        }
        return ChassisLoss(
            part: part, severity: .warning,
            sentence: "each blade would lose one of \(others.count + 1) \(kind) paths: domains go on where dom0 uses the others, too\(console)")
    }

    /// `Bay 3: 2940W` is of module 3.
    private static func bay(of text: String) -> Int? {
        let words = text.split { $0 == " " || $0 == ":" }
        guard words.count >= 2, words[0].lowercased() == "bay" else { return nil }
        return Int(words[1])
    }

    private static func watts(of text: String) -> Int? {
        guard let last = text.split(whereSeparator: { $0 == " " || $0 == ":" }).last, last.hasSuffix("W") else { return nil }
        return Int(last.dropLast()).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
    }

    private static func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ", ") }
}
