import AgentCore
import AgentHost
import PodpModel
import Testing

@Suite struct HostTests {
    @Test func `a blade is its DMI UUID`() throws {
        let tree = try Tree()
        try tree.write("/sys/class/dmi/id/product_uuid", "9e5795be-089b-545a-ae17-b947935a1372\n")
        try tree.write("/sys/class/dmi/id/product_serial", "PODP-00001\n")
        try tree.write("/proc/sys/kernel/hostname", "blade1\n")
        let identity = try HostIdentity(files: tree.files).identity()
        #expect(identity == BladeIdentity(id: BladeID(try #require(ID128("9e5795be089b545aae17b947935a1372"))), serial: "PODP-00001", name: "blade1"))
    }

    @Test(arguments: [
        "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "03000200-0400-0500-0006-000700080009", "Not Settable", "",
    ])
    func `a DMI UUID that nobody filled in gives way to the machine id`(_ empty: String) throws {
        let tree = try Tree()
        try tree.write("/sys/class/dmi/id/product_uuid", empty)
        #expect(throws: HypervisorError.self) { try HostIdentity(files: tree.files).identity() }
        try tree.write("/etc/machine-id", "3d1219c7c4c5404aaa1f6d2a48adfda4\n")
        #expect(try HostIdentity(files: tree.files).identity().id.uuid == ID128("3d1219c7-c4c5-404a-aa1f-6d2a48adfda4"))
    }

    @Test func `idle time is idle and waiting for disks, in ticks of 10 ms`() throws {
        let tree = try Tree()
        try tree.write("/proc/stat", "cpu  10 0 20 300 5 0 0 0 0 0\ncpu0 5 0 10 150 2 0 0 0 0 0\ncpu1 5 0 10 150 3 0 0 0 0 0\nintr 1\n")
        let processors = try #require(HostMeters(files: tree.files).processors())
        #expect(processors.cpus == 2)
        #expect(processors.idleNanoseconds == 3_050_000_000)
    }

    @Test(arguments: ["", "cpu", "cpu  x y z", "cpu  10 0 20 99999999999999999999999 5 0"])
    func `a broken stat file is not measured`(_ text: String) throws {
        let tree = try Tree()
        try tree.write("/proc/stat", text)
        #expect(HostMeters(files: tree.files).processors() == nil)
    }

    @Test func `disks are summed over the named ones only`() throws {
        let tree = try Tree()
        try tree.write(
            "/proc/diskstats",
            " 254 0 vda 10 1 100 9 20 2 200 9 0 0 0\n 254 1 vda1 9 0 90 0 0 0 0 0 0 0 0\n 254 16 vdb 1 0 8 0 2 0 16 0 0 0 0\n 7 0 loop0 5 0 5 0 5 0 5 0 0 0 0\n"
        )
        #expect(HostMeters(files: tree.files).disks(["vda", "vdb"]) == DiskCounters(readBytes: 108 * 512, writtenBytes: 216 * 512, reads: 11, writes: 22))
        #expect(HostMeters(files: tree.files).disks(["sda"]) == nil)
    }

    @Test func `interfaces are read from one file, whatever stands behind their colon`() throws {
        let tree = try Tree()
        try tree.write(
            "/proc/net/dev",
            "Inter-|   Receive  |  Transmit\n face |bytes    packets\n    lo:  100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\nvif3.0:7 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n")
        let interfaces = HostMeters(files: tree.files).interfaces()
        #expect(interfaces["vif3.0"] == NetworkCounters(receivedBytes: 7, sentBytes: 9))
        #expect(interfaces.count == 2)
    }

    @Test func `physical interfaces are those with hardware, not Xen's backends, bridges or loops`() throws {
        let tree = try Tree()
        for (name, speed) in [("eth0", "1000"), ("eth1", "-1"), ("vif1.0", "-1"), ("xenbr0", "1000")] {
            try tree.write("/sys/class/net/\(name)/address", "52:54:00:00:00:01\n")
            try tree.write("/sys/class/net/\(name)/speed", speed)
            try tree.write("/sys/class/net/\(name)/operstate", name == "eth0" ? "up\n" : "down\n")
            if name != "xenbr0" { tree.folder("/sys/class/net/\(name)/device") }
        }
        tree.folder("/sys/class/net/xenbr0/bridge")
        tree.link("/sys/class/net/vif1.0/device/subsystem", to: "../../../bus/xen-backend")
        tree.link("/sys/class/net/eth0/device/subsystem", to: "../../../bus/pci")
        let devices = HostDevices(files: tree.files)
        #expect(devices.nics().map(\.name) == ["eth0", "eth1"])
        #expect(devices.nics().map(\.megabitsPerSecond) == [1000, 0])
        #expect(devices.nics().map(\.isUp) == [true, false])
        #expect(devices.bridges() == ["xenbr0"])
    }

