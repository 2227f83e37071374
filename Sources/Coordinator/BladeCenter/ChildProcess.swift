import Dispatch
import Foundation
import Synchronization

/// A program that this process started and ends. It never outlives this process: the kernel kills it if this one is killed.
final class ChildProcess: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let process: Mutex<Process>
    let pid: Int32

    /// Starts `program` with both its outputs appended to `log`.
    ///
    /// - Parameter ended: called once, from a thread of its own, when it has ended.
    init(_ program: String, _ arguments: [String], environment: [String: String], log: String, ended: @escaping @Sendable (Int32) -> Void) throws {
        let process = Process()
        // setpriv is in Debian's essential util-linux: its child dies with its parent, even when that is killed with -9.
        if FileManager.default.isExecutableFile(atPath: Self.setpriv) {
            process.executableURL = URL(fileURLWithPath: Self.setpriv)
            process.arguments = ["--pdeathsig", "KILL", program] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
        }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        let output = try Self.appending(to: log)
        process.standardOutput = output
        process.standardError = output
        process.terminationHandler = { ended($0.terminationStatus) }
        try StartingThread.shared.run(process)
        try output.close()
        pid = process.processIdentifier
        self.process = Mutex(process)
    }

    private static let setpriv = "/usr/bin/setpriv"

    private static func appending(to path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        guard let handle = FileHandle(forWritingAtPath: path) else { throw Failure(description: "\(path) cannot be written") }
        try handle.seekToEnd()
        return handle
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }

    /// Asks it to end.
    func terminate() { process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGTERM) } } }

    /// Ends it at once, as a power failure does.
    func kill9() { process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGKILL) } } }

    /// Runs a program to its end and returns what it printed. Throws what it printed as its error when it fails.
    static func output(of program: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // Reading to the end blocks: on a thread of its own, never on the cooperative pool.
            Thread.detachNewThread {
                continuation.resume(with: Result { try run(program, arguments, environment: environment) })
            }
        }
    }

    private static func run(_ program: String, _ arguments: [String], environment: [String: String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        // One pipe for both: two pipes read one after the other could block the child.
        process.standardError = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            let name = URL(fileURLWithPath: program).lastPathComponent
            throw Failure(description: "\(name) \(arguments.first ?? "") ended with status \(process.terminationStatus): \(text)")
        }
        return text
    }
}

/// The thread that starts children, and never ends.
///
/// The kernel's "dies with its parent" (prctl(2), PR_SET_PDEATHSIG) means the thread that started it: a thread of a pool, which ends when it has had
/// nothing to do for some seconds, would take every child with it.
private final class StartingThread: Sendable {
    static let shared = StartingThread()

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let waiting = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                waiting.wait()
                jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }?()
            }
        }
    }

    /// Starts it there, and waits until it has started. Throws as `Process.run` does.
    func run(_ process: Process) throws {
        let failure = Mutex<(any Error)?>(nil)
        let done = DispatchSemaphore(value: 0)
        let job: @Sendable () -> Void = {
            do { try process.run() } catch { failure.withLock { $0 = error } }
            done.signal()
        }
        jobs.withLock { $0.append(job) }
        waiting.signal()
        done.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
