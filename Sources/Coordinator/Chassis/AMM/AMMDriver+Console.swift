import PodpModel
import PodpPower

extension AMMDriver {
    /// Serial over LAN: the module's command line is opened and `console` typed at its prompt. In one channel: its ssh handles no second one.
    public func console(bay: Int, takeOver: Bool) async throws(ChassisError) -> ConsoleCommand {
        try ConsoleCommand.amm(url, bay: bay, takeOver: takeOver)
    }
}

extension ConsoleCommand {
    /// An Advanced Management Module's console, by `ssh` alone: no SNMP is spoken for it. Throws `.missing`, `.configuration`.
    public static func amm(_ url: ChassisURL, bay: Int, takeOver: Bool) throws(ChassisError) -> ConsoleCommand {
        guard (1...14).contains(bay) else { throw ChassisError(.missing, "no such bay: a BladeCenter has bays 1 to 14, not \(bay)") }
        let ssh = try OldSSH(url)
        return ConsoleCommand(
            program: "ssh", arguments: ssh.arguments(command: nil, askpass: false),
            opening: ["console \(takeOver ? "-o " : "")-T blade[\(bay)]"],
            leaving: "ESC ( leaves the blade's console, 'exit' the management module")
    }
}

extension AMMDriver {
    /// The command line's word on a blade's power: a witness only where it is configured (`console=USER@HOST:PORT`).
    func consoleReading(_ bay: Int) async -> PowerReading? {
        guard url.parameters["console"] != nil, (1...14).contains(bay) else { return nil }
        let source = PowerSource(.console)
        if let deniedConsole, ContinuousClock.now < deniedConsole.until { return deniedConsole.error.reading(bay: bay, source: source, at: clock.now()) }
        do {
            if commandLine == nil { commandLine = try CommandLine() }
            guard let commandLine else { return nil }
            let answer = try await commandLine.run(try OldSSH(url), "power -state -T blade[\(bay)]", password: secrets.password)
            var reading = PowerReading(bay: bay, reported: .unknown, isPresent: nil, health: nil, source: source, at: clock.now())
            switch CommandLine.power(answer, bay: bay) {
            case let state?: reading.reported = state
            case nil: reading.driversDoubt = .notTold("the command line answers neither On nor Off")
            }
            return reading
        } catch {
            if error.code == .denied { deniedConsole = (error, .now + ChassisError.deniedPause) }
            return error.reading(bay: bay, source: source, at: clock.now())
        }
    }
}
