import ArgumentParser
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

    init(_ status: ExitStatus, _ message: String, remedy: String = "", details: [String] = []) {
        self.status = status
        self.message = message
        self.remedy = remedy
        self.details = details
    }

    init(_ fault: Fault) {
        let isOwnMistake = fault.code == Fault.Code.internalError.rawValue || fault.code == Fault.Code.timeout.rawValue
        self.init(isOwnMistake ? .failed : .refused, fault.message, remedy: fault.remedy)
        details =
            (fault.problems ?? []).map { problem in
                "\(problem.file):\(problem.line):\(problem.column): \(problem.message)" + (problem.remedy.isEmpty ? "" : " (\(problem.remedy))")
            } + (fault.choices ?? []).map { "\($0.id)  \($0.name)" }
    }
}

enum Exit {
    /// Says what went wrong on standard error, and ends the process.
    static func leave(_ error: any Error) -> Never {
        if let trouble = error as? Trouble {
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
        Terminal.complain(text)
        exit(code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue)
    }
}
