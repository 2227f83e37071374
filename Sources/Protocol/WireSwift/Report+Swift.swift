import PodpFrame
import PodpModel

// Reports, in swift-protobuf's form and back.

extension Podp_V1_Report {
    init(_ report: Report) {
        sequence = report.sequence
        sampledAt = report.sampledAt.nanoseconds
        interval = report.interval.nanoseconds
        host = Podp_V1_HostSample(report.host)
        domains = report.domains.map { Podp_V1_DomainSample($0) }
        if let reason = report.invalid { invalid = fittingWords(reason) }
    }
}

extension Podp_V1_HostSample {
    init(_ host: HostSample) {
        cpu = host.cpu
        if let used = host.dom0CPU { dom0Cpu = used }
        memoryFree = host.memoryFree.count
        if let free = host.dom0MemoryFree { dom0MemoryFree = free.count }
        if let rates = host.disk { disk = Podp_V1_DiskRates(rates) }
        if let rates = host.network { network = Podp_V1_NetworkRates(rates) }
        if let used = host.agentCPU { agentCpu = used }
        if let memory = host.agentMemory { agentMemory = memory.count }
    }
}

extension Podp_V1_DomainSample {
    init(_ domain: DomainSample) {
        id = domain.id.uuid.data
        state = .init(domain.state)
        cpu = domain.cpu
        if let waited = domain.ready { ready = waited }
        memory = domain.memory.count
        if let rates = domain.disk { disk = Podp_V1_DiskRates(rates) }
        if let rates = domain.network { network = Podp_V1_NetworkRates(rates) }
    }
}

extension Podp_V1_DiskRates {
    init(_ rates: DiskRates) {
        readBytes = rates.readBytes
        writtenBytes = rates.writtenBytes
        reads = rates.reads
        writes = rates.writes
        outOfRequests = rates.outOfRequests
    }
}

extension Podp_V1_NetworkRates {
    init(_ rates: NetworkRates) {
        receivedBytes = rates.receivedBytes
        sentBytes = rates.sentBytes
    }
}

extension Report {
    init(_ raw: Podp_V1_Report) throws(WireError) {
        self.init(
            sequence: raw.sequence, sampledAt: Instant(nanoseconds: raw.sampledAt), interval: .nanoseconds(raw.interval), host: HostSample(raw.host),
            domains: try map(raw.domains) { (domain) throws(WireError) in try DomainSample(domain) })
        if case .invalid(let reason) = raw.invalidIf { invalid = reason }
    }
}

extension HostSample {
    init(_ raw: Podp_V1_HostSample) {
        self.init(cpu: raw.cpu, memoryFree: Bytes(raw.memoryFree))
        if case .dom0Cpu(let used) = raw.dom0CpuIf { dom0CPU = used }
        if case .dom0MemoryFree(let free) = raw.dom0MemoryFreeIf { dom0MemoryFree = Bytes(free) }
        if raw.hasDisk { disk = DiskRates(raw.disk) }
        if raw.hasNetwork { network = NetworkRates(raw.network) }
        if case .agentCpu(let used) = raw.agentCpuIf { agentCPU = used }
        if case .agentMemory(let memory) = raw.agentMemoryIf { agentMemory = Bytes(memory) }
    }
}

extension DomainSample {
    init(_ raw: Podp_V1_DomainSample) throws(WireError) {
        self.init(id: DomainID(try PodpWireSwift.id(raw.id)), state: try value(raw.state), cpu: raw.cpu, memory: Bytes(raw.memory))
        if case .ready(let waited) = raw.readyIf { ready = waited }
        if raw.hasDisk { disk = DiskRates(raw.disk) }
        if raw.hasNetwork { network = NetworkRates(raw.network) }
    }
}

extension DiskRates {
    init(_ raw: Podp_V1_DiskRates) {
        self.init(readBytes: raw.readBytes, writtenBytes: raw.writtenBytes, reads: raw.reads, writes: raw.writes, outOfRequests: raw.outOfRequests)
    }
}

extension NetworkRates {
    init(_ raw: Podp_V1_NetworkRates) { self.init(receivedBytes: raw.receivedBytes, sentBytes: raw.sentBytes) }
}
