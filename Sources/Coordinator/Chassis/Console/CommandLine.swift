import Glibc
import PodpModel
import PodpPower

/// A management module's command line, over `ssh`: one command after the other, on one thread of its own.
actor CommandLine {
    private let thread: ChassisThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Throws `.configuration` where no thread can be started.
    init() throws(ChassisError) { thread = try ChassisThread() }

    /// The answer's lines after the echo of the command. Throws `.silent`, `.denied`, `.configuration`.
    func run(_ ssh: OldSSH, _ command: String, password: String?, timeout: Duration = .seconds(15)) throws(ChassisError) -> String {
        var environment: [String: String] = [:]
        var helper: AskPass?
        if let password {
            let made = try AskPass()
            environment = made.environment(password)
            helper = made
        }
        defer { helper?.remove() }
        let call = ConsoleCommand(
            program: "ssh", arguments: ssh.arguments(command: command, askpass: password != nil), environment: environment, leaving: "")
        return try Self.collect(call, timeout: timeout)
    }

    /// Runs until the program ends or the time is over; what it wrote by then.
    private static func collect(_ call: ConsoleCommand, timeout: Duration) throws(ChassisError) -> String {
        let terminal = try PseudoTerminal(call)
        defer { terminal.end() }
        let start = ContinuousClock.now
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while output.count < 64 * 1024 {
            let left = timeout - (ContinuousClock.now - start)
            guard left > .zero else { throw ChassisError(.silent, "the management module's command line does not answer in time") }
            var wait = [pollfd(fd: terminal.descriptor, events: Int16(POLLIN), revents: 0)]
            let ready = poll(&wait, 1, Int32(clamping: left.components.seconds * 1000 + 1))
            if ready < 0 && errno == EINTR { continue }
            if ready == 0 { continue }
            let count = buffer.withUnsafeMutableBytes { read(terminal.descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            output += buffer.prefix(count)
        }
        let text = String(decoding: output, as: UTF8.self)
        if text.contains("Permission denied") {
            // Never tried again: failed logins lock the account.
            throw ChassisError(.denied, "the management module's command line refuses the login", remedy: "check console=USER@… and the password")
        }
        return text
    }

    /// `On` or `Off`, by itself on the last line that says anything, after the command's echo. A prompt that comes twice, or late, is no answer;
    /// neither is "the target bay is empty".
    static func power(_ answer: String, bay: Int) -> PowerState? {
        let lines = answer.split(whereSeparator: { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }).map { line in
            var text = line
            while let last = text.last, last.isWhitespace { text.removeLast() }
            return text
        }.filter { !$0.isEmpty && !AMMPrompt.isPrompt(String($0)) }
        guard let echo = lines.lastIndex(where: { $0.hasSuffix("power -state -T blade[\(bay)]") }) else { return nil }
        let words = lines[(echo + 1)...]
        guard words.count == 1, let word = words.first else { return nil }
        switch word.lowercased() {
        case "on": return .on
        case "off": return .off
        default: return nil
        }
    }
}

/// A program that tells `ssh` the password, which it takes from its environment: nothing secret in a file or an argument.
struct AskPass {
    private let folder: String
    private var script: String { folder + "/askpass" }

    init() throws(ChassisError) {
        let base = getenv("XDG_RUNTIME_DIR").flatMap { String(validatingCString: $0) } ?? "/tmp"
        var template = Array("\(base)/podp-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChassisError(.configuration, "\(base): \(String(cString: strerror(errno)))") }
        folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let descriptor = open(script, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o700)
        let text = Array("#!/bin/sh\nprintf '%s\\n' \"$PODP_ASKPASS\"\n".utf8)
        guard descriptor >= 0, text.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == text.count else {
            throw ChassisError(.configuration, "\(script): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }

    func environment(_ password: String) -> [String: String] {
        ["SSH_ASKPASS": script, "SSH_ASKPASS_REQUIRE": "force", "PODP_ASKPASS": password, "DISPLAY": ":none"]
    }

    func remove() {
        unlink(script)
        rmdir(folder)
    }
}
