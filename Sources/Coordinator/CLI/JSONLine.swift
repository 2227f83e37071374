import FoundationEssentials
import PodpAPI

/// A resource as the API writes it, on one line.
enum JSONLine {
    static func text(_ value: some Documented) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
