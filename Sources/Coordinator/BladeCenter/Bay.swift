import PodpModel

/// One bay of the chassis: a blade's identity, its power, and when that changes.
struct Bay: Sendable {
    enum Power: String, Sendable {
        case on = "On"
        case off = "Off"
        case poweringOn = "PoweringOn"
        case poweringOff = "PoweringOff"
    }

    let number: Int
    let blade: BladeIdentity
    /// Of its first network interface.
    let mac: String
    var power = Power.off
    /// Grows with every change of power that was asked for: what an earlier one had planned is void.
    var change = 0
    var boots = 0

    static let cpus = 8
    static let memory = Bytes.gibibytes(24)
    static let dom0Memory = Bytes.gibibytes(2)

    /// The same blade in the same bay, in every run.
    init(number: Int) {
        self.number = number
        let id = BladeID(ID128(high: 0x8cb6_f79b_0ab4_41dc, low: 0x8314_0800_2000_0000 | UInt64(number)))
        let digits = number < 10 ? "0\(number)" : "\(number)"
        blade = BladeIdentity(id: id, serial: "KQ86\(digits)3", name: "blade-\(digits)")
        mac = "00:1a:64:76:00:\(digits)"
    }

    /// What a management module measures, in watts: a blade at rest takes 112, at work 290, and standby 6.
    func watts(loadPermille: Int) -> Int {
        switch power {
        case .off: 6
        case .poweringOn, .poweringOff: 140
        case .on: 112 + 178 * min(1000, max(0, loadPermille)) / 1000
        }
    }

    /// Celsius, of the first processor.
    func temperature(loadPermille: Int, inlet: Int = 23) -> Int {
        power == .on ? inlet + 12 + 34 * min(1000, max(0, loadPermille)) / 1000 : inlet
    }
}

/// Redfish's ways to change a blade's power that this chassis knows.
enum ResetType: String, CaseIterable, Sendable {
    case on = "On"
    case forceOff = "ForceOff"
    case gracefulShutdown = "GracefulShutdown"
    case forceRestart = "ForceRestart"
}
