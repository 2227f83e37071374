import PodpModel
import Testing

@testable import PodpDefinition

@Suite struct FlatFileTests {
    private static let least = "name = \"web-1\"\nmemory = 512\nkernel = \"/boot/k\"\n"

    private func error(_ text: String) -> String {
        do {
            _ = try FlatFile.parse(text, file: "f", newID: anID)
            return "none"
        } catch { return "\(error)" }
    }

    private func warnings(_ text: String) throws -> [String] { try FlatFile.parse(Self.least + text, file: "f", newID: anID).warnings.map(\.description) }
    private func read(_ text: String) throws -> DomainDefinition { try FlatFile.parse(text, file: "f", newID: anID).definition }

    @Test func `the least file makes a PV domain with xl's defaults`() throws {
        let (definition, warnings) = try FlatFile.parse(Self.least, file: "f", newID: anID)
        var expected = DomainDefinition(
            id: DomainID(anID), name: "web-1", type: .pv, memory: .mebibytes(512), vcpus: 1, boot: .kernel(path: "/boot/k", ramdisk: nil, commandLine: ""))
        #expect(definition == expected)
        #expect(warnings.isEmpty)
        expected.type = .pvh
        #expect(try read(Self.least + "type='pvh'") == expected)
    }

    @Test func `every carried key arrives`() throws {
        let definition = try read(
            """
            name = 'db'; uuid = "8CB6F79B-0ab4-11dc-8314-0800200c9a67"
            type = "pvh"
            memory = 0x200
            maxmem = "1024"
            vcpus = 2; maxvcpus = 010
            cpu_weight = 512; cap = 150
            kernel = "/boot/k"; ramdisk = "/boot/r"; root = "/dev/xvda ro"; extra = "quiet"
            disk = [ 'phy:/dev/vg0/db,xvda,w' ]
            disk += [ '/dev/vg0/shared,raw,xvdb,rw' ]
            vif = [ 'mac=00:16:3E:5A:10:02,bridge=br1,model=e1000', '' ]
            vif += [ 'type=vif' ]
            on_poweroff = "preserve"; on_reboot = "destroy"; on_crash = "restart"
            podp_allowed_downtime = "1min30s"
            podp_stays = 1
            podp_apart = "web, db"
            podp_together = [ "shop" ]
            podp_only_on = "blade-3 blade-4"
            podp_priority = "-5"
            podp_shared = [ "xvdb" ]
            """)
        #expect(definition.id.description == "8cb6f79b-0ab4-11dc-8314-0800200c9a67")
        #expect(definition.type == .pvh && definition.name == "db")
        #expect(definition.memory == .mebibytes(512) && definition.maxMemory == .gibibytes(1))
        #expect(definition.vcpus == 2 && definition.maxVCPUs == 8)
        #expect(definition.cpuWeight == 512 && definition.cpuCap == 150)
        #expect(definition.boot == .kernel(path: "/boot/k", ramdisk: "/boot/r", commandLine: "root=/dev/xvda ro quiet"))
        #expect(definition.disks == [Disk(target: "xvda", source: "/dev/vg0/db"), Disk(target: "xvdb", source: "/dev/vg0/shared", shared: true)])
        #expect(
            definition.nics == [
                NIC(mac: "00:16:3e:5a:10:02", bridge: "br1", model: "e1000"), NIC(mac: nil, bridge: "xenbr0"),
                NIC(mac: nil, bridge: "xenbr0", model: "netfront"),
            ])
        #expect(definition.onPowerOff == .preserve && definition.onReboot == .destroy && definition.onCrash == .restart)
        #expect(definition.policy.allowedDowntime == .seconds(90) && definition.policy.stays && definition.policy.priority == -5)
        #expect(definition.policy.apart == ["web", "db"] && definition.policy.together == ["shop"] && definition.policy.onlyOn == ["blade-3", "blade-4"])
    }

    @Test func `cmdline wins over root and extra, with a word about it`() throws {
        let (definition, warnings) = try FlatFile.parse(Self.least + "cmdline='quiet'\nextra='debug'", file: "f", newID: anID)
        #expect(definition.boot == .kernel(path: "/boot/k", ramdisk: nil, commandLine: "quiet"))
        #expect(warnings.map(\.description) == ["f:5:7: 'extra' is ignored, by xl too, because there is 'cmdline'"])
    }

    @Test func `an HVM domain boots by its firmware, and hvmloader is no kernel`() throws {
        let (definition, warnings) = try FlatFile.parse(
            "name='w'\nbuilder='hvm'\nmemory=512\nkernel='/usr/lib/xen/boot/hvmloader'\nboot='dc'", file: "f", newID: anID)
        #expect(definition.type == .hvm && definition.boot == .firmware(order: "dc"))
        #expect(warnings.map(\.key) == ["kernel"])
        #expect(try read("name='w'\ntype='hvm'\nmemory=512").boot == .firmware(order: "cd"))
    }

    @Test func `pygrub boots PV and PVH domains`() throws {
        #expect(try read("name='w'\nmemory=512\nbootloader='pygrub'").boot == .bootloader("pygrub"))
        #expect(error("name='w'\nmemory=512\nbootloader='pygrub'\nkernel='/k'").hasPrefix("f:4:8: 'kernel' and 'bootloader' are both given"))
        #expect(error("name='w'\nmemory=512\nbootloader='pygrub'\nextra='x'").hasPrefix("f:4:7: 'extra' and 'bootloader' are both given"))
    }

    @Test(arguments: [
        ("", "f:1:1: the domain has no name; add: name = \"web-1\""), ("name=''", "f:1:6: the name is empty"),
        ("name='a b'", "f:1:6: the name 'a b' holds a space"),
        ("name='007'", "f:1:6: the name '007' is only digits"), ("name='Domain-0'", "f:1:6: the name 'Domain-0' is Xen's own"),
        ("name='-x'", "f:1:6: the name '-x' does not begin"),
        ("name='é'", "f:1:6: the name 'é' holds 'é'"), ("name='a/b'", "f:1:6: the name 'a/b' holds '/'"), ("name=['x']", "f:1:6: 'name' is a list"),
        ("name='a\tb'", "f:1:6: 'name' holds a control"),
        ("name='w'", "f:1:9: the domain has no memory"), ("name='w'\nmemory=0", "f:2:8: 'memory' is 0, not between 1 and"),
        ("name='w'\nmemory='1G'", "f:2:8: 'memory' is '1G', no whole number of MiB"),
        ("name='w'\nmemory=99999999999999999999", "f:2:8: 'memory' is '99999999999999999999'"), ("name='w'\nmemory=512", "f:2:11: a PV domain needs a kernel"),
        ("name='w'\nmemory=512\nmaxmem=256\nkernel='/k'", "f:3:8: 'maxmem' is 256 MiB, below 'memory', which is 512 MiB"),
        ("name='w'\nmemory=1\nmemory+=2\nkernel='/k'", "f:2:8: '+=' makes no number"),
        ("name='w'\ntype='lxc'", "f:2:6: 'lxc' is no type"), ("name='w'\ntype='pv'\nbuilder='hvm'", "f:3:9: 'builder' and 'type' contradict"),
        ("name='w'\nmemory=1\nuuid='12'\nkernel='/k'", "f:3:6: '12' is no UUID"),
    ])
    func `what makes no domain is named, where it stands`(text: String, problem: String) {
        let found = error(text)
        #expect(found.hasPrefix(problem), "\(found)")
    }

    @Test(arguments: [
        ("vcpus=0", "f:4:7: 'vcpus' is 0, not between 1 and 512"), ("vcpus=513", "f:4:7: 'vcpus' is 513"),
        ("vcpus=4\nmaxvcpus=2", "f:5:10: 'maxvcpus' is 2, below"),
        ("cpu_weight=0", "f:4:12: 'cpu_weight' is 0"), ("cap='x'", "f:4:5: 'cap' is 'x', no whole number"),
        ("disk='/dev/a,raw,xvda'", "f:4:6: 'disk' is a single value and must be a list"),
        ("disk=[['a']]", "f:4:7: 'disk' is a list of strings"),
        ("disk=['/dev/a,raw,xvda',\n'/dev/b,raw,xvda']", "f:5:13: the disk 'xvda' was already given on line 4"),
        ("disk=['/dev/a,qcow2,xvda']", "f:4:15: podp carries raw disks only"), (#"disk=['/dev/\'a,raw,zzz']"#, "f:4:21: 'zzz' is no disk's name"),
        ("vif=['mac=1:2:3']", "f:4:11: '1:2:3' is no MAC address"), ("vif=['mac=01:00:5e:00:00:01']", "f:4:11: the MAC 01:00:5e:00:00:01 is a multicast"),
        ("vif=['mac=00:00:00:00:00:00']", "f:4:11: the MAC is all zeroes"), ("vif=['bridge=a b']", "f:4:14: 'a b' is no bridge's name"),
        ("vif=['bridge=br0,bridge=br1']", "f:4:18: 'bridge' is given twice"),
        ("vif=['mac=00:16:3e:00:00:01','mac=00:16:3E:00:00:01']", "f:4:30: the MAC 00:16:3e:00:00:01 is given to two"),
        ("vif=['script=vif-route']", "f:4:7: podp connects domains to bridges only"),
        ("vif=['foo=1']", "f:4:7: 'foo' is no parameter"), ("vif=['xenbr0']", "f:4:7: 'xenbr0' has no value"),
        ("vif=['vlan=10']", "f:4:7: podp sets up no VLANs"),
        ("on_crash='explode'", "f:4:10: 'explode' is no action"), ("podp_allowed_downtime=30", "f:4:23: '30' is no time; write a number and its unit"),
        ("podp_allowed_downtime='400d'", "f:4:23: '400d' is more than 365 days"), ("podp_stays='yes'", "f:4:12: 'podp_stays' is 'yes', neither 0 nor 1"),
        ("podp_apart=['a b']", "f:4:13: 'a b' is no name"), ("podp_apart=[['a']]", "f:4:13: 'podp_apart' is a list of strings"),
        ("podp_shared=['xvdq']", "f:4:14: there is no disk 'xvdq'"),
        ("podp_memory_kib=524289", "f:4:17: 'podp_memory_kib' is 524289 KiB, and 'memory' says 512"),
        ("podp_apartt='x'", "f:4:1: podp has no key 'podp_apartt'; did you mean 'podp_apart'?"),
        ("pci=['01:00.0']", "f:4:1: podp does not carry 'pci': it ties the domain to one blade's hardware"),
        ("nomigrate=1", "f:4:1: podp does not carry 'nomigrate'"),
        ("firmware='uefi'", "f:4:10: podp carries no firmware but the default BIOS"), ("pvh=1", "f:4:1: podp does not carry 'pvh'"),
        ("bootloader_args='-q'", "f:4:1: podp does not carry 'bootloader_args'"),
        ("vnuma=[['pnode=0']]", "f:4:1: podp does not carry 'vnuma': such a domain cannot be migrated"),
        ("seclabel='x'", "f:4:1: podp does not carry 'seclabel'"),
    ])
    func `what podp cannot carry or take is named, where it stands`(text: String, problem: String) {
        let found = error(Self.least + text)
        #expect(found.hasPrefix(problem), "\(found)")
    }

    @Test(arguments: [
        ("vnc=1", ["f:4:1: 'vnc' is not carried: podp gives its domains a text console only"]),
        ("memroy=3", ["f:4:1: neither xl nor podp knows 'memroy'; did you mean 'memory'?"]),
        ("quite_unknown=3", ["f:4:1: neither xl nor podp knows 'quite_unknown'"]),
        ("memory=512", ["f:4:1: 'memory' was already given on line 2; this one counts"]),
        ("cpus='0-3'", ["f:4:1: 'cpus' is not carried: podp and the hypervisor place vCPUs themselves"]),
        ("on_crash='coredump-restart'", ["f:4:10: 'coredump-restart' is taken as 'restart': no core dump is written"]),
        ("vif=['ip=10.0.0.1,bridge=br0']", ["f:4:7: 'ip' is not carried: nothing will filter addresses"]),
        ("podp_only_on=[]", ["f:4:14: 'podp_only_on' is empty: the domain may run on every blade"]),
        ("podp_apart=['a','a']", ["f:4:17: 'a' stands twice in 'podp_apart'"]),
        ("podp_spread=['a:power']\npodp_prices=['a=2','never_on=1']", []),
        ("podp_apart=['a']\npodp_prices=['b=2']", ["f:5:13: 'podp_prices' has 'b', a group that no other key of this file names"]),
        ("pci=[]\nvfb=[]\nvnc=0\ncpus='all'\nserial='pty'\nnestedhvm=0\nlocaltime=0", []),
    ])
    func `what is left out is said, and what changes nothing is not`(text: String, expected: [String]) throws { #expect(try warnings(text) == expected) }

    @Test func `bytes that are no text are refused with their place`() {
        func message(_ bytes: [UInt8]) -> String? {
            #expect(throws: DefinitionError.self) { try FlatFile.parse(bytes, file: "f", newID: anID) }?.description
        }
        #expect(message(Array("name='w'\n#".utf8) + [0xFF]) == "f:2:2: this byte is not UTF-8; save the file as UTF-8")
        #expect(message(Array("name='w\0'".utf8)) == "f:1:8: a NUL byte; remove it")
        #expect(message(Array(repeating: 0x20, count: FlatFile.sizeLimit + 1))?.hasPrefix("f:1:1: 262145 bytes are too many") == true)
        #expect(message(Array("name='\(String(repeating: "x", count: 65_536))'".utf8))?.hasPrefix("f:1:6: the name has 65536 bytes, more than 128") == true)
    }

    @Test func `memory that is no whole MiB survives the file`() throws {
        var definition = try read(Self.least)
        definition.memory = .kibibytes(300_001)
        definition.maxMemory = .kibibytes(524_289)
        let text = try FlatFile.write(definition)
        #expect(text.contains("memory = 293\npodp_memory_kib = 300001\nmaxmem = 513\npodp_maxmem_kib = 524289\n"))
        #expect(try read(text) == definition)
    }

    @Test func `a definition beyond the limits is not written`() throws {
        var definition = try read(Self.least)
        definition.name = "a\nb"
        #expect(throws: DefinitionError.self) { try FlatFile.write(definition) }
        definition.name = "a"
        definition.type = .unknown
        #expect(throws: DefinitionError.self) { try FlatFile.write(definition) }
        definition.type = .pvh
        definition.vcpus = 0
        #expect(DefinitionLimits.violations(of: definition) == ["vCPUs: 0 is not between 1 and 512"])
    }

    @Test func `every key that is carried by the reader has its treatment, and refusals have reasons`() {
        for key in FlatFileKeys.carried.union(FlatFileKeys.own) { #expect(FlatFileKeys.treatment(of: key) == .carried) }
        for key in FlatFileKeys.harmless.keys { #expect(FlatFileKeys.treatment(of: key) != nil && FlatFileKeys.treatment(of: key) != .carried, "\(key)") }
    }
}
