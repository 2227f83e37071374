import PodpModel

/// One string of `vif = [ … ]`, after xl-network-configuration(5): `key=value` pairs separated by commas; an empty string is an interface with defaults.
enum NetworkSpec {
    /// What xl takes when no bridge is named, unless xl.conf says otherwise.
    static let defaultBridge = "xenbr0"

    static func parse(_ atom: ConfigAtom, in source: SourceText) throws(DefinitionError) -> (nic: NIC, warnings: [DefinitionWarning]) {
        var nic = NIC(mac: nil, bridge: defaultBridge)
        var warnings: [DefinitionWarning] = []
        var seen: Set<String> = []
        var index = 0
        while index < atom.bytes.count {
            let word = atom.bytes[index...].prefix { $0 != UInt8(ascii: ",") }
            index = word.endIndex + 1
            let trimmed = word.drop { $0.isBlank }
            guard !trimmed.isEmpty else { continue }
            let place = atom.place(of: trimmed.startIndex)
            let parts = String(decoding: trimmed, as: UTF8.self).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(parts.first ?? "")
            guard parts.count == 2, let last = parts.last else {
                if key == "trusted" { continue }
                if key == "untrusted" {
                    warnings.append(source.warning(at: place, key: "vif", "'untrusted' is not carried"))
                    continue
                }
                throw source.error(.invalid, at: place, "\(key.quoted) has no value", remedy: "write bridge=xenbr0, mac=00:16:3e:…")
            }
            var value = String(last)
            while value.utf8.last?.isBlank == true { value.removeLast() }
            let valuePlace = atom.place(of: trimmed.startIndex + key.utf8.count + 1)
            guard seen.insert(key).inserted else { throw source.error(.invalid, at: place, "'\(key)' is given twice", remedy: "remove one") }
            if let warning = try set(key, value, of: &nic, at: place, valueAt: valuePlace, in: source) { warnings.append(warning) }
        }
        return (nic, warnings)
    }

    private static func set(
        _ key: String, _ value: String, of nic: inout NIC, at place: Int, valueAt: Int, in source: SourceText
    ) throws(DefinitionError) -> DefinitionWarning? {
        func check(_ problem: String?) throws(DefinitionError) {
            if let problem { throw source.error(.invalid, at: valueAt, problem, remedy: "see xl-network-configuration(5)") }
        }
        func refuse(_ message: String) -> DefinitionError { source.error(.refused, at: place, message, remedy: "remove \(key)=") }
        switch key {
        case "mac":
            let mac = MACAddress(value)?.description ?? value
            try check(DefinitionLimits.mac(mac))
            nic.mac = mac
        case "bridge":
            try check(DefinitionLimits.bridge(value))
            nic.bridge = value
        case "model":
            try check(DefinitionLimits.model(value))
            if nic.model == nil { nic.model = value }
        case "type":
            // libvirt calls an interface without an emulated twin a "netfront".
            if value == "vif" || value == "netfront" {
                nic.model = "netfront"
            } else {
                try check(value == "ioemu" ? nil : "type is ioemu or vif, not \(value.quoted)")
            }
        case "script":
            let name = value.split(separator: "/").last ?? ""
            if name != "vif-bridge" { throw refuse("podp connects domains to bridges only, by vif-bridge") }
        case "backend":
            if value != "0", value != "Domain-0" { throw refuse("podp knows no driver domains: the bridge must be dom0's") }
        case "vlan": throw refuse("podp sets up no VLANs on bridges: the domain would land in another network")
        case "gatewaydev", "netdev": throw refuse("podp connects domains to bridges only, not by routes")
        case "ip", "rate", "vifname", "devid", "mtu", "trusted", "accel":
            let effects = ["ip": ": nothing will filter addresses", "rate": ": the interface is not limited"]
            return source.warning(at: place, key: "vif", "'\(key)' is not carried" + (effects[key] ?? ""))
        default: throw source.error(.invalid, at: place, "\(key.quoted) is no parameter of a network interface", remedy: "see xl-network-configuration(5)")
        }
        return nil
    }
}
