import ArgumentParser
import PodpAPI
import PodpModel

/// Switching blades through the coordinator.
enum BladePower {
    struct On: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switch a blade on by its chassis.", discussion: "Done when the chassis reads back that it is on; its agent comes later.")
        @OptionGroup var name: BladeCommand.Name
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions

        func run() async throws {
            try await options.withCoordinator { coordinator in
                let answer = try await coordinator.send(.POST, "\(name.path)/on", as: Receipt.self)
                try await BladePower.follow(answer, options: options, noWait: patience.noWait, coordinator: coordinator)
            }
        }
    }

    struct Off: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switch a blade off by its chassis; refused while domains run on it.",
            discussion: """
                Its operating system is asked to shut down first; a blade that does not obey is switched off hard where --escalate-after says so, never
                by itself. Done when the chassis has read back twice that it is off; status 3 when nobody can say what the blade does.
                """)
        @OptionGroup var name: BladeCommand.Name
        @Flag(help: "Move its domains to other blades first, as 'podp blade evacuate' does.") var move = false
        @Flag(help: "At once: its operating system is not asked.") var hard = false
        @Option(help: ArgumentHelp("Hard, if it is not off this long after it was asked to shut down: 60s, 3m.", valueName: "time")) var escalateAfter: String?
        @Flag(help: "Even though nobody can say what runs on it, for its agent is silent: what runs there is lost.") var unknownDomains = false
        @Flag(help: "Even though a loss that the fleet is to survive ('podp policy survive') could not be borne without it.") var despitePolicy = false
        @OptionGroup var patience: Patience
        @OptionGroup var options: ConnectionOptions

        func validate() throws {
            guard let escalateAfter else { return }
            if hard { throw ValidationError("--hard is at once: --escalate-after has nothing to wait for") }
            guard let time = ChassisPower.duration(escalateAfter), time >= .seconds(1), time <= .seconds(3600) else {
                throw ValidationError("--escalate-after is from 1s to 1h, like 60s or 3m")
            }
        }

        func run() async throws {
            if move {
                if !despitePolicy { try await refuseLosses() }
                do {
                    try await BladeCommand.Evacuate.empty(name, options, despitePolicy: despitePolicy, noWait: false)
                } catch {
                    Terminal.complain("podp: note: it was not switched off, and takes no new domains until 'podp blade undrain'")
                    throw error
                }
            }
            let escalation = escalateAfter.flatMap(ChassisPower.duration).map { Int($0.components.seconds) }
            let order = PowerOrder(
                hard: hard ? true : nil, unknownDomains: unknownDomains ? true : nil, escalateAfterSeconds: escalation,
                despitePolicy: despitePolicy ? true : nil)
            try await options.withCoordinator { coordinator in
                let answer = try await coordinator.send(.POST, "\(name.path)/off", order, as: Receipt.self)
                try await BladePower.follow(answer, options: options, noWait: patience.noWait, coordinator: coordinator)
            }
        }

        /// Before anything is drained or moved: hard N+1 that would not be kept with the blade off.
        private func refuseLosses() async throws {
            try await options.withCoordinator { coordinator in
                let policy = try await coordinator.get("/v1/policy", as: PolicyResource.self).value
                guard policy.survive.contains(where: { $0.price == nil }) else { return }
                let blade = try await coordinator.get(name.path, as: BladeResource.self).value
                let plan = try await coordinator.send(.POST, "/v1/plans", PlanOrder(goal: .evacuate, blade: blade.id.description), as: PlanResource.self)
                guard let loss = plan.value.whenOff.first else { return }
                throw Trouble(
                    .refused, "\(blade.name) is neither emptied nor switched off: without it, \(loss)",
                    remedy: "'podp policy show' tells what is to be survived; --despite-policy goes on nevertheless")
            }
        }
    }

    /// Waits for the request's end; throws when the blade is not what it was to be.
    static func follow(_ answer: Coordinator.Answer<Receipt>, options: ConnectionOptions, noWait: Bool, coordinator: Coordinator) async throws {
        guard let id = answer.value.operations.first else { return }
        if noWait {
            options.print(answer) { _ in "begun: \(Words.operation(id))\n" }
            return
        }
        while true {
            let found = try await coordinator.get("/v1/power/\(id)", as: PowerResource.self)
            let power = found.value
            guard power.state == .running else {
                options.print(found) { Self.text($0) }
                switch power.state {
                case .running, .confirmed: return
                case .refused: throw Trouble(.refused, "\(power.bladeName): \(power.reason ?? "the chassis refused, and did not say why")")
                case .unknown:
                    throw Trouble(
                        .indeterminate, "\(power.bladeName): \(power.reason ?? "nobody knows what it does")",
                        remedy: "look with 'podp chassis show \(power.chassis)'; nothing that ran on it is safe to start elsewhere")
                }
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    static func text(_ power: PowerResource) -> String {
        var text = ""
        for reading in power.readings {
            text += "  \(SafeText.line(reading.source)) says \(reading.reported.rawValue)"
            text += (reading.reason.map { ", not believed: \(SafeText.line($0))" } ?? "") + "\n"
        }
        guard power.state == .confirmed else { return text }
        let seconds = power.endedAt.map { Double($0.time.millisecondsSince(power.startedAt.time)) / 1000 }
        let hard = power.escalatedAt == nil ? "" : ", hard: it did not obey"
        let how = power.requested == false ? "it was so already" : "in \(Words.seconds(seconds))\(hard)"
        return text + "\(Terminal.output.green("✓")) \(SafeText.line(power.bladeName)) is \(power.confirmed?.rawValue ?? "switched"), confirmed, \(how)\n"
    }
}
