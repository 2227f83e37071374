import AgentHost
import PodpModel
import Synchronization

/// How often vCPUs were seen blocked: with the exact `cpu_time` it tells what they wanted and did not get.
///
/// `ready = 1 - blocked (sampled) - used (exact)`. "Neither blocked nor running", sampled, would be wrong by almost a factor of two:
/// while dom0 samples, the sampler itself holds a CPU on which some domain therefore does not run. Whether a vCPU is blocked does not
/// depend on who holds the CPU.
struct ReadyTally: Sendable {
    struct Count: Hashable, Sendable {
        var blocked: UInt32 = 0
        var samples: UInt32 = 0
    }

    private(set) var counts: [UInt32: Count] = [:]

    /// One look at all domains. `isBlocked` is asked only for domains of several vCPUs of which not all are blocked:
    /// the list of domains itself says the rest.
    mutating func add(_ domains: [XenDomain], isBlocked: (_ domain: UInt32, _ vcpu: UInt32) -> Bool?) {
        for domain in domains where domain.number != 0 && domain.state == .running && domain.onlineVCPUs > 0 {
            var count = counts[domain.number] ?? Count()
            if domain.isBlocked || domain.onlineVCPUs == 1 {
                let vcpus = UInt32(clamping: domain.onlineVCPUs)
                count.samples &+= vcpus
                if domain.isBlocked { count.blocked &+= vcpus }
            } else {
                for vcpu in 0..<UInt32(clamping: domain.maxVCPUs) {
                    guard let blocked = isBlocked(domain.number, vcpu) else { continue }
                    count.samples &+= 1
                    if blocked { count.blocked &+= 1 }
                }
            }
            counts[domain.number] = count
        }
    }

    /// What was counted since the last time.
    mutating func take() -> [UInt32: Count] {
        defer { counts = [:] }
        return counts
    }
}

/// Samples on a thread of its own with a hypervisor handle of its own, at jittered times: a fixed interval would lock on to the guests' timers.
///
/// Where more than half of the blade's CPUs are idle nobody waits for one, and samples are taken less often.
final class ReadySampler: Sendable {
    private let tally = SharedTally()
    private let thread: HostThread

    private final class SharedTally: Sendable {
        let value = Mutex(ReadyTally())
        let isCalm = Atomic(false)
    }

    static let calmStretch = 5.0

    /// - Parameter interval: the mean time between two samples. It is stretched where sampling would cost more than 2 % of a CPU.
    init(hypervisor: any XenHypervisor, interval: Duration) {
        let tally = tally
        thread = HostThread {
            let begun = HostClock.bootTime()
            if let domains = try? hypervisor.domains() {
                tally.value.withLock { $0.add(domains) { hypervisor.isBlocked(domain: $0, vcpu: $1) } }
            }
            let cost = HostClock.bootTime() - begun
            let mean = tally.isCalm.load(ordering: .relaxed) ? interval * Self.calmStretch : interval
            let pause = mean * Double.random(in: 0.5...1.5)
            HostClock.block(for: min(max(pause, cost * 50), .seconds(2)))
        }
    }

    /// Tells how busy the blade is: whether more than half of its CPU time was idle.
    func pace(isCalm: Bool) { tally.isCalm.store(isCalm, ordering: .relaxed) }

    func take() -> [UInt32: ReadyTally.Count] { tally.value.withLock { $0.take() } }
    func stop() { thread.stop() }
}
