import NIOCore
import NIOPosix
import PodpChassis
import PodpModel
import PodpPower
import Synchronization

/// A management module over UDP that shows a `ChassisWorld` as BLADE-MIB has it: SNMPv1 with all its unkindness.
final class LittleAMM: Sendable {
    struct Quirks: Sendable {
        /// Columns that this firmware lacks, below the base: `22.1.5.1.1.52`.
        var lacks: Set<String> = []
        /// Fails GETNEXT of these, too.
        var failsNext = false
        /// Values that it shows instead, by their whole name below the base.
        var shows: [String: BER.Value] = [:]
        /// No answer may be longer; 0: any.
        var largest = 0
    }

    static let base: [UInt32] = [1, 3, 6, 1, 4, 1, 2, 3, 51, 2]
    let port: Int
    let world: WorldBox
    private let channel: any Channel
    private let state: State

    final class State: Sendable {
        let quirks = Mutex(Quirks())
        let requests = Mutex(0)
        let sets = Mutex(0)
    }

    /// What a packet is answered with; `nil`: silence.
    typealias Answering = @Sendable (BER.Message, WorldBox, Quirks) -> [UInt8]?

    private init(_ channel: any Channel, _ world: WorldBox, _ state: State) {
        self.channel = channel
        self.world = world
        self.state = state
        port = channel.localAddress?.port ?? 0
    }

    static func start(_ world: WorldBox, answering: @escaping Answering = LittleAMM.answer) async throws -> LittleAMM {
        let state = State()
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(world, state, answering)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LittleAMM(channel, world, state)
    }

    func stop() async { try? await channel.close().get() }
    func setQuirks(_ change: @Sendable (inout Quirks) -> Void) { state.quirks.withLock { change(&$0) } }
    var setCount: Int { state.sets.withLock { $0 } }
    var requestCount: Int { state.requests.withLock { $0 } }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let world: WorldBox
        private let state: State
        private let answering: Answering

