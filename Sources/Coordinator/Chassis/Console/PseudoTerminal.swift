import Glibc

/// A program whose terminal is ours.
final class PseudoTerminal {
    let descriptor: Int32
    private let process: pid_t
    // Linux' TIOCSPTLCK and TIOCGPTN, and glibc's POSIX_SPAWN_SETSID: macros that Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    private static let newSession: Int16 = 0x80
    private var hasEnded = false

    /// Throws `.configuration` when there is no terminal to be had, or no such program.
    init(_ command: ConsoleCommand) throws(ChassisError) {
        func wrong(_ what: String, _ code: Int32) -> ChassisError {
            ChassisError(.configuration, "\(what): \(String(cString: strerror(code)))", remedy: what == command.program ? "install openssh-client" : "")
        }
        let leader = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard leader >= 0 else { throw wrong("/dev/ptmx", errno) }
        var isLocked: Int32 = 0, number: Int32 = 0
        guard ioctl(leader, Self.setLock, &isLocked) == 0, ioctl(leader, Self.getNumber, &number) == 0 else {
            let code = errno
            close(leader)
            throw wrong("no pseudo-terminal", code)
        }
        let name = "/dev/pts/\(number)"
        var size = winsize()
        if ioctl(STDIN_FILENO, UInt(TIOCGWINSZ), &size) == 0 { _ = ioctl(leader, UInt(TIOCSWINSZ), &size) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a new session opens becomes its own.
        posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Self.newSession)

        var arguments: [UnsafeMutablePointer<CChar>?] = ([command.program] + command.arguments).map { strdup($0) } + [nil]
        var variables: [String: String] = [:]
        for name in ["PATH", "HOME", "TERM", "LANG", "USER", "LOGNAME", "SSH_AUTH_SOCK"] {
            variables[name] = getenv(name).flatMap { String(validatingCString: $0) }
        }
        variables.merge(command.environment) { _, own in own }
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for pointer in arguments + environment { free(pointer) }
        }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, command.program, &actions, &attributes, &arguments, &environment)
        guard failure == 0 else {
            close(leader)
            throw wrong(command.program, failure)
        }
        descriptor = leader
        self.process = process
    }

    /// Ends the program, if it has not ended, and takes its exit status away.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        close(descriptor)
        kill(process, SIGHUP)
        var status: Int32 = 0
        for _ in 0..<100 {
            if waitpid(process, &status, WNOHANG) != 0 { return }
            usleep(20_000)
        }
        kill(process, SIGKILL)
        waitpid(process, &status, 0)
    }

    deinit { end() }
}
