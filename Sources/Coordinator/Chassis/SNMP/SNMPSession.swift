import CSNMPShim
import Glibc
import PodpModel

/// One session with one agent: one packet in flight, on a thread of its own. Opened when it is first needed, and again after silence or a change
/// of the engine (a management module that failed over is another engine, or the same with another clock).
actor SNMPSession {
    /// An answer: an error and its index (from 1), or values.
    struct Answer: Sendable {
        var status: Int32 = 0
        var index: Int32 = 0
        var values: [(name: ObjectID, value: SNMPValue)] = []
    }

    enum Question: Sendable {
        case get
        case getNext
        case getBulk(repetitions: Int32)
    }

    private let thread: ChassisThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    nonisolated let access: SNMPAccess
    nonisolated let place: String
    private var session: Handle?
    private var isClosed = false
    /// A refused login, and until when it is not tried again.
    private var denied: (error: ChassisError, until: ContinuousClock.Instant)?
    /// Requests sent, not counting net-snmp's own repetitions.
    private(set) var requestCount: UInt64 = 0
    private(set) var openCount: UInt64 = 0

    /// Throws `.configuration` where no thread can be started.
    init(_ access: SNMPAccess) throws(ChassisError) {
        thread = try ChassisThread()
        self.access = access
        place = (access.host.contains(":") ? "[\(access.host)]" : access.host) + ":\(access.port)"
    }

    func close() {
        isClosed = true
        drop()
    }

    private func drop() { session = nil }

    /// Closes the session with the last who holds it; used within the actor alone.
    private final class Handle: @unchecked Sendable {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { podp_snmp_close(pointer) }
    }

    /// Throws `.silent`, `.unreachable`, `.denied`, `.configuration`, `.garbled`.
    func ask(_ question: Question, _ names: [ObjectID]) throws(ChassisError) -> Answer {
        guard !names.isEmpty else { return Answer() }
        for attempt in 0..<2 {
            let session = try open()
            requestCount &+= 1
            let collector = Collector()
            var status: Int32 = 0, index: Int32 = 0
            var message = [CChar](repeating: 0, count: 256)
            let (kind, repetitions): (podp_snmp_request, Int32) =
                switch question {
                case .get: (PODP_SNMP_GET, 0)
                case .getNext: (PODP_SNMP_GETNEXT, 0)
                case .getBulk(let repetitions): (PODP_SNMP_GETBULK, repetitions)
                }
            let result = podp_snmp_ask(
                session.pointer, Int32(kind.rawValue), names.flatMap(\.arcs), names.map(\.arcs.count), names.count, repetitions,
                { context, name, length, type, integer, bytes, count in
                    guard let context, let name else { return }
                    let collector = Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
                    let content = UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : count)
                    collector.add(UnsafeBufferPointer(start: name, count: length), type, integer, content)
                }, Unmanaged.passUnretained(collector).toOpaque(), &status, &index, &message, message.count)
            if result == PODP_SNMP_ANSWERED.rawValue { return Answer(status: status, index: index, values: collector.values) }
            drop()
            // Another engine answered, or its clock has jumped: it says so, and is asked again in its own terms, once.
            if result == PODP_SNMP_ENGINE.rawValue, attempt == 0 { continue }
            throw remembered(failure(Int32(result), text(message)))
        }
        throw failure(Int32(PODP_SNMP_ENGINE.rawValue), "")
    }

    /// Sends one integer, once. Throws as `ask`; with `.silent` it may have been heard.
    func set(_ name: ObjectID, _ value: Int32, timeout: Duration) throws(ChassisError) -> Int32 {
        for attempt in 0..<2 {
            let session = try open()
            requestCount &+= 1
            var status: Int32 = 0
            var message = [CChar](repeating: 0, count: 256)
            let result = podp_snmp_set(session.pointer, name.arcs, name.arcs.count, value, Self.microseconds(timeout), &status, &message, message.count)
            if result == PODP_SNMP_ANSWERED.rawValue { return status }
            drop()
            // A report that refuses the clock says that the request was not looked at: it may be sent again.
            if result == PODP_SNMP_ENGINE.rawValue, attempt == 0 { continue }
            throw remembered(failure(Int32(result), text(message)))
        }
        throw failure(Int32(PODP_SNMP_ENGINE.rawValue), "")
    }

    /// The IP addresses that a name stands for, as `getaddrinfo` has them; empty: none. Waits on the session's own thread.
    func addresses(of host: String) -> Set<String> { HostAddresses.of(host) }

    private func remembered(_ error: ChassisError) -> ChassisError {
        if error.code == .denied { denied = (error, .now + ChassisError.deniedPause) }
        return error
    }

    // MARK: - Opening

    private func open() throws(ChassisError) -> Handle {
        if isClosed { throw ChassisError(.silent, "the session with \(place) is closed") }
        if let denied, ContinuousClock.now < denied.until { throw denied.error }
        if let session { return session }
        openCount &+= 1
        let outcome = Opening(access)
        guard let pointer = outcome.session else { throw remembered(failure(outcome.result, text(outcome.message))) }
        let handle = Handle(pointer)
        session = handle
        return handle
    }

    /// What came of opening a session.
    private struct Opening {
        var session: OpaquePointer?
        var result: Int32 = 0
        var message = [CChar](repeating: 0, count: 256)

        init(_ access: SNMPAccess) {
            // C strings in one piece, so that they live as long as the call.
            let (community, user, authSecret, privSecret): (String, String, String, String)
            var options = podp_snmp_options()
            switch access.version {
            case .v1(let name):
                (community, user, authSecret, privSecret) = (name, "", "", "")
                options.version = 1
            case .v3(let name, let authentication, let auth, let privacy, let priv):
                (community, user, authSecret, privSecret) = ("", name, auth, priv)
                options.version = 3
                options.auth = authentication.rawValue
                options.privacy = privacy.rawValue
            }
            options.timeout_us = microseconds(access.timeout)
            options.retries = access.retries
            let texts = [access.peer, community, user, authSecret, privSecret].map { Array($0.utf8CString) }
            let starts = texts.indices.map { index in texts[..<index].reduce(0) { $0 + $1.count } }
            texts.flatMap { $0 }.withUnsafeBufferPointer { all in
                guard let base = all.baseAddress else { return }
                options.peer = base + starts[0]
                options.community = base + starts[1]
                options.user = base + starts[2]
                options.auth_secret = base + starts[3]
                options.privacy_secret = base + starts[4]
                session = podp_snmp_open(&options, &result, &message, message.count)
            }
        }
    }

    private static func microseconds(_ duration: Duration) -> Int64 { duration.nanoseconds / 1000 }

    private func text(_ message: [CChar]) -> String { String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }

    private func failure(_ result: Int32, _ message: String) -> ChassisError {
        let seconds = access.timeout.components.seconds * Int64(access.retries + 1)
        switch UInt32(bitPattern: result) {
        case PODP_SNMP_TIMEOUT.rawValue:
            return ChassisError(
                .silent, "no answer from \(place)",
                remedy: access.isV1
                    ? "SNMPv1 is silent about a wrong community, and about a manager's address that the community is not bound to; check both, the "
                        + "address and port, and that SNMPv1 is enabled there (podp waited some \(seconds) s)"
                    : "check the address and port, and that the SNMPv3 agent is enabled there (podp waited some \(seconds) s)")
        case PODP_SNMP_UNREACHABLE.rawValue:
            return ChassisError(.unreachable, "\(place) cannot be reached: \(message)", remedy: "check the name, the address and the route to it")
        case PODP_SNMP_DENIED.rawValue:
            return ChassisError(
                .denied, "\(place) does not let podp in: \(message)", remedy: "check the user, both secrets, and that auth and priv are its own")
        case PODP_SNMP_ENGINE.rawValue:
            return ChassisError(.silent, "\(place) changes its SNMP engine: \(message)", remedy: "it is failing over or restarting; wait some minutes")
        case PODP_SNMP_CONFIGURATION.rawValue: return ChassisError(.configuration, message)
        default: return ChassisError(.garbled, "\(place): \(message)")
        }
    }

    /// What one answer brings. Lives during one call, on one thread.
    private final class Collector {
        var values: [(name: ObjectID, value: SNMPValue)] = []

        func add(_ name: UnsafeBufferPointer<UInt32>, _ type: Int32, _ integer: Int64, _ bytes: UnsafeBufferPointer<UInt8>) {
            let value: SNMPValue
            switch UInt32(bitPattern: type) {
            case PODP_SNMP_INTEGER.rawValue: value = .integer(integer)
            case PODP_SNMP_BYTES.rawValue: value = .bytes(Array(bytes))
            case PODP_SNMP_ADDRESS.rawValue: value = .address(Array(bytes))
            case PODP_SNMP_OID.rawValue:
                value = .name(ObjectID(bytes.isEmpty ? [] : UnsafeRawBufferPointer(bytes).bindMemory(to: UInt32.self).map { $0 }))
            case PODP_SNMP_MISSING.rawValue: value = .missing
            default: value = .other
            }
            values.append((ObjectID(Array(name)), value))
        }
    }
}
