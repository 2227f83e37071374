import Glibc
import Logging

/// Lines on standard error: with a priority in front for systemd's journal (sd-daemon(3)), with a word for people.
struct JournalLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    private let isJournal: Bool

    init(environment: (String) -> String?) { isJournal = environment("JOURNAL_STREAM") != nil }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let level = isJournal ? "<\(priority(event.level))>" : "\(event.level): "
        // One line a message: a newline in it would make two, without its priority.
        let text = (level + "\(event.message)" + details).map { $0.isNewline ? " " : $0 }
        let bytes = Array((String(text) + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
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
