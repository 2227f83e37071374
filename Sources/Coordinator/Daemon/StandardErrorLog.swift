import Foundation
import Logging

/// A log to standard error in the form that journald reads priorities from (sd-daemon(3)).
struct StandardErrorLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let label: String

    init(level: Logger.Level, label: String) {
        logLevel = level
        self.label = label
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let prefix = Environment.text("JOURNAL_STREAM") == nil ? "\(event.level) " : "<\(priority(event.level))>"
        let line = "\(prefix)\(event.message)\(details)\n"
        FileHandle.standardError.write(Data(line.utf8))
    }

    private func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
