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

    func places() -> [BladeID: Place] {
        claims().compactMapValues { claims in
            guard claims.count == 1, let claim = claims.first, claim.isTold else { return nil }
            return claim.place
        }
    }

    /// That a blade is in a bay.
    private struct Claim {
        var place: Place
        /// By what the chassis tells now. What it told before, and neither confirms nor contradicts now, is no proof that the blade is there, and one that it
        /// may be.
        var isTold: Bool
    }

    /// The label of whoever is in a bay: as it is told now, with what was told before where the chassis leaves that out.
    private struct Label {
        var uuid: ID128?
        var serial: String?
        var macs: [String] = []
        /// Somebody is there, and something of the label is told.
        var isTold: Bool
        /// Nothing that was told before is left out.
        var isWhole: Bool
        /// Another blade than before, by what both labels tell. A serial number may be a placeholder that many blades have.
        var isOther = false

        /// `bay` is `nil` where the chassis has not told of its bays since podp started, or leaves this one out. `nil`: nobody is there.
        init?(of bay: ChassisBay?, before seat: ChassisRecord.Seat?) {
            if let bay, bay.isPresent == false || bay.coveredBy != nil { return nil }
            // A label that is not complete yet may still be that of the blade before.
            guard let bay, bay.isPresent == true, bay.isInventoryReady != false, bay.uuid != nil || bay.serial != nil || !bay.macs.isEmpty else {
                guard let seat else { return nil }
                (uuid, serial, macs, isTold, isWhole) = (seat.uuid, seat.serial, seat.macs ?? [], false, false)
                return
            }
            (uuid, serial, macs, isTold, isWhole) = (bay.uuid, bay.serial, bay.macs, true, true)
            let hasOtherAddresses = !macs.isEmpty && seat?.macs?.isEmpty == false && Set(macs).isDisjoint(with: seat?.macs ?? [])
            let isSameUUID = uuid != nil && uuid == seat?.uuid
            isOther =
                uuid != nil && seat?.uuid != nil && uuid != seat?.uuid || serial != nil && seat?.serial != nil && serial != seat?.serial
                || hasOtherAddresses && !isSameUUID
            if uuid == nil, let before = seat?.uuid, !isOther { (uuid, isWhole) = (before, false) }
            // Of blades with one serial number and no UUID, addresses alone tell which it is.
            if uuid == nil, macs.isEmpty, let before = seat?.macs, !before.isEmpty, !isOther { (macs, isWhole) = (before, false) }
        }
    }

    /// Who may be where, of all chassis together: whose UUID stands on a label somewhere is there, and what else its addresses were found on is not it. One
    /// blade in two places is in neither: a label was copied, a board was exchanged, or a chassis that had it does not say that it is gone.
    private func claims() -> [BladeID: [Claim]] {
        let addresses = bladesByAddress()
        var byUUID: [BladeID: [Claim]] = [:]
        var byLess: [BladeID: [Claim]] = [:]
        for (name, record) in decided.chassis where record.sameAs == nil {
            let seats = Dictionary(record.seats.map { ($0.bay, $0) }, uniquingKeysWith: { first, _ in first })
            // Bays that were known before, too, where no inventory of this run tells of them.
            let bays = Dictionary((chassis[name]?.inventory?.bays ?? []).map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
            for number in Set(bays.keys).union(seats.keys) {
                let (bay, seat) = (bays[number], seats[number])
                guard let label = Label(of: bay, before: seat) else { continue }
                let place = Place(chassis: name, bay: number)
                let found = Set(label.macs.compactMap { addresses[$0.lowercased()] ?? nil })
                // Whoever had this very label before: its agent may not have told its addresses yet.
                let known = seat?.blade.flatMap { decided.blades[$0] == nil ? nil : $0 }
                let isSame = !label.isOther && seat?.uuid == label.uuid && seat?.serial == label.serial && (label.uuid != nil || label.serial != nil)
                if let blade = label.uuid.flatMap(bladeID(of:)) {
                    byUUID[blade, default: []].append(Claim(place: place, isTold: label.isWhole || label.isTold && found == [blade]))
                } else if !label.isTold {
                    for blade in found.union([known].compactMap { $0 }) { byLess[blade, default: []].append(Claim(place: place, isTold: false)) }
                } else if found.count == 1, let blade = found.first {
                    byLess[blade, default: []].append(Claim(place: place, isTold: bay?.macs.isEmpty == false))
                } else if let known, isSame {
                    byLess[known, default: []].append(Claim(place: place, isTold: label.isWhole))
                }
            }
        }
        return byLess.merging(byUUID) { _, byUUID in byUUID }
    }

    /// Why a blade has no seat, and what helps.
    func refusalOfSeat(of blade: BladeID) -> Refusal {
        let name = name(of: blade)
        func isSure(_ claim: Claim) -> Bool { claim.isTold && chassis[claim.place.chassis]?.labelsAreOld != true }
        let claims = (claims()[blade] ?? []).sorted { ($0.place.chassis, $0.place.bay) < ($1.place.chassis, $1.place.bay) }
        guard !claims.isEmpty else {
            return Refusal(
                .conflict, "no chassis that podp watches says that it has \(name)",
                remedy: "`podp chassis list`; a bay is matched by the UUID on its label, then by the addresses of the blade's interfaces")
        }
        let places = claims.map { claim in
            "bay \(claim.place.bay) of \(claim.place.chassis)" + (isSure(claim) ? "" : ", which had it and does not tell now who is there")
        }
        guard let silent = claims.first(where: { !isSure($0) })?.place.chassis else {
            return Refusal(
                .conflict, "\(name) is said to be in \(claims.count) places: \(places.joined(separator: "; "))",
                remedy: "a label was copied, or a board exchanged: `podp chassis show` of each; the wrong one's UUID must be mended or its blade taken out")
        }
        return Refusal(
            .conflict, "where \(name) is, is not sure: \(places.joined(separator: "; "))",
            remedy: "`podp chassis show \(silent)` tells whether it answers; one that will not come back is taken out with `podp chassis remove \(silent)`")
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
        let told = bladesTold(in: name)
        for bay in inventory.bays + goneBays(inventory, record) {
            let known = seats.first { $0.bay == bay.number }
            if bay.isPresent == false || bay.coveredBy != nil {
                if let known {
                    let label = known.serial.map { " (serial \($0))" } ?? ""
                    audit("blade-gone", .warning, blade: known.blade, "\(name): the blade in bay \(bay.number) is gone\(label)")
                    seats.removeAll { $0.bay == bay.number }
                }
                continue
            }
            // A label that is not complete says nothing about who is there.
            guard let label = Label(of: bay, before: known), label.isTold, label.isWhole || occupants[bay.number] != nil else { continue }
            let occupant = occupants[bay.number]
            let here = told[bay.number] ?? []
            // By its UUID or its addresses the same blade as before, whatever else its label says now.
            let isOther = displace(
                from: bay, of: name, occupant: occupant, told: here, bays: bays, known: known,
                isOther: label.isOther && (occupant == nil || occupant != known?.blade))
            if let occupant { take(occupant, bay: bay.number, of: name, isOther: isOther) }
            let seat = ChassisRecord.Seat(bay: bay.number, uuid: label.uuid, serial: label.serial, macs: label.macs, blade: occupant)
            if occupant == nil, here.isEmpty, known?.uuid != seat.uuid || known?.serial != seat.serial || known == nil || isOther { announce(bay, in: name) }
            seats.removeAll { $0.bay == bay.number }
            seats.append(seat)
        }
        noteDoubles()
        seats.sort { $0.bay < $1.bay }
        if seats != record.seats {
            record.seats = seats
            put(.chassis(record))
        }
    }

    /// By bay, the enrolled blades that its label tells of, also where another bay tells of them as well.
    private func bladesTold(in name: String) -> [Int: Set<BladeID>] {
        var told: [Int: Set<BladeID>] = [:]
        for (blade, claims) in claims() {
            for claim in claims where claim.isTold && claim.place.chassis == name { told[claim.place.bay, default: []].insert(blade) }
        }
        return told
    }

    /// Bays that had a blade, and that two inventories in a row leave out: the chassis has them no more. One that lists nothing says nothing.
    private mutating func goneBays(_ inventory: ChassisInventory, _ record: ChassisRecord) -> [ChassisBay] {
        guard !inventory.bays.isEmpty, let before = chassis[record.name]?.leftOut else { return [] }
        let listed = Set(inventory.bays.map(\.number))
        let missing = record.seats.map(\.bay).filter { !listed.contains($0) }
        let leftOut = Dictionary(missing.map { ($0, (before[$0] ?? 0) + 1) }, uniquingKeysWith: { first, _ in first })
        chassis[record.name]?.leftOut = leftOut
        // Soon, not when the next one is due.
        if leftOut.values.contains(1) { chassis[record.name]?.nextInventory = now.instant }
        return leftOut.filter { $0.value > 1 }.keys.sorted().map { ChassisBay(number: $0, isPresent: false) }
    }

    /// Blades that two labels tell of are held, and that is told once.
    private mutating func noteDoubles() {
        let doubled = Set(claims().filter { $0.value.count { $0.isTold } > 1 }.keys)
        for blade in doubled.subtracting(bladesInTwoPlaces).sorted() {
            let reason = refusalOfSeat(of: blade).message
            audit("blade-twice", .critical, blade: blade, reason)
            hold(blade: blade, because: reason)
        }
        bladesInTwoPlaces = doubled
    }

    /// Blades that were in this bay and are not: held, and said where they are now. Whether there was one, or another label.
    private mutating func displace(
        from bay: ChassisBay, of name: String, occupant: BladeID?, told: Set<BladeID>, bays: [BladeID: Int], known: ChassisRecord.Seat?, isOther: Bool
    ) -> Bool {
        var isOther = isOther
        let recorded = decided.blades.values.filter { $0.chassis == name && $0.bay == bay.number && $0.id != occupant }.sorted { $0.id < $1.id }
        // Of two places, this may be the one that it is in.
        for var blade in recorded where !told.contains(blade.id) {
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
