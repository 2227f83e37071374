import AgentCore
import CLibvirt
import PodpModel
import Synchronization

/// A domain's share of the CPUs, as podp's own metadata in libvirt's copy of the definition has it (`cpu_weight` and `cap` of a flat file).
struct LibvirtShare: Hashable, Sendable {
    /// What Xen's schedulers give a domain by themselves.
    static let usual = LibvirtShare(weight: 256, cap: 0)
    static let namespace = "urn:podp:domain:1"

    /// 1 to 65535.
    var weight: UInt32
    /// Percent of one CPU; 0 is none.
    var cap: UInt32

    init(weight: UInt32, cap: UInt32) {
        self.weight = weight
        self.cap = cap
    }

    /// `nil`: the domain is none of podp's. What is out of its range is as if it were not there: anybody can write metadata.
    init?(domain root: XMLNode) {
        guard let own = root["metadata"]?.children.first(where: { $0.name == "podp:domain" && $0.attributes["xmlns:podp"] == Self.namespace }) else {
            return nil
        }
        let weight = own.attributes["weight"].flatMap { UInt32($0) } ?? 0
        let cap = own.attributes["cap"].flatMap { UInt32($0) } ?? 0
        self.init(weight: (1...65_535).contains(weight) ? weight : Self.usual.weight, cap: cap <= 100_000 ? cap : 0)
    }

    /// What differs from the scheduler's own, by libvirt's names.
    var parameters: [(name: String, value: UInt32)] {
        var list: [(name: String, value: UInt32)] = []
        if weight != Self.usual.weight { list.append((VIR_DOMAIN_SCHEDULER_WEIGHT, weight)) }
        if cap != Self.usual.cap { list.append((VIR_DOMAIN_SCHEDULER_CAP, cap)) }
        return list
    }
}

/// Gives the shares to the scheduler, once for each run of a domain.
///
/// libvirt's Xen driver has no element for them, and a domain begins with the usual ones whenever it is built anew: at a start, at a reboot of
/// its own, when a migration brings it. Each of these gives it a new number, and whoever sees a new number gives it its share.
final class LibvirtShares: Sendable {
    private struct Given: Sendable {
        var number: UInt32
        var share: LibvirtShare
        /// Why the scheduler did not take it.
        var problem: Finding?
    }

    private let given = Mutex<[DomainID: Given]>([:])

    /// Looks at one domain; to be called for each that runs. Never throws: a domain with the wrong share still works.
    func give(_ share: LibvirtShare, to domain: borrowing LibvirtDomain, _ told: DomainInventory) {
        guard let number = told.number, told.state == .running || told.state == .paused else { return }
        if let last = given.withLock({ $0[told.id] }), last.number == number, last.share == share, last.problem == nil { return }
        // While a migration works on it, libvirt would let us wait; it is looked at again when that has ended.
        var job = virDomainJobInfo()
        if virDomainGetJobInfo(domain.handle, &job) == 0, job.type != Int32(VIR_DOMAIN_JOB_NONE.rawValue) { return }
        let problem = Self.set(share, domain, told)
        given.withLock { $0[told.id] = Given(number: number, share: share, problem: problem) }
    }

    /// Forgets who is gone; what is wrong with those who are here.
    func findings(of domains: [DomainInventory]) -> [Finding] {
        let running = Set(domains.lazy.filter { $0.number != nil }.map(\.id))
        return given.withLock { given in
            given = given.filter { running.contains($0.key) }
            return given.values.compactMap(\.problem).sorted { $0.what < $1.what }
        }
    }

    private static func set(_ share: LibvirtShare, _ domain: borrowing LibvirtDomain, _ told: DomainInventory) -> Finding? {
        let wanted = share.parameters
        if wanted.isEmpty { return nil }
        var parameters = TypedParameters()
        defer { parameters.free() }
        do throws(LibvirtFailure) {
            for (name, value) in wanted { try parameters.add(name, value) }
            guard virDomainSetSchedulerParametersFlags(domain.handle, parameters.list, parameters.count, 0) == 0 else { throw .last("scheduler") }
            return nil
        } catch {
            let words = wanted.map { "\($0.name) \($0.value)" }.joined(separator: " and ")
            return Finding(
                code: "cpu-share", severity: .warning, what: "\(told.name) runs without its \(words): \(error.message)",
                remedy: "boot Xen with sched=credit2 (or credit), or leave cpu_weight and cap out of its definition")
        }
    }
}
