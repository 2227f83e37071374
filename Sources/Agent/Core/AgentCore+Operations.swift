import PodpModel

/// Commands, and the journal that makes them happen at most once.
extension AgentCore {
    /// Deferred effects that may wait at most; a command that would make it more is not answered, and comes again.
    static let mostWaiting = 4096

    // MARK: - Commands

    mutating func commanded(_ command: Command, _ out: inout [Effect]) {
        guard waiting.count < Self.mostWaiting else {
            out.append(.log(.error, "operation \(command.operation) is left unanswered: \(waiting.count) answers wait for the journal"))
            return
        }
        let unable = broken.map { "the agent's journal cannot be written: \($0)" }
        switch journal.judge(command, unable: unable) {
        case .accept(let records):
            let accepted = Update(operation: command.operation, phase: .accepted)
            write(records, about: command.operation, then: [.update(accepted), .execute(command)], &out)
            noteTerm(command.term)
        case .answer(let phase, let records):
            write(records, then: [.update(Update(operation: command.operation, phase: phase))], &out)
            noteTerm(command.term)
        case .refuse(let reason, let records):
            out.append(.log(.warning, "refused \(command.action.verb) \(command.domainName) (\(command.operation)): \(reason)"))
            let update = Update(operation: command.operation, phase: .refused(reason: reason))
            write(records, about: records.isEmpty ? nil : command.operation, then: [.update(update)], &out)
        }
    }

    /// A coordinator may reach a higher term without a new link.
    private mutating func noteTerm(_ term: Term) {
        guard case .open(var session) = link, term.number > session.term.number else { return }
        session.term = term
        link = .open(session)
    }

    mutating func cancel(_ operation: OperationID, _ out: inout [Effect]) {
        guard obeysSession else {
            out.append(.log(.warning, "did not cancel \(operation): the coordinator's term is over"))
            return
        }
        guard journal.running(operation) != nil else {
            if let phase = journal.phase(operation) { sayDurably(Update(operation: operation, phase: phase), &out) }
            return
        }
        if cancelled[operation] == nil { cancelled[operation] = "cancelled before it began" }
        if executing.contains(operation) { out.append(.cancel(operation)) }
    }

    mutating func acknowledged(_ operation: OperationID, _ out: inout [Effect]) {
        // A deposed coordinator's store is not the one that counts.
        guard obeysSession, case .ended = journal.entries[operation]?.state else { return }
        write([.acknowledged(operation)], then: [], &out)
    }

    mutating func progressed(_ operation: OperationID, _ progress: Progress, _ out: inout [Effect]) {
        guard executing.contains(operation), session?.isWritable == true else { return }
        if let last = progressSent[operation], latest - last < settings.progressInterval { return }
        progressSent[operation] = latest
        send(.update(Update(operation: operation, phase: .progress(progress))), &out)
    }

    mutating func ended(_ operation: OperationID, _ outcome: Outcome, _ out: inout [Effect]) {
        guard let command = journal.running(operation) else { return }
        executing.remove(operation)
        progressSent[operation] = nil
        cancelled[operation] = nil
        out.append(.log(outcome == .succeeded ? .info : .warning, "\(command.action.verb) \(command.domainName) (\(operation)): \(outcome.words)"))
        write([.ended(operation, outcome)], about: operation, then: [.update(Update(operation: operation, phase: .ended(outcome)))], &out)
        inventoryMayHaveChanged(&out)
    }

    /// Says again what has not been acknowledged and is durable.
    mutating func resend(_ out: inout [Effect]) {
        guard isOpen else { return }
        for operation in journal.open where volatile[operation] == nil {
            guard let phase = journal.phase(operation) else { continue }
            send(.update(Update(operation: operation, phase: phase)), &out)
        }
        out.append(.arm(.resend, at: latest + settings.resendInterval))
    }

    // MARK: - The journal's writes

