import PodpModel

enum PlantWeatherKind: UInt8, Sendable, CaseIterable {
    case linkBreak, partition, agentCrash, coordinatorCrash, powerLoss, liar, impostor
}

/// What goes wrong by itself.
extension Plant {
    private func mean(_ kind: PlantWeatherKind) -> Duration {
        switch kind {
        case .linkBreak: weather.linkBreak
        case .partition: weather.partition
        case .agentCrash: weather.agentCrash
        case .coordinatorCrash: weather.coordinatorCrash
        case .powerLoss: weather.powerLoss
        case .liar: weather.liar
        case .impostor: weather.impostor
        }
    }

    mutating func startWeather() {
        for kind in PlantWeatherKind.allCases where mean(kind) > .zero && !forecast.contains(kind) {
            forecast.insert(kind)
            schedule(.weather(kind), in: random.wait(mean: mean(kind)))
        }
    }

    mutating func storm(_ kind: PlantWeatherKind) {
        guard mean(kind) > .zero else {
            forecast.remove(kind)
            return
        }
        schedule(.weather(kind), in: random.wait(mean: mean(kind)))
        let blade = random.below(blades.count)
        switch kind {
        case .linkBreak: if let link = blades[blade].link { cut(link, reason: "connection reset by peer") }
        case .partition: partition(blade, for: random.between(.seconds(1), .seconds(60)))
        case .agentCrash: crashAgent(blade)
        case .coordinatorCrash: crashCoordinator()
        case .powerLoss: cutPower(blade)
        case .liar: lie(blade, for: random.between(.seconds(20), .seconds(90)))
        case .impostor: sendImpostor(of: blade)
        }
    }

    /// The blade's numbers cannot be right: no CPUs, or counters that go back.
    public mutating func lie(_ blade: Int, noCPUs: Bool? = nil, for span: Duration) {
        guard blades.indices.contains(blade), blades[blade].liedSince == nil else { return }
        if noCPUs ?? random.chance(permille: 500) {
            blades[blade].host.reportsNoCPUs = true
            blades[blade].liedSince = now
            hostChanged(blade)
        } else {
            // One step back, then rising again from there: a report or two are invalid, the next ones are right.
            blades[blade].host.countersGoBack = true
        }
        note("\(name(blade)) begins to tell of what cannot be: \(blades[blade].host.reportsNoCPUs ? "0 CPUs" : "counters that go back")")
        schedule(.honest(blade), in: span)
    }

    mutating func becomeHonest(_ blade: Int) {
        blades[blade].host.reportsNoCPUs = false
        blades[blade].host.countersGoBack = false
        blades[blade].liedSince = nil
        hostChanged(blade)
    }

    /// The weather calms for good: nothing breaks any more, everything comes back.
    public mutating func calm() {
        note("the weather calms")
        weather = .calm
        for index in blades.indices {
            blades[index].isPartitioned = false
            blades[index].journalIsBroken = false
            becomeHonest(index)
            // What is, or will be, switched off is switched on by hand when every request for power has ended.
            schedule(.powerComesOn(index), in: .seconds(220))
        }
        chassis.isSilent = false
        chassis.isDisobedient = false
        nextMigration = []
        nextAction = []
    }
}
