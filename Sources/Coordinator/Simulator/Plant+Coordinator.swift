import PodpCore
import PodpModel

/// The shell around the coordinator's core: store, planner, certificates, clock.
extension Plant {
    /// 2026-01-01; the plant's wall clock runs with its monotonic one.
    static let epoch: Int64 = 1_767_225_600_000

    var wall: WallTime { WallTime(milliseconds: Self.epoch + now.nanoseconds / 1_000_000) }

    mutating func startCoordinator() {
        guard coordinator == nil, !coordinatorIsBanned else { return }
        coordinatorRuns += 1
        coordinator = PlantCoordinator(
            core: CoordinatorCore(configuration: coordinatorConfiguration), run: coordinatorRuns, clockOffset: .seconds(1000 * (coordinatorRuns % 7)))
        if let core = coordinator?.core { recordings?.append(PlantRecording(core: core, events: [])) }
        store.queue = []
        store.isBusy = false
        note("coordinator run \(coordinatorRuns) starts with \(store.records.count) records")
        tell(.loaded(store.loaded, newTermID: random.id()))
    }

    /// As `kill -9` does: what was committed stays, nothing else does.
    public mutating func crashCoordinator(restartAfter delay: Duration? = nil) {
        guard let gone = coordinator else { return }
        coordinator = nil
        figures.coordinatorCrashes += 1
        note("coordinator run \(gone.run) crashes")
        store.queue = []
        store.isBusy = false
        for id in links.keys.sorted() where links[id]?.coordinatorRun == gone.run {
            links[id]?.coordinatorEnd = false
            cut(id, reason: "connection reset")
        }
        // Who asked the process that is gone has no answer: the operator sees the connection close.
        for id in requests.keys.sorted() where answers[id] == nil { requests[id] = nil }
        schedule(.coordinatorStarts, in: delay ?? random.between(.milliseconds(500), .seconds(15)))
    }

    mutating func tell(_ event: PodpCore.Event) {
        guard var process = coordinator else { return }
        trace.count(now, 1, UInt64(process.run))
        // Taken out, so that the core is not copied for being changed.
        coordinator = nil
        let moment = Moment(instant: now + process.clockOffset, wall: wall)
        let effects = process.core.handle(event, at: moment)
        coordinator = process
        if let last = recordings?.indices.last { recordings?[last].events.append(RecordedEvent(at: moment, event: event, effects: effects)) }
        for effect in effects {
            guard coordinator?.run == process.run else { return }
            perform(effect, run: process.run)
        }
    }

    private mutating func perform(_ effect: PodpCore.Effect, run: Int) {
        switch effect {
        case .send(let link, let message): send(message, by: link)
        case .revocations(let ends, let serials): for link in ends { send(.revocations(list: serials.joined(separator: "\n")), by: link) }
        case .close(let link, let reason):
            links[link]?.coordinatorEnd = false
            note("coordinator closes link \(link.number): \(reason)")
            hangUpOnAgent(link, reason: reason)
        case .commit(let batch): commit(batch, run: run)
        case .plan(let ticket, let problem):
            figures.plans += 1
            check(problem)
            schedule(.planner(run: run, ticket: ticket, problem), in: random.between(.milliseconds(5), .milliseconds(800)))
        case .sign(let ticket, _, let blade, _):
            nextCertificate += 1
            let result = SigningResult.certificate(
                chain: "chain \(nextCertificate)", authorities: "authorities", serial: "\(nextCertificate)",
                notAfter: WallTime(milliseconds: wall.milliseconds + 365 * 86_400_000))
            note("signs certificate \(nextCertificate) for \(blade.name)")
            schedule(.coordinator(run: run, .signed(ticket: ticket, result)), in: random.between(.milliseconds(2), .milliseconds(30)))
        case .answer(let request, let answer): answered(request, answer)
        case .arm(let instant):
            coordinator?.timer += 1
            guard let process = coordinator else { return }
            let due = instant - process.clockOffset
            agenda.add(.coordinatorTimer(run: run, token: process.timer), at: max(now, due))
        case .chassis(let name, let order): perform(order, on: name, run: run)
        case .audit(let entry):
            note("audit \(entry.kind): \(entry.sentence)")
        case .sample:
            figures.reports += 1
        case .stop(let reason):
            note("coordinator stops itself: \(reason)")
            crashCoordinator()
        }
    }

