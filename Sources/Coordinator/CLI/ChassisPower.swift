import ArgumentParser
import Glibc
import PodpChassis
import PodpModel
import PodpPower
import Synchronization

struct ChassisPower: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power", abstract: "Switch a blade, and say when it is certain.",
        discussion: """
            Speaks to the chassis itself; a coordinator that manages it is not asked. Prints every reading with its time (UTC).

            Off is confirmed by two readings that agree, two seconds apart; nothing else is "off". A soft-off that is not obeyed is followed by a hard one
            where --escalate-after says so, never by itself.
            Exit codes: 0 confirmed; 3 unknown, or not confirmed in time; 4 refused.
            """)

    enum Wish: String, ExpressibleByArgument, CaseIterable {
        case on
        case softOff = "soft-off"
        case off

        var request: PowerRequest {
            switch self {
            case .on: .on
            case .softOff: .softOff
            case .off: .hardOff
            }
        }
    }

    enum Witness: String, ExpressibleByArgument, CaseIterable {
        case watts
        case console
        case pdu

        var kind: PowerSource.Kind {
            switch self {
            case .watts: .watts
            case .console: .console
            case .pdu: .pdu
            }
        }
    }

    @OptionGroup var address: ChassisAddress
    @Option(help: "The bay's number.") var bay: Int
    @Argument(help: "on, soft-off (the operating system shuts down) or off (at once).") var wish: Wish
    @Option(
        help: ArgumentHelp(
            "Only if this blade is in that bay: its UUID, serial number or an address, as 'podp chassis probe' shows them.", valueName: "label"))
    var blade: String?
    @Flag(help: "With off: ask for it even if the blade is off already, for a start that was asked for before may still come.") var askAnyway = false
    @Option(help: ArgumentHelp("When to give up: 60s, 3m. By default 60s, for soft-off 180s.", valueName: "time")) var deadline: String?
    @Option(help: ArgumentHelp("After a soft-off: hard, if it is not off this long after it was asked: 60s, 3m.", valueName: "time")) var escalateAfter: String?
    @Option(name: .customLong("second-source"), help: "Must say off too: watts (measured ones), console or pdu.") var witnesses: [Witness] = []
    @Option(help: ArgumentHelp("The outlets that feed each bay, for --second-source pdu: pdu+snmpv1://COMMUNITY@HOST?bay1=3,4&bay2=5,6", valueName: "url"))
    var pdu: String?
    @Option(help: ArgumentHelp("A file with what opens the PDU; else the same as for the chassis.", valueName: "file")) var pduSecrets: String?

    func validate() throws {
        if let blade, blade.allSatisfy(\.isWhitespace) { throw ValidationError("--blade is empty: leave it out, or name the blade") }
        guard (1...64).contains(bay) else { throw ValidationError("--bay is from 1 to 64") }
        if askAnyway, wish != .off { throw ValidationError("--ask-anyway is of off alone") }
        if witnesses.contains(.pdu) != (pdu != nil) { throw ValidationError("--second-source pdu and --pdu URL go together") }
        if let deadline {
            guard let time = Self.duration(deadline), time >= .seconds(1), time <= .seconds(3600) else {
                throw ValidationError("--deadline is from 1s to 1h, like 60s or 3m")
            }
        }
        if askAnyway, let deadline = deadline.flatMap(Self.duration), deadline < .seconds(20) {
            throw ValidationError("--ask-anyway wants a --deadline of 20s or more: a start that was accepted before may come up to 11 s after the off")
        }
        guard let escalateAfter else { return }
        if wish != .softOff { throw ValidationError("--escalate-after is of soft-off alone") }
        guard let time = Self.duration(escalateAfter), time >= .seconds(1), time <= .seconds(3600) else {
            throw ValidationError("--escalate-after is from 1s to 1h, like 60s or 3m")
        }
        if let deadline = deadline.flatMap(Self.duration), deadline < time + .seconds(5) {
            throw ValidationError("--deadline is before the hard off of --escalate-after could be confirmed: it takes some 5 s more")
        }
    }

    /// A witness that is not there is not waited for: nothing could ever be confirmed by it.
    private func checkWitnesses() throws {
        guard witnesses.contains(.console) else { return }
        let url = try address.parsed().url
        guard url.scheme != .ammV1 && url.scheme != .ammV3 || url.parameters["console"] == nil else { return }
        throw Trouble(
            .usage, "\(url) has no second source console", remedy: "where an AMM's command line is, is said in its URL: console=USER@HOST:PORT")
    }

    func run() async throws {
        try checkWitnesses()
        let status = try await address.withDriver(pdu: pdu, pduSecrets: pduSecrets) { _, driver in
            var rules = PowerConfirmation.Rules.usual(
                for: wish.request, by: driver.mainSource, escalateAfter: escalateAfter.flatMap(Self.duration))
            if let deadline, let time = Self.duration(deadline) { rules.deadline = time }
            rules.secondSources = Set(witnesses.map(\.kind))
            rules.asksAlways = askAnyway
            // What is switched is the blade that is in the bay now, not what may be in it a moment later. Of an outlet there is no label.
            // The deadline is of all of it: a chassis that is silent is silent from here on.
            let clock = ChassisClock.system, begun = clock.now()
            let read = await clock.within(begun + rules.deadline) { () -> Result<ChassisInventory, ChassisError> in
                do throws(ChassisError) { return .success(try await driver.inventory()) } catch { return .failure(error) }
            }
            // Whoever is not trusted now is not in a minute.
            if case .failure(let error)? = read, error.code == .untrusted { throw Trouble(.indeterminate, error.message, remedy: error.remedy) }
            let inventory = try? read?.get()
            rules.deadline = max(.milliseconds(50), rules.deadline - (clock.now() - begun))
            if let inventory, !inventory.bays.isEmpty, inventory.bay(bay) == nil {
                let numbers = inventory.bays.map { "\($0.number)" }.joined(separator: ", ")
                throw Trouble(.refused, "no such bay: \(bay)", remedy: "the chassis has \(numbers)")
            }
            let wanted = Set(witnesses.map(\.kind)).subtracting([.pdu])
            if inventory != nil, !wanted.isEmpty,
                let there = await clock.within(begun + rules.deadline, { try? await driver.capabilities().secondSources }) ?? nil,
                let missing = wanted.subtracting(there).first
            {
                throw Trouble(
                    .refused, "the chassis has no second source \(missing.rawValue): nothing could be confirmed, and nothing was asked of it",
                    remedy: missing == .watts ? "no blade's watts are measured there ('podp chassis probe' shows wattsMeasured)" : "leave it out")
            }
            if let blade { try Self.expect(blade, in: bay, inventory, driver) }
            if driver.mainSource == .management, let found = inventory?.bay(bay), found.isPresent != false {
                if found.isInventoryReady == false {
                    throw Trouble(
                        .indeterminate, "the chassis has not read the label of the blade in bay \(bay) yet: which blade that is, is unknown",
                        remedy: "it takes some minutes after a blade was put in, or a management module started; try again then")
                }
                rules.label = found.label
                let about = [found.name, found.serial.map { "serial \($0)" }, found.uuid.map { "UUID \($0)" }, found.serial == nil ? found.macs.first : nil]
                let line = "bay \(bay)     \(about.compactMap { $0 }.joined(separator: ", "))"
                Terminal.write("\(Self.time())  \(SafeText.line(line))\n", to: STDOUT_FILENO)
            }
            let isAsked = Mutex(false)
            let outcome = await ChassisRunner(driver: driver).bring(bay: bay, wish.request, rules: rules) { step in
                if case .requested = step { isAsked.withLock { $0 = true } }
                for line in Self.lines(step) { Terminal.write("\(Self.time())  \(SafeText.line(line))\n", to: STDOUT_FILENO) }
            }
            let (line, status) = Self.verdict(outcome, bay)
            Terminal.write("\(Self.time())  \(SafeText.line(line))\n", to: STDOUT_FILENO)
            if status == .indeterminate, wish == .on, isAsked.withLock({ $0 }) {
                Terminal.complain("podp: note: it may still start; to be sure that it does not: 'podp chassis power … --bay \(bay) off --ask-anyway'")
            }
            if case .deadline(last: nil, _) = outcome {
                Terminal.complain("podp: note: a wrong address, community or password can look like this; 'podp chassis probe URL' tells more")
            }
            // A chassis that still has not answered is not waited for.
            if case .deadline = outcome {
                _ = await clock.within(clock.now() + .seconds(3)) { await driver.close() }
                Glibc.exit(status.rawValue)
            }
            return status
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }

    /// A number is a bay's, and blades change places: nothing is asked of another one than is meant.
    private static func expect(_ blade: String, in bay: Int, _ inventory: ChassisInventory?, _ driver: any ChassisDriver) throws {
        guard driver.mainSource == .management else { throw Trouble(.usage, "--blade is of a blade: outlets have no label", remedy: "leave it out") }
        guard let found = inventory?.bay(bay) else {
            throw Trouble(.indeterminate, "who is in bay \(bay) could not be read: nothing was asked of it", remedy: "try again")
        }
        guard !found.isKnown(as: blade) else { return }
        let other = inventory?.bays.first { $0.isKnown(as: blade) }.map { "\(blade) is in bay \($0.number)" }
        throw Trouble(
            .refused, "bay \(bay) has not \(blade) in it, but \(found.label ?? (found.isPresent == false ? "nothing" : "a blade without a label"))",
            remedy: other ?? "'podp chassis probe' shows who is where")
    }

    static func lines(_ step: PowerStep) -> [String] {
        switch step {
        case .looked(let readings, _):
            readings.map { reading in
                let about = [reading.source.description, reading.health.map { "health \($0.rawValue)" }].compactMap { $0 }.joined(separator: ", ")
                return "reading   \(reading.state.rawValue) (\(about))\(reading.why.isEmpty ? "" : ": \(reading.why)")"
            }
        case .requested(let request, let outcome, _):
            switch outcome {
            case .accepted: ["request   \(request.rawValue): accepted"]
            case .needless: ["request   \(request.rawValue): it is so already, the device says, and does nothing"]
            case .refused(let refusal): ["request   \(request.rawValue): refused: \(refusal)"]
            case .lost(let why): ["request   \(request.rawValue): \(why); it may have been heard"]
            case .notAsked(let why): ["request   \(request.rawValue): not made: \(why)"]
            }
        case .waits: ["waiting   starts in a chassis are apart"]
        }
    }

    static func verdict(_ outcome: PowerConfirmation.Outcome, _ bay: Int) -> (String, ExitStatus) {
        switch outcome {
        case .confirmed(let state, _, let requested):
            ("confirmed \(state.rawValue): bay \(bay)\(requested ? "" : ", which it was already")", .done)
        case .refused(let refusal): ("refused   \(refusal)", .refused)
        case .unknown(let why): ("unknown   \(why)", .indeterminate)
        case .deadline(_, let why): ("unknown   the deadline passed: \(why)", .indeterminate)
        }
    }

    /// `60s`, `3m`, `1500ms`, `60`: seconds where no unit is named.
    static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard digits.count < 10, let number = Int64(digits) else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "", "s": return .seconds(number)
        case "m", "min": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: return nil
        }
    }

    /// `21:03:11.204`, UTC.
    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        func padded(_ number: Int, _ width: Int) -> String { String(repeating: "0", count: max(0, width - String(number).count)) + String(number) }
        let seconds = now.tv_sec % 86_400
        return "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2)).\(padded(now.tv_nsec / 1_000_000, 3))"
    }
}
