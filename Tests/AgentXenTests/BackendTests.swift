import AgentCore
import AgentHost
import Glibc
import Testing

@testable import AgentXen

@Suite struct BackendTests {
    /// A folder that stands for a host's root, with disks and interfaces of domains as sysfs shows them.
    private final class Tree {
        let root: String
        init() throws {
            var template = Array("/tmp/podp-backends-XXXXXX".utf8CString)
            root = try #require(template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } })
        }
        deinit { remove("") }

        func write(_ path: String, _ text: String) throws {
            var made = root
            for part in path.split(separator: "/").dropLast() {
                made += "/" + part
                mkdir(made, 0o755)
            }
            let file = try #require(fopen(root + path, "w"))
            fputs(text, file)
            fclose(file)
        }

        func remove(_ path: String) {
            for name in HostFiles(root: root).names(in: path + "/") where unlink(root + path + "/" + name) != 0 { remove(path + "/" + name) }
            rmdir(root + path)
        }

        func disk(_ device: String, _ values: [String: Int]) throws {
            for (name, value) in values { try write("/sys/bus/xen-backend/devices/\(device)/statistics/\(name)", "\(value)\n") }
        }
    }

    private let values = ["rd_sect": 8, "wr_sect": 16, "rd_req": 1, "wr_req": 2, "oo_req": 3]

    @Test func `a domain's disks are summed, in bytes`() throws {
        let tree = try Tree()
        try tree.disk("vbd-1-51712", values)
        try tree.disk("vbd-1-51728", values)
        try tree.disk("vbd-12-51712", values)
        var backends = BackendDevices(files: HostFiles(root: tree.root))
        backends.refresh()
        #expect(backends.disks()[1] == DiskCounters(readBytes: 8192, writtenBytes: 16384, reads: 2, writes: 4, outOfRequests: 6))
        #expect(backends.disks()[12]?.reads == 1)
        #expect(backends.disks()[2] == nil)
    }

    @Test func `counters are read anew each time, and a disk that goes is forgotten`() throws {
        let tree = try Tree()
        try tree.disk("vbd-1-51712", values)
        var backends = BackendDevices(files: HostFiles(root: tree.root))
        backends.refresh()
        #expect(backends.disks()[1]?.reads == 1)
        try tree.disk("vbd-1-51712", values.merging(["rd_req": 5]) { $1 })
        #expect(backends.disks()[1]?.reads == 5)
        tree.remove("/sys/bus/xen-backend/devices/vbd-1-51712")
        backends.refresh()
        #expect(backends.disks().isEmpty)
    }

    @Test func `what dom0's end sent, the domain received, whatever the interface is called`() throws {
        let tree = try Tree()
        try tree.write("/sys/bus/xen-backend/devices/vif-3-0/net/vif3.0/address", "")
        try tree.write("/sys/bus/xen-backend/devices/vif-3-1/net/backup/address", "")
        var backends = BackendDevices(files: HostFiles(root: tree.root))
        backends.refresh()
        let host = [
            "vif3.0": NetworkCounters(receivedBytes: 1, sentBytes: 10), "backup": NetworkCounters(receivedBytes: 2, sentBytes: 20),
            "eth0": NetworkCounters(receivedBytes: 9, sentBytes: 9),
        ]
        #expect(backends.networks(host) == [3: NetworkCounters(receivedBytes: 30, sentBytes: 3)])
    }

    @Test(arguments: ["vbd-x-1", "vbd-1", "console-1-0-2", "", "vbd-99999999999-0"]) func `names that are no device are passed over`(_ name: String) {
        #expect(BackendDevices.parse(name) == nil)
    }

    @Test func `a counter that cannot be read leaves its disk out`() throws {
        let tree = try Tree()
        try tree.disk("vbd-1-51712", values)
        try tree.write("/sys/bus/xen-backend/devices/vbd-1-51712/statistics/rd_req", "many\n")
        var backends = BackendDevices(files: HostFiles(root: tree.root))
        backends.refresh()
        #expect(backends.disks().isEmpty)
    }
}
