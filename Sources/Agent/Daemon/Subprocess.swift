import Glibc
import Synchronization

/// Runs a program to its end. Blocks: call it on a thread of its own.
enum Subprocess {
    struct Result: Sendable {
        var status: Int32
        var output: [UInt8]
        var errors: String
    }

    static let outputLimit = 1 << 20

    /// Throws `unavailable` when the program cannot be run or does not end in time.
    static func run(_ arguments: [String], input: [UInt8] = [], limit: Duration = .seconds(60)) throws(AgentFailure) -> Result {
        guard let program = arguments.first else { throw AgentFailure(.unavailable, "no program to run", remedy: "") }
        var pipes: [Int32] = [-1, -1, -1, -1, -1, -1]
        defer { for descriptor in pipes where descriptor >= 0 { close(descriptor) } }
        let (made, child) = try gate.withLock { _ throws(AgentFailure) in try begin(program, arguments) }
        pipes = made
        for index in [0, 3, 5] {
            close(pipes[index])
            pipes[index] = -1
        }
        // What is given in is smaller than a pipe's buffer, so that this cannot block.
        let whole = input.prefix(32 << 10)
        _ = whole.withUnsafeBytes { write(pipes[1], $0.baseAddress, $0.count) }
        close(pipes[1])
        pipes[1] = -1
        let (output, errors, isOver) = collect(pipes[2], pipes[4], limit: limit)
        if !isOver { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard isOver else { throw AgentFailure(.unavailable, "\(program) did not end within \(limit)", remedy: "look at the load of dom0, then try again") }
        let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        return Result(status: code, output: output, errors: String(decoding: errors, as: UTF8.self))
    }

    /// No other child may be born between the making of a pipe and its mark: it would keep the pipe open.
    private static let gate = Mutex(())

    private static func begin(_ program: String, _ arguments: [String]) throws(AgentFailure) -> ([Int32], pid_t) {
        var pipes: [Int32] = []
        do throws(AgentFailure) {
            for _ in 0..<3 {
                var ends: [Int32] = [-1, -1]
                guard pipe(&ends) == 0 else { throw failed(program, errno) }
                pipes += ends
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            }
            return (pipes, try spawn(program, arguments, standard: [pipes[0], pipes[3], pipes[5]]))
        } catch {
            for descriptor in pipes { close(descriptor) }
            throw error
        }
    }

    private static func failed(_ program: String, _ code: Int32) -> AgentFailure {
        AgentFailure(.unavailable, "cannot run \(program): \(String(cString: strerror(code)))", remedy: "install it: `apt install \(program)`")
    }

    private static func spawn(_ program: String, _ arguments: [String], standard: [Int32]) throws(AgentFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in standard.enumerated() { posix_spawn_file_actions_adddup2(&actions, source, Int32(target)) }
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        let variables = ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"]
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for pointer in argv + environment { free(pointer) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, program, &actions, nil, &argv, &environment)
        guard code == 0 else { throw failed(program, code) }
        return child
    }

    /// Reads both until both end, or the time is over.
    private static func collect(_ output: Int32, _ errors: Int32, limit: Duration) -> ([UInt8], [UInt8], Bool) {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        var bytes: [[UInt8]] = [[], []]
        var open = [output, errors]
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while open.contains(where: { $0 >= 0 }) {
            let left = clock.now.duration(to: deadline)
            guard left > .zero else { return (bytes[0], bytes[1], false) }
            var polled = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let (seconds, _) = left.components
            guard poll(&polled, 2, Int32(clamping: seconds * 1000 + 1)) > 0 else { continue }
            for index in 0..<2 where polled[index].revents != 0 {
                let count = read(open[index], &chunk, chunk.count)
                if count > 0 {
                    if bytes[index].count < outputLimit { bytes[index] += chunk[..<count] }
                } else if count == 0 || errno != EINTR {
                    open[index] = -1
                }
            }
        }
        return (bytes[0], bytes[1], true)
    }
}