    /// Takes the records into the journal and has them written; what depends on them waits until they are durable.
    mutating func write(_ records: [JournalRecord], about operation: OperationID? = nil, then what: [Deferred], _ out: inout [Effect]) {
        if !records.isEmpty {
            for record in records {
                do throws(JournalError) {
                    try journal.apply(record)
                } catch {
                    // Every record was judged against this very journal: the agent's own fault, told and survived.
                    out.append(.log(.error, "the journal does not take a record of its own: \(error)"))
                    return
                }
            }
            written += 1
            recordsSinceCompaction += records.count
            if let operation { volatile[operation] = written }
            if broken == nil { out.append(.journal(JournalWrite(number: written, content: .append(records)))) }
        }
        for deferred in what { waiting.append((written, deferred)) }
        release(&out)
        if recordsSinceCompaction >= settings.recordsBetweenCompactions, broken == nil { compact(&out) }
    }

    private mutating func sayDurably(_ update: Update, _ out: inout [Effect]) { write([], then: [.update(update)], &out) }

    private mutating func compact(_ out: inout [Effect]) {
        recordsSinceCompaction = 0
        written += 1
        out.append(.journal(JournalWrite(number: written, content: .replace(journal.snapshot))))
    }

    mutating func journalled(through number: UInt64, _ out: inout [Effect]) {
        guard number <= written, number > durable else { return }
        if broken != nil {
            // An append that came after the one that failed proves nothing.
            guard number == replacement else { return }
            replacement = nil
            if number < written {
                repairJournal(&out)
            } else {
                broken = nil
                out.append(.log(.notice, "the journal can be written again"))
                inventoryMayHaveChanged(&out)
            }
        }
        durable = number
        release(&out)
    }

    mutating func journalFailed(_ number: UInt64, reason: String, _ out: inout [Effect]) {
        if broken == nil { inventoryMayHaveChanged(&out) }
        broken = reason
        // What could not begin when it was asked for does not begin later, when nobody expects it.
        for case (_, .execute(let command)) in waiting { cancelled[command.operation] = "not begun: the agent's journal could not be written (\(reason))" }
        if replacement == number || replacement == nil {
            replacement = nil
            out.append(.log(.error, "the journal cannot be written: \(reason); no command is accepted until it can"))
            out.append(.arm(.journal, at: latest + settings.retryInterval))
        }
    }

    mutating func repairJournal(_ out: inout [Effect]) {
        guard broken != nil, replacement == nil else { return }
        recordsSinceCompaction = 0
        // A number of its own, so that a failed write's late success is not taken for it.
        written += 1
        replacement = written
        out.append(.journal(JournalWrite(number: written, content: .replace(journal.snapshot))))
    }

    /// Performs what waited for writes that are durable now.
    private mutating func release(_ out: inout [Effect]) {
        let released = waiting.prefix { $0.number <= durable }
        waiting.removeFirst(released.count)
        var stillborn: [OperationID] = []
        for (_, what) in released {
            switch what {
            case .update(let update):
                if let number = volatile[update.operation], number <= durable { volatile[update.operation] = nil }
                send(.update(update), &out)
            case .execute(let command):
                guard journal.running(command.operation) != nil else { continue }
                if cancelled[command.operation] != nil {
                    stillborn.append(command.operation)
                } else {
                    executing.insert(command.operation)
                    out.append(.execute(command))
                }
            }
        }
        for operation in stillborn { ended(operation, .failed(reason: cancelled[operation] ?? "cancelled"), &out) }
    }
}

extension Action {
    /// For logs: `migrate`.
    public var verb: String {
        switch self {
        case .define: "define"
        case .start: "start"
        case .shutdown: "shutdown"
        case .destroy: "destroy"
        case .pause: "pause"
        case .resume: "resume"
        case .reboot: "reboot"
        case .setMemory: "set-memory"
        case .setVCPUs: "set-vcpus"
        case .migrate: "migrate"
        case .undefine: "undefine"
        }
    }
}

extension Outcome {
    var words: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed(let reason): "failed: \(reason)"
        case .indeterminate(let reason): "indeterminate: \(reason)"
        }
    }
}
