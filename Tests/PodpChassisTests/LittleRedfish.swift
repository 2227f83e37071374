import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import PodpChassis
import PodpModel
import PodpPower
import Synchronization

/// A Redfish service that shows a `ChassisWorld`, as strict or as sloppy as a test wants.
final class LittleRedfish: Sendable {
    struct Quirks: Sendable {
        /// What an action answers: 204, 409 ("already so"), 412 first, and so on.
        var wantsMatch = false
        var conflictsWhenThere = false
        /// Allowed values stand in an ActionInfo of their own.
        var hidesValues = false
        var allows = ["On", "ForceOff", "GracefulShutdown"]
        /// PowerState while it changes.
        var showsTransitions = false
        /// Wants X-Auth-Token, and gives it to this login.
        var session: (user: String, password: String)?
        var shows: [Int: String] = [:]
        /// Systems are called by letters, not by numbers.
        var isUnnumbered = false
        /// What GET of a system is answered with instead.
        var answers: [Int: HTTPResponse.Status] = [:]
        /// Each system has a chassis that says where it stands: system 1 in the last bay.
        var locates = false
        /// What GET of these systems' chassis is answered with instead.
        var chassisAnswers: [Int: HTTPResponse.Status] = [:]
        /// A chassis is listed that no system links to, and that is not there.
        var hasDeadChassis = false
        /// Each page of systems is empty and names another one.
        var hasEndlessPages = false
        /// A system's answer begins, and its rest does not come for long.
        var drips = false
        /// Neither UUID nor serial number.
        var hidesLabels = false
        var hidesUUIDs = false
        /// EthernetInterfaces, one each.
        var showsAddresses = false
        /// Actions are answered with 202 and a task.
        var queues = false
    }

    let port: Int
    let world: WorldBox
    /// Opened, and not given back.
    let openSessions = Mutex(0)
    private let quirks: Mutex<Quirks>
    private let task: Task<Void, Never>

    private init(port: Int, world: WorldBox, quirks: Quirks, task: Task<Void, Never>) {
        self.port = port
        self.world = world
        self.quirks = Mutex(quirks)
        self.task = task
    }

