import Glibc
import PodpModel
import Testing

@testable import AgentLibvirt

@Suite struct DescriptionTests {
    /// What libvirt 9.0 said of a running PVH domain on a testbed's blade, shortened.
    static let recorded = """
        <domain type='xen' id='1'>
          <name>g1 &amp; co</name>
          <uuid>8f6f006d-dc34-4c9f-aa78-842dace7fc35</uuid>
          <memory unit='KiB'>131072</memory>
          <currentMemory unit='KiB'>65536</currentMemory>
          <vcpu placement='static' current='1'>2</vcpu>
          <os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>/boot/guest.vmlinux</kernel></os>
          <!-- <uuid>not this one</uuid> -->
          <devices>
            <disk type='block' device='disk'><driver name='phy' type='raw'/><source dev='/dev/vdb'/><target dev='xvda' bus='xen'/><shareable/></disk>
            <disk type='file' device='cdrom'><source file='/iso/a.iso'/><target dev='xvdb'/><readonly/></disk>
            <interface type='bridge'><mac address='00:16:3E:77:00:01'/><source bridge='xenbr0'/><target dev='vif1.0'/></interface>
          </devices>
        </domain>
        """

    @Test func `libvirt's XML is told as the inventory tells a domain`() throws {
        let told = try #require(LibvirtDescription(xml: Self.recorded))
        #expect(told.name == "g1 & co" && told.type == .pvh && told.vcpus == 1 && told.maxVCPUs == 2)
        #expect(told.memory == .mebibytes(64) && told.maxMemory == .mebibytes(128))
        #expect(
            told.disks == [
                Disk(target: "xvda", source: "/dev/vdb", shared: true),
                Disk(target: "xvdb", source: "/iso/a.iso", isFile: true, readOnly: true, isCDROM: true),
            ])
        #expect(told.nics == [NIC(mac: "00:16:3e:77:00:01", bridge: "xenbr0")])
    }

    @Test(arguments: [
        ("xen", "linux", "xenpv", VirtualisationType.pv), ("xen", "hvm", "xenfv", .hvm), ("kvm", "hvm", "pc", .kvm), ("test", "hvm", "", .unknown),
    ])
    func `a domain's type is read from what it runs on`(_ kind: String, _ os: String, _ machine: String, _ type: VirtualisationType) {
        let xml =
            "<domain type='\(kind)'><name>d</name><uuid>8f6f006d-dc34-4c9f-aa78-842dace7fc35</uuid><os><type machine='\(machine)'>\(os)</type></os></domain>"
        #expect(LibvirtDescription(xml: xml)?.type == type)
    }

    @Test(arguments: [
        ("weight='512' cap='150'", LibvirtShare(weight: 512, cap: 150), ["weight 512", "cap 150"]), ("weight='256' cap='0'", .usual, []),
        ("cap='50'", LibvirtShare(weight: 256, cap: 50), ["cap 50"]), ("weight='0' cap='-1'", .usual, []),
        ("weight='70000' cap='99999999999'", .usual, []), ("weight='many'", .usual, []),
    ])
    func `a domain's share of the CPUs is what podp's metadata says, and only what differs from the usual is set`(
        _ attributes: String, _ share: LibvirtShare, _ parameters: [String]
    ) {
        func described(_ metadata: String) -> LibvirtShare? {
            LibvirtDescription(
                xml: "<domain type='xen'><name>d</name><uuid>8f6f006d-dc34-4c9f-aa78-842dace7fc35</uuid><metadata>\(metadata)</metadata></domain>")?.share
        }
        #expect(described("<other:app xmlns:other='urn:other'/><podp:domain xmlns:podp='urn:podp:domain:1' \(attributes)/>") == share)
        #expect(described("<podp:domain xmlns:podp='urn:somebody' \(attributes)/>") == nil, "not podp's: not touched")
        #expect(described("<other:app xmlns:other='urn:other' \(attributes)/>") == nil)
        #expect(share.parameters.map { "\($0.name) \($0.value)" } == parameters)
    }

    @Test func `no prefix of a document is taken for one, and none traps`() {
        let bytes = Array(Self.recorded.utf8)
        for length in bytes.indices { #expect(XMLNode(document: String(decoding: bytes[..<length], as: UTF8.self)) == nil) }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>) func `a damaged document is read or refused, and never traps`(seed: UInt64) {
        var random = Damage(state: seed)
        var bytes = Array(Self.recorded.utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            if Bool.random(using: &random) { bytes[place] = UInt8.random(in: 0...255, using: &random) } else { bytes.remove(at: place) }
        }
        _ = LibvirtDescription(xml: String(decoding: bytes, as: UTF8.self))
    }

    @Test func `nesting and length have limits`() {
        #expect(XMLNode(document: String(repeating: "<a>", count: 60) + String(repeating: "</a>", count: 60)) != nil)
        #expect(XMLNode(document: String(repeating: "<a>", count: 100_000) + String(repeating: "</a>", count: 100_000)) == nil)
        #expect(XMLNode(document: "<a>" + String(repeating: "x", count: 1 << 20) + "</a>") == nil)
    }

    @Test func `entities are replaced once`() {
        #expect(
            XMLNode(document: "<a b='&lt;&quot;'>&amp;lt; &#65;&#x42; &nbsp; <![CDATA[&amp;]]></a>").map { [$0.attributes["b"] ?? "", $0.text] } == [
                "<\"", "&lt; AB &nbsp; &amp;",
            ])
    }

    @Test func `the driver's log tells why, in words`() {
        let log = """
            2026-11-22 18:00:01.000+0000: libxl: libxl_device.c:1259:device_hotplug_child_death_cb: script: Device /dev/vdb is mounted in a guest domain,
            2026-11-22 18:00:01.100+0000: libxl: libxl_create.c:1646:domcreate_launch_dm: Domain 3:unable to add disk devices
            2026-11-22 18:00:01.100+0000: libxl: libxl_create.c:1646:domcreate_launch_dm: Domain 3:unable to add disk devices

            """
        #expect(
            DriverLog.reasons(in: log, limit: 4) == [
                "script: Device /dev/vdb is mounted in a guest domain,", "Domain 3:unable to add disk devices",
            ])
    }

    @Test func `only what was written since is told, and a rotated log from its beginning`() throws {
        var template = Array("/tmp/podp-log-XXXXXX".utf8CString)
        let file = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkstemp($0) } ?? -1 }
        let path = template.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { String(cString: $0) } ?? "" }
        defer { unlink(path) }
        try #require(file >= 0)
        func add(_ text: String) { _ = text.withCString { write(file, $0, strlen($0)) } }
        add("2026: libxl: libxl_a.c:1:f: an old trouble\n")
        let log = DriverLog(path: path)
        #expect(log.reasons().isEmpty)
        add("2026: libxl: libxl_a.c:1:f: a new trouble\n")
        #expect(log.reasons() == ["a new trouble"])
        ftruncate(file, 0)
        lseek(file, 0, SEEK_SET)
        add("2026: libxl: libxl_a.c:1:f: rotated\n")
        #expect(log.reasons() == ["rotated"])
        close(file)
        #expect(DriverLog(path: "/nowhere/log").reasons().isEmpty)
    }
}

private struct Damage: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
