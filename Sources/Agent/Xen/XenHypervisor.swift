import AgentCore
import CXenShim
import PodpModel
import Synchronization

/// A domain as the hypervisor itself knows it.
struct XenDomain: Hashable, Sendable {
    var number: UInt32
    var id: DomainID
    var type: VirtualisationType
    var isPaused = false
    var isDying = false
    var isBlocked = false
    /// Why it has shut down, when it has.
    var shutdownReason: UInt32?
    var onlineVCPUs: Int
    var maxVCPUs: Int
    var cpuNanoseconds: UInt64
    var memory: Bytes
    var hasHardwarePaging = false

    var state: DomainState {
        if isDying { return .shutdown }
        switch shutdownReason {
        case nil: return isPaused ? .paused : .running
        // Suspended for a migration or a save: it stands still and keeps its memory.
        case .some(UInt32(PODP_XEN_SUSPEND)): return .paused
        case .some(UInt32(PODP_XEN_CRASH)), .some(UInt32(PODP_XEN_WATCHDOG)): return .crashed
        default: return .shutdown
        }
    }
}

struct XenHost: Hashable, Sendable {
    var cpus: Int
    var threadsPerCore: Int
    var coresPerSocket: Int
    var cpuMegahertz: Int
    var canHVM: Bool
    var canPV: Bool
    /// Nested paging: needed to migrate PVH and HVM domains while they run.
    var hasHardwarePaging: Bool
    /// Needed to migrate PV domains while they run.
    var hasShadowPaging: Bool
    var memory: Bytes
    var memoryFree: Bytes
}

struct XenVersion: Hashable, Sendable {
    var hypervisor: String
    /// As `4.17`: of the hypervisor that runs, and of the library that this agent was built for.
    var release: String
    var libraryRelease: String
}

/// The hypervisor's calls that telemetry needs; tests give another one.
protocol XenHypervisor: Sendable {
    func version() throws(HypervisorError) -> XenVersion
    func host() throws(HypervisorError) -> XenHost
    /// Idle nanoseconds, one value a physical CPU.
    func idleNanoseconds(cpus: Int) throws(HypervisorError) -> [UInt64]
    /// All domains, dom0 too, by number.
    func domains() throws(HypervisorError) -> [XenDomain]
    /// Whether a vCPU is blocked; `nil` when it is not online or the domain has gone.
    func isBlocked(domain: UInt32, vcpu: UInt32) -> Bool?
    /// The credit2 scheduler's weight; `nil` under another scheduler.
    func weight(domain: UInt32) -> Int?
    /// The names of the CPU features that Xen can give to domains.
    func features(hvm: Bool) -> [String]
    /// Takes one of a domain's pauses away.
    func unpause(domain: UInt32) throws(HypervisorError)
}

/// libxenctrl through the C shim. Calls are serialised: one handle serves one thread at a time.
final class XenHandle: XenHypervisor {
    private struct Raw: ~Copyable {
        let pointer: OpaquePointer
        deinit { podp_xen_close(pointer) }
    }
    private let raw: Mutex<Raw>

    /// Throws `.unavailable` when this is not dom0 of a Xen host, or its device files are not there yet.
    init() throws(HypervisorError) {
        var error: Int32 = 0
        guard let pointer = podp_xen_open(&error) else {
            throw HypervisorError(
                .unavailable,
                "the Xen hypervisor does not answer: \(errorText(error)). Is this dom0, is /dev/xen/privcmd there (xen.service), and does the agent run as root?"
            )
        }
        raw = Mutex(Raw(pointer: pointer))
    }

    private func call<Value: Sendable>(_ what: String, _ body: (OpaquePointer) -> (Int32, Value)) throws(HypervisorError) -> Value {
        let (result, value, words) = raw.withLock { raw in
            let (result, value) = body(raw.pointer)
            return (result, value, result < 0 ? String(cString: podp_xen_message(raw.pointer)) : "")
        }
        guard result >= 0 else {
            let detail = words.isEmpty ? "" : " (\(words))"
            throw HypervisorError(.unavailable, "Xen: \(what): \(errorText(-result))\(detail)")
        }
        return value
    }

    func version() throws(HypervisorError) -> XenVersion {
        let raw = try call("version") { xen in
            var version = podp_xen_version()
            return (podp_xen_get_version(xen, &version), version)
        }
        let extra = withUnsafeBytes(of: raw.extra) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return XenVersion(
            hypervisor: "\(raw.major).\(raw.minor)\(extra)", release: "\(raw.major).\(raw.minor)", libraryRelease: "\(raw.compiled_major).\(raw.compiled_minor)"
        )
    }

