import PodpModel
import Testing

@testable import PodpDefinition

@Suite struct LibvirtXMLTests {
    private func error(_ xml: String) -> String {
        do {
            _ = try LibvirtXML.parse(xml, file: "x")
            return "none"
        } catch { return "\(error)" }
    }

    /// A domain's XML with `inside` its devices and `beside` them.
    private func domain(type: String = "xen", os: String = "<type machine='xenpv'>linux</type><kernel>/k</kernel>", inside: String = "", beside: String = "")
        -> String
    {
        "<domain type='\(type)'><name>web-1</name><uuid>\(anID)</uuid><memory>524288</memory><os>\(os)</os>\(beside)<devices>\(inside)</devices></domain>"
    }

    // MARK: - Properties

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `what is rendered for Xen is read again as the same definition, but for the policy`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var definition = generator.definition(type: generator.pick([.pv, .pvh, .hvm], or: .pv), targets: ["xvda", "xvdb1", "hdc", "sda"])
            definition.revision = UInt64.random(in: 0...1000, using: &generator)
            definition.policy = DomainPolicy()
            let rendering = try LibvirtXML.render(definition, for: .xen)
            let (again, warnings) = try LibvirtXML.parse(rendering.xml)
            #expect(again == definition, "seed \(seed):\n\(rendering.xml)")
            #expect(warnings.isEmpty && rendering.notes.isEmpty, "seed \(seed): \(warnings)")
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `what is rendered for KVM is read again as the same definition, with virtio's names`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var definition = generator.definition(type: .kvm, targets: ["vda", "vdb", "sda", "hdc"])
            definition.policy = DomainPolicy()
            for index in definition.nics.indices where definition.nics[index].model == "netfront" { definition.nics[index].model = nil }
            let rendering = try LibvirtXML.render(definition, for: .kvm)
            let (again, warnings) = try LibvirtXML.parse(rendering.xml)
            #expect(again == definition, "seed \(seed):\n\(rendering.xml)")
            #expect(warnings.isEmpty, "seed \(seed): \(warnings)")
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `mutated XML ends in a definition within the limits or in a located error`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let original = Array(try LibvirtXML.render(generator.definition(type: .hvm, targets: ["xvda", "hda"]), for: .xen).xml.utf8)
        for _ in 0..<50 {
            let text = String(decoding: generator.mutated(original), as: UTF8.self)
            do {
                #expect(DefinitionLimits.violations(of: try LibvirtXML.parse(text).definition) == [])
            } catch {
                #expect(error.location != nil && !error.message.isEmpty, "seed \(seed): \(error)")
            }
        }
    }

    // MARK: - Rendering

    @Test func `a PVH domain is rendered as the testbed's blades take it`() throws {
        var definition = DomainDefinition(
            id: DomainID(anID), name: "web-1", type: .pvh, memory: .mebibytes(128), maxMemory: .mebibytes(256), vcpus: 1, maxVCPUs: 2,
            boot: .kernel(path: "/boot/k", ramdisk: "/boot/i", commandLine: "a=\"1\" b<c & 'd'"))
        definition.revision = 7
        definition.disks = [Disk(target: "xvda", source: "/dev/vdb", shared: true), Disk(target: "xvdb", source: "/srv/a&b.img", isFile: true, readOnly: true)]
        definition.nics = [NIC(mac: "00:16:3e:00:00:01", bridge: "xenbr0")]
        #expect(
            try LibvirtXML.render(definition, for: .xen).xml == """
                <domain type='xen'>
                  <name>web-1</name>
                  <uuid>8cb6f79b-0ab4-11dc-8314-0800200c9a66</uuid>
                  <metadata>
                    <podp:domain xmlns:podp='urn:podp:domain:1' revision='7' type='pvh' weight='256' cap='0'/>
                  </metadata>
                  <memory unit='KiB'>262144</memory>
                  <currentMemory unit='KiB'>131072</currentMemory>
                  <vcpu placement='static' current='1'>2</vcpu>
                  <os>
                    <type arch='x86_64' machine='xenpvh'>xenpvh</type>
                    <kernel>/boot/k</kernel>
                    <initrd>/boot/i</initrd>
                    <cmdline>a=&quot;1&quot; b&lt;c &amp; &apos;d&apos;</cmdline>
                  </os>
                  <clock offset='utc'/>
                  <on_poweroff>destroy</on_poweroff>
                  <on_reboot>restart</on_reboot>
                  <on_crash>destroy</on_crash>
                  <devices>
                    <disk type='block' device='disk'>
                      <driver name='phy' type='raw'/>
                      <source dev='/dev/vdb'/>
                      <target dev='xvda' bus='xen'/>
                      <shareable/>
                    </disk>
                    <disk type='file' device='disk'>
                      <driver name='qemu' type='raw'/>
                      <source file='/srv/a&amp;b.img'/>
                      <target dev='xvdb' bus='xen'/>
                      <readonly/>
                    </disk>
                    <interface type='bridge'>
                      <mac address='00:16:3e:00:00:01'/>
                      <source bridge='xenbr0'/>
                    </interface>
                    <console type='pty'>
                      <target type='xen' port='0'/>
                    </console>
                  </devices>
                </domain>

                """)
    }

    @Test func `Xen's disks are virtio's on KVM, and the rendering says so`() throws {
        var definition = DomainDefinition(id: DomainID(anID), name: "k", type: .kvm, memory: .mebibytes(128), vcpus: 1, boot: .firmware(order: "c"))
        definition.disks = [Disk(target: "xvda", source: "/dev/vdb")]
        let rendering = try LibvirtXML.render(definition, for: .kvm)
        #expect(rendering.notes == ["the disk xvda is called vda on KVM"])
        #expect(rendering.xml.contains("<target dev='vda' bus='virtio'/>"))
        definition.disks.append(Disk(target: "vda", source: "/dev/vdc"))
        #expect(throws: DefinitionError.self) { try LibvirtXML.render(definition, for: .kvm) }
        definition.disks = [Disk(target: "xvda1", source: "/dev/vdb")]
        #expect(throws: DefinitionError.self) { try LibvirtXML.render(definition, for: .kvm) }
    }

    @Test func `a domain is not rendered for a hypervisor that cannot run it`() {
        let pv = DomainDefinition(id: DomainID(anID), name: "p", type: .pv, memory: .mebibytes(128), vcpus: 1, boot: .bootloader("pygrub"))
        #expect(throws: DefinitionError.self) { try LibvirtXML.render(pv, for: .kvm) }
        let kvm = DomainDefinition(id: DomainID(anID), name: "k", type: .kvm, memory: .mebibytes(128), vcpus: 1, boot: .firmware(order: "c"))
        #expect(throws: DefinitionError.self) { try LibvirtXML.render(kvm, for: .xen) }
        var bad = kvm
        bad.name = "<x>"
        #expect(throws: DefinitionError.self) { try LibvirtXML.render(bad, for: .kvm) }
        for kind in [HypervisorKind.test, .simulated] { #expect(throws: Never.self) { try LibvirtXML.render(pv, for: kind) } }
    }

    // MARK: - Reading

    @Test func `what libxl's driver dumps of a running PV domain is read`() throws {
        let (definition, warnings) = try LibvirtXML.parse(
            """
            <?xml version="1.0"?>
            <!-- from virsh -->
            <domain type='xen' id='12'>
              <name>db-1</name>
              <uuid>8cb6f79b-0ab4-11dc-8314-0800200c9a66</uuid>
              <memory unit='MiB'>1024</memory>
              <currentMemory unit='KiB'>524288</currentMemory>
              <vcpu placement='static' current='4'>8</vcpu>
              <bootloader>/usr/lib/xen-4.17/bin/pygrub</bootloader>
              <os><type arch='x86_64' machine='xenpv'>linux</type></os>
              <clock offset='utc' adjustment='reset'/>
              <on_poweroff>preserve</on_poweroff><on_reboot>restart</on_reboot><on_crash>coredump-destroy</on_crash>
              <devices>
                <disk type='block' device='disk'>
                  <driver name='phy' type='raw'/><source dev='/dev/vg0/db'/><backingStore/><target dev='xvda1' bus='xen'/>
                </disk>
                <interface type='bridge'><mac address='00:16:3E:00:00:0A'/><source bridge='xenbr0'/><target dev='vif12.0'/></interface>
                <console type='pty' tty='/dev/pts/3'><source path='/dev/pts/3'/><target type='xen' port='0'/></console>
                <input type='mouse' bus='xen'/>
                <graphics type='vnc' port='5900'/>
                <memballoon model='xen'/>
              </devices>
            </domain>
            """)
        #expect(definition.name == "db-1" && definition.type == .pv && definition.memory == .mebibytes(512) && definition.maxMemory == .gibibytes(1))
        #expect(definition.vcpus == 4 && definition.maxVCPUs == 8 && definition.boot == .bootloader("/usr/lib/xen-4.17/bin/pygrub"))
        #expect(definition.disks == [Disk(target: "xvda1", source: "/dev/vg0/db")])
        #expect(definition.nics == [NIC(mac: "00:16:3e:00:00:0a", bridge: "xenbr0")])
        #expect(definition.onPowerOff == .preserve && definition.onCrash == .destroy)
        #expect(warnings.map(\.key) == ["graphics", "on_crash"])
    }

    @Test func `what QEMU's driver dumps is read`() throws {
        let (definition, warnings) = try LibvirtXML.parse(
            domain(
                type: "kvm", os: "<type arch='x86_64' machine='pc-q35-7.2'>hvm</type>",
                inside: """
                    <emulator>/usr/bin/qemu-system-x86_64</emulator>
                    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='/srv/a.img' index='1'/><target dev='vda' bus='virtio'/><boot order='2'/></disk>
                    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/><boot order='1'/></disk>
                    <controller type='pci' index='0' model='pcie-root'/>
                    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' bridge='virbr0'/><model type='virtio'/></interface>
                    <serial type='pty'><target port='0'/></serial><rng model='virtio'/>
                    """,
                beside:
                    "<features><acpi/><apic/><vmport state='off'/></features><cpu mode='host-passthrough'/><cputune><shares>200</shares><global_quota>50000</global_quota></cputune>"
            ))
        #expect(definition.type == .kvm && definition.boot == .firmware(order: "dc") && definition.cpuWeight == 512 && definition.cpuCap == 50)
        #expect(definition.disks == [Disk(target: "vda", source: "/srv/a.img", isFile: true), Disk(target: "sda", source: "", readOnly: true, isCDROM: true)])
        #expect(definition.nics == [NIC(mac: "52:54:00:00:00:01", bridge: "virbr0")])
        #expect(warnings.map(\.key) == ["cpu", "driver", "interface", "rng"])
    }

    @Test func `what would make another domain is refused, where it stands`() {
        for (inside, problem) in [
            ("<hostdev mode='subsystem' type='pci'/>", "podp does not carry <hostdev>: it ties"), ("<filesystem/>", "podp does not carry <filesystem>"),
            ("<tpm/>", "podp does not carry <tpm>"),
            ("<disk type='file'><driver name='qemu' type='qcow2'/><source file='/a'/><target dev='xvda'/></disk>", "podp carries raw disks only"),
            ("<disk type='network'><target dev='xvda'/></disk>", "podp carries disks on block devices and files, not of type 'network'"),
            (
                "<disk type='file'><source file='/a'/><backingStore type='file'><source file='/b'/></backingStore><target dev='xvda'/></disk>",
                "podp does not carry the disk xvda: it is a layer"
            ),
            ("<interface type='ethernet'/>", "podp connects domains to bridges; this interface is of type 'ethernet'"),
            ("<interface type='bridge'><source bridge='b'/><virtualport type='openvswitch'/></interface>", "podp sets up no <virtualport>"),
            ("<disk type='block'><source dev='/a'/></disk>", "this disk has no target"),
            ("<disk type='block'><target dev='xvda'/></disk>", "the disk xvda has no source"),
        ] {
            let found = error(domain(inside: inside))
            #expect(found.hasPrefix("x:1:") && found.contains(": \(problem)"), "\(found)")
        }
        for (xml, problem) in [
            (domain(beside: "<launchSecurity type='sev'/>"), "podp does not carry <launchSecurity>"),
            (domain(beside: "<clock offset='localtime'/>"), "podp's domains have their clocks in UTC"),
            (domain(os: "<type>hvm</type><loader type='pflash'>/o</loader>"), "podp carries no firmware but the default BIOS"),
            (domain(type: "lxc"), "podp manages no domains of type 'lxc'"), (domain(os: "<type>xenpvh</type>"), "a PVH domain needs a kernel"),
            (domain(os: "<type>exe</type>"), "the system type 'exe'"),
            ("<domain type='xen'/>", "the domain has no <name>"), ("<network/>", "<network> is no <domain>"),
            (domain(beside: "<vcpu>0</vcpu>"), "'0' in <vcpu> is no number from 1 to 512"),
        ] {
            let found = error(xml)
            #expect(found.contains(problem), "\(found)")
        }
    }

    @Test(arguments: [
        ("", "x:1:1: there is no element"), ("<domain", "x:1:1: this tag is not closed"),
        ("<a>\n<b>\n</a>", "x:3:1: expected </b> to close the element of line 2, found </a>"),
        ("<a><b></b>", "x:1:11: <a> of line 1 is not closed"), ("</a>", "x:1:1: this closes an element that was never opened"),
        ("<a/><b/>", "x:1:5: a second element"),
        ("<a/>x", "x:1:5: text behind"), ("x<a/>", "x:1:1: text outside"), ("<a b='1' b='2'/>", "x:1:10: the attribute 'b' is given twice"),
        ("<a b=1/>", "x:1:6: the value of 'b' needs quotation marks"),
        ("<a b='1/>", "x:1:4: the value of 'b' is not closed"), ("<a b='<'/>", "x:1:7: '<' must be written as &lt;"),
        ("<a>&foo;</a>", "x:1:4: &foo; is no entity"), ("<a>&amp</a>", "x:1:4: this entity does not end"),
        ("<a>&#0;</a>", "x:1:4: &#0; is no entity"), ("<a>&#xD800;</a>", "x:1:4: &#xD800; is no entity"), ("<a>&#+65;</a>", "x:1:4: &#+65; is no entity"),
        ("<a>\u{1}</a>", "x:1:4: the control character 1"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "x:1:1: document types are not read"), ("<a><!-- </a>", "x:1:4: this comment is not closed"),
        ("<1/>", "x:1:2: expected the name of an element"),
        ("<a b='1'c='2'/>", "x:1:9: expected a space"), (String(repeating: "<a>", count: 33), "x:1:97: elements nest deeper than 32"),
        ("<a>\u{0}</a>", "x:1:4: a NUL byte"),
        ("<a>" + String(repeating: "<b/>", count: 20_000) + "</a>", "x:1:80000: more than 20000 elements"),
    ])
    func `what is no XML is refused, by place`(text: String, problem: String) {
        let found = error(text)
        #expect(found.hasPrefix(problem), "\(found)")
    }

    @Test func `text comes out of entities, CDATA and line ends as XML has it`() throws {
        let text = "<a b='x&#10;y&quot;\n\tz'>1 &lt;&#x41;&amp;<!-- no --><![CDATA[<&>]]>\r\n<c/>&apos;</a>\n<!-- end -->"
        let element = try XMLReader.read(SourceText(file: "x", bytes: Array(text.utf8), limit: 1000))
        #expect(element["b"] == "x\ny\"  z" && element.text == "1 <A&<&>\n'" && element.children.map(\.name) == ["c"])
    }
}