    static func start(_ world: WorldBox, _ quirks: Quirks = Quirks()) async throws -> LittleRedfish {
        let router = Router()
        let shown = Mutex<LittleRedfish?>(nil)
        let box = Holder(shown: shown)
        for path in ["/redfish/**"] as [RouterPath] {
            router.get(path) { request, _ in await box.service().read(request) }
            router.delete(path) { request, _ in await box.service().end(request) }
            router.post(path) { request, _ in
                let body = try await request.body.collect(upTo: 4096)
                return await box.service().act(request, String(buffer: body))
            }
        }
        let (ports, post) = AsyncStream.makeStream(of: Int.self)
        var log = Logger(label: "little-redfish")
        log.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in post.yield(channel.localAddress?.port ?? 0) }, logger: log)
        let task = Task { _ = try? await application.run() }
        var iterator = ports.makeAsyncIterator()
        let service = LittleRedfish(port: await iterator.next() ?? 0, world: world, quirks: quirks, task: task)
        box.set(service)
        return service
    }

    func stop() { task.cancel() }
    func setQuirks(_ change: @Sendable (inout Quirks) -> Void) { quirks.withLock { change(&$0) } }

    private func systemName(_ bay: Int) -> String {
        quirks.withLock { $0.isUnnumbered } ? "Blade" + String(UnicodeScalar(UInt8(96 + min(max(bay, 1), 26)))) : "Blade\(bay)"
    }
    private func bay(_ name: String) -> Int? {
        guard quirks.withLock({ $0.isUnnumbered }) else { return Int(name.dropFirst("Blade".count)) }
        return name.utf8.last.map { Int($0) - 96 }
    }

    private final class Holder: Sendable {
        private let shown: Mutex<LittleRedfish?>
        init(shown: consuming sending Mutex<LittleRedfish?>) { self.shown = shown }
        func set(_ service: LittleRedfish) { shown.withLock { $0 = service } }
        func service() async -> LittleRedfish {
            while true {
                if let service = shown.withLock({ $0 }) { return service }
                await Task.yield()
            }
        }
    }

    private func answer(_ status: HTTPResponse.Status, _ json: String, etag: String? = nil) -> Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let etag { headers[.eTag] = etag }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: json)))
    }

    private func isLoggedIn(_ request: Request) -> Bool {
        guard quirks.withLock({ $0.session != nil }), let name = HTTPField.Name("X-Auth-Token") else { return true }
        return request.headers[name] == "token-1"
    }

    private func links(_ paths: [String]) -> String { "[" + paths.map { #"{"@odata.id":"\#($0)"}"# }.joined(separator: ",") + "]" }

    /// An answer that is not given: the client's patience ends first.
    private func silence() async -> Response {
        try? await Task.sleep(for: .seconds(20))
        return answer(.serviceUnavailable, "{}")
    }

    private func read(_ request: Request) async -> Response {
        guard let world: ChassisWorld = world.with({ $0.answers() ? $0 : nil }) else { return await silence() }
        guard isLoggedIn(request) else { return answer(.unauthorized, "{}") }
        if world.faults.garbles { return answer(.ok, "<html>busy</html>") }
        let parts = request.uri.path.split(separator: "/").map(String.init)
        switch (parts.dropFirst(2).first, parts.count) {
        case (nil, _):
            return answer(.ok, #"{"Name":"Little","Systems":{"@odata.id":"/redfish/v1/Systems"},"Chassis":{"@odata.id":"/redfish/v1/Chassis"}}"#)
        case ("Systems", 3) where quirks.withLock({ $0.hasEndlessPages }):
            let page = request.uri.query?.split(separator: "=").last.flatMap { Int($0) } ?? 0
            return answer(.ok, #"{"Members":[],"Members@odata.nextLink":"/redfish/v1/Systems?skip=\#(page + 1)"}"#)
        case ("Systems", 3):
            let members = world.blades.keys.sorted().map { "/redfish/v1/Systems/\(systemName($0))" }
            // Two pages.
            if request.uri.query?.contains("skip") == true { return answer(.ok, #"{"Members":\#(links(Array(members.dropFirst(5))))}"#) }
            return answer(.ok, #"{"Members":\#(links(Array(members.prefix(5)))),"Members@odata.nextLink":"/redfish/v1/Systems?skip=5"}"#)
        case ("Systems", 4) where quirks.withLock({ $0.drips }):
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "{"))
                    try? await Task.sleep(for: .seconds(30))
                    try await writer.write(ByteBuffer(string: #""PowerState":"Off"}"#))
                    try await writer.finish(nil)
                })
        case ("Systems", 4): return system(parts[3], world)
        case ("Systems", 5) where parts[4] == "Info":
            let allowed = quirks.withLock { $0.allows }.map { "\"\($0)\"" }.joined(separator: ",")
            return answer(.ok, #"{"Parameters":[{"Name":"ResetType","AllowableValues":[\#(allowed)]}]}"#)
        case ("Systems", 5) where parts[4] == "NICs": return answer(.ok, #"{"Members":\#(links([request.uri.path + "/1"]))}"#)
        case ("Systems", 6) where parts[4] == "NICs":
            guard let bay = bay(parts[3]), let mac = world.blades[bay]?.macs.first else { return answer(.notFound, "{}") }
            return answer(.ok, #"{"MACAddress":"\#(mac)"}"#)
        case ("Chassis", 3):
            let quirks = quirks.withLock { $0 }
            let bays = (quirks.locates ? world.blades.keys.sorted() : []) + (quirks.hasDeadChassis ? [99] : [])
            return answer(.ok, #"{"Members":\#(links(bays.map { "/redfish/v1/Chassis/C\($0)" }))}"#)
        case ("Chassis", 4):
            guard let bay = Int(parts[3].dropFirst()), world.blades[bay] != nil else { return answer(.notFound, "{}") }
            if let status = quirks.withLock({ $0.chassisAnswers[bay] }) { return answer(status, "{}") }
            return answer(
                .ok,
                #"{"Id":"C\#(bay)","ChassisType":"Blade","Location":{"PartLocation":{"LocationOrdinalValue":\#(world.bayCount + 1 - bay)}},"#
                    + #""Links":{"ComputerSystems":\#(links(["/redfish/v1/Systems/\(systemName(bay))"]))}}"#)
        default: return answer(.notFound, "{}")
        }
    }

    private func system(_ name: String, _ world: ChassisWorld) -> Response {
        var world = world
        guard let bay = self.bay(name), let blade = world.blades[bay] else { return answer(.notFound, "{}") }
        let quirks = quirks.withLock { $0 }
        if let status = quirks.answers[bay] { return answer(status, "{}") }
        let allowed = quirks.allows.map { "\"\($0)\"" }.joined(separator: ",")
        let path = "/redfish/v1/Systems/\(name)"
        let values = quirks.hidesValues ? #""@Redfish.ActionInfo":"\#(path)/Info""# : #""ResetType@Redfish.AllowableValues":[\#(allowed)]"#
        let shown = world.shownPower(bay)
        self.world.with { if $0.faults.liesOff > 0 { $0.faults.liesOff -= 1 } }
        let power = quirks.shows[bay] ?? (shown == .on ? "On" : shown == .standby ? "Paused" : "Off")
        let health = blade.health == .commError || blade.health == .discovering ? #""State":"UnavailableOffline""# : #""State":"Enabled","Health":"OK""#
        let uuid = quirks.hidesUUIDs ? "" : #""UUID":"\#(blade.uuid)","#
        let labels = quirks.hidesLabels ? "" : #""SerialNumber":"\#(blade.serial)",\#(uuid)"#
        let chassis = quirks.locates ? #""Links":{"Chassis":\#(links(["/redfish/v1/Chassis/C\(bay)"]))},"# : ""
        let interfaces = quirks.showsAddresses ? #""EthernetInterfaces":{"@odata.id":"\#(path)/NICs"},"# : ""
        return answer(
            .ok,
            #"{"Id":"\#(name)","Name":" \#(quirks.isUnnumbered ? "one of them" : blade.name) ",\#(labels)\#(chassis)\#(interfaces)"PowerState":"\#(power)","#
                + #""Status":{\#(health)},"Actions":{"#
                + ##""#ComputerSystem.Reset":{"target":"\##(path)/Actions/ComputerSystem.Reset",\##(values)}}}"##, etag: "\"\(power)\"")
    }

    private func end(_ request: Request) -> Response {
        guard isLoggedIn(request), request.uri.path.hasSuffix("/Sessions/7") else { return answer(.notFound, "{}") }
        openSessions.withLock { $0 -= 1 }
        return answer(.noContent, "")
    }

    private func act(_ request: Request, _ body: String) async -> Response {
        let quirks = quirks.withLock { $0 }
        if request.uri.path.hasSuffix("/Sessions") {
            guard let session = quirks.session, body.contains("\"\(session.user)\""), body.contains("\"\(session.password)\"") else {
                return answer(.unauthorized, "{}")
            }
            var response = answer(.created, "{}")
            if let name = HTTPField.Name("X-Auth-Token") { response.headers[name] = "token-1" }
            response.headers[.location] = "http://127.0.0.1:\(port)/redfish/v1/SessionService/Sessions/7"
            openSessions.withLock { $0 += 1 }
            return response
        }
        guard isLoggedIn(request) else { return answer(.unauthorized, "{}") }
        let parts = request.uri.path.split(separator: "/").map(String.init)
        guard parts.count == 6, let bay = bay(parts[3]) else { return answer(.notFound, "{}") }
        if quirks.wantsMatch, request.headers[.ifMatch] == nil { return answer(.preconditionFailed, "{}") }
        guard
            let (_, wish) = [("\"On\"", PowerRequest.on), ("\"ForceOff\"", .hardOff), ("\"GracefulShutdown\"", .softOff)].first(where: { body.contains($0.0) })
        else { return answer(.badRequest, "{}") }
        if quirks.conflictsWhenThere, world.with({ $0.blades[bay]?.power }) == wish.goal {
            return answer(.conflict, #"{"error":{"message":"already in that state"}}"#)
        }
        let now = world.clock.now()
        switch world.with({ $0.request(wish, bay: bay, at: now) }) {
        case .accepted, .needless:
            return quirks.queues ? answer(.accepted, #"{"@odata.id":"/redfish/v1/TaskService/Tasks/1","TaskState":"New"}"#) : answer(.noContent, "")
        case .lost, .notAsked: return await silence()
        case .refused(let refusal):
            return refusal.reason == .notPermitted
                ? answer(.forbidden, #"{"error":{"message":"no privilege"}}"#)
                : answer(.badRequest, #"{"error":{"message":"\#(refusal.reason == .insufficientPower ? "insufficient power" : "refused")"}}"#)
        }
    }
}
