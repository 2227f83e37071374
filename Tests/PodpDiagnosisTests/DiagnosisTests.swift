import PodpModel
import Testing

@testable import PodpDiagnosis

private func blade(_ index: Int, cpu: Double, ready: Double? = nil, free: Double = 8, domains: Int = 4) -> FleetWindow.Blade {
    FleetWindow.Blade(
        id: BladeID(ID128(high: 1, low: UInt64(index))), name: "blade-\(index)", cpus: 8, memory: .gibibytes(24), dom0VCPUs: 2, dom0Memory: .gibibytes(1),
        linkMegabitsPerSecond: 1000, cpu: Reading(mean: cpu, high: min(1, cpu * 1.1)), dom0CPU: Reading(0.2), memoryFree: Reading(free * 0x1p30),
        dom0MemoryFree: Reading(0.4 * 0x1p30), outOfRequests: Reading(0), diskRequests: Reading(200), network: Reading(1e6),
        domains: (0..<domains).map { number in
            FleetWindow.Domain(
                id: DomainID(ID128(high: UInt64(index), low: UInt64(number))), name: "web-\(index)-\(number)", vcpus: 4,
                cpu: Reading(cpu * 8 / Double(domains)), ready: ready.map { Reading($0 / Double(domains)) })
        })
}

private func verdicts(_ blades: [FleetWindow.Blade]) -> [Verdict] { Diagnosis.verdicts(of: FleetWindow(length: .seconds(300), blades: blades)) }

@Suite("Diagnosis: what is short, and where")
struct DiagnosisTests {
    @Test("A fleet with room everywhere is short of nothing")
    func healthy() {
        #expect(verdicts((1...14).map { blade($0, cpu: 0.5) }).isEmpty)
        #expect(verdicts([]).isEmpty)
    }

    @Test("Two busy blades among idle ones: CPU is short there, and balance would help")
    func imbalance() throws {
        let found = verdicts((1...14).map { $0 <= 2 ? blade($0, cpu: 0.93, ready: 2.4) : $0 <= 11 ? blade($0, cpu: 0.2) : blade($0, cpu: 0.5) })
        #expect(found.count == 3)
        let fleet = try #require(found.first)
        #expect(fleet.blade == nil)
        #expect(fleet.sentence == "CPU is short on 2 of 14 blades while 9 are below 30 %: balance would help")
        #expect(found[1].sentence.hasPrefix("CPU is short on blade-1: 93 % of 8 CPUs busy"))
        #expect(found[1].sentence.contains("domains waited for 2.4 CPUs"))
    }

    @Test("Where every blade is busy, balance would not help and the sentence says so")
    func overload() throws {
        let fleet = try #require(verdicts((1...4).map { blade($0, cpu: 0.97) }).first)
        #expect(fleet.severity == .critical)
        #expect(fleet.sentence.contains("more blades are needed"))
    }

    @Test("Waiting at a moderate load is short; a busy blade whose domains do not wait is told apart")
    func ready() throws {
        let waiting = try #require(verdicts([blade(1, cpu: 0.65, ready: 3)]).last)
        #expect(waiting.resource == "cpu" && waiting.blade != nil)
        #expect(verdicts([blade(1, cpu: 0.65, ready: 0.1)]).isEmpty)
        let busy = try #require(verdicts([blade(1, cpu: 0.85, ready: 0.05)]).last)
        #expect(busy.sentence.contains("hardly wait"))
    }

    @Test("Each resource has its verdict: dom0, memory, disk, network")
    func kinds() {
        var dom0 = blade(1, cpu: 0.4)
        dom0.dom0CPU = Reading(1.9)
        dom0.dom0MemoryFree = Reading(0.03 * 0x1p30)
        var disk = blade(2, cpu: 0.4)
        disk.outOfRequests = Reading(50)
        var network = blade(3, cpu: 0.4)
        network.network = Reading(110e6)
        let found = verdicts([dom0, disk, network, blade(4, cpu: 0.4, free: 0.5), blade(5, cpu: 0.4, free: 20), blade(6, cpu: 0.4, free: 20)])
        for text in [
            "dom0 itself is short of CPU on blade-1: it uses 1.9 of its 2 vCPUs", "dom0 itself is short of memory on blade-1",
            "disk I/O is short on blade-2: 50 of 200 requests a second", "network is short on blade-3: 104.9 MiB/s of 119.2 MiB/s (88 % of the link)",
            "RAM is short on blade-4: 512 MiB of 24 GiB are free for domains", "disk I/O is short on 1 of 6 blades", "RAM is short on 1 of 6 blades",
        ] { #expect(found.contains { $0.sentence.contains(text) }, "\(text) in \(found.map(\.sentence))") }
        #expect(!found.contains { $0.sentence.hasPrefix("CPU is short") })
    }

    @Test("A domain at the end of its own vCPUs is noted, and another blade is not offered as the cure")
    func ownCPUs() throws {
        var quiet = blade(1, cpu: 0.3)
        quiet.domains[0].vcpus = 1
        quiet.domains[0].cpu = Reading(0.99)
        let found = verdicts([quiet])
        #expect(found.count == 1)
        #expect(try #require(found.first).severity == .note)
    }

    @Test("What is not measured is not 0: it gives no verdict")
    func unmeasured() {
        var bare = blade(1, cpu: 0.4)
        bare.dom0CPU = nil
        bare.dom0MemoryFree = nil
        bare.outOfRequests = nil
        bare.network = nil
        bare.linkMegabitsPerSecond = 0
        #expect(verdicts([bare]).isEmpty)
    }

    @Test("Numbers that cannot be right decide nothing, and are named", arguments: 0..<200)
    func impossible(seed: UInt64) {
        let wild: [Double] = [.nan, .infinity, -.infinity, -1]
        var broken = blade(1, cpu: 0.99, ready: 5)
        switch seed % 7 {
        case 0: broken.cpus = seed % 2 == 0 ? 0 : -3
        case 1: broken.cpu = Reading(wild[Int(seed) % 4])
        case 2: broken.memory = .zero
        case 3: broken.memoryFree = Reading(wild[Int(seed) % 4])
        case 4: broken.domains[0].cpu = Reading(mean: 1, high: wild[Int(seed) % 4])
        case 5: broken.network = Reading(wild[Int(seed) % 4])
        default: broken.excluded = "unknown: no report for 40 s"
        }
        let found = verdicts([broken, blade(2, cpu: 0.4)])
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.severity == .note && $0.sentence.contains("blade-1 is left out") })
    }

    @Test("Enormous numbers are told, not trapped on")
    func enormous() {
        var huge = blade(1, cpu: 1e300)
        huge.outOfRequests = Reading(1e300)
        huge.memory = Bytes(.max)
        huge.cpus = .max
        huge.network = Reading(1e300)
        huge.linkMegabitsPerSecond = .max
        #expect(!verdicts([huge]).isEmpty)
    }
}
