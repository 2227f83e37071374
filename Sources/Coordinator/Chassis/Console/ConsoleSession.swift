import Glibc
import Synchronization

/// Set by the signals that end a session: whoever runs it still notes that it was left.
private let isToEnd = Atomic<Bool>(false)

/// An operator's terminal on a console: a program on a pseudo-terminal of its own, relayed byte by byte, and written to a log.
///
/// Blocks until the program ends: for a command-line tool, not for a server.
public enum ConsoleSession {
    /// `password`: told to `ssh` by its environment; `nil`: it asks the operator. Throws `.configuration` when the log or the program cannot be opened.
    public static func run(_ command: ConsoleCommand, password: String? = nil, log path: String) throws(ChassisError) {
        var command = command
        let helper = try password.map { _ throws(ChassisError) in try AskPass() }
        defer { helper?.remove() }
        if let helper, let password { command.environment.merge(helper.environment(password)) { _, new in new } }
        let log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw ChassisError(.configuration, "\(path): \(String(cString: strerror(errno)))", remedy: "name another file with --log") }
        defer { close(log) }
        let pseudo = try PseudoTerminal(command)
        defer { pseudo.end() }
        write("\r\n[podp] \(command.leaving); this session is written to \(path)\r\n", to: STDERR_FILENO)
        let saved = rawTerminal()
        isToEnd.store(false, ordering: .relaxed)
        let signals = [SIGTERM, SIGHUP, SIGINT]
        let before = signals.map { signal($0) { _ in isToEnd.store(true, ordering: .relaxed) } }
        relay(pseudo, command, log: log)
        for (number, handler) in zip(signals, before) { signal(number, handler) }
        if var saved { tcsetattr(STDIN_FILENO, TCSADRAIN, &saved) }
        write("\r\n[podp] the session has ended\r\n", to: STDERR_FILENO)
    }

    /// `nil` when standard input is no terminal: then it is left as it is.
    private static func rawTerminal() -> termios? {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        var raw = settings
        cfmakeraw(&raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
        return settings
    }

    private static func relay(_ pseudo: PseudoTerminal, _ command: ConsoleCommand, log: Int32) {
        var opening = ConsoleOpening(command.opening)
        var input = true
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var waits = [pollfd(fd: pseudo.descriptor, events: Int16(POLLIN), revents: 0)]
            if input { waits.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)) }
            // A signal may be another thread's, or come just before.
            let ready = poll(&waits, nfds_t(waits.count), 500)
            if isToEnd.load(ordering: .relaxed) { return }
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            guard ready > 0 else { return }
            if waits[0].revents != 0 {
                let count = buffer.withUnsafeMutableBytes { read(pseudo.descriptor, $0.baseAddress, $0.count) }
                // A pseudo-terminal whose other side has closed says EIO.
                guard count > 0 else { return }
                let bytes = Array(buffer.prefix(count))
                put(bytes, to: STDOUT_FILENO)
                put(bytes, to: log)
                if let typed = opening.saw(bytes) { put(Array(typed.utf8), to: pseudo.descriptor) }
            }
            if waits.count > 1, waits[1].revents != 0 {
                let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
                if count > 0 { put(Array(buffer.prefix(count)), to: pseudo.descriptor) } else { input = false }
            }
        }
    }

    private static func write(_ text: String, to descriptor: Int32) { put(Array(text.utf8), to: descriptor) }

    private static func put(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// What is typed for the operator: one line at each prompt, until all are typed. A prompt is `system> ` or `system:blade[3]> ` at the end of what
/// came, alone on its line; one that comes uncalled for after the last line is left alone.
struct ConsoleOpening {
    private var lines: [String]
    private var tail: [UInt8] = []

    init(_ lines: [String]) { self.lines = lines.reversed() }

    /// The line to type now, with exactly one carriage return; `nil`: none.
    mutating func saw(_ bytes: [UInt8]) -> String? {
        guard !lines.isEmpty else { return nil }
        tail = Array((tail + bytes).suffix(256))
        let last = tail.split(omittingEmptySubsequences: false) { $0 == 10 || $0 == 13 }.last ?? []
        guard AMMPrompt.isPrompt(String(decoding: last, as: UTF8.self)) else { return nil }
        tail = []
        return lines.popLast().map { $0 + "\r" }
    }
}

/// The command line's prompt.
enum AMMPrompt {
    static func isPrompt(_ line: String) -> Bool {
        var text = line[...]
        while text.last == " " { text.removeLast() }
        guard text.hasPrefix("system"), text.last == ">" else { return false }
        let middle = text.dropFirst("system".count).dropLast()
        return middle.isEmpty || (middle.first == ":" && middle.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ":[]".contains($0)) })
    }
}
