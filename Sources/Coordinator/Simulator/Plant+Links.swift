import AgentCore
import PodpCore
import PodpModel

/// The network between agents and coordinator: it delays and breaks, as TCP does; within one connection it never reorders or repeats.
extension Plant {
    private var latency: (Duration, Duration) { (weather.networkLatency.lowerBound, weather.networkLatency.upperBound) }

    /// The agent wants a link.
    mutating func connect(_ blade: Int, run: Int) {
        guard blades[blade].agentRun == run, blades[blade].agent != nil else { return }
        guard let process = coordinator, !blades[blade].isPartitioned, blades[blade].certificate != nil else {
            return tell(blade, .linkDown(reason: "connection refused", random: random.next()))
        }
        nextLink += 1
        let id = LinkID(nextLink)
        links[id] = PlantLink(id: id, blade: blade, agentRun: run, coordinatorRun: process.run)
        blades[blade].link = id
        tell(blade, .linkUp(clock: wall))
    }

    mutating func send(_ message: CoordinatorMessage, by id: LinkID) {
        check(message, by: id)
        guard var link = links[id], link.coordinatorEnd, !link.isBroken else { return }
        let delay = random.between(latency.0, latency.1)
        link.lastToAgent = max(link.lastToAgent, now + delay)
        links[id] = link
        agenda.add(.toAgent(id, message), at: link.lastToAgent)
    }

    mutating func send(_ message: AgentMessage, from blade: Int) {
        guard let id = blades[blade].link, var link = links[id], link.agentEnd, !link.isBroken else { return }
        let delay = random.between(latency.0, latency.1)
        link.lastToCoordinator = max(link.lastToCoordinator, now + delay)
        links[id] = link
        agenda.add(.toCoordinator(id, message), at: link.lastToCoordinator)
    }

    mutating func deliver(_ message: CoordinatorMessage, by id: LinkID) {
        guard let link = links[id], link.agentEnd, !link.deafToAgent, blades[link.blade].agentRun == link.agentRun else { return }
        if blades[link.blade].isPartitioned { return cut(id, reason: "connection timed out") }
        if case .command(let command) = message { checkDelivery(of: command, to: link.blade) }
        tell(link.blade, .received(message))
    }

    mutating func deliver(_ message: AgentMessage, by id: LinkID) {
        guard var link = links[id], link.coordinatorRun == coordinator?.run, !link.deafToCoordinator else { return }
        if blades[link.blade].isPartitioned { return cut(id, reason: "connection timed out") }
        if case .hello(let hello) = message {
            guard !link.helloSent else { return }
            link.helloSent = true
            link.coordinatorEnd = true
            links[id] = link
            note("link \(id.number) of \(name(link.blade)) greets")
            tell(.connected(id, blade: hello.blade.id, certificate: blades[link.blade].certificate ?? "", hello))
        } else {
            guard link.coordinatorEnd else { return }
            tell(.received(id, message))
        }
    }

    /// The connection is broken; each end learns it later, and until then believes in it. What was on its way may be lost.
    mutating func cut(_ id: LinkID, reason: String) {
        guard var link = links[id], !link.isBroken else { return }
        link.isBroken = true
        link.deafToAgent = random.chance(permille: 500)
        link.deafToCoordinator = random.chance(permille: 500)
        links[id] = link
        figures.linkBreaks += 1
        note("link \(id.number) of \(name(link.blade)) breaks: \(reason)")
        let agentLearns = random.between(.milliseconds(1), random.chance(permille: 200) ? .seconds(25) : .milliseconds(400))
        let coordinatorLearns = random.between(.milliseconds(1), random.chance(permille: 200) ? .seconds(25) : .milliseconds(400))
        agenda.add(.agentEndCloses(id, reason: reason), at: now + agentLearns)
        agenda.add(.coordinatorEndCloses(id, reason: reason), at: now + coordinatorLearns)
    }

    /// The coordinator closed its end: what it sent before still arrives, then the agent sees the end.
    mutating func hangUpOnAgent(_ id: LinkID, reason: String) {
        guard var link = links[id], !link.isBroken else { return }
        link.isBroken = true
        link.deafToCoordinator = true
        links[id] = link
        agenda.add(.agentEndCloses(id, reason: "closed by the coordinator: \(reason)"), at: max(now, link.lastToAgent) + random.between(latency.0, latency.1))
    }

    /// The agent closed its end.
    mutating func hangUpOnCoordinator(_ id: LinkID, reason: String) {
        guard var link = links[id] else { return }
        link.deafToAgent = true
        let alreadyBroken = link.isBroken
        link.isBroken = true
        links[id] = link
        agenda.add(.agentEndCloses(id, reason: reason), at: now)
        if !alreadyBroken {
            agenda.add(
                .coordinatorEndCloses(id, reason: "closed by the agent: \(reason)"), at: max(now, link.lastToCoordinator) + random.between(latency.0, latency.1)
            )
        }
    }

    mutating func closeAgentEnd(_ id: LinkID, reason: String) {
        guard var link = links[id], link.agentEnd else { return }
        link.agentEnd = false
        link.deafToAgent = true
        links[id] = link
        let blade = link.blade
        guard blades[blade].agentRun == link.agentRun, blades[blade].agent != nil, blades[blade].link == id else { return forget(id) }
        blades[blade].link = nil
        tell(blade, .linkDown(reason: reason, random: random.next()))
        forget(id)
    }

    mutating func closeCoordinatorEnd(_ id: LinkID, reason: String) {
        guard var link = links[id], link.coordinatorEnd else { return forget(id) }
        link.coordinatorEnd = false
        link.deafToCoordinator = true
        links[id] = link
        if coordinator?.run == link.coordinatorRun { tell(.disconnected(id, reason: reason)) }
        forget(id)
    }

    private mutating func forget(_ id: LinkID) {
        guard let link = links[id], link.isBroken, !link.agentEnd, !link.coordinatorEnd else { return }
        links[id] = nil
    }

    /// Nothing passes between this blade and the coordinator until it heals; both ends find out by silence or by trying.
    public mutating func partition(_ blade: Int, for span: Duration) {
        guard blades.indices.contains(blade) else { return }
        note("\(name(blade)) is cut off for \(span)")
        blades[blade].isPartitioned = true
        schedule(.heals(blade), in: span)
        if let id = blades[blade].link { cut(id, reason: "no route") }
    }

    /// Somebody with a copy of the blade's key and another boot greets the coordinator.
    public mutating func sendImpostor(of blade: Int) {
        guard blades.indices.contains(blade), coordinator != nil else { return }
        schedule(.impostorGreets(blade), in: random.between(latency.0, latency.1))
    }

    mutating func impostorGreets(_ blade: Int) {
        guard let process = coordinator, let certificate = blades[blade].certificate else { return }
        nextLink += 1
        let id = LinkID(nextLink)
        var link = PlantLink(id: id, blade: blade, agentRun: -1, coordinatorRun: process.run)
        link.coordinatorEnd = true
        link.helloSent = true
        link.agentEnd = false
        links[id] = link
        let facts = facts(of: blade)
        note("an impostor of \(name(blade)) greets by link \(id.number)")
        tell(
            .connected(
                id, blade: facts.identity.id, certificate: certificate,
                Hello(
                    blade: facts.identity, bootID: random.id(), agentRun: random.id(), agentVersion: "impostor", hypervisor: facts.hypervisor, cpu: facts.cpu,
                    highestTerm: nil, clock: wall, bootTime: .zero)))
        cut(id, reason: "the impostor leaves")
    }
}
