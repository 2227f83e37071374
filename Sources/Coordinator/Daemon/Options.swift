import ArgumentParser
import Foundation
import PodpModel

/// Where the coordinator keeps what it must not lose. Every option can come from the environment as well (`deploy/etc/coordinator.env`).
struct DataOptions: ParsableArguments {
    @Option(name: .long, help: "The folder of the store, the history and the certificate authority (PODP_DATA).")
    var data: String = Environment.text("PODP_DATA") ?? "/var/lib/podp"

    var store: String { data + "/podp.sqlite" }
    var history: String { data + "/history.sqlite" }
    var authority: String { data + "/authority" }
}

/// What the environment says, read where an option's default is made.
enum Environment {
    static func text(_ name: String) -> String? {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
        return value
    }

    static func list(_ name: String) -> [String] {
        (text(name) ?? "").split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
    }
}

/// `HOST:PORT`, `[::1]:PORT`, or a port alone.
struct HostPort: ExpressibleByArgument, Hashable, Sendable, CustomStringConvertible {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        let (host, port) =
            if let colon = argument.lastIndex(of: ":") {
                (String(argument[..<colon]), argument[argument.index(after: colon)...])
            } else {
                ("::", argument[...])
            }
        guard let number = Int(port), (0...65_535).contains(number), !host.isEmpty else { return nil }
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.port = number
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    var defaultValueDescription: String { description }
}

/// A length of time: `500ms`, `30s`, `5m`, `2h`, `90d`.
struct Span: ExpressibleByArgument, Hashable, Sendable {
    var duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count < 1_000_000_000 else { return nil }
        switch argument[digits.endIndex...] {
        case "ms": duration = .milliseconds(count)
        case "s", "": duration = .seconds(count)
        case "m": duration = .seconds(count * 60)
        case "h": duration = .seconds(count * 3600)
        case "d": duration = .seconds(count * 86_400)
        default: return nil
        }
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}

extension Option where Value: ExpressibleByArgument {
    /// The environment's word, if it can be read, else `fallback`.
    static func from(_ variable: String, _ fallback: Value) -> Value {
        Environment.text(variable).flatMap(Value.init(argument:)) ?? fallback
    }
}
