import PodpModel
import PodpPower

/// Which blade sits in which bay: by the UUID on its label, then by the addresses of its interfaces.
extension CoordinatorCore {
    /// Where a blade is, as a chassis tells.
    struct Place: Hashable {
        var chassis: String
        var bay: Int
    }

    /// The bays whose label is that of an enrolled blade.
    func seatedBlades(in name: String) -> [Int: BladeID] { Self.bays(of: name, in: places()) }

    static func bays(of name: String, in places: [BladeID: Place]) -> [Int: BladeID] {
        Dictionary(places.filter { $0.value.chassis == name }.map { ($0.value.bay, $0.key) }, uniquingKeysWith: { first, _ in first })
    }

    /// Where a blade is, when a chassis tells of it.
    func seat(of blade: BladeID) -> Place? { places()[blade] }

    /// All chassis together: whose UUID stands on a label somewhere is there, and what else its addresses were found on is not it. One blade in two places is
    /// in neither: a label was copied, or a board was exchanged.
    func places() -> [BladeID: Place] {
        let addresses = bladesByAddress()
        var byUUID: [BladeID: [Place]] = [:]
        var byAddress: [BladeID: [Place]] = [:]
        var byLabel: [BladeID: [Place]] = [:]
        var elsewhere: Set<BladeID> = []
        for (name, record) in decided.chassis where record.sameAs == nil {
            guard let inventory = chassis[name]?.inventory else {
                // It has not told yet who is there now: whoever was known there by its UUID is not looked for by less.
                for seat in record.seats { if let blade = seat.blade, seat.uuid.flatMap(bladeID(of:)) == blade { elsewhere.insert(blade) } }
                continue
            }
            for bay in inventory.bays {
                // A label that is not complete yet may still be that of the blade before.
                guard bay.isPresent == true, bay.coveredBy == nil, bay.isInventoryReady != false else { continue }
                let place = Place(chassis: name, bay: bay.number)
                let found = Set(bay.macs.compactMap { addresses[$0.lowercased()] ?? nil })
                let known = record.seats.first { $0.bay == bay.number }
                if let blade = bay.uuid.flatMap(bladeID(of:)) {
                    byUUID[blade, default: []].append(place)
                } else if found.count == 1, let blade = found.first {
                    byAddress[blade, default: []].append(place)
                } else if let known, let blade = known.blade, decided.blades[blade] != nil, known.uuid != nil || known.serial != nil, known.uuid == bay.uuid,
                    known.serial == bay.serial
                {
                    // Whoever had this very label before: its agent may not have told its addresses yet.
                    byLabel[blade, default: []].append(place)
                }
            }
        }
        var seated: [BladeID: Place] = [:]
        for blade in Set(byUUID.keys).union(byAddress.keys).union(byLabel.keys) {
            let places = byUUID[blade] ?? (elsewhere.contains(blade) ? [] : (byAddress[blade] ?? []) + (byLabel[blade] ?? []))
            if places.count == 1 { seated[blade] = places.first }
        }
        return seated
    }

    /// An enrolled blade by a label's UUID, whichever way round its fields are.
    private func bladeID(of uuid: ID128) -> BladeID? { [BladeID(uuid), BladeID(uuid.withSwappedFields)].first { decided.blades[$0] != nil } }

    /// By address in lower case; `nil` where two blades tell of one address (a bond's, a bridge's).
    private func bladesByAddress() -> [String: BladeID?] {
        var addresses: [String: BladeID?] = [:]
        for id in decided.blades.keys.sorted() {
            for nic in blades[id]?.inventory?.host.nics ?? [] {
                let mac = nic.mac.lowercased()
                if let other = addresses[mac], other != id { addresses[mac] = .some(nil) } else { addresses[mac] = id }
            }
        }
        return addresses
    }

    // MARK: - What changed

