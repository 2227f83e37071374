import Foundation

/// A directory that is gone after the work.
public func withScratchDirectory<Result>(_ work: (String) async throws -> Result) async throws -> Result {
    // Short: a Unix socket's path has 107 bytes at most.
    let path = "/tmp/podp-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await work(path)
}

/// Runs a program to its end. Its output goes through files: nothing is lost, and no pipe fills up. Holds no thread meanwhile: the server that it
/// asks may need it.
public func run(_ program: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil, in directory: String) async throws -> (
    code: Int32, output: String, errors: String
) {
    let number = UInt32.random(in: .min ... .max)
    let (output, errors, given) = ("\(directory)/out-\(number)", "\(directory)/err-\(number)", "\(directory)/in-\(number)")
    for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    try (input ?? "").write(toFile: given, atomically: false, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, mine in mine }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: given))
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        process.terminationHandler = { _ in continuation.resume() }
        do { try process.run() } catch {
            process.terminationHandler = nil
            continuation.resume(throwing: error)
        }
    }
    return (process.terminationStatus, try String(contentsOfFile: output, encoding: .utf8), try String(contentsOfFile: errors, encoding: .utf8))
}
