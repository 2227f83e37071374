import Foundation

/// The project's files, by their paths below its root.
enum Project {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What generators wrote; nobody reads it.
    static let generated: Set<String> = [
        "Sources/Protocol/WireSwift/podp.pb.swift", "Sources/Protocol/CWire/podp.pb-c.c", "Sources/Protocol/CWire/include/podp.pb-c.h",
    ]

    /// Files below these folders, by the ends of their names, sorted.
    static func files(_ folders: [String], _ endings: [String]) -> [String] {
        folders.flatMap { folder -> [String] in
            let base = root.appendingPathComponent(folder)
            guard let names = FileManager.default.enumerator(atPath: base.path) else { return [] }
            return names.compactMap { $0 as? String }.filter { name in endings.contains { name.hasSuffix($0) } }.map { "\(folder)/\($0)" }
        }
        .filter { !generated.contains($0) }
        .sorted()
    }

    static func text(_ path: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }

    /// The code of Swift files, each read once.
    static let swift: [(path: String, source: SourceText)] = files(["Sources"], [".swift"]).map { ($0, SourceText(text($0))) }
}