    func host() throws(HypervisorError) -> XenHost {
        let raw = try call("host information") { xen in
            var host = podp_xen_host()
            return (podp_xen_get_host(xen, &host), host)
        }
        return XenHost(
            cpus: Int(raw.cpus), threadsPerCore: Int(raw.threads_per_core), coresPerSocket: Int(raw.cores_per_socket), cpuMegahertz: Int(raw.cpu_khz / 1000),
            canHVM: raw.can_hvm != 0, canPV: raw.can_pv != 0, hasHardwarePaging: raw.has_hap != 0, hasShadowPaging: raw.has_shadow != 0,
            memory: Bytes(raw.total_bytes), memoryFree: Bytes(raw.free_bytes) + Bytes(raw.scrub_bytes) - Bytes(raw.outstanding_bytes))
    }

    func idleNanoseconds(cpus: Int) throws(HypervisorError) -> [UInt64] {
        let room = min(max(cpus, 1), 4096)
        return try call("idle times") { xen in
            var count: Int32 = 0
            let times = [UInt64](unsafeUninitializedCapacity: room) { buffer, used in
                count = buffer.baseAddress.map { podp_xen_get_idle(xen, $0, Int32(room)) } ?? -12
                used = min(max(Int(count), 0), room)
            }
            return (count, times)
        }
    }

    func domains() throws(HypervisorError) -> [XenDomain] {
        let room = max(Int(podp_xen_domains_per_page()), 1)
        return try call("list of domains") { xen in
            var domains: [XenDomain] = []
            var first: UInt32 = 0
            var result: Int32 = 0
            withUnsafeTemporaryAllocation(of: podp_xen_domain.self, capacity: room) { buffer in
                // Xen gives them in ascending order; a full buffer means that there may be more.
                repeat {
                    result = buffer.baseAddress.map { podp_xen_get_domains(xen, first, $0, Int32(room)) } ?? -12
                    guard result > 0 else { return }
                    let found = buffer.prefix(Int(result))
                    domains.append(contentsOf: found.map(XenDomain.init))
                    guard let last = found.last, last.number >= first, last.number < UInt32.max else { return }
                    first = last.number + 1
                } while Int(result) == room
            }
            return (result, domains)
        }
    }

    func isBlocked(domain: UInt32, vcpu: UInt32) -> Bool? {
        raw.withLock { raw in
            var info = podp_xen_vcpu()
            guard podp_xen_get_vcpu(raw.pointer, domain, vcpu, &info) >= 0, info.online != 0 else { return nil }
            return info.blocked != 0
        }
    }

    func weight(domain: UInt32) -> Int? {
        raw.withLock { raw in
            var weight: UInt32 = 0
            var cap: UInt32 = 0
            return podp_xen_get_credit2(raw.pointer, domain, &weight, &cap) >= 0 ? Int(weight) : nil
        }
    }

    func unpause(domain: UInt32) throws(HypervisorError) {
        _ = try call("unpause domain \(domain)") { xen in (podp_xen_unpause(xen, domain), ()) }
    }

    func features(hvm: Bool) -> [String] {
        let words: [UInt32] = raw.withLock { raw in
            [UInt32](unsafeUninitializedCapacity: 64) { buffer, used in
                buffer.initialize(repeating: 0)
                let count = buffer.baseAddress.map { podp_xen_get_features(raw.pointer, hvm ? 1 : 0, $0, 64) } ?? 0
                used = min(max(Int(count), 0), 64)
            }
        }
        return words.indices.flatMap { word in
            (0..<32).filter { words[word] & (1 << $0) != 0 }.map { bit in
                podp_xen_feature_name(UInt32(word * 32 + bit)).map { String(cString: $0).lowercased() } ?? "word\(word)-bit\(bit)"
            }
        }.sorted()
    }
}

extension XenDomain {
    init(_ raw: podp_xen_domain) {
        func has(_ flag: Int) -> Bool { raw.flags & UInt32(flag) != 0 }
        let uuid = withUnsafeBytes(of: raw.uuid) { ID128(bytes: $0) } ?? .zero
        self.init(
            number: raw.number, id: DomainID(uuid),
            type: !has(Int(PODP_XEN_HVM)) ? .pv : has(Int(PODP_XEN_EMULATED_PLATFORM)) ? .hvm : .pvh,
            isPaused: has(Int(PODP_XEN_PAUSED)), isDying: has(Int(PODP_XEN_DYING)), isBlocked: has(Int(PODP_XEN_BLOCKED)),
            shutdownReason: has(Int(PODP_XEN_SHUTDOWN)) ? raw.shutdown_reason : nil, onlineVCPUs: Int(raw.online_vcpus),
            maxVCPUs: raw.max_vcpu_id < 4096 ? Int(raw.max_vcpu_id) + 1 : Int(raw.online_vcpus),
            cpuNanoseconds: raw.cpu_ns, memory: Bytes(raw.memory_bytes), hasHardwarePaging: has(Int(PODP_XEN_HAP)))
    }
}
