import PodpModel
import PodpPower

/// Reads what an Advanced Management Module writes for people. What is not understood is `nil`, never 0.
enum AMMText {
    /// What it writes where it has nothing to write.
    private static let nothing: Set<String> = [
        "not available", "not installed", "(no name)", "(no severity)", "(no description)", "(no temperature)", "no_temperature", "not readable",
        "not readable!", "notapplicable", "n/a", "none", "unknown", "offline",
    ]

    static func label(_ value: SNMPValue?) -> String? {
        guard let text = value?.text, !nothing.contains(text.lowercased()) else { return nil }
        return text
    }

    /// How many bays a blade takes, 1 to 4.
    static func width(_ value: SNMPValue?) -> Int? { value?.small.flatMap { (1...4).contains($0) ? $0 : nil } }

    /// `8CB6 F79B 0AB4 4A12 9AE5 45EF FB7F 4020 `; all zeros are none.
    static func uuid(_ value: SNMPValue?) -> ID128? {
        guard let text = value?.text else { return nil }
        let id = ID128(text.filter { $0.isHexDigit })
        return id == .zero || !text.allSatisfy({ $0.isHexDigit || $0 == " " || $0 == "-" || $0 == ":" }) ? nil : id
    }

    /// `00:11:25:75:00:c2`, in lower case; all zeros are none.
    static func mac(_ value: SNMPValue?) -> String? {
        guard let text = value?.text?.lowercased() else { return nil }
        let parts = text.split(whereSeparator: { $0 == ":" || $0 == "-" || $0 == " " })
        guard parts.count == 6, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(\.isHexDigit) }), !parts.allSatisfy({ $0 == "00" }) else { return nil }
        return parts.joined(separator: ":")
    }

    /// `980W`, `Bay 1: 2940W`: the number before the last W.
    static func watts(_ value: SNMPValue?) -> Int? {
        guard let text = value?.text, let unit = text.lastIndex(where: { $0 == "W" || $0 == "w" }) else { return nil }
        var digits = text[..<unit]
        while digits.last == " " { digits.removeLast() }
        let number = digits.reversed().prefix { $0.isASCII && $0.isNumber }
        guard !number.isEmpty, number.count < 10 else { return nil }
        let before = digits.dropLast(number.count).last
        return before == "-" || before == "." || before == "," ? nil : Int(String(number.reversed()))
    }

    /// `    46% of maximum`.
    static func percent(_ value: SNMPValue?) -> Int? {
        guard let text = value?.text, let unit = text.firstIndex(of: "%") else { return nil }
        var digits = text[..<unit]
        while digits.last == " " { digits.removeLast() }
        guard let percent = Int(digits), (0...200).contains(percent) else { return nil }
        return percent
    }

    static func number(_ value: SNMPValue?) -> Int? {
        if let number = value?.small { return number }
        return value?.text.flatMap { Int($0) }
    }

    /// `26.00 Centigrade`, `CPU1 TEMP = +45.00 Centigrade`, `113.00 Fahrenheit`: the sensor as far as it is named, and the value.
    static func temperature(_ value: SNMPValue?) -> (sensor: String?, celsius: Double)? {
        guard let text = value?.text else { return nil }
        var sensor: String?
        var rest = text[...]
        if let equals = text.lastIndex(of: "=") {
            sensor = sensorName(text[..<equals])
            rest = text[text.index(after: equals)...]
        }
        let words = rest.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let unit = words[1].first, let number = decimal(words[0]) else { return nil }
        switch unit {
        case "C", "c": return (sensor, number)
        case "F", "f": return (sensor, ((number - 32) * 500 / 9).rounded() / 100)
        default: return nil
        }
    }

    /// `CPU1 TEMP` is the sensor CPU1.
    static func sensorName(_ text: Substring) -> String? {
        var words = text.split(whereSeparator: \.isWhitespace)
        if words.count > 1, words.last?.lowercased() == "temp" { words.removeLast() }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private static func decimal(_ text: Substring) -> Double? {
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "." || $0 == "+" || $0 == "-") }), let number = Double(text), abs(number) < 1000 else {
            return nil
        }
        return number
    }

    /// `serverBladeBay3(19)`: the bay.
    static func bladeBay(_ value: SNMPValue?) -> Int? {
        guard let text = value?.text, text.hasPrefix("serverBladeBay") else { return nil }
        return Int(text.dropFirst("serverBladeBay".count).prefix { $0.isNumber }).flatMap { (1...14).contains($0) ? $0 : nil }
    }

    /// `1 - Power domain status is good.`: by its first digit.
    static func domainHealth(_ value: SNMPValue?) -> ModuleHealth? {
        switch value?.text?.first {
        case "0": .unknown
        case "1": .good
        case "2": .warning
        case "3": .critical
        default: nil
        }
    }

    /// Blowers, switches, management modules: 0 unknown, 1 good, 2 warning, 3 bad.
    static func health(_ value: SNMPValue?) -> ModuleHealth? {
        switch value?.small {
        case 0: .unknown
        case 1: .good
        case 2: .warning
        case 3: .critical
        default: nil
        }
    }

    static func bladeHealth(_ value: SNMPValue?) -> BayHealth? {
        switch value?.small {
        case 0: .unknown
        case 1: .good
        case 2: .warning
        case 3: .critical
        case 4: .kernelMode
        case 5: .discovering
        case 6: .commError
        case 7: .noPower
        case 8: .flashing
        case 9: .initFailure
        case 10: .insufficientPower
        case 11: .powerDenied
        default: nil
        }
    }

    /// bladePowerState: 0 off, 1 on, 3 standby, 4 hibernate. There is no 2.
    static func bladePower(_ value: SNMPValue?) -> PowerState? {
        switch value?.small {
        case 0: .off
        case 1: .on
        case 3, 4: .standby
        default: nil
        }
    }

    static func flag(_ value: SNMPValue?) -> Bool? {
        switch value?.small {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// `Severity:INFO  Source:SERVPROC  Name:BCT-81  Date:08/02/06  Time:09:49:27  Text:System log cleared.`
    static func logEntry(_ text: String) -> ChassisLogEntry {
        func field(_ name: String) -> String? {
            guard let start = text.firstRange(of: "\(name):")?.upperBound else { return nil }
            let value = text[start...].prefix { !$0.isWhitespace }
            return value.isEmpty ? nil : String(value)
        }
        guard let body = text.firstRange(of: "Text:")?.upperBound else { return ChassisLogEntry(text: text) }
        let written = [field("Date"), field("Time")].compactMap { $0 }.joined(separator: " ")
        return ChassisLogEntry(
            severity: field("Severity"), source: field("Source"), written: written.isEmpty ? nil : written, text: String(text[body...]))
    }
}
