import AgentCore
import PodpModel
import Synchronization

@testable import AgentXen

/// A hypervisor of plain values.
final class FakeXen: XenHypervisor {
    struct State: Sendable {
        var host = XenHost(
            cpus: 8, threadsPerCore: 2, coresPerSocket: 2, cpuMegahertz: 2000, canHVM: true, canPV: true, hasHardwarePaging: true, hasShadowPaging: false,
            memory: .gibibytes(24), memoryFree: .gibibytes(4))
        var domains: [XenDomain] = []
        var idle: [UInt64] = [1, 2, 3]
        var weights: [UInt32: Int] = [0: 1024]
        var blocked: [UInt32: [Bool?]] = [:]
        var version = XenVersion(hypervisor: "4.17.7", release: "4.17", libraryRelease: "4.17")
        /// How often each domain was paused; a domain that is in here is paused until none is left.
        var pauses: [UInt32: Int] = [:]
        var isDead = false
    }
    let state: Mutex<State>

    init(_ change: (inout State) -> Void = { _ in }) {
        var initial = State()
        change(&initial)
        state = Mutex(initial)
    }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    private func alive<Value>(_ value: (State) -> Value) throws(HypervisorError) -> Value {
        let copy = state.withLock { $0 }
        if copy.isDead { throw HypervisorError(.unavailable, "the hypervisor does not answer") }
        return value(copy)
    }

    func version() throws(HypervisorError) -> XenVersion { try alive { $0.version } }
    func host() throws(HypervisorError) -> XenHost { try alive { $0.host } }
    func idleNanoseconds(cpus: Int) throws(HypervisorError) -> [UInt64] { try alive { $0.idle } }
    func domains() throws(HypervisorError) -> [XenDomain] { try alive { $0.domains } }
    func isBlocked(domain: UInt32, vcpu: UInt32) -> Bool? {
        state.withLock { state in
            guard let vcpus = state.blocked[domain], Int(vcpu) < vcpus.count else { return nil }
            return vcpus[Int(vcpu)]
        }
    }
    func unpause(domain: UInt32) throws(HypervisorError) {
        let wasPaused = state.withLock { state in
            guard let pauses = state.pauses[domain], pauses > 0 else { return false }
            state.pauses[domain] = pauses - 1
            if pauses == 1, let index = state.domains.firstIndex(where: { $0.number == domain }) { state.domains[index].isPaused = false }
            return true
        }
        guard wasPaused else { throw HypervisorError(.unavailable, "Invalid argument") }
    }
    func weight(domain: UInt32) -> Int? { state.withLock { $0.weights[domain] } }
    func features(hvm: Bool) -> [String] { hvm ? ["fpu", "sse3"] : ["fpu"] }
}

/// xenstore as a list of paths.
struct FakeTree: XenTree {
    var nodes: [String: String]

    func value(_ path: String) async throws(HypervisorError) -> String? { nodes[path] }
    func names(_ path: String) async throws(HypervisorError) -> [String] {
        Set(nodes.keys.filter { $0.hasPrefix(path + "/") }.compactMap { $0.dropFirst(path.count + 1).split(separator: "/").first.map(String.init) }).sorted()
    }

    /// As `xenstore-ls` showed g1 on a testbed's blade.
    static let recorded = FakeTree(nodes: [
        "/local/domain/1/name": "g1",
        "/local/domain/1/memory/target": "131072",
        "/local/domain/1/memory/static-max": "262144",
        "/local/domain/1/control/feature-suspend": "1",
        "/local/domain/1/device/vbd/51712/backend": "/local/domain/0/backend/vbd/1/51712",
        "/local/domain/1/device/vif/0/backend": "/local/domain/0/backend/vif/1/0",
        "/local/domain/0/backend/vbd/1/51712/dev": "xvda",
        "/local/domain/0/backend/vbd/1/51712/params": "/dev/vdb",
        "/local/domain/0/backend/vbd/1/51712/type": "phy",
        "/local/domain/0/backend/vbd/1/51712/mode": "w",
        "/local/domain/0/backend/vbd/1/51712/device-type": "disk",
        "/local/domain/0/backend/vif/1/0/mac": "00:16:3E:77:00:01",
        "/local/domain/0/backend/vif/1/0/bridge": "xenbr0",
    ])
}

struct FakeDefinitions: DefinitionSource {
    var domains: [DomainInventory]
    var isDead = false
    func definitions() async throws(HypervisorError) -> HostDefinitions {
        if isDead { throw HypervisorError(.unavailable, "libvirtd does not answer") }
        return HostDefinitions(libvirtVersion: "9.0.0", domains: domains)
    }
    func definitionChanges() -> AsyncStream<Void> { AsyncStream { $0.finish() } }
}

func id(_ number: UInt64) -> DomainID { DomainID(ID128(high: 1, low: number)) }

extension XenDomain {
    static func sample(_ number: UInt32, type: VirtualisationType = .pvh, vcpus: Int = 1, _ change: (inout XenDomain) -> Void = { _ in }) -> XenDomain {
        var domain = XenDomain(
            number: number, id: AgentXenTests.id(UInt64(number)), type: type, onlineVCPUs: vcpus, maxVCPUs: vcpus, cpuNanoseconds: 1_000_000_000,
            memory: .mebibytes(128))
        change(&domain)
        return domain
    }
    static let dom0 = XenDomain(number: 0, id: DomainID(.zero), type: .pv, onlineVCPUs: 2, maxVCPUs: 2, cpuNanoseconds: 7, memory: .mebibytes(448))
}