    @Test func `storage is whole disks and logical volumes, each with what tells it apart on every blade`() throws {
        let tree = try Tree()
        try tree.write("/sys/block/sda/size", "2048\n")
        try tree.write("/sys/block/sda/device/wwid", "naa.600508b1001c\n")
        try tree.write("/sys/block/dm-0/size", "1024\n")
        try tree.write("/sys/block/dm-0/dm/name", "vg--san-web--1\n")
        try tree.write("/sys/block/dm-0/dm/uuid", "LVM-abc\n")
        try tree.write("/sys/block/dm-1/size", "1024\n")
        try tree.write("/sys/block/dm-1/dm/name", "crypt\n")
        try tree.write("/sys/block/dm-1/dm/uuid", "CRYPT-LUKS2-x\n")
        try tree.write("/sys/block/loop0/size", "8\n")
        try tree.write("/sys/block/sr0/size", "0\n")
        let storage = HostDevices(files: tree.files).storage()
        #expect(
            storage == [
                BlockDevice(path: "/dev/vg-san/web-1", size: .kibibytes(512), serial: "LVM-abc"),
                BlockDevice(path: "/dev/sda", size: .mebibytes(1), serial: "naa.600508b1001c"),
            ])
    }

    @Test func `everything that would start domains by itself is found, and what is masked is not`() throws {
        let tree = try Tree()
        #expect(HostFindings(files: tree.files).all(xen: true).map(\.code) == ["migration-certificates"])
        try tree.write("/etc/libvirt/libxl/autostart/web-1.xml", "")
        try tree.write("/etc/xen/auto/db.cfg", "")
        tree.link("/etc/systemd/system/multi-user.target.wants/libvirt-guests.service", to: "/lib/systemd/system/libvirt-guests.service")
        tree.link("/etc/rc3.d/S01xendomains", to: "../init.d/xendomains")
        let findings = HostFindings(files: tree.files).all(xen: true)
        #expect(findings.map(\.code) == ["autostart", "xen-auto", "libvirt-guests", "xendomains", "migration-certificates"])
        #expect(findings.first?.what.contains("web-1") == true)
        tree.link("/etc/systemd/system/xendomains.service", to: "/dev/null")
        #expect(!HostFindings(files: tree.files).all(xen: true).map(\.code).contains("xendomains"))
        #expect(HostFindings(files: tree.files).all(xen: false).map(\.code) == ["autostart", "libvirt-guests", "migration-certificates"])
    }

    @Test func `numbers that are none, or too large, are no numbers`() {
        #expect(Array("18446744073709551615\n".utf8).trimmed.number == UInt64.max)
        for text in ["18446744073709551616", "", "-1", "1 2", "0x10"] { #expect(Array(text.utf8).trimmed.number == nil) }
    }

    @Test func `an actor on a thread of its own runs there, and blocks nobody else`() async {
        actor Blocker {
            nonisolated let executor = ThreadExecutor()
            nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
            var count = 0
            func add() { count += 1 }
        }
        let blocker = Blocker()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { await blocker.add() } }
        }
        #expect(await blocker.count == 1000)
    }

    @Test func `a change is told once to each listener, however often it happened, and streams end`() async {
        let signal = ChangeSignal()
        var iterator = signal.stream().makeAsyncIterator()
        #expect(await iterator.next() != nil, "whatever happened before")
        for _ in 0..<5 { signal.notify() }
        signal.finish()
        #expect(await iterator.next() != nil)
        #expect(await iterator.next() == nil)
        for await _ in signal.stream() { Issue.record("a finished signal tells nothing") }
    }
}
