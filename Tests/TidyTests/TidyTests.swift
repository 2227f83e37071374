import Foundation
import Testing

/// The project's rules that a program can check. Each failure names the file and line.
@Suite struct TidyTests {
    private func expectNone(_ findings: [String], _ remedy: String) {
        #expect(findings.isEmpty, "\(remedy)\n\(findings.joined(separator: "\n"))")
    }

    /// The places in code that match an expression, as `path:line: text`.
    private func matches(_ expression: String, in files: [(path: String, source: SourceText)]) throws -> [String] {
        let expression = try Regex(expression)
        return files.flatMap { path, source in
            source.code.enumerated().filter { $0.element.contains(expression) }.map {
                "\(path):\($0.offset + 1): \($0.element.trimmingCharacters(in: .whitespaces))"
            }
        }
    }

    private var pureFiles: [(path: String, source: SourceText)] { Project.swift.filter { Room.of($0.path)?.isPure ?? false } }

    @Test("The project's files are found")
    func found() {
        #expect(Project.swift.count > 50)
        #expect(pureFiles.count > 20)
    }

    @Test("A room imports only what the design lets it, and a pure room nothing but pure rooms")
    func imports() throws {
        let statement = try Regex(
            #"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"#
                + #"(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)"#)
        var findings: [String] = []
        for (path, source) in Project.swift {
            guard let room = Room.of(path) else {
                findings.append("\(path): stands in no room that Rooms.swift knows")
                continue
            }
            for (index, line) in source.code.enumerated() {
                guard let module = line.firstMatch(of: statement)?.output[1].substring.map(String.init) else { continue }
                let isAllowed = Room.isOurs(module) || room.isPure ? room.imports.contains(module) : !room.forbidden.contains(module)
                if !isAllowed { findings.append("\(path):\(index + 1): \(room.folder) may not import \(module)") }
            }
        }
        expectNone(findings, "See Rooms.swift and the design: data goes one way round.")
    }

    @Test("A pure room has no clock, no chance, no tasks, no threads and no I/O of its own")
    func purity() throws {
        let impure =
            #"\b(ContinuousClock|SuspendingClock|SystemRandomNumberGenerator|DispatchQueue|DispatchTime|ProcessInfo|FileManager|FileHandle|Thread)\b"#
            + #"|\bTask\s*[.{(<]|\bDate\s*\(|\bprint\s*\(|\breadLine\s*\(|\b(getenv|clock_gettime|usleep|sleep)\s*\("#
            + #"|\.(random|shuffled|shuffle|randomElement)\s*\((?!.*\busing:)"#
        expectNone(try matches(impure, in: pureFiles), "Let it come in as an event or an argument.")
    }

    @Test("No force unwrap, no try!, no as!: what comes from outside must not trap")
    func traps() throws {
        expectNone(try matches(#"[\w)\]"?>}]!(?!=)"#, in: Project.swift), "Say what happens when it is nil.")
    }

    @Test("No fatalError: a program says what is wrong and ends, or goes on")
    func fatalErrors() throws { expectNone(try matches(#"\bfatalError\s*\("#, in: Project.swift), "Throw an error.") }

    @Test("No file is longer than 500 lines")
    func lengths() {
        let findings = Project.files(["Sources", "Tests"], [".swift", ".c", ".h", ".js", ".css", ".html"]).compactMap { path -> String? in
            let count = Project.text(path).split(separator: "\n", omittingEmptySubsequences: false).count - 1
            return count > 500 ? "\(path): \(count) lines" : nil
        }
        expectNone(findings, "One file, one subject.")
    }

    @Test("Files and types are named by what they are")
    func names() throws {
        let vague = try Regex("(Manager|Helper|Helpers|Utils|Util|Utilities|Common)$")
        let files = Project.files(["Sources", "Tests"], [".swift"]).filter { path in
            (path.split(separator: "/").last?.split(separator: ".").first.map { $0.contains(vague) }) ?? false
        }
        let types = try matches(#"\b(struct|class|enum|actor|protocol|typealias)\s+\w*(Manager|Helpers?|Utils?|Utilities|Common)\b"#, in: Project.swift)
        expectNone(files + types, "Name it by the noun that it is.")
    }

    @Test("Nothing is left to be done")
    func unfinished() throws {
        let mark = try Regex(#"\b(TO"# + #"DO|FIX"# + #"ME|XX"# + #"X)\b"#)
        let findings = Project.swift.flatMap { path, source in
            source.comments.enumerated().filter { $0.element.contains(mark) }.map { "\(path):\($0.offset + 1): \($0.element)" }
        }
        expectNone(findings, "Do it, or file an issue.")
    }

    @Test("No path of the machine that it was written on")
    func machinePaths() throws {
        let here = try Regex("/work/" + "(main|shared|wt|\\.library)|\\.\\./" + "shared/")
        let findings = Project.files(["Sources", "Tests", "Benchmarks", "docs", "deploy"], [""]).flatMap { path in
            Project.text(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .filter { $0.element.contains(here) }.map { "\(path):\($0.offset + 1): \($0.element)" }
        }
        expectNone(findings, "Use a path below the project, or a configuration key.")
    }

    @Test("Every dependency of Package.swift has its line in docs/dependencies.md")
    func dependencies() throws {
        let package = Project.text("Package.swift")
        let document = Project.text("docs/dependencies.md")
        let names =
            package.matches(of: try Regex(#"\.package\(url: "[^"]*/([\w.-]+?)(?:\.git)?""#)).compactMap { $0.output[1].substring.map(String.init) }
            + package.matches(of: try Regex(#"pkgConfig: "([\w.-]+)""#)).compactMap { $0.output[1].substring.map(String.init) }
        #expect(names.count > 10)
        expectNone(names.filter { !document.contains("`\($0)`") }, "Say in docs/dependencies.md what it is for, and what was considered instead.")
    }

    @Test("Every module of podp that Package.swift makes has its row in Rooms.swift")
    func rooms() throws {
        let package = Project.text("Package.swift")
        let rows = package.matches(of: try Regex(#"(?:room|program)\(\s*"[\w-]+",\s*"([\w/]+)""#)).compactMap { $0.output[1].substring.map(String.init) }
        #expect(rows.count > 15)
        expectNone(rows.filter { folder in !Room.all.contains { $0.folder == folder } }, "Give the room its row, and its directions.")
    }
}

@Suite struct SourceTextTests {
    private func code(_ text: String) -> String { SourceText(text).code.joined(separator: "\n").replacing(" ", with: "") }

    @Test("Comments and texts are blanked, code within texts is not")
    func blanking() {
        #expect(code("a // b!") == "a")
        #expect(code("a /* b! /* c */ d */ e") == "ae")
        #expect(code(#"let a = "b! // c""#) == #"leta="""#)
        #expect(code(##"f("x \(y!) z")"##) == #"f("y!")"#)
        #expect(code(##"f("x \(g("(", h!)) z")"##) == #"f("g("",h!)")"#)
        #expect(code(##"f(#"raw "quoted" \(no) \#(yes!)"#)"##) == #"f("yes!")"#)
        #expect(code("a = \"\"\"\n  b! \"c\"\n  \"\"\"; d!") == "a=\"\"\"\n\n\"\"\";d!")
        #expect(code(#"a("\"!", b)"#) == #"a("",b)"#)
    }

    @Test("Lines keep their numbers, and comments stay where they are")
    func lines() {
        let source = SourceText("a\n/* x\n y */ b // z\nc")
        #expect(source.code.count == 4)
        #expect(source.code[2].hasSuffix("b     "))
        #expect(source.comments[2].contains("y") && source.comments[2].contains("z"))
    }

    @Test("A force unwrap is told from a negation and from an inequality")
    func unwraps() throws {
        let unwrap = try Regex(#"[\w)\]"?>}]!(?!=)"#)
        for text in ["a!", "a[0]!.b", "f()!", "try! f()", "x as! Y", "var a: Int!", "a?.b!"] { #expect(text.contains(unwrap), "\(text)") }
        for text in ["!a", "a != b", "a!=b", "(!a)", "a && !b", "a !== b", "[!a]"] { #expect(!text.contains(unwrap), "\(text)") }
    }
}
