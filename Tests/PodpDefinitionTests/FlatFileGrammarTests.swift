import Testing

@testable import PodpDefinition

/// What libxlutil 4.17 answered to the same texts, unless a comment says that podp differs.
@Suite struct FlatFileGrammarTests {
    /// `a=<x>`, `a=[<x>[<y>]]`, or the error.
    private func read(_ text: String) -> String {
        func shown(_ value: ConfigValue) -> String {
            switch value {
            case .atom(let atom): "<\(atom.text)>"
            case .list(let items, _): "[\(items.map(shown).joined())]"
            }
        }
        do {
            let source = try SourceText(file: "f", bytes: Array(text.utf8), limit: FlatFile.sizeLimit)
            return try ConfigParser.parse(source).map { "\($0.name)=\(shown($0.value))" }.joined(separator: " ")
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("a=1", "a=<1>"), ("a=0x10;b=010", "a=<0x10> b=<010>"), ("a=\"x\"\na=\"y\"", "a=<y>"), ("a=[\"x\"]\na+=[\"y\",\"z\"]", "a=[<x><y><z>]"),
        ("a=\"x\"\na+='y'", "a=<xy>"), ("a+=[\"q\"]", "a=[<q>]"), ("a=[\n\"x\",\n\n\"y\",\n]\n", "a=[<x><y>]"), ("a=[ [\"b\",\"c\"], 3, ]", "a=[[<b><c>]<3>]"),
        ("a = [ # c\n \"x\", # d\n]", "a=[<x>]"), ("a=[]", "a=[]"), ("a=1;;\n;b=2", "a=<1> b=<2>"), ("a=''", "a=<>"), ("a=\t5\t\n", "a=<5>"),
        ("a=\"é\"", "a=<é>"),
        ("a=1f", "a=<1f>"), ("a1_b=2", "a1_b=<2>"), ("a=[\"x\"\n,\"y\"]", "a=[<x><y>]"), (#"a='it\'s \\ "x"'"#, #"a=<it's \ "x">"#), (#"a="\t\n""#, "a=<\t\n>"),
        ("", ""), ("\n\n;\n", ""),
        // xl wants a new line after a comment; podp does not.
        ("# only", ""), ("a=1 # c", "a=<1>"),
    ])
    func `settings are read as xl reads them`(text: String, settings: String) { #expect(read(text) == settings) }

    @Test(arguments: [
        ("a=1 b=2", "f:1:5: expected a new line or ';' before 'b'"), ("A=1", "f:1:1: keys are in lower case"), ("a=-1", "f:1:3: a number has no sign here"),
        ("a=1.5", "f:1:4: '.' is not part of xl's language"), ("a=True", "f:1:3: 'True' is Python; write 1"),
        ("a=true", "f:1:3: expected a string, a number or a list, found 'true'; write 1"),
        ("a=\"x\" \\\n b=2", "f:1:7: a setting cannot go on in the next line"), ("a=\"x\ny\"", "f:1:3: this string is not closed on its line; end it with \""),
        ("a=[,]", "f:1:4: expected a string, a number or a list, found ','"),
        ("a=\n1", "f:1:3: expected a string, a number or a list, found the end of the line"),
        ("a\n=1", "f:1:2: expected '=' after 'a', found the end of the line"), ("a=[\"x\" \"y\"]", "f:1:8: expected ',' before the string 'y'"),
        ("a=\"x\"\r\nb=1", "f:1:6: a carriage return: the file has Windows' line ends"),
        ("\na=\"x\"\na+=[\"y\"]", "f:3:4: '+=' cannot join a list and a single value; 'a' on line 2"),
        ("a=[\"x\"]\na+=\"y\"", "f:2:4: '+=' cannot join"), ("a=0xzz", "f:1:5: expected a new line or ';' before 'zz'"),
        ("a=(\"x\")", "f:1:3: '(' is not part of xl's language"),
        ("a='''x'''", "f:1:3: three quotation marks are Python"), (#"a="\q""#, "f:1:4: no escape that xl knows"),
        (#"a="x\x41""#, "f:1:5: xl 4.17 cannot read characters given by number"),
        (#"a="\101""#, "f:1:4: xl 4.17 cannot read"), ("import os", "f:1:1: this is Python"), ("a=1,", "f:1:4: expected a new line or ';' before ','"),
        ("_a=1", "f:1:1: '_' cannot stand here"), ("a=[\n [\"x\"", "f:2:6: expected ']' to close the list begun on line 2, found the end of the file"),
        ("a=[\n\"x\",\n\nname=1", "f:4:1: expected a string, a number or a list, found 'name'"),
        ("disk=[\n'x'\nmemory=5", "f:3:1: expected ']' to close the list begun on line 1, found 'memory'"),
        ("é=1", "f:1:1: 'é' cannot stand here"), ("a=\"é\" !", "f:1:7: '!' cannot stand here"), ("= 1", "f:1:1: expected a key, found '='"),
        (String(repeating: "a=[", count: 1) + String(repeating: "[", count: 9), "f:1:11: lists nest deeper than 8"),
    ])
    func `what xl refuses is refused, by place and name`(text: String, problem: String) {
        let error = read(text)
        #expect(error.hasPrefix(problem), "\(error)")
    }

    @Test func `a file of four thousand additions is refused before it becomes dear`() {
        #expect(read(String(repeating: "a+='xxxxxxxxxxxxxxxx'\n", count: 5000)).contains("more than 4096 settings"))
    }

    @Test(arguments: [("0", 0), ("12", 12), ("0x1F", 31), ("010", 8), ("-5", -5), ("+7", 7), (" 3", 3)])
    func `numbers have xl's bases`(text: String, number: Int) { #expect(FlatFileReader.number(Array(text.utf8)) == number) }

    @Test(arguments: ["", "08", "0x", "1f", "1.5", "--1", "0x-1", "9223372036854775808", "1 2", "-", "x"])
    func `what is no number is none`(text: String) { #expect(FlatFileReader.number(Array(text.utf8)) == nil) }

    @Test(arguments: [("30s", 30_000), ("1m30s", 90_000), ("2min", 120_000), ("1h 30min", 5_400_000), ("1500ms", 1500), ("1d", 86_400_000), ("0s", 0)])
    func `durations are read with their units`(text: String, milliseconds: Int) { #expect(Amount.duration(text) == .milliseconds(milliseconds)) }

    @Test(arguments: ["", "30", "s", "30 s", "-30s", "1.5s", "99999999999999d", "30s!", "30S"])
    func `a duration without a unit, or beyond the scale, is none`(text: String) { #expect(Amount.duration(text) == nil) }
}
