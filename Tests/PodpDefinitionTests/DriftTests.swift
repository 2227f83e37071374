import PodpModel
import Testing

@testable import PodpDefinition

@Suite struct DriftTests {
    private func definition() -> DomainDefinition {
        var definition = DomainDefinition(
            id: DomainID(anID), name: "web-1", type: .pvh, memory: .gibibytes(1), vcpus: 2, boot: .kernel(path: "/boot/k", ramdisk: nil, commandLine: ""))
        definition.disks = [Disk(target: "xvda", source: "/dev/vg0/web-1")]
        definition.nics = [NIC(mac: "00:16:3e:00:00:01", bridge: "xenbr0")]
        return definition
    }

    private func inventory(_ change: (inout DomainInventory) -> Void = { _ in }) -> DomainInventory {
        let definition = definition()
        var inventory = DomainInventory(
            id: definition.id, name: "web-1", number: 3, state: .running, type: .pvh, vcpus: 2, memory: .gibibytes(1), disks: definition.disks,
            nics: definition.nics)
        change(&inventory)
        return inventory
    }

    private func sentences(_ change: (inout DomainInventory) -> Void) -> [String] {
        Drift.between(definition(), and: inventory(change), on: "blade-3").map(\.sentence)
    }

    @Test func `a true copy has no drift`() {
        #expect(Drift.between(definition(), and: inventory(), on: "blade-3").isEmpty)
        #expect(sentences { $0.memory = .kibibytes(1024 * 1024 - 4) } == [], "a page that Xen keeps")
        #expect(sentences { $0.type = .unknown } == [], "a hypervisor that does not say")
    }

    @Test func `each difference is one sentence`() {
        #expect(sentences { $0.memory = .mebibytes(512) } == ["memory is 512 MiB on blade-3, 1 GiB in podp"])
        #expect(sentences { $0.maxMemory = .mebibytes(1536) } == ["maximum memory is 1536 MiB on blade-3, 1 GiB in podp"])
        #expect(sentences { $0.vcpus = 1 } == ["vCPUs are 1 on blade-3, 2 in podp"])
        #expect(sentences { $0.name = "web-2" } == ["name is web-2 on blade-3, web-1 in podp"])
        #expect(sentences { $0.type = .pv } == ["type is pv on blade-3, pvh in podp"])
        #expect(sentences { $0.disks[0].source = "/dev/vdb" } == ["disk xvda is /dev/vdb on blade-3, /dev/vg0/web-1 in podp"])
        #expect(sentences { $0.disks[0].readOnly = true } == ["disk xvda is read-only on blade-3, writable in podp"])
        #expect(sentences { $0.disks = [] } == ["disk xvda is missing on blade-3"])
        #expect(sentences { $0.disks.append(Disk(target: "xvdb", source: "/dev/x")) } == ["disk xvdb (/dev/x) is on blade-3 only, not in podp"])
        #expect(sentences { $0.nics[0].bridge = "br9" } == ["interface 00:16:3e:00:00:01 is on bridge br9 on blade-3, on xenbr0 in podp"])
        #expect(sentences { $0.nics = [] } == ["interface 00:16:3e:00:00:01 is missing on blade-3"])
        #expect(
            sentences { $0.nics.append(NIC(mac: "00:16:3e:00:00:02", bridge: "br1")) } == [
                "interface 00:16:3e:00:00:02 (bridge br1) is on blade-3 only, not in podp"
            ])
        #expect(sentences { $0.autostart = true } == ["blade-3 would start the domain by itself after a boot; podp never wants that"])
    }

    @Test func `a disk renamed for KVM is the same disk`() {
        var stored = definition()
        stored.type = .kvm
        stored.boot = .firmware(order: "c")
        let here = inventory {
            $0.type = .kvm
            $0.disks[0].target = "vda"
        }
        #expect(Drift.between(stored, and: here, on: "b", hypervisor: .kvm).isEmpty)
        #expect(Drift.between(stored, and: here, on: "b", hypervisor: .test).count == 2)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `a definition compared with its own inventory never drifts`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let definition = generator.definition()
            let inventory = DomainInventory(
                id: definition.id, name: definition.name, state: .running, type: definition.type, vcpus: definition.vcpus, maxVCPUs: definition.maxVCPUs,
                memory: definition.memory,
                maxMemory: definition.maxMemory, disks: definition.disks, nics: definition.nics)
            #expect(Drift.between(definition, and: inventory, on: "b") == [])
        }
    }
}