    /// Compares labels with what was known: a blade in another bay, or another blade in a bay, is an event and holds automation for it.
    mutating func seat(_ inventory: ChassisInventory, in name: String) {
        guard var record = decided.chassis[name] else { return }
        let occupants = seatedBlades(in: name)
        let bays = Dictionary(occupants.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
        var seats = record.seats
        for bay in inventory.bays where bay.coveredBy == nil {
            let known = seats.first { $0.bay == bay.number }
            if bay.isPresent == false {
                if let known {
                    let label = known.serial.map { " (serial \($0))" } ?? ""
                    audit("blade-gone", .warning, blade: known.blade, "\(name): the blade in bay \(bay.number) is gone\(label)")
                    seats.removeAll { $0.bay == bay.number }
                }
                continue
            }
            // A label that is not complete yet says nothing about who is there.
            guard bay.isPresent == true, bay.isInventoryReady != false, bay.uuid != nil || bay.serial != nil || !bay.macs.isEmpty else { continue }
            let occupant = occupants[bay.number]
            let isOther = displace(from: bay, of: name, occupant: occupant, bays: bays, known: known)
            if let occupant { take(occupant, bay: bay.number, of: name, isOther: isOther) }
            let seat = ChassisRecord.Seat(bay: bay.number, uuid: bay.uuid, serial: bay.serial, blade: occupant)
            if occupant == nil, known?.uuid != seat.uuid || known?.serial != seat.serial || known == nil { announce(bay, in: name) }
            seats.removeAll { $0.bay == bay.number }
            seats.append(seat)
        }
        seats.sort { $0.bay < $1.bay }
        if seats != record.seats {
            record.seats = seats
            put(.chassis(record))
        }
    }

    /// Blades that were in this bay and are not: held, and said where they are now. Whether there was one, or another label.
    private mutating func displace(
        from bay: ChassisBay, of name: String, occupant: BladeID?, bays: [BladeID: Int], known: ChassisRecord.Seat?
    ) -> Bool {
        var isOther = false
        if let known, let uuid = bay.uuid, let before = known.uuid { isOther = uuid != before }
        let recorded = decided.blades.values.filter { $0.chassis == name && $0.bay == bay.number && $0.id != occupant }.sorted { $0.id < $1.id }
        for var blade in recorded {
            // Of a blade that was never seen here, and has not told its addresses yet, nothing can be concluded.
            let hasToldAddresses = blades[blade.id]?.inventory?.host.nics.isEmpty == false
            guard occupant != nil || known?.blade == blade.id || (bay.uuid != nil && hasToldAddresses) else { continue }
            isOther = true
            let there = bays[blade.id]
            let label = bay.serial.map { " (serial \($0))" } ?? ""
            let reason = "bay \(bay.number) of \(name) has another blade in it now\(label)\(there.map { "; it is in bay \($0)" } ?? "")"
            blade.bay = there
            put(.blade(blade))
            audit("blade-swapped", .critical, blade: blade.id, "\(blade.identity.name): \(reason)")
            hold(blade: blade.id, because: reason)
        }
        return isOther
    }

    private mutating func take(_ id: BladeID, bay: Int, of name: String, isOther: Bool) {
        guard var blade = decided.blades[id], blade.chassis != name || blade.bay != bay || isOther else { return }
        let from = blade.bay.map { "bay \($0) of \(blade.chassis)" }
        // Seen in a bay for the first time is no move, and neither is a chassis' label from before it was watched.
        let hasMoved = isOther || (from != nil && decided.chassis[blade.chassis] != nil && (blade.chassis != name || blade.bay != bay))
        blade.chassis = name
        blade.bay = bay
        put(.blade(blade))
        guard hasMoved else {
            audit("blade-seated", blade: id, "\(blade.identity.name) is in bay \(bay) of \(name)")
            return
        }
        let reason = "it is in bay \(bay) of \(name) now\(from.map { $0 == "bay \(bay) of \(name)" ? "" : ", it was in \($0)" } ?? "")"
        audit("blade-moved", .critical, blade: id, "\(blade.identity.name): \(reason)")
        hold(blade: id, because: reason)
    }

    private mutating func announce(_ bay: ChassisBay, in name: String) {
        let label = [bay.model, bay.serial.map { "serial \($0)" }].compactMap { $0 }.joined(separator: ", ")
        audit(
            "blade-found", .info,
            "bay \(bay.number) of \(name) has a blade that podp does not know\(label.isEmpty ? "" : " (\(label))"): to enrol it, run "
                + "`podp blade token --chassis \(name) --bay \(bay.number)` here and `podp-agent enrol` with that token on the blade")
    }
}
