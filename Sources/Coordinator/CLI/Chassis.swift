import ArgumentParser
import Glibc
import PodpChassis

struct ChassisCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chassis", abstract: "Chassis: what the metal says, and switching it.",
        discussion: "show, list, add and remove ask the coordinator; probe, check, power and console speak to the chassis themselves.",
        subcommands: [
            ChassisWatch.Show.self, ChassisWatch.List.self, ChassisWatch.Add.self, ChassisWatch.Remove.self, ChassisProbe.self, ChassisCheck.self,
            ChassisPower.self, ChassisConsole.self,
        ], defaultSubcommand: ChassisWatch.Show.self)
}

/// Which chassis, and what opens it: options of every command that speaks to one itself.
struct ChassisAddress: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "amm+snmpv1://COMMUNITY@HOST:PORT, amm+snmpv3://USER@HOST:PORT?auth=sha&priv=aes, redfish://USER@HOST:PORT?pin=sha256:FINGERPRINT, "
                + "pdu+snmpv1://COMMUNITY@HOST:PORT?outlets=1,2, or simulated.",
            valueName: "url"))
    var url: String

    @Option(
        help: ArgumentHelp(
            "A file with secrets that only you can read: lines 'password = …', 'auth = …', 'priv = …', 'community = …'.",
            discussion: "Else $PODP_CHASSIS_PASSWORD, $PODP_CHASSIS_AUTH, $PODP_CHASSIS_PRIV, $PODP_CHASSIS_COMMUNITY, or the file $PODP_CHASSIS_SECRETS.",
            valueName: "file"))
    var secrets: String?

    func parsed() throws -> (url: ChassisURL, secrets: ChassisSecrets) {
        do throws(ChassisError) {
            let url = try ChassisURL(url)
            if let secrets { return (url, try ChassisSecrets(file: secrets)) }
            var environment: [String: String] = [:]
            for name in ["SECRETS", "PASSWORD", "AUTH", "PRIV", "COMMUNITY"].map({ "PODP_CHASSIS_\($0)" }) {
                environment[name] = getenv(name).flatMap { String(validatingCString: $0) }
            }
            return (url, try ChassisSecrets(environment: environment))
        } catch {
            throw Trouble(error)
        }
    }

    /// What opens a bay's console, and the password where one was given. Nothing is spoken to the chassis for it, and no other secret is needed.
    func console(bay: Int, takeOver: Bool) throws -> (ConsoleCommand, password: String?) {
        let (url, secrets) = try parsed()
        guard url.scheme == .ammV1 || url.scheme == .ammV3 else {
            throw Trouble(.refused, "\(url) has no serial console that podp can open", remedy: "an AMM's is opened by ssh")
        }
        do throws(ChassisError) {
            return (try ConsoleCommand.amm(url, bay: bay, takeOver: takeOver), secrets.password)
        } catch {
            throw Trouble(error)
        }
    }

    /// Does the work with a driver, and closes it.
    func withDriver<Result>(
        pdu: String? = nil, pduSecrets: String? = nil, _ work: (ChassisURL, any ChassisDriver) async throws -> Result
    ) async throws -> Result {
        let (url, secrets) = try parsed()
        do {
            let driver = try ChassisDrivers.driver(
                for: url, secrets: secrets, feeds: try pdu.map { text throws(ChassisError) in try ChassisURL(text) },
                feedSecrets: try pduSecrets.map { file throws(ChassisError) in try ChassisSecrets(file: file) } ?? secrets)
            do {
                let result = try await work(url, driver)
                await driver.close()
                return result
            } catch {
                await driver.close()
                throw error
            }
        } catch let error as ChassisError {
            throw Trouble(error)
        }
    }
}

extension Trouble {
    init(_ error: ChassisError) {
        let status: ExitStatus =
            switch error.code {
            case .configuration: .usage
            case .silent, .unreachable: .unreachable
            case .denied, .missing: .refused
            default: .failed
            }
        self.init(status, error.message, remedy: error.remedy)
    }
}
