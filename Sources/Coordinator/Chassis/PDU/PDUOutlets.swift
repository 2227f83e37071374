/// Which outlets feed which bays, as a PDU's URL says: `outlets=3,4` (or `bay3=3,4`) at the URL's host, and `also=HOST:PORT/5,6` (`also3=…`) at another.
public struct PDUOutlets: Hashable, Sendable {
    /// Outlets of one PDU that feed one bay.
    struct Group: Hashable, Sendable {
        var host: String
        var port: UInt16
        var bay: Int
        var numbers: [UInt32]
    }

    let groups: [Group]
    /// They feed the whole chassis, which is bay 1 then.
    let feedWholeChassis: Bool

    /// Throws `.configuration`.
    public init(_ url: ChassisURL) throws(ChassisError) {
        let ofBays = url.parameters.keys.contains { $0 != "also" && ($0.hasPrefix("bay") || $0.hasPrefix("also")) }
        feedWholeChassis = !ofBays
        if ofBays, url.parameters["outlets"] != nil || url.parameters["also"] != nil {
            throw ChassisError(.configuration, "outlets feed the whole chassis (outlets=) or single bays (bayN=), not both", remedy: "leave one of the two out")
        }
        var groups: [Group] = []
        for (here, there, bay) in ofBays ? (1...14).map({ ("bay\($0)", "also\($0)", $0) }) : [("outlets", "also", 1)] {
            var places: [(host: String, port: UInt16, outlets: String)] = []
            if let text = url.parameters[here] ?? (ofBays ? nil : "") { places.append((url.host, url.port, text)) }
            if let also = url.parameters[there] { places.append(try Self.place(also, of: there)) }
            for place in places {
                let numbers = place.outlets.split(separator: ",").map { UInt32($0) }
                guard !numbers.isEmpty, numbers.allSatisfy({ $0.map { (1...96).contains($0) } ?? false }) else {
                    throw ChassisError(
                        .configuration, "\(here)=\(place.outlets): name every outlet that feeds \(ofBays ? "bay \(bay)" : "the chassis")",
                        remedy: "like \(here)=3,4")
                }
                groups.append(Group(host: place.host, port: place.port, bay: bay, numbers: numbers.compactMap { $0 }))
            }
        }
        self.groups = groups
        for (index, group) in groups.enumerated() {
            for other in groups[..<index] where other.bay != group.bay {
                guard let outlet = Self.shared(group, other) else { continue }
                throw ChassisError(
                    .configuration,
                    "outlet \(outlet) of \(Self.words(group, other)) is said to feed bay \(other.bay) and bay \(group.bay): cut for one, the other falls",
                    remedy: "an outlet that feeds several bays is no switch of one of them: leave it out of both")
            }
        }
    }

    /// An outlet that feeds a bay of another chassis too, in words; `nil`: there is none.
    public func shared(with other: PDUOutlets) -> String? {
        for mine in groups {
            for theirs in other.groups {
                if let outlet = Self.shared(mine, theirs) { return "outlet \(outlet) of \(Self.words(mine, theirs)), which feeds its bay \(theirs.bay)" }
            }
        }
        return nil
    }

    private static func shared(_ one: Group, _ other: Group) -> UInt32? {
        guard one.port == other.port, let outlet = one.numbers.first(where: other.numbers.contains) else { return nil }
        return HostAddresses.isOne(one.host, other.host) ? outlet : nil
    }

    private static func words(_ one: Group, _ other: Group) -> String {
        "\(one.host):\(one.port)" + (one.host.lowercased() == other.host.lowercased() ? "" : ", which is \(other.host):\(other.port),")
    }

    private static func place(_ text: String, of name: String) throws(ChassisError) -> (host: String, port: UInt16, outlets: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let colon = parts[0].lastIndex(of: ":"), let port = UInt16(parts[0][parts[0].index(after: colon)...]), port > 0 else {
            throw ChassisError(.configuration, "\(name)=\(text) is no HOST:PORT/OUTLETS", remedy: "like \(name)=pdu-b:161/3,4")
        }
        return (String(parts[0][..<colon].drop { $0 == "[" }.prefix { $0 != "]" }), port, String(parts[1]))
    }
}
