import AgentCore
import AgentHost
import CXenShim
import Glibc
import PodpModel
import Testing

@testable import AgentXen

@Suite struct XenTelemetryTests {
    private func telemetry(
        _ xen: FakeXen, tree: FakeTree = .recorded, definitions: FakeDefinitions? = nil, files: HostFiles = HostFiles(root: "/nowhere")
    ) -> XenTelemetry {
        XenTelemetry(settings: .init(samplingInterval: nil, files: files), hypervisor: xen, sampled: nil, tree: tree, definitions: definitions)
    }

    @Test func `a domain is told as Xen and xenstore have it`() async throws {
        let xen = FakeXen { $0.domains = [.dom0, .sample(1)] }
        let inventory = try await telemetry(xen).inventory()
        #expect(
            inventory.domains == [
                DomainInventory(
                    id: id(1), name: "g1", number: 1, state: .running, type: .pvh, vcpus: 1, memory: .mebibytes(128), maxMemory: .mebibytes(256),
                    disks: [Disk(target: "xvda", source: "/dev/vdb")], nics: [NIC(mac: "00:16:3e:77:00:01", bridge: "xenbr0")], persistent: false)
            ])
        #expect(inventory.host.cpus == 8 && inventory.host.sockets == 2 && inventory.host.dom0VCPUs == 2)
        #expect(inventory.host.dom0Memory == .mebibytes(448))
    }

    @Test func `libvirt adds what is off, what is persistent and what is shared`() async throws {
        let running = DomainInventory(
            id: id(1), name: "g1", state: .running, type: .pvh, vcpus: 1, memory: .mebibytes(128),
            disks: [Disk(target: "xvda", source: "/dev/vdb", shared: true)],
            autostart: true)
        let off = DomainInventory(id: id(9), name: "g9", state: .off, type: .pv, vcpus: 1, memory: .mebibytes(64))
        // libvirt's view is older than the hypervisor's: a domain that it takes for running and that Xen does not have is not there.
        let gone = DomainInventory(id: id(8), name: "g8", state: .running, type: .pv, vcpus: 1, memory: .mebibytes(64))
        let xen = FakeXen { $0.domains = [.dom0, .sample(1)] }
        let domains = try await telemetry(xen, definitions: FakeDefinitions(domains: [running, gone, off])).inventory().domains
        #expect(domains.map(\.name) == ["g1", "g9"])
        #expect(domains[0].persistent && domains[0].autostart && domains[0].disks[0].shared)
    }

    @Test func `without libvirtd the domains are still told, and that podp cannot act`() async throws {
        let xen = FakeXen { $0.domains = [.dom0, .sample(1)] }
        let inventory = try await telemetry(xen, definitions: FakeDefinitions(domains: [], isDead: true)).inventory()
        #expect(inventory.domains.count == 1)
        #expect(inventory.findings.contains { $0.code == "libvirt" && $0.severity == .critical })
    }

    @Test func `a hypervisor that does not answer is unavailable, not empty`() async {
        let xen = FakeXen { $0.isDead = true }
        await #expect(throws: HypervisorError(.unavailable, "the hypervisor does not answer")) { try await telemetry(xen).counters() }
        await #expect(throws: HypervisorError.self) { try await telemetry(xen).inventory() }
    }

    @Test func `two domains of one UUID are an incident, and the one that executes is told`() async throws {
        let xen = FakeXen {
            $0.domains = [
                .dom0, .sample(1),
                .sample(2) {
                    $0.id = id(1); $0.isPaused = true
                },
            ]
        }
        let inventory = try await telemetry(xen).inventory()
        #expect(inventory.domains.map(\.number) == [1])
        #expect(inventory.findings.contains { $0.code == "same-uuid" && $0.what.contains("1 and 2") })
        let counters = try await telemetry(xen).counters()
        #expect(counters.domains.map(\.number) == [1])
    }

    @Test(arguments: [
        (false, false, UInt32?.none, DomainState.running), (true, false, nil, .paused), (false, false, 0, .shutdown), (false, false, 1, .shutdown),
        (false, false, 2, .paused), (false, false, 3, .crashed), (false, false, 4, .crashed), (false, true, 2, .shutdown), (false, false, 77, .shutdown),
    ])
    func `a state is what Xen's flags say`(_ paused: Bool, _ dying: Bool, _ reason: UInt32?, _ state: DomainState) {
        let domain = XenDomain.sample(1) {
            $0.isPaused = paused
            $0.isDying = dying
            $0.shutdownReason = reason
        }
        #expect(domain.state == state)
    }

    @Test func `a domain that is being received is incoming, by xl's name or by libvirt's word`() async throws {
        let xen = FakeXen { $0.domains = [.dom0, .sample(1) { $0.isPaused = true }] }
        var tree = FakeTree.recorded
        #expect(try await telemetry(xen, tree: tree).inventory().domains.first?.state == .paused)
        tree.nodes["/local/domain/1/name"] = "g1--incoming"
        #expect(try await telemetry(xen, tree: tree).inventory().domains.first?.state == .incoming)
        let told = DomainInventory(id: id(1), name: "g1", state: .incoming, type: .pvh, vcpus: 1, memory: .zero)
        #expect(try await telemetry(xen, definitions: FakeDefinitions(domains: [told])).inventory().domains.first?.state == .incoming)
    }

    @Test func `what can move is what the hypervisor's paging allows`() {
        var host = FakeXen().state.withLock { $0.host }
        #expect(XenAbilities.liveMigration(host)[.pv]?.reason?.contains("shadow paging") == true)
        #expect(XenAbilities.liveMigration(host)[.pvh] == .yes)
        host.hasShadowPaging = true
        #expect(XenAbilities.liveMigration(host)[.pv] == .yes)
        host.hasShadowPaging = false
        host.hasHardwarePaging = false
        #expect(XenAbilities.liveMigration(host)[.hvm]?.isYes == false)
        host.canHVM = false
        #expect(XenAbilities.liveMigration(host)[.pvh]?.reason?.contains("hardware virtualisation") == true)
    }

    @Test func `a domain with a PCI device, or a kernel that cannot suspend, cannot move`() async throws {
        let xen = FakeXen { $0.domains = [.dom0, .sample(1)] }
        for (path, value, word) in [("/device/pci/0/backend", "/x", "PCI"), ("/control/feature-suspend", "0", "suspended")] {
            var tree = FakeTree.recorded
            tree.nodes["/local/domain/1" + path] = value
            let ability = try await telemetry(xen, tree: tree).inventory().domains.first?.liveMigration
            #expect(ability?.reason?.contains(word) == true)
        }
    }

    @Test func `dom0's weight and versions that do not fit are found`() async throws {
        let xen = FakeXen {
            $0.domains = [.dom0, .sample(1)]
            $0.weights = [0: 256, 1: 512]
            $0.version.libraryRelease = "4.18"
        }
        let findings = try await telemetry(xen).inventory().findings
        #expect(findings.first { $0.code == "dom0-weight" }?.what.contains("256") == true)
        #expect(findings.contains { $0.code == "xen-version" })
        xen.set {
            $0.weights = [0: 1024, 1: 512]; $0.version.libraryRelease = "4.17"
        }
        #expect(try await telemetry(xen).inventory().findings.map(\.code) == ["migration-certificates"])
    }

    @Test func `disks' sources lose their format, not their path`() {
        #expect(XenDomainReader.source("/dev/vg/web") == "/dev/vg/web")
        #expect(XenDomainReader.source("aio:/var/lib/web.img") == "/var/lib/web.img")
        #expect(XenDomainReader.source("") == "")
        #expect(XenDomainReader.source("strange") == "strange")
    }

    @Test func `a change of the set of domains or of a state is told`() async throws {
        let xen = FakeXen { $0.domains = [.dom0, .sample(1)] }
        let telemetry = telemetry(xen)
        var changes = telemetry.changes().makeAsyncIterator()
        #expect(await changes.next() != nil, "whatever happened before")
        _ = try await telemetry.counters()
        _ = try await telemetry.counters()
        xen.set { $0.domains[1].isPaused = true }
        _ = try await telemetry.counters()
        await telemetry.close()
        #expect(await changes.next() != nil)
        #expect(await changes.next() == nil)
    }

    @Test func `this machine is no Xen host, and the shim says so without a word on stderr`() {
        var error: Int32 = 0
        if let handle = podp_xen_open(&error) { podp_xen_close(handle) } else { #expect(error == ENOENT || error == ENODEV || error == EACCES) }
        #expect(podp_xen_feature_name(0).map { String(cString: $0) } == "FPU")
        #expect(podp_xen_feature_name(UInt32.max) == nil)
    }
}
