import Testing

@testable import podp

@Suite("Text for people")
struct TextTests {
    @Test("nothing from elsewhere reaches a terminal as a control character")
    func safe() {
        #expect(SafeText.line("web-1 änderung 日本") == "web-1 änderung 日本")
        #expect(SafeText.line("a\u{1B}[31mb\n\r\t\u{7}\u{9B}c") == "a\\u{1B}[31mb\\u{A}\\u{D}\\u{9}\\u{7}\\u{9B}c")
        #expect(SafeText.line("a\u{202E}b\u{2028}") == "a\\u{202E}b\\u{2028}")
        for value in (0 as UInt32)...0x2FFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let line = SafeText.line(String(Character(scalar)))
            #expect(!line.unicodeScalars.contains { $0.value < 32 || (127...159).contains($0.value) || (0x202A...0x202E).contains($0.value) })
        }
    }

    @Test("columns are aligned by what a terminal shows, not by characters")
    func table() {
        var table = Table(header: ["NAME", "N"])
        table.rows = [[Cell("日本"), Cell("1", right: true)], [Cell("a"), Cell("22", right: true)]]
        #expect(table.text() == "NAME   N\n日本   1\na     22\n")
    }

    @Test("bars are as wide as they are told, whatever they show", arguments: [-5, 0, 1, 499, 500, 999, 1000, 5000] as [Int64])
    func bar(_ permille: Int64) { #expect(Bar.text(permille: permille, width: 8).count == 8) }

    @Test("numbers are short, and hostile ones do not trap")
    func words() {
        #expect(Words.bytes(1536 << 20) == "1.50 GiB")
        #expect(Words.bytes(.max) == "16384 PiB")
        #expect(Words.cores(1405 as UInt32) == "1.41")
        #expect(Words.cores(Int64.max as Int64?).isEmpty == false)
        #expect(Words.short(9.999) == "10.00")
        #expect(Words.short(-0.5) == "-0.50")
        #expect(Words.short(.infinity) == "–")
        #expect(Words.seconds(1e300).isEmpty == false)
        #expect(Words.seconds(43) == "43 s")
        #expect(Words.amount(.max, unit: "KiB").isEmpty == false)
        #expect(Words.amount(12_500, unit: "mCPU") == "12.5 cores")
        #expect(Words.permille(.max, of: 1) == .max)
    }

    @Test(
        "amounts of memory are read as a flat file has them",
        arguments: [
            ("512", 512 << 20), ("2G", 2 << 30), ("1gib", 1 << 30), ("64k", 64 << 10), ("0", nil), ("-1", nil), ("2X", nil), ("99999999999999999999", nil),
            ("20000000T", nil),
        ] as [(String, UInt64?)])
    func memory(_ text: String, _ bytes: UInt64?) { #expect(DomainCommand.Change.bytes(text) == bytes) }

    @Test("lines are put together again, wherever they were cut", arguments: 1...9)
    func lines(_ size: Int) {
        let text = Array("id: 1\ndata: {\"a\":\"é\"}\n\n".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: text.count, by: size) { lines += splitter.take(text[start..<min(text.count, start + size)]) }
        #expect(lines == ["id: 1", "data: {\"a\":\"é\"}", ""])
    }
}
