import PodpModel
import Testing

@testable import PodpDefinition

/// What libxlutil 4.17 made of the same strings, unless a comment says that podp differs.
@Suite struct DiskSpecTests {
    private func parse(_ text: String) throws(DefinitionError) -> (disk: Disk, warnings: [DefinitionWarning]) {
        let bytes = Array(text.utf8)
        let source = try SourceText(file: "f", bytes: bytes, limit: 10_000)
        let (disk, _, warnings) = try DiskSpec.parse(ConfigAtom(offset: 0, bytes: bytes, offsets: Array(0...bytes.count)), in: source)
        return (disk, warnings)
    }

    private static func block(_ target: String, _ source: String, readOnly: Bool = false) -> Disk { Disk(target: target, source: source, readOnly: readOnly) }
    private static func file(_ target: String, _ source: String, readOnly: Bool = false) -> Disk {
        Disk(target: target, source: source, isFile: true, readOnly: readOnly)
    }
    private static func cdrom(_ target: String, _ source: String, isFile: Bool = true) -> Disk {
        Disk(target: target, source: source, isFile: isFile && !source.isEmpty, readOnly: true, isCDROM: true)
    }

    @Test(arguments: [
        ("phy:/dev/vdb,xvda,w", block("xvda", "/dev/vdb")), ("/dev/a,,xvda", block("xvda", "/dev/a")), ("/dev/a,raw,xvda,rw", block("xvda", "/dev/a")),
        ("format=raw, vdev=hda, access=rw, target=/dev/x", block("hda", "/dev/x")), ("raw:/dev/vg/v,hda,w", block("hda", "/dev/vg/v")),
        ("tap:aio:/x/y.img,xvda,r", file("xvda", "/x/y.img", readOnly: true)), ("file:/x/y.img,xvda", file("xvda", "/x/y.img")),
        ("file:/a b.img,xvda,r", file("xvda", "/a b.img", readOnly: true)),
        ("phy:vg0/root,xvda,w", block("xvda", "/dev/vg0/root")), ("vg0/root,raw,xvda", block("xvda", "/dev/vg0/root")),
        ("/dev/a,raw,xvda,w,", block("xvda", "/dev/a")),
        ("/dev/a,raw,sda:disk,r", block("sda", "/dev/a", readOnly: true)), ("vdev=xvda,/dev/x", block("xvda", "/dev/x")),
        ("access=,vdev=xvda,/dev/x", block("xvda", "/dev/x")),
        ("access=r,/dev/a,raw,xvda,w", block("xvda", "/dev/a")), ("vdev=xvda,  access=ro,target=/dev/a,b:c", block("xvda", "/dev/a,b:c", readOnly: true)),
        ("vdev=xvda,target=/dev/a,", block("xvda", "/dev/a")), (" vdev=xvda , target=/dev/a", block("xvda", "/dev/a")),
        ("phy:/dev/a:b,xvda,w", block("xvda", "/dev/a:b")),
        ("/dev/a,,xvda,ro,discard", block("xvda", "/dev/a", readOnly: true)), ("specification=xen,/dev/a,raw,xvda", block("xvda", "/dev/a")),
        ("/root/image.iso,,hdc,cdrom", cdrom("hdc", "/root/image.iso")), ("/root/image.iso,,hdc,,cdrom", cdrom("hdc", "/root/image.iso")),
        ("/root/image.iso,raw,hdc,devtype=cdrom", cdrom("hdc", "/root/image.iso")), ("raw:/root/image.iso,hdc:cdrom,ro", cdrom("hdc", "/root/image.iso")),
        ("/x,raw,hdc,cdrom,r", cdrom("hdc", "/x")), (",hdc:cdrom,r", cdrom("hdc", "")), ("vdev=hdc,devtype=cdrom", cdrom("hdc", "")),
        ("phy:/dev/sr0,hdc:cdrom,r", cdrom("hdc", "/dev/sr0", isFile: false)),
        ("/dev/a,raw,xvda,rw,backendtype=qdisk", file("xvda", "/dev/a")), ("/srv/link,raw,xvda,backendtype=phy", block("xvda", "/srv/link")),
    ])
    func `every documented form is read`(text: String, disk: Disk) throws { #expect(try parse(text).disk == disk) }

    @Test(arguments: [
        ("", "f:1:1: the virtual device is missing"), (",", "f:1:1: the virtual device is missing"), ("/dev/a", "f:1:1: the virtual device is missing"),
        ("/dev/a,raw", "f:1:1: the virtual device is missing"), ("vdev=xvda", "f:1:1: the target is missing"),
        ("foo=bar,/dev/a,raw,xvda", "f:1:1: 'foo' is no parameter"),
        ("/dev/a,raw,xvda,w,extra", "f:1:19: 'extra' is one parameter too many"), ("zz:/dev/a,xvda", "f:1:1: 'zz:' is no prefix"),
        ("format=bad,vdev=x,target=/x", "f:1:8: 'bad' is no format"),
        ("/a,xvda,w", "f:1:4: the format is missing before 'xvda'; write it, or leave it empty: PATH,,xvda"),
        ("target=/dev/a,vdev=xvda", "f:1:1: the virtual device is missing"),
        ("format=raw,format=qcow2,vdev=x,target=/y", "f:1:19: the format is given twice"), ("phy:/dev/a,xvda,W", "f:1:17: access is ro or rw, not 'W'"),
        ("vdev=xvda,vdev=xvdb,/a", "f:1:16: the virtual device is given twice"),
        ("/x,RAW,xvda", "f:1:4: 'RAW' is no format"), ("backendtype=foo,/a,raw,xvda", "f:1:13: backendtype is"),
        ("devtype=floppy,/a,raw,xvda", "f:1:9: devtype is cdrom or disk"),
        // xl takes any name here, and fails later.
        ("xvda,,/dev/a", "f:1:7: '/dev/a' is no disk's name"), ("/a,raw,xvda01", "f:1:8: 'xvda01' is no disk's name"),
        ("phy:,xvda", "f:1:1: the target is missing"),
        // What podp refuses because it could not keep or move it.
        ("/a.img,qcow2,xvda", "f:1:8: podp carries raw disks only"), ("tap:qcow2:/a,xvda,w", "f:1:5: podp carries raw disks only"),
        ("drbd:res0,xvda,w", "f:1:1: 'drbd:' makes the disk by a script"),
        ("script=block-x,/dev/a,raw,xvda", "f:1:1: podp cannot know which blades"), ("backend=1,vdev=xvda,/a", "f:1:1: podp knows no driver domains"),
        ("specification=virtio,/dev/a,raw,xvda", "f:1:1: podp carries Xen's own"),
        ("colo,/dev/a,raw,xvda", "f:1:1: podp carries no COLO"),
    ])
    func `what is no disk is refused, by place and name`(text: String, problem: String) {
        let error = #expect(throws: DefinitionError.self) { try parse(text) }
        #expect(error?.description.hasPrefix(problem) == true, "\(error?.description ?? "")")
    }

    @Test func `the old sharing mode is read, with a warning that xl no longer does`() throws {
        let (disk, warnings) = try parse("phy:/dev/vdb,xvda,w!")
        #expect(disk == Disk(target: "xvda", source: "/dev/vdb", shared: true))
        #expect(warnings.map(\.message) == ["xl 4.17 itself refuses 'w!'; podp_shared = [ … ] says the same and xl ignores it"])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `mutated strings end in a disk or a located error`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let originals = [
            "phy:/dev/vg0/web,xvda,w!", "format=raw, vdev=hda, access=w, target=/dev/x,y", "tap:aio:/x/y.img,xvda,r", ",hdc:cdrom,r", "/root/i.iso,,hdc,cdrom",
        ]
        for _ in 0..<200 {
            let text = String(decoding: generator.mutated(Array(generator.pick(originals, or: "").utf8)), as: UTF8.self)
            do { #expect(DefinitionLimits.target(try parse(text).disk.target) == nil) } catch { #expect(error.location != nil) }
        }
    }
}
