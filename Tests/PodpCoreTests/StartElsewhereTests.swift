import PodpModel
import Testing

@testable import PodpCore

/// A start on another blade reaches the same disks, or is refused.
@Suite struct StartElsewhereTests {
    /// Two blades with a disk at one path; the second's has this serial.
    private func fixture(serials: (String, String)) -> CoreFixture {
        var domain = CoreFixture.managed(1, on: 1)
        domain.wish = .off
        domain.definition.disks = [Disk(target: "xvda", source: "/dev/vg0/web-1")]
        var fixture = CoreFixture(domains: [domain])
        for (number, serial) in [(1, serials.0), (2, serials.1)] {
            let (link, _) = fixture.hello(number)
            var inventory = fixture.inventory()
            inventory.host.storage = [BlockDevice(path: "/dev/vg0/web-1", size: .gibibytes(10), serial: serial)]
            fixture.tell(.received(link, .inventory(inventory)))
            fixture.report(link, 1)
        }
        return fixture
    }

    @Test("the same path on other storage is another disk", arguments: [("s1", "s2"), ("", ""), ("s1", "")])
    func otherStorage(serials: (String, String)) {
        for wanted in [CoreFixture.blade(2).id, nil] {
            var fixture = fixture(serials: serials)
            if wanted == nil { #expect(fixture.ask(.setDraining(CoreFixture.blade(1).id, true)) == .done) }
            guard case .refused(let refusal) = fixture.ask(.startDomain(CoreFixture.domain(1), on: wanted, force: false)) else {
                Issue.record("it was started on another disk")
                continue
            }
            #expect(refusal.message.contains("does not reach /dev/vg0/web-1 of blade-1"))
        }
    }

    @Test("the same storage is reached from both, and an operator may swear that it is")
    func sameStorage() {
        for (serials, force) in [(("s1", "s1"), false), (("s1", "s2"), true)] {
            var fixture = fixture(serials: serials)
            guard case .operation = fixture.ask(.startDomain(CoreFixture.domain(1), on: CoreFixture.blade(2).id, force: force)) else {
                Issue.record("refused")
                continue
            }
        }
    }

    @Test("where it is, nothing has to be compared")
    func atHome() {
        var fixture = fixture(serials: ("", ""))
        guard case .operation = fixture.ask(.startDomain(CoreFixture.domain(1), on: nil, force: false)) else {
            Issue.record("refused")
            return
        }
    }
}

struct DiskPathTests {
    @Test(arguments: [
        ("/dev/vg0/s2", "/dev/vg0/s2"), ("/dev/vg0/zz/../s2", "/dev/vg0/s2"), ("/dev//vg0/./s2", "/dev/vg0/s2"), ("/../../x", "/x"), ("iqn.x", "iqn.x"),
        ("", ""), ("/dev/mapper/vg0-s2", "/dev/vg0/s2"), ("/dev/mapper/my--vg-web--1", "/dev/my-vg/web-1"), ("/dev/mapper/mpatha", "/dev/mapper/mpatha"),
        ("/dev/mapper/vg-lv-real", "/dev/mapper/vg-lv-real"), ("/dev/mapper/vg--0", "/dev/mapper/vg--0"), ("/dev/mapper/a---b", "/dev/a-/b"),
    ])
    func `one disk has one name, however its path goes about`(path: String, plain: String) {
        #expect(CoordinatorCore.plain(path) == plain)
    }

    @Test func `a path that leaves a folder is not on that folder's storage`() {
        let devices = Devices(["/dev/vg0/", "/dev/vg1/"].map { BlockDevice(path: $0, size: .gibibytes(1), serial: $0) })
        #expect(devices.device(of: "/dev/vg0/../vg1/s2")?.path == "/dev/vg1/")
        #expect(devices.device(of: "/dev/vg0/../sda") == nil)
    }

    @Test func `a device is found by any of its names, the first and the narrowest of several`() {
        func device(_ path: String, _ serial: String) -> BlockDevice { BlockDevice(path: path, size: .gibibytes(1), serial: serial) }
        let devices = Devices([
            device("/dev/mapper/vg0-web--1", "a"), device("/dev/vg0/web-1", "b"), device("/srv/", "c"), device("/srv/images/", "d"), device("/dev//sdb", ""),
        ])
        let found = ["/dev/vg0/web-1", "/dev/mapper/vg0-web--1", "/srv/images/x", "/srv/x", "/dev/sdb", "/dev/sdc"].map { devices.device(of: $0)?.serial }
        #expect(found == ["a", "a", "d", "c", "", nil])
        #expect(devices.shared == ["/dev/mapper/vg0-web--1 (a)", "/dev/vg0/web-1 (b)", "/srv/ (c)", "/srv/images/ (d)"])
    }
}
