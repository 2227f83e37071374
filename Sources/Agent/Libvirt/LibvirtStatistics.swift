import AgentCore
import CLibvirt
import PodpModel

/// All running domains' counters by one call of libvirt; what a driver leaves out (the test driver tells states only) is asked for by domain.
enum LibvirtStatistics {
    static func all(_ connection: OpaquePointer) throws(LibvirtFailure) -> [DomainCounters] {
        var records: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
        let wanted = [
            VIR_DOMAIN_STATS_STATE, VIR_DOMAIN_STATS_CPU_TOTAL, VIR_DOMAIN_STATS_BALLOON, VIR_DOMAIN_STATS_VCPU, VIR_DOMAIN_STATS_INTERFACE,
            VIR_DOMAIN_STATS_BLOCK,
        ].reduce(UInt32(0)) { $0 | UInt32($1.rawValue) }
        let count = virConnectGetAllDomainStats(connection, wanted, &records, UInt32(VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE.rawValue))
        guard count >= 0, let records else { throw .last("statistics of the domains") }
        defer { virDomainStatsRecordListFree(records) }
        return (0..<Int(count)).compactMap { index in records[index].flatMap { counters($0.pointee) } }.sorted { $0.id < $1.id }
    }

    private static func counters(_ record: virDomainStatsRecord) -> DomainCounters? {
        guard let handle = record.dom, let id = uuid(handle) else { return nil }
        let number = virDomainGetID(handle)
        var info = virDomainInfo()
        guard number != UInt32.max, virDomainGetInfo(handle, &info) == 0 else { return nil }
        let values = Values(record)
        let state: DomainState =
            switch virDomainState(rawValue: UInt32(info.state)) {
            case VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED, VIR_DOMAIN_NOSTATE: .running
            case VIR_DOMAIN_PAUSED, VIR_DOMAIN_PMSUSPENDED: .paused
            case VIR_DOMAIN_CRASHED: .crashed
            case VIR_DOMAIN_SHUTDOWN: .shutdown
            default: .unknown
            }
        return DomainCounters(
            id: id, number: number, state: state, vcpus: Int(info.nrVirtCpu), cpuNanoseconds: values["cpu.time"] ?? info.cpuTime,
            memory: .kibibytes(values["balloon.current"] ?? UInt64(info.memory)), disk: disk(values), network: network(values))
    }

    static func uuid(_ domain: OpaquePointer) -> DomainID? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(VIR_UUID_BUFLEN)) { buffer in
            guard let base = buffer.baseAddress, virDomainGetUUID(domain, base) == 0 else { return nil }
            return ID128(bytes: buffer).map { DomainID($0) }
        }
    }

    private static func disk(_ values: Values) -> DiskCounters? {
        guard let count = values["block.count"] else { return nil }
        return (0..<min(count, 256)).reduce(into: DiskCounters()) { sum, index in
            sum.readBytes &+= values["block.\(index).rd.bytes"] ?? 0
            sum.writtenBytes &+= values["block.\(index).wr.bytes"] ?? 0
            sum.reads &+= values["block.\(index).rd.reqs"] ?? 0
            sum.writes &+= values["block.\(index).wr.reqs"] ?? 0
        }
    }

    private static func network(_ values: Values) -> NetworkCounters? {
        guard let count = values["net.count"] else { return nil }
        return (0..<min(count, 256)).reduce(into: NetworkCounters()) { sum, index in
            sum.receivedBytes &+= values["net.\(index).rx.bytes"] ?? 0
            sum.sentBytes &+= values["net.\(index).tx.bytes"] ?? 0
        }
    }

    /// A record's whole numbers by name.
    private struct Values {
        private var all: [String: UInt64] = [:]

        init(_ record: virDomainStatsRecord) {
            guard let list = record.params else { return }
            for index in 0..<Int(record.nparams) {
                let value = list[index]
                let name = withUnsafeBytes(of: value.field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                switch virTypedParameterType(rawValue: UInt32(bitPattern: value.type)) {
                case VIR_TYPED_PARAM_ULLONG: all[name] = value.value.ul
                case VIR_TYPED_PARAM_UINT: all[name] = UInt64(value.value.ui)
                case VIR_TYPED_PARAM_INT: all[name] = UInt64(clamping: value.value.i)
                case VIR_TYPED_PARAM_LLONG: all[name] = UInt64(clamping: value.value.l)
                default: break
                }
            }
        }

        subscript(name: String) -> UInt64? { all[name] }
    }
}
