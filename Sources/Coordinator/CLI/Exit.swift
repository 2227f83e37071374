import ArgumentParser
import Foundation
import Glibc
import PodpAPI

/// How `podp` ends; documented in docs/cli.md.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    /// Nobody knows yet how it ended; podp resolves it.
    case indeterminate = 3
    /// The coordinator answered no, and why.
    case refused = 4
    case unreachable = 5
}

/// What a command could not do, in words for people.
struct Trouble: Error {
    var status: ExitStatus
    var message: String
    var remedy: String = ""
    /// More lines: problems of a file, what a name fits.
    var details: [String] = []
    /// As the coordinator gave it.
    var fault: Fault?

    init(_ status: ExitStatus, _ message: String, remedy: String = "", details: [String] = []) {
        self.status = status
        self.message = message
        self.remedy = remedy
        self.details = details
    }

    init(_ fault: Fault) {
        let isOwnMistake = fault.code == Fault.Code.internalError.rawValue || fault.code == Fault.Code.timeout.rawValue
        self.init(isOwnMistake ? .failed : .refused, fault.message, remedy: fault.remedy)
        self.fault = fault
        details =
            (fault.problems ?? []).filter { !fault.message.hasSuffix($0.message) }.map { problem in
                "\(problem.file):\(problem.line):\(problem.column): \(problem.message)" + (problem.remedy.isEmpty ? "" : " (\(problem.remedy))")
            } + (fault.choices ?? []).map { "\($0.id)  \($0.name)" }
    }
}

enum Exit {
    /// Whether the command was asked for JSON: then what went wrong is JSON, too.
    private static let wantsJSON: Bool = {
        let words = CommandLine.arguments
        return words.contains { $0 == "--output=json" || $0 == "-ojson" || $0 == "-o=json" }
            || zip(words, words.dropFirst()).contains { ($0 == "-o" || $0 == "--output") && $1 == "json" }
    }()

    /// `{"error":{"code":…,"message":…,"remedy":…}}`: the API's own fault, or the same of what podp found by itself.
    private static func json(_ trouble: Trouble) -> String {
        struct Line: Encodable { var error: Fault }
        var fault = trouble.fault ?? Fault(.internalError, trouble.message, remedy: trouble.remedy)
        if trouble.fault == nil { fault.code = "\(trouble.status)" }
        return JSONLine.text(Line(error: fault))
    }

    /// Says what went wrong on standard error, and ends the process.
    static func leave(_ error: any Error) -> Never {
        if let trouble = error as? Trouble {
            if wantsJSON {
                Terminal.complain(json(trouble))
                exit(trouble.status.rawValue)
            }
            Terminal.complain(Terminal.errors.red("podp: ") + SafeText.line(trouble.message))
            for detail in trouble.details { Terminal.complain("  " + SafeText.line(detail)) }
            if !trouble.remedy.isEmpty { Terminal.complain("  → " + SafeText.line(trouble.remedy)) }
            exit(trouble.status.rawValue)
        }
        if let code = error as? ExitCode { exit(code.rawValue) }
        let code = Podp.exitCode(for: error)
        let text = Podp.fullMessage(for: error)
        if code == .success {
            print(text)
            exit(ExitStatus.done.rawValue)
        }
        let status = code == .validationFailure ? ExitStatus.usage : .failed
        let words = Trouble(status, Podp.message(for: error), remedy: "the same command with --help says what it takes")
        Terminal.complain(wantsJSON ? json(words) : text)
        exit(status.rawValue)
    }
}