        init(_ world: WorldBox, _ state: State, _ answering: @escaping Answering) {
            self.world = world
            self.state = state
            self.answering = answering
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            guard let message = BER.message(Array(envelope.data.readableBytesView)) else { return }
            state.requests.withLock { $0 += 1 }
            if message.kind == 0xA3 { state.sets.withLock { $0 += 1 } }
            let quirks = state.quirks.withLock { $0 }
            guard let answer = answering(message, world, quirks) else { return }
            context.writeAndFlush(wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))), promise: nil)
        }
    }

    // MARK: - What it answers

    static func answer(_ message: BER.Message, _ world: WorldBox, _ quirks: Quirks) -> [UInt8]? {
        let community = String(decoding: message.community, as: UTF8.self)
        guard community == "public" || community == "private" else { return nil }
        func fail(_ status: Int64, _ index: Int) -> [UInt8] { BER.response(to: message, status: status, index: Int64(index + 1), message.variables) }
        func lacks(_ name: [UInt32]) -> Bool { quirks.lacks.contains { name.starts(with: arcs($0)) } }
        switch message.kind {
        case 0xA0:
            guard let table = table(world, quirks) else { return nil }
            var found: [(name: [UInt32], value: BER.Value)] = []
            for (index, variable) in message.variables.enumerated() {
                guard !lacks(variable.name), let value = table[variable.name] else { return fail(2, index) }
                found.append((variable.name, value))
            }
            let answer = BER.response(to: message, status: 0, index: 0, found)
            return quirks.largest > 0 && answer.count > quirks.largest ? BER.response(to: message, status: 1, index: 0, message.variables) : answer
        case 0xA1:
            guard let table = table(world, quirks) else { return nil }
            let names = table.keys.filter { quirks.lacks.isEmpty || !lacks($0) }.sorted { $0.lexicographicallyPrecedes($1) }
            var found: [(name: [UInt32], value: BER.Value)] = []
            for (index, variable) in message.variables.enumerated() {
                if quirks.failsNext && lacks(variable.name) { return fail(2, index) }
                var low = 0, high = names.count
                while low < high {
                    let middle = (low + high) / 2
                    if variable.name.lexicographicallyPrecedes(names[middle]) { high = middle } else { low = middle + 1 }
                }
                guard low < names.count, let value = table[names[low]] else { return fail(2, index) }
                let next = names[low]
                found.append((next, value))
            }
            return BER.response(to: message, status: 0, index: 0, found)
        case 0xA3:
            guard let variable = message.variables.first, case .integer(let value) = variable.value, community == "private" else { return fail(2, 0) }
            if quirks.shows.contains(where: { arcs($0.key) == variable.name && $0.value == variable.value }) {
                return BER.response(to: message, status: 0, index: 0, message.variables)
            }
            let bay = Int(variable.name.last ?? 0)
            guard variable.name.dropLast() == (base + [22, 1, 6, 1, 1, 7])[...], let request: PowerRequest = [0: .hardOff, 1: .on, 2: .softOff][value] else {
                return fail(2, 0)
            }
            let now = world.clock.now()
            switch world.with({ $0.request(request, bay: bay, at: now) }) {
            case .accepted, .needless: return BER.response(to: message, status: 0, index: 0, message.variables)
            case .lost, .notAsked: return nil
            case .refused(let refusal):
                if refusal.reason == .insufficientPower { world.with { $0.blades[bay]?.health = .insufficientPower } }
                return fail(refusal.reason == .notPermitted ? 2 : 3, 0)
            }
        default: return nil
        }
    }

    private static let healths: [BayHealth: Int64] = [
        .unknown: 0, .good: 1, .warning: 2, .critical: 3, .kernelMode: 4, .discovering: 5, .commError: 6, .noPower: 7, .flashing: 8, .initFailure: 9,
        .insufficientPower: 10, .powerDenied: 11,
    ]

    private static let known = Mutex<[String: [UInt32]]>([:])

    /// A name below the base, read once.
    private static func arcs(_ name: String) -> [UInt32] {
        known.withLock { known in
            if let arcs = known[name] { return arcs }
            let arcs = base + name.split(separator: ".").compactMap { UInt32($0) }
            known[name] = arcs
            return arcs
        }
    }

    /// Everything that it shows, now; `nil`: it does not answer.
    private static func table(_ box: WorldBox, _ quirks: Quirks) -> [[UInt32]: BER.Value]? {
        var table: [[UInt32]: BER.Value] = [:]
        table.reserveCapacity(512)
        func set(_ name: String, _ value: BER.Value) { table[arcs(name)] = value }
        func text(_ text: String) -> BER.Value { .bytes(Array(text.utf8)) }
        let world: ChassisWorld? = box.with { world in
            guard world.answers() else { return nil }
            let copy = world
            // One lie an answer, not one a bay.
            if world.faults.liesOff > 0 { world.faults.liesOff -= 1 }
            return copy
        }
        guard var world else { return nil }
        let lies = world.faults.liesOff > 0
        for bay in 1...world.bayCount {
            let blade = world.blades[bay]
            world.faults.liesOff = lies ? 1 : 0
            let power: Int64 =
                switch world.shownPower(bay) {
                case .on: 1
                case .off, nil: 0
                case .standby: 3
                case .unknown: 77
                }
            set("22.1.5.1.1.3.\(bay)", .integer(blade == nil ? 0 : 1))
            set("22.1.5.1.1.4.\(bay)", .integer(power))
            set("22.1.5.1.1.5.\(bay)", .integer(world.faults.garbles ? -1 : blade.flatMap { healths[$0.health] } ?? 0))
            // Padded, and ended by NUL.
            set("22.1.5.1.1.6.\(bay)", text(blade.map { "\($0.name)  \0\0rest" } ?? "(No name)"))
            set("22.1.5.1.1.7.\(bay)", .integer(blade == nil ? 0 : 1))
            set("22.1.5.1.1.15.\(bay)", .integer(Int64(blade?.width ?? 0)))
            set("22.1.5.1.1.52.\(bay)", .integer(blade == nil ? 0 : 1))
            set("2.21.4.1.1.6.\(bay)", text(blade?.serial ?? "Not available"))
            set("2.21.4.1.1.7.\(bay)", text(blade == nil ? "Not available" : "7870"))
            set("2.21.4.1.1.12.\(bay)", text(blade == nil ? "Not available" : "AC1"))
            let hex = (blade?.uuid.description ?? "").filter { $0 != "-" }.uppercased()
            set("2.21.4.1.1.8.\(bay)", text(blade == nil ? "Not available" : hex + " "))
            set("2.21.4.2.1.2.\(bay)", text(blade?.macs.first ?? "Not Installed"))
            for column in 6...10 { set("22.1.5.3.1.\(column).\(bay)", text(blade == nil ? "" : "Not Readable")) }
            set("22.1.5.3.1.12.\(bay)", text(blade == nil ? "" : blade?.power == .on ? "CPU1 TEMP = +45.00 Centigrade" : "Not Readable"))
            let domain = world.powerDomain(bay), row = bay + (domain == 1 ? 16 : 9)
            set("2.10.\(domain + 1).1.1.2.\(row)", text("serverBladeBay\(bay)(\(row))"))
            set("2.10.\(domain + 1).1.1.7.\(row)", text("\(world.watts(bay) ?? 0)W"))
            set("2.10.\(domain + 1).1.1.8.\(row)", text("\((blade?.watts ?? 0) * 2)W"))
            set("2.10.\(domain + 1).1.1.13.\(row)", .integer(1))
        }
        for domain in 1...2 {
            set("2.10.1.1.1.3.\(domain)", text("1 - Power domain status is good."))
            set("2.10.1.1.1.9.\(domain)", text("\(world.faults.remainingWatts ?? 1166)W"))
            set("22.5.1.1.2.\(domain)", .integer(1))
            set("22.5.1.1.4.\(domain)", .integer(domain == world.primaryModule ? 1 : 0))
            set("22.5.1.1.5.\(domain)", .integer(1))
            set("2.3.\(domain).0", text("    46% of maximum"))
            set("2.3.\(9 + domain).0", .integer(1))
        }
        set("22.4.19.0", .integer(Int64(world.bayCount)))
        set("22.4.34.0", .integer(Int64(world.primaryModule)))
        set("22.4.30.0", text("11"))
        set("2.7.1.0", .integer(255))
        set("2.21.1.1.1.0", text("8852"))
        set("2.21.1.1.2.0", text("4XG"))
        set("2.21.1.1.3.0", text("KQ86000"))
        for line in 1...3 {
            set("3.4.2.1.2.\(line)", text("Severity:INFO  Source:SERVPROC  Name:amm  Date:11/22/26  Time:09:49:2\(4 - line)  Text:line \(4 - line)"))
        }
        for (name, value) in quirks.shows { set(name, value) }
        return table
    }
}
