import PodpModel

extension CoordinatorCore {
    /// Takes a report in: the hot path.
    mutating func receive(_ report: Report, from link: LinkID) {
        guard let id = links[link]?.blade, blades[id]?.link == link else { return }
        links[link]?.lastHeard = now.instant
        if showsLife { noteSignOfLife(of: id, "its agent reported") }
        if let problem = Plausibility.problem(of: report, after: blades[id]?.report, on: blades[id]?.inventory?.host) {
            refusedReports &+= 1
            let refused = (blades[id]?.refusedInARow ?? 0) + 1
            blades[id]?.refusedInARow = refused
            // One interval that was cut badly is left out, and says nothing of the blade.
            if refused >= configuration.implausibleReports, blades[id]?.implausibleReport != problem {
                blades[id]?.implausibleReport = problem
                audit("report-refused", .warning, blade: id, "nothing is planned on \(name(of: id)): \(problem)")
            }
            return
        }
        let bucket = configuration.planningWindow / DemandWindow.buckets
        let dom0 = Int64(report.host.dom0CPU ?? 0)
        let smoothed = blades[id]?.dom0CPU ?? 0
        blades[id]?.dom0CPU = smoothed == 0 ? dom0 : (smoothed * 7 + dom0) / 8
        let memory = report.domains.reduce(Bytes.zero) { $0 + $1.memory }
        blades[id]?.window.add(
            cpu: Int64(report.host.cpu) - dom0, memory: Int64(clamping: memory.kibibytes), disk: report.host.disk.kibibytesPerSecond,
            network: report.host.network.kibibytesPerSecond,
            at: now.instant, bucket: bucket)
        for sample in report.domains where sample.state.executes {
            windows[sample.id, default: DemandWindow()].add(
                cpu: Int64(sample.cpu) + Int64(sample.ready ?? 0), memory: Int64(clamping: sample.memory.kibibytes), disk: sample.disk.kibibytesPerSecond,
                network: sample.network.kibibytesPerSecond, at: now.instant, bucket: bucket)
        }
        blades[id]?.refusedInARow = 0
        if blades[id]?.implausibleReport != nil {
            blades[id]?.implausibleReport = nil
            audit("report-accepted", blade: id, "\(name(of: id)) reports numbers that can be right again")
        }
        blades[id]?.report = report
        blades[id]?.reportAt = now.instant
        measureMemory(of: id, inFlux: isInFlux(id))
        emit(.sample(id, report))
    }

    /// By its last report.
    mutating func measureMemory(of id: BladeID, inFlux: Bool) {
        guard let report = blades[id]?.report else { return }
        let promised = incoming(to: id)
        blades[id]?.measureMemory(by: report, inFlux: inFlux, promised: promised, at: now.instant)
    }

    /// Whether an operation that changes who has memory on the blade is under way there, from either end. One whose end is not known stands still.
    private func isInFlux(_ id: BladeID) -> Bool {
        for ids in decided.open.values {
            for operation in ids.lazy.compactMap({ decided.operations[$0] }) where operation.state == .running && operation.action.movesMemory {
                if operation.blade == id || operation.destination == id { return true }
            }
        }
        return false
    }

    func name(of blade: BladeID) -> String {
        decided.blades[blade]?.identity.name ?? blades[blade]?.hello?.blade.name ?? blade.description
    }

    /// Why nothing is planned on a blade, in words; `nil`: it takes part.
    func whyHeld(_ id: BladeID) -> String? {
        guard let record = decided.blades[id], let blade = blades[id] else { return "it is not known" }
        if record.revoked { return "its certificate is revoked" }
        if let held = record.held { return held }
        if let switching = runningPower(of: id), switching.request.goal == .off { return "it is being switched off (\(switching.id))" }
        if pendingOffs.values.contains(where: { $0.blade == id }) { return "it is asked what runs there, to be switched off" }
        if let off = offMayCome(id) { return "\(off.reason); \(off.remedy)" }
        guard blade.link != nil else { return "unknown: no agent answers" }
        if let problem = blade.implausibleInventory { return problem }
        if let problem = blade.implausibleReport { return problem }
        guard blade.inventory != nil else { return "it has not told what it has yet" }
        guard let at = blade.reportAt, blade.report != nil else { return "it has not reported yet" }
        let age = now.instant - at
        if age > configuration.reportDeadline { return "no report for \(age.components.seconds) s" }
        return nil
    }

    // MARK: - Time

    mutating func tick() {
        emit(.arm(now.instant + .seconds(1)))
        guard mode != .loading, !isStopped else { return }
        admitPatient()
        for id in blades.keys.sorted() {
            guard let blade = blades[id], let link = blade.link, let heard = links[link]?.lastHeard else { continue }
            // Reports and pongs are signs of life; a link without any is dead, whatever TCP thinks.
            let silence = now.instant - heard
            if silence > configuration.reportDeadline * 3 {
                close(link, reason: "nothing was heard for \(silence.components.seconds) s")
            } else if silence > configuration.reportDeadline {
                emit(.send(link, .ping(0)))
            }
        }
        refusePendingOffs()
        guard isActive else { return }
        pollChassis()
        wakePower()
        lookAgain()
        lookForArrivals()
        tidyIfDue()
        forgetOld()
        balanceIfDue()
    }

    private mutating func forgetOld() {
        for token in decided.enrolmentTokens.values.sorted(by: { $0.secretHash < $1.secretHash }) where token.expires < now.wall {
            delete(Record.enrolmentToken(token).key)
        }
        trimEndedOperations()
        trimPlans()
        if !decided.removedBlades.isEmpty { forgetRemovedBlades() }
        if now.instant >= forgetWindowsAt {
            forgetWindowsAt = now.instant + .seconds(60)
            let horizon = now.instant - configuration.planningWindow
            windows = windows.filter { $0.value.lastAt.map { $0 > horizon } ?? false }
        }
    }

    private mutating func trimEndedOperations() {
        let surplus = decided.operations.count - configuration.operationsKept
        guard surplus > configuration.operationsKept / 10 else { return }
        let ended = decided.operations.values.filter { $0.state.isEnded }.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
        for operation in ended.prefix(min(surplus, Batch.mostRecords / 2)) { delete(Record.operation(operation).key) }
    }

    /// Proposals do not push out plans that were carried out, in whole or in part: those can be rolled back.
    private mutating func trimPlans() {
        for isProposal in [true, false] {
            let plans = decided.plans.values.filter { !$0.isApplying && ($0.state == .proposed) == isProposal }
            let surplus = plans.count - configuration.plansKept
            guard surplus > 0 else { continue }
            for plan in plans.sorted(by: { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }).prefix(surplus) { delete(Record.plan(plan).key) }
        }
    }
}

extension Optional where Wrapped == DiskRates {
    var kibibytesPerSecond: Int64 {
        guard let self else { return 0 }
        return Int64(clamping: (Bytes(self.readBytes) + Bytes(self.writtenBytes)).kibibytes)
    }
}

extension Optional where Wrapped == NetworkRates {
    var kibibytesPerSecond: Int64 {
        guard let self else { return 0 }
        return Int64(clamping: (Bytes(self.receivedBytes) + Bytes(self.sentBytes)).kibibytes)
    }
}
