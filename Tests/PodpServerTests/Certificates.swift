import Foundation
import PodpCore
import PodpModel

@testable import PodpServer

/// A folder of its own, gone with the test.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("podp-server-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
    func text(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }
}

struct CommandFailed: Error { var output: String }

/// Runs `openssl`, which makes keys and requests on real blades too; returns what it prints.
@discardableResult
func openssl(_ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CommandFailed(output: text) }
    return text
}

/// A key and a certificate request, as an agent makes them.
struct KeyAndRequest: Sendable {
    var key: String
    var request: String

    init(in folder: Folder, name: String = "blade", algorithm: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], subject: String = "/CN=not asked for")
        throws
    {
        let files = (key: folder.file("\(name).key"), request: folder.file("\(name).csr"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            ["req", "-new", "-nodes", "-newkey"] + algorithm
            + ["-keyout", files.key, "-out", files.request, "-subj", subject, "-addext", "subjectAltName=DNS:evil.example,URI:podp://coordinator"]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        key = try folder.text("\(name).key")
        request = try folder.text("\(name).csr")
    }
}

func identity(_ number: UInt64) -> BladeIdentity {
    BladeIdentity(id: BladeID(ID128(high: 0x8cb6_f79b_0ab4_11dc, low: number)), serial: "KQ\(number)", name: "blade-\(number)")
}

/// 2026-11-22, 12:00 UTC.
let noon = WallTime(milliseconds: 1_795_348_800_000)

func later(_ duration: Duration) -> WallTime { WallTime(milliseconds: noon.milliseconds + duration.nanoseconds / 1_000_000) }
