import PodpChassis
import PodpModel
import PodpPower

/// A Switched PDU (APC's rPDU) whose outlets feed a `ChassisWorld`'s blades: outlet N is bay N's, and there is none where the bay is empty.
enum LittlePDU {
    private static let status: [UInt32] = [1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 5, 1, 1, 4]
    private static let control: [UInt32] = [1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 3, 1, 1, 4]
    private static let identity: [UInt32] = [1, 3, 6, 1, 2, 1, 1, 2, 0]
    private static let family: [UInt32] = [1, 3, 6, 1, 4, 1, 318, 1, 3, 4, 5]

    static func start(_ world: WorldBox) async throws -> LittleAMM { try await LittleAMM.start(world, answering: answer) }

    @Sendable private static func answer(_ message: BER.Message, _ box: WorldBox, _ quirks: LittleAMM.Quirks) -> [UInt8]? {
        guard message.community == Array("private".utf8) else { return nil }
        func fail(_ status: Int64, _ index: Int) -> [UInt8] { BER.response(to: message, status: status, index: Int64(index + 1), message.variables) }
        switch message.kind {
        case 0xA0, 0xA1:
            guard box.with({ $0.answers() }) else { return nil }
            let table = table(box, isLooking: message.variables.contains { $0.name.starts(with: status) || $0.name.starts(with: status.dropLast()) })
            let names = table.keys.sorted { $0.lexicographicallyPrecedes($1) }
            var found: [(name: [UInt32], value: BER.Value)] = []
            for (index, variable) in message.variables.enumerated() {
                let name = message.kind == 0xA0 ? variable.name : names.first { variable.name.lexicographicallyPrecedes($0) } ?? []
                guard let value = table[name] else { return fail(2, index) }
                found.append((name, value))
            }
            return BER.response(to: message, status: 0, index: 0, found)
        case 0xA3:
            guard let variable = message.variables.first, variable.name.dropLast() == control[...], case .integer(let value) = variable.value,
                let bay = variable.name.last, let wish: PowerRequest = [1: .on, 2: .hardOff][value]
            else { return fail(2, 0) }
            let now = box.clock.now()
            switch box.with({ $0.request(wish, bay: Int(bay), at: now) }) {
            case .accepted, .needless: return BER.response(to: message, status: 0, index: 0, message.variables)
            case .lost, .notAsked: return nil
            case .refused: return fail(2, 0)
            }
        default: return nil
        }
    }

    private static func table(_ box: WorldBox, isLooking: Bool) -> [[UInt32]: BER.Value] {
        var table: [[UInt32]: BER.Value] = [identity: .name(family)]
        box.with { world in
            let lies = world.faults.liesOff
            for bay in world.blades.keys {
                world.faults.liesOff = lies
                let value: Int64 =
                    switch world.shownPower(bay) {
                    case .on, .standby: 1
                    case .off, nil: 2
                    case .unknown: 77
                    }
                table[status + [UInt32(bay)]] = .integer(value)
            }
            // One lie an answer, and none in one that tells no power.
            world.faults.liesOff = isLooking ? max(0, lies - 1) : lies
        }
        return table
    }
}
