import PodpModel
import Testing

@testable import PodpRules

@Suite("Which blades reach which disks")
struct DiskHoldersTests {
    private static let names = ["/", "/dev/vg0/", "/dev/vg0/web/", "/dev/vg0/web", "/srv/ä/", "lun (serial)", "/dev/../vg1/"]
    private static let paths = [
        "/dev/vg0/web", "/dev/vg0/web/1", "/dev/vg0/", "/dev/vg0", "/dev/vg01/x", "/dev/vg0/../vg1/x", "/dev/../vg1/", "/dev/vg0/./x", "/srv/ä/image.raw",
        "/srv/a",
        "lun (serial)", "lun", "", "/", "//dev/vg0/x",
    ]

    @Test("by their names and directories, as by asking every blade about every disk")
    func asAsked() {
        // A blade for each set of names.
        var problem = Problem(revision: 1, goal: .balance, blades: [], domains: [])
        for set in 0..<(1 << Self.names.count) {
            var blade = blade(set)
            blade.sharedStorage = Self.names.indices.filter { set >> $0 & 1 == 1 }.map { Self.names[$0] }
            problem.blades.append(blade)
        }
        var holders = DiskHolders(problem)
        for path in Self.paths {
            let asked = Set(problem.blades.indices.filter { SharedStorage.reaches(path, over: problem.blades[$0].sharedStorage) })
            let set = holders.set(reaching: path)
            #expect(holders.sets[set] == asked, "\(path)")
            #expect(holders.set(reaching: path) == set)
        }
        // Disks that the same blades reach share one set.
        #expect(Set(Self.paths.map { holders.set(reaching: $0) }).count == Set(Self.paths.map { holders.sets[holders.set(reaching: $0)] }).count)
    }
}
