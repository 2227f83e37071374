import AgentCore
import PodpModel

/// `podp-agent check`: what is wrong with this blade, before it hurts.
struct Check {
    var options: Options

    /// The findings, the worst first.
    func findings() async -> [Finding] {
        var findings = own()
        do {
            let hypervisor = try await HypervisorChoice.open(options)
            let inventory = try await hypervisor.telemetry.inventory()
            findings += inventory.findings
        } catch let error as AgentFailure {
            findings.append(Finding(code: "hypervisor", severity: .critical, what: error.message, remedy: error.remedy))
        } catch {
            findings.append(Finding(code: "hypervisor", severity: .critical, what: "\(error)", remedy: "check that the hypervisor and libvirtd run"))
        }
        let order: [Finding.Severity] = [.critical, .warning, .note]
        return order.flatMap { severity in findings.filter { $0.severity == severity } }
    }

    private func own() -> [Finding] {
        var findings: [Finding] = []
        func add(_ code: String, _ severity: Finding.Severity, _ what: String, _ remedy: String) {
            findings.append(Finding(code: code, severity: severity, what: what, remedy: remedy))
        }
        do throws(AgentFailure) {
            let folder = try StateFolder(options.stateFolder)
            if let identity = try Identity.load(folder) {
                _ = try identity.context(protocols: [])
                let life = try identity.life()
                let left = life.notAfter.millisecondsSince(AgentShell.wall) / 86_400_000
                if left < 0 {
                    add(
                        "certificate", .warning, "the blade's certificate has expired by this blade's clock",
                        "start the agent: it renews; check the clock (`timedatectl`)")
                } else if life.notBefore > AgentShell.wall {
                    add("clock", .warning, "the blade's certificate begins in the future by this blade's clock", "set the clock (`timedatectl`)")
                }
            } else {
                add("enrolment", .critical, "this blade is not enrolled", "`podp blade token` on the coordinator, then `podp-agent enrol TOKEN` here")
            }
            if let bytes = try StateFolder.read(folder.journal, limit: JournalFile.largest), !bytes.isEmpty {
                _ = try JournalFile.parse(bytes, path: folder.journal)
            }
        } catch {
            add("state", .critical, error.message, error.remedy)
        }
        do throws(AgentFailure) {
            let version = try Subprocess.run(["openssl", "version"], limit: .seconds(10))
            if version.status != 0 {
                add("openssl", .critical, "`openssl version` ended with \(version.status)", "reinstall it: `apt install --reinstall openssl`")
            }
        } catch {
            add("openssl", .critical, error.message, error.remedy)
        }
        if options.migrationInterface.isEmpty {
            add(
                "migration-interface", .warning, "no migration interface is named: no domain can be moved to this blade",
                "set PODP_MIGRATION_INTERFACE in /etc/podp/agent.env to the bridge or interface that migrations come in by")
        }
        return findings
    }
}
