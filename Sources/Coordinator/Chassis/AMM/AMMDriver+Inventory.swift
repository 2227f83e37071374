import PodpModel
import PodpPower

extension AMMDriver {
    public func inventory() async throws(ChassisError) -> ChassisInventory {
        let chassis: [SNMPReader.Want] = [
            .init(name: AMMTree.bayCount, isVital: true), .init(name: AMMTree.activeModule, isVital: true), .init(name: AMMTree.chassisType, size: 6),
            .init(name: AMMTree.chassisModel, size: 6), .init(name: AMMTree.chassisSerial, size: 10), .init(name: AMMTree.chassisUUID, size: 40),
            .init(name: AMMTree.chassisName, size: 24), .init(name: AMMTree.installedModules, size: 4),
        ]
        let modules = [AMMTree.moduleExists, AMMTree.moduleAddress, AMMTree.modulePrimary, AMMTree.moduleHealth].flatMap { column in
            [1, 2].map { SNMPReader.Want(name: column.appending($0), size: 6) }
        }
        var found = try await reader.values(chassis + modules)
        await noteAddresses(found)
        contradiction = contradiction(in: found).map { Self.sentence($0.active, $0.table) }
        // A chassis that does not say has fourteen bays, as most; bays that are not there do not answer.
        let count = min(max(found[AMMTree.bayCount]?.small ?? 14, 1), 14)
        let numbers = (1...count).map { UInt32($0) }
        found.merge(
            try await reader.values([AMMTree.exists, AMMTree.width].flatMap { column in numbers.map { .init(name: column.appending($0), isVital: true) } })
        ) { _, new in new }
        let present = numbers.filter { AMMText.flag(found[AMMTree.exists.appending($0)]) != false }
        let labels: [(ObjectID, Int)] =
            [
                (AMMTree.name, 15), (AMMTree.remotePower, 4), (AMMTree.inventoryReady, 4), (AMMTree.serial, 10), (AMMTree.machineType, 6),
                (AMMTree.machineModel, 6), (AMMTree.uuid, 40),
            ] + AMMTree.macs.map { ($0, 18) }
        found.merge(try await reader.values(labels.flatMap { column, size in present.map { .init(name: column.appending($0), size: size) } })) { _, new in new }
        var layout = Layout(bays: count)
        layout.rows = try await rows()
        for bay in 1...count {
            layout.widths[bay] = AMMText.width(found[AMMTree.width.appending(UInt32(bay))])
            guard let wide = cover(of: bay, in: found), AMMText.flag(found[AMMTree.exists.appending(UInt32(bay))]) == false else { continue }
            layout.covers[wide, default: []].append(bay)
        }
        layout.present = numbers.map { AMMText.flag(found[AMMTree.exists.appending($0)]) }
        found.merge(
            try await reader.values(
                layout.rows.values.sorted { ($0.domain, $0.row) < ($1.domain, $1.row) }.map {
                    .init(name: AMMTree.domainRow($0.domain, AMMTree.rowMaximum).appending($0.row), size: 8)
                })
        ) { _, new in new }
        self.layout = layout
        emptyTemperatures = []
        let inventory = ChassisInventory(
            kind: .amm, model: model(found[AMMTree.chassisType], found[AMMTree.chassisModel]), serial: AMMText.label(found[AMMTree.chassisSerial]),
            uuid: AMMText.uuid(found[AMMTree.chassisUUID]), name: AMMText.label(found[AMMTree.chassisName]),
            bays: numbers.map { bay($0, found, layout) }, managementModules: managementModules(found))
        knownInventory = inventory
        return inventory
    }

    private func bay(_ number: UInt32, _ found: [ObjectID: SNMPValue], _ layout: Layout) -> ChassisBay {
        func value(_ column: ObjectID) -> SNMPValue? { found[column.appending(number)] }
        let exists = AMMText.flag(value(AMMTree.exists))
        let row = layout.rows[Int(number)]
        var bay = ChassisBay(number: Int(number), isPresent: exists, powerDomain: row?.domain)
        guard exists != false else {
            labels[bay.number] = nil
            bay.coveredBy = cover(of: Int(number), in: found)
            return bay
        }
        bay.name = AMMText.label(value(AMMTree.name))
        bay.serial = AMMText.label(value(AMMTree.serial))
        bay.uuid = AMMText.uuid(value(AMMTree.uuid))
        bay.macs = AMMTree.macs.compactMap { AMMText.mac(value($0)) }
        labels[bay.number] = bay.uuid != nil ? AMMTree.uuid : bay.serial != nil ? AMMTree.serial : AMMTree.macs.first { AMMText.mac(value($0)) != nil }
        bay.model = model(value(AMMTree.machineType), value(AMMTree.machineModel))
        bay.width = AMMText.width(value(AMMTree.width))
        bay.mayBeSwitched = AMMText.flag(value(AMMTree.remotePower))
        bay.isInventoryReady = AMMText.flag(value(AMMTree.inventoryReady))
        if bay.isInventoryReady != nil { tellsReadiness.insert(bay.number) }
        bay.maximumWatts = row == nil ? nil : sum(AMMTree.rowMaximum, of: layout.feeds(of: bay.number), found)
        return bay
    }

    private func model(_ type: SNMPValue?, _ model: SNMPValue?) -> String? {
        let parts = [AMMText.label(type), AMMText.label(model)].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "-")
    }

    func managementModules(_ found: [ObjectID: SNMPValue]) -> [ManagementModule] {
        let primary = primary(in: found), isUnclear = contradiction(in: found) != nil
        let installed = found[AMMTree.installedModules]?.text.map { Array($0) }
        return [1, 2].map { number in
            let row = UInt32(number)
            let bit: Bool? = installed.flatMap { $0.indices.contains(number - 1) ? $0[number - 1] == "1" : nil }
            return ManagementModule(
                number: number, isPresent: AMMText.flag(found[AMMTree.moduleExists.appending(row)]) ?? bit,
                isPrimary: primary.map { $0 == number } ?? (isUnclear ? nil : AMMText.flag(found[AMMTree.modulePrimary.appending(row)])),
                health: AMMText.health(found[AMMTree.moduleHealth.appending(row)]), address: AMMText.label(found[AMMTree.moduleAddress.appending(row)]))
        }
    }

    /// Which rows feed which bays, by what the rows say of themselves: `serverBladeBay3(19)`.
    private func rows() async throws(ChassisError) -> [Int: Row] {
        var rows: [Int: Row] = [:]
        for domain in 1...2 {
            let column = AMMTree.domainRow(domain, AMMTree.rowName)
            if session.access.isV1 {
                // Rows are at most some thirty, without gaps: one or two packets instead of one a row.
                let found = try await reader.values((1...32).map { .init(name: column.appending($0), size: 22) })
                for row in 1...UInt32(32) {
                    if let bay = AMMText.bladeBay(found[column.appending(row)]), rows[bay] == nil { rows[bay] = Row(domain: domain, row: row) }
                }
            } else {
                for (row, value) in try await reader.column(column, limit: 64) {
                    if let bay = AMMText.bladeBay(value), rows[bay] == nil { rows[bay] = Row(domain: domain, row: row) }
                }
            }
        }
        return rows
    }

    func currentLayout() async throws(ChassisError) -> Layout {
        if let layout { return layout }
        _ = try await inventory()
        return layout ?? Layout(bays: 14)
    }
}
