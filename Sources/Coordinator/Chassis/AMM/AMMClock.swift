import Glibc

/// The management module's own clock, `08/02/2006,09:51:53`, and its zone, `-6:00,yes`: for finding out that it is wrong.
struct AMMClock: Hashable, Sendable {
    /// Since 1970-01-01 UTC, as far as the zone is known.
    var seconds: Int64
    var hasZone: Bool

    /// `nil` when it is not of this form.
    init?(_ text: String, zone: String?) {
        let parts = text.split(whereSeparator: { $0 == "," || $0 == " " })
        guard parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "/").map { Int64($0) }, time = parts[1].split(separator: ":").map { Int64($0) }
        guard date.count == 3, time.count == 3, let month = date[0], let day = date[1], let year = date[2], let hour = time[0], let minute = time[1],
            let second = time[2], (1...12).contains(month), (1...31).contains(day), (1970...9999).contains(year), (0...23).contains(hour),
            (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        // Days of the civil calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
        let y = month <= 2 ? year - 1 : year
        let era = y / 400, yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let offset = zone.flatMap(Self.offset)
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second - (offset ?? 0)
        hasZone = offset != nil
    }

    /// Seconds east of Greenwich; "yes" after the comma is summer time kept: an hour either way is allowed for elsewhere, so it is not believed.
    private static func offset(_ zone: String) -> Int64? {
        let fields = zone.split(separator: ",")
        guard let first = fields.first, fields.count < 2 || fields[1] != "yes" else { return nil }
        let isWest = first.hasPrefix("-")
        let parts = first.drop { $0 == "+" || $0 == "-" }.split(separator: ":").map { Int64($0) }
        guard parts.count == 2, let hours = parts[0], let minutes = parts[1], (0...14).contains(hours), (0...59).contains(minutes) else { return nil }
        return (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }

    static var now: Int64 { Int64(time(nil)) }
}
