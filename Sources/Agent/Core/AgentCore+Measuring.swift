import PodpModel

/// Reports and inventories.
extension AgentCore {
    // MARK: - Reports

    mutating func readCounters(_ out: inout [Effect]) {
        // Kept to the raster, unless it was missed: then the raster begins anew.
        sampleDue = sampleDue + reportInterval
        if sampleDue <= latest { sampleDue = latest + reportInterval }
        out.append(.arm(.sample, at: sampleDue))
        if let begun = sampleBegunAt {
            let late = latest - begun
            if late >= reportInterval * 2 {
                keep(rates.failure("the hypervisor has not answered for \(late.nanoseconds / 1_000_000_000) s", at: latest), &out)
            }
            return
        }
        sampleBegunAt = latest
        out.append(.readCounters)
    }

    /// The coordinator's interval counts from the next sample on.
    mutating func rearmSample(_ out: inout [Effect]) {
        let due = min(sampleDue, latest + reportInterval)
        guard due != sampleDue else { return }
        sampleDue = due
        out.append(.arm(.sample, at: due))
    }

    mutating func measured(_ counters: Counters, use: AgentUse?, _ out: inout [Effect]) {
        sampleBegunAt = nil
        if let report = rates.report(counters, use: use) { keep(report, &out) }
    }

    mutating func measuringFailed(_ error: HypervisorError, _ out: inout [Effect]) {
        sampleBegunAt = nil
        out.append(.log(.warning, "no sample: \(error)"))
        keep(rates.failure("no sample: \(error)", at: latest), &out)
    }

    private mutating func keep(_ report: Report, _ out: inout [Effect]) {
        reports.append(report)
        let excess = reports.count - max(1, settings.reportsKept)
        if excess > 0 {
            reports.removeFirst(excess)
            reportsDropped += UInt64(excess)
        }
        flushReports(&out)
    }

    /// Oldest first, as long as the link takes them.
    mutating func flushReports(_ out: inout [Effect]) {
        guard session?.isWritable == true else { return }
        for report in reports { send(.report(report), &out) }
        reports.removeAll(keepingCapacity: true)
    }

    // MARK: - Inventory

    /// Sends one anew on this link, whether it has changed or not.
    mutating func requestInventory(_ out: inout [Effect]) {
        inventorySent = nil
        readInventory(&out)
    }

    mutating func inventoryMayHaveChanged(_ out: inout [Effect]) {
        if isReadingInventory {
            inventoryStale = true
        } else {
            armInventory(at: latest + settings.inventoryQuiet, &out)
        }
    }

    /// An earlier reading that is due already stands: changes without a pause must not put it off for ever.
    private mutating func armInventory(at due: Instant, _ out: inout [Effect]) {
        if let inventoryDue, inventoryDue <= due { return }
        inventoryDue = due
        out.append(.arm(.inventory, at: due))
    }

    mutating func observe(_ number: UInt64, _ out: inout [Effect]) {
        // Of very many unanswered requests the oldest matters least.
        if observeNext.count >= 16 { observeNext.removeFirst() }
        observeNext.append(number)
        readInventory(&out)
    }

    mutating func readInventory(_ out: inout [Effect]) {
        guard !isReadingInventory else {
            inventoryStale = true
            return
        }
        isReadingInventory = true
        inventoryDue = nil
        inventoryStale = false
        observing = observeNext
        observeNext = []
        out.append(.readInventory)
    }

    mutating func inventoryCame(_ inventory: Inventory, _ out: inout [Effect]) {
        guard isReadingInventory else { return }
        isReadingInventory = false
        revision += 1
        var read = inventory.fitting()
        read.domains.sort { $0.id < $1.id }
        read.findings += ownFindings
        read.revision = revision
        read.answers = nil
        let answers = observing
        observing = []
        for number in answers {
            var answer = read
            answer.answers = number
            sendInventory(answer, &out)
        }
        if answers.isEmpty, !isSame(read, inventorySent) { sendInventory(read, &out) }
        if inventoryStale || !observeNext.isEmpty {
            inventoryStale = false
            if observeNext.isEmpty {
                armInventory(at: latest + settings.inventoryQuiet, &out)
            } else {
                readInventory(&out)
            }
        } else {
            armInventory(at: latest + settings.inventoryInterval, &out)
        }
    }

    mutating func inventoryFailed(_ error: HypervisorError, _ out: inout [Effect]) {
        guard isReadingInventory else { return }
        isReadingInventory = false
        inventoryStale = false
        observeNext = observing + observeNext
        observing = []
        out.append(.log(.warning, "no inventory: \(error)"))
        armInventory(at: latest + settings.retryInterval, &out)
    }

    private mutating func sendInventory(_ inventory: Inventory, _ out: inout [Effect]) {
        guard isOpen else { return }
        send(.inventory(inventory), &out)
        inventorySent = inventory
    }

    private func isSame(_ a: Inventory, _ b: Inventory?) -> Bool {
        guard let b else { return false }
        return a.host == b.host && a.domains == b.domains && a.findings == b.findings
    }

    /// What the agent itself has to complain of.
    private var ownFindings: [Finding] {
        guard let broken else { return [] }
        return [
            Finding(
                code: "journal", severity: .critical, what: "the agent's journal cannot be written, so no command is accepted: \(broken)",
                remedy: "make room on the disk of the agent's state directory, or restore write access to it; the agent goes on by itself")
        ]
    }
}