    // MARK: - The store

    private mutating func commit(_ batch: Batch, run: Int) {
        check(batch)
        store.queue.append(batch)
        guard !store.isBusy else { return }
        store.isBusy = true
        schedule(.store(run: run), in: random.between(weather.storeLatency.lowerBound, weather.storeLatency.upperBound))
    }

    mutating func storeWrites(run: Int) {
        guard coordinator?.run == run, store.isBusy, !store.queue.isEmpty else { return }
        let batch = store.queue.removeFirst()
        store.isBusy = false
        let number = store.commits + 1
        let drawn = random.chance(permille: weather.crashAtCommit)
        let drawnApplied = random.chance(permille: 500)
        let crash = crashAtCommit.map { $0.number == number } ?? drawn
        let applied = crashAtCommit?.applied ?? drawnApplied
        if crash { crashAtCommit = nil }
        if crash, !applied { return crashCoordinator() }
        if let refusal = store.refusal(of: batch) { return tell(.commitFailed(batch: batch.id, reason: refusal)) }
        if random.chance(permille: weather.commitFails) {
            note("batch \(batch.id) fails: the disk is full")
            return tell(.commitFailed(batch: batch.id, reason: "the disk is full"))
        }
        checkBeforeApplying(batch)
        store.apply(batch)
        figures.commits += 1
        note("commit \(batch.id) of term \(batch.term.number): \(batch.puts.map(\.key).joined(separator: " "))\(batch.deletes.map { " -\($0)" }.joined())")
        checkAfterApplying(batch)
        if crash { return crashCoordinator() }
        if !store.queue.isEmpty {
            store.isBusy = true
            schedule(.store(run: run), in: random.between(weather.storeLatency.lowerBound, weather.storeLatency.upperBound))
        }
        tell(.committed(batch: batch.id))
    }

    // MARK: - Operators

    /// Asks the coordinator, as `podp` does; `nil` while it is not there.
    @discardableResult
    public mutating func ask(_ request: Request, by actor: PodpCore.Actor = PodpCore.Actor(name: "operator", mayOperate: true)) -> RequestID? {
        guard coordinator != nil else { return nil }
        nextRequest += 1
        let id = RequestID(nextRequest)
        requests[id] = request
        figures.requests += 1
        note("asks \(id.number): \(Self.words(request))")
        tell(.request(id, request, by: actor))
        return id
    }

    public func answer(to id: RequestID?) -> Answer? { id.flatMap { answers[$0] } }

    mutating func answered(_ id: RequestID, _ answer: Answer) {
        guard requests[id] != nil else { return report(.answers, "an answer to request \(id.number), which nobody asked or which was answered before") }
        answers[id] = answer
        check(answer, to: id)
        switch answer {
        case .refused(let refusal):
            figures.refusals += 1
            note("answer \(id.number): refused, \(refusal)")
        case .operation(let operation): note("answer \(id.number): operation \(operation.sequence)")
        case .plan(let plan): note("answer \(id.number): plan \(plan.id) of \(plan.plan.moves.count) moves")
        case .certificate(let chain, _):
            note("answer \(id.number): \(chain)")
            if case .enrol(_, _, let blade, _) = requests[id] { enrolled(blade.id, chain: chain) }
        default: note("answer \(id.number)")
        }
        requests[id] = nil
    }

    private static func words(_ request: Request) -> String {
        switch request {
        case .createDomain(let definition, let blade, let start): "create \(definition.name) on \(blade?.description ?? "any") start \(start)"
        case .createEnrolmentToken: "create a token"
        case .enrol(_, _, let blade, _): "enrol \(blade.name)"
        default: "\(request)"
        }
    }
}
