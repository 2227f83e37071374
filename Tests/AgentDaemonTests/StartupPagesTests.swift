import Glibc
import Testing

@testable import podp_agent

struct StartupPagesTests {
    @Test func `only code of files is given back`() {
        let maps = """
            55d0c0000000-55d0c0010000 r--p 00000000 fe:00 1311                       /usr/bin/podp-agent
            55d0c0010000-55d0c0bb0000 r-xp 00010000 fe:00 1311                       /usr/bin/podp-agent
            55d0c0bb0000-55d0c0cc0000 rw-p 00bb0000 fe:00 1311                       /usr/bin/podp-agent
            7f0000000000-7f0000001000 rwxp 00000000 fe:00 1312                       /usr/lib/with a name.so
            7f0000001000-7f0000002000 r-xp 00000000 fe:00 1313                       /usr/lib/with a name.so
            7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          [vdso]
            7fff10000000-7fff10002000 r-xp 00000000 00:00 0
            zz-7fff10002000 r-xp 00000000 fe:00 1313 /x
            """
        #expect(StartupPages.executableRanges(maps) == [0x55d0_c001_0000..<0x55d0_c0bb_0000, 0x7f00_0000_1000..<0x7f00_0000_2000])
    }

    @Test func `this process has such code, and goes on without its pages`() throws {
        func code() throws -> [Range<UInt>] {
            StartupPages.executableRanges(String(decoding: try #require(try StateFolder.read("/proc/self/maps")), as: UTF8.self))
        }
        let before = try code()
        #expect(!before.isEmpty)
        StartupPages.release()
        #expect(Set(try code()).isSuperset(of: before), "a mapping is gone, not only its pages")
    }
}
