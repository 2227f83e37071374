import CWire
import PodpFrame
import PodpModel

// Reports, in libprotobuf-c's form and back.

extension Arena {
    func raw(_ report: Report) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Report> {
        let raw = try new(podp__v1__report__init)
        raw.pointee.sequence = report.sequence
        raw.pointee.sampled_at = report.sampledAt.nanoseconds
        raw.pointee.interval = report.interval.nanoseconds
        raw.pointee.host = try self.raw(report.host)
        raw.pointee.n_domains = report.domains.count
        raw.pointee.domains = try list(report.domains, self.raw)
        if let invalid = report.invalid {
            raw.pointee.invalid_if_case = PODP__V1__REPORT__INVALID_IF_INVALID
            raw.pointee.invalid = try words(invalid)
        }
        return raw
    }

    func raw(_ host: HostSample) throws(WireError) -> UnsafeMutablePointer<Podp__V1__HostSample> {
        let raw = try new(podp__v1__host_sample__init)
        raw.pointee.cpu = host.cpu
        if let cpu = host.dom0CPU {
            raw.pointee.dom0_cpu_if_case = PODP__V1__HOST_SAMPLE__DOM0_CPU_IF_DOM0_CPU
            raw.pointee.dom0_cpu = cpu
        }
        raw.pointee.memory_free = host.memoryFree.count
        if let free = host.dom0MemoryFree {
            raw.pointee.dom0_memory_free_if_case = PODP__V1__HOST_SAMPLE__DOM0_MEMORY_FREE_IF_DOM0_MEMORY_FREE
            raw.pointee.dom0_memory_free = free.count
        }
        if let disk = host.disk { raw.pointee.disk = try self.raw(disk) }
        if let network = host.network { raw.pointee.network = try self.raw(network) }
        if let cpu = host.agentCPU {
            raw.pointee.agent_cpu_if_case = PODP__V1__HOST_SAMPLE__AGENT_CPU_IF_AGENT_CPU
            raw.pointee.agent_cpu = cpu
        }
        if let memory = host.agentMemory {
            raw.pointee.agent_memory_if_case = PODP__V1__HOST_SAMPLE__AGENT_MEMORY_IF_AGENT_MEMORY
            raw.pointee.agent_memory = memory.count
        }
        return raw
    }

    func raw(_ domain: DomainSample) throws(WireError) -> UnsafeMutablePointer<Podp__V1__DomainSample> {
        let raw = try new(podp__v1__domain_sample__init)
        raw.pointee.id = try id(domain.id.uuid)
        raw.pointee.state = .init(rawValue: domain.state.cNumber)
        raw.pointee.cpu = domain.cpu
        if let ready = domain.ready {
            raw.pointee.ready_if_case = PODP__V1__DOMAIN_SAMPLE__READY_IF_READY
            raw.pointee.ready = ready
        }
        raw.pointee.memory = domain.memory.count
        if let disk = domain.disk { raw.pointee.disk = try self.raw(disk) }
        if let network = domain.network { raw.pointee.network = try self.raw(network) }
        return raw
    }

    func raw(_ rates: DiskRates) throws(WireError) -> UnsafeMutablePointer<Podp__V1__DiskRates> {
        let raw = try new(podp__v1__disk_rates__init)
        raw.pointee.read_bytes = rates.readBytes
        raw.pointee.written_bytes = rates.writtenBytes
        raw.pointee.reads = rates.reads
        raw.pointee.writes = rates.writes
        raw.pointee.out_of_requests = rates.outOfRequests
        return raw
    }

    func raw(_ rates: NetworkRates) throws(WireError) -> UnsafeMutablePointer<Podp__V1__NetworkRates> {
        let raw = try new(podp__v1__network_rates__init)
        raw.pointee.received_bytes = rates.receivedBytes
        raw.pointee.sent_bytes = rates.sentBytes
        return raw
    }
}

extension Report {
    init(_ raw: Podp__V1__Report) throws(WireError) {
        self.init(
            sequence: raw.sequence, sampledAt: Instant(nanoseconds: raw.sampled_at), interval: .nanoseconds(raw.interval),
            host: HostSample(try message(raw.host)),
            domains: try list(raw.n_domains, raw.domains) { (domain) throws(WireError) in try DomainSample(domain.pointee) })
        if raw.invalid_if_case == PODP__V1__REPORT__INVALID_IF_INVALID { invalid = try text(raw.invalid) }
    }
}

extension HostSample {
    init(_ raw: Podp__V1__HostSample) {
        self.init(cpu: raw.cpu, memoryFree: Bytes(raw.memory_free))
        if raw.dom0_cpu_if_case == PODP__V1__HOST_SAMPLE__DOM0_CPU_IF_DOM0_CPU { dom0CPU = raw.dom0_cpu }
        if raw.dom0_memory_free_if_case == PODP__V1__HOST_SAMPLE__DOM0_MEMORY_FREE_IF_DOM0_MEMORY_FREE { dom0MemoryFree = Bytes(raw.dom0_memory_free) }
        if let rates = raw.disk { disk = DiskRates(rates.pointee) }
        if let rates = raw.network { network = NetworkRates(rates.pointee) }
        if raw.agent_cpu_if_case == PODP__V1__HOST_SAMPLE__AGENT_CPU_IF_AGENT_CPU { agentCPU = raw.agent_cpu }
        if raw.agent_memory_if_case == PODP__V1__HOST_SAMPLE__AGENT_MEMORY_IF_AGENT_MEMORY { agentMemory = Bytes(raw.agent_memory) }
    }
}

extension DomainSample {
    init(_ raw: Podp__V1__DomainSample) throws(WireError) {
        self.init(id: DomainID(try PodpWireC.id(raw.id)), state: try value(raw.state.rawValue), cpu: raw.cpu, memory: Bytes(raw.memory))
        if raw.ready_if_case == PODP__V1__DOMAIN_SAMPLE__READY_IF_READY { ready = raw.ready }
        if let rates = raw.disk { disk = DiskRates(rates.pointee) }
        if let rates = raw.network { network = NetworkRates(rates.pointee) }
    }
}

extension DiskRates {
    init(_ raw: Podp__V1__DiskRates) {
        self.init(
            readBytes: raw.read_bytes, writtenBytes: raw.written_bytes, reads: raw.reads, writes: raw.writes, outOfRequests: raw.out_of_requests)
    }
}

extension NetworkRates {
    init(_ raw: Podp__V1__NetworkRates) {
        self.init(receivedBytes: raw.received_bytes, sentBytes: raw.sent_bytes)
    }
}
