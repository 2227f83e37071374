import NIOHTTP1
import PodpAPI
import PodpCore
import PodpModel
import Testing
import WebTestSupport

@testable import PodpWeb

@Suite("OpenAPI document")
struct OpenAPITests {
    /// One request of each endpoint that succeeds, and some that fail: method, path as the document has it, path as it is sent, body, status.
    private static let requests: [(HTTPMethod, String, String, String?, Int)] = {
        let blade = "/v1/blades/{blade}"
        let domain = "/v1/domains/{domain}"
        let operation = "\(ExampleFleet.term.id).4"
        let flatFile =
            #"{"flatFile":"name = \"new\"\ntype = \"pvh\"\nmemory = 512\nvcpus = 1\nkernel = \"/boot/vmlinuz\"\ndisk = [ \"phy:/dev/vdb,xvda,w\" ]\n","blade":"blade-1","start":true}"#
        let again = #"{"flatFile":"name = \"web-1\"\nmemory = 512\nkernel = \"/boot/vmlinuz\"\ntype = \"pvh\"\n","replace":true"#
        return [
            (.GET, "/v1/status", "/v1/status", nil, 200), (.POST, "/v1/recover", "/v1/recover", nil, 200),
            (.GET, "/v1/policy", "/v1/policy", nil, 200), (.PUT, "/v1/policy", "/v1/policy", #"{"balance":"automatic","chassis":"north"}"#, 200),
            (.GET, "/v1/policy", "/v1/policy?chassis=north", nil, 200), (.GET, "/v1/policy", "/v1/policy?chassis=south", nil, 404),
            (.PUT, "/v1/policy", "/v1/policy", #"{"balance":"advise"}"#, 200),
            (.PUT, "/v1/policy", "/v1/policy", #"{"balance":"sometimes"}"#, 400), (.PUT, "/v1/policy", "/v1/policy", "{}", 400),
            (.POST, "/v1/freeze", "/v1/freeze", #"{"reason":"work"}"#, 200), (.POST, "/v1/freeze", "/v1/freeze", "[", 400),
            (.POST, "/v1/thaw", "/v1/thaw", nil, 200),
            (.GET, "/v1/openapi.json", "/v1/openapi.json", nil, 200), (.GET, "/healthz", "/healthz", nil, 200), (.GET, "/readyz", "/readyz", nil, 200),
            (.GET, "/v1/blades", "/v1/blades", nil, 200), (.GET, blade, "/v1/blades/blade-1", nil, 200), (.GET, blade, "/v1/blades/nothing", nil, 404),
            (.GET, blade, "/v1/blades/blade", nil, 409), (.DELETE, blade, "/v1/blades/blade-3", nil, 200), (.DELETE, blade, "/v1/blades/blade-", nil, 404),
            (.PATCH, blade, "/v1/blades/blade-2", #"{"diskMebibytesPerSecond":400}"#, 200), (.PATCH, blade, "/v1/blades/blade-2", nil, 400),
            (.PATCH, blade, "/v1/blades/blade-2", #"{"switchModule":"north-1"}"#, 200), (.PATCH, blade, "/v1/blades/blade-2", "{}", 400),
            (.POST, blade + "/revoke", "/v1/blades/blade-2/revoke", nil, 200), (.POST, blade + "/drain", "/v1/blades/blade-2/drain", nil, 200),
            (.POST, blade + "/undrain", "/v1/blades/blade-2/undrain", nil, 200), (.POST, blade + "/release", "/v1/blades/blade-2/release", nil, 200),
            (.GET, "/v1/blade-tokens", "/v1/blade-tokens", nil, 200), (.POST, "/v1/blade-tokens", "/v1/blade-tokens", #"{"note":"bay 4","bay":4}"#, 201),
            (.POST, "/v1/blade-tokens", "/v1/blade-tokens", #"{"lifetimeSeconds":1}"#, 400),
            (.GET, "/v1/chassis", "/v1/chassis", nil, 200), (.GET, "/v1/chassis/{chassis}", "/v1/chassis/north", nil, 200),
            (.GET, "/v1/chassis/{chassis}", "/v1/chassis/south", nil, 404),
            (.POST, "/v1/chassis", "/v1/chassis", #"{"url":"redfish://podp@192.0.2.1"}"#, 200), (.POST, "/v1/chassis", "/v1/chassis", #"{"url":""}"#, 400),
            (.DELETE, "/v1/chassis/{chassis}", "/v1/chassis/north", nil, 200), (.POST, blade + "/on", "/v1/blades/blade-2/on", nil, 200),
            (.POST, blade + "/off", "/v1/blades/blade-2/off", #"{"hard":true}"#, 200), (.POST, blade + "/off", "/v1/blades/blade/off", "{}", 404),
            (.POST, blade + "/off", "/v1/blades/blade-2/off", #"{"escalateAfterSeconds":60}"#, 200),
            (.POST, blade + "/off", "/v1/blades/blade-2/off", #"{"hard":true,"escalateAfterSeconds":60}"#, 400),
            (.POST, "/v1/chassis/{chassis}/console", "/v1/chassis/north/console", #"{"bay":2,"moment":"taken-over"}"#, 200),
            (.POST, "/v1/chassis/{chassis}/console", "/v1/chassis/north/console", #"{"bay":2,"moment":"lost"}"#, 400),
            (.GET, "/v1/power", "/v1/power", nil, 200), (.GET, "/v1/power/{operation}", "/v1/power/\(ExampleFleet.term.id).5", nil, 200),
            (.GET, "/v1/power/{operation}", "/v1/power/5", nil, 404),
            (.GET, "/v1/domains", "/v1/domains", nil, 200), (.GET, "/v1/domains", "/v1/domains?blade=blade-1", nil, 200),
            (.GET, "/v1/domains", "/v1/domains?colour=red", nil, 400), (.GET, domain, "/v1/domains/web-1", nil, 200),
            (.GET, domain, "/v1/domains/web", nil, 409),
            (.POST, "/v1/domains", "/v1/domains", flatFile, 200), (.POST, "/v1/domains", "/v1/domains", #"{"flatFile":"name = "}"#, 400),
            (.POST, "/v1/domains", "/v1/domains", #"{"flatFile":"","strat":true}"#, 400), (.PATCH, domain, "/v1/domains/web-1", #"{"vcpus":2}"#, 200),
            (.PATCH, domain, "/v1/domains/web-1", nil, 400), (.DELETE, domain, "/v1/domains/web-1", nil, 200),
            (.POST, domain + "/start", "/v1/domains/web-1/start", nil, 200),
            (.POST, domain + "/stop", "/v1/domains/web-1/stop", #"{"deadlineSeconds":5}"#, 200),
            (.POST, "/v1/domains", "/v1/domains", again + "}", 200), (.POST, "/v1/domains", "/v1/domains", again + #","start":true}"#, 400),
            (.POST, domain + "/destroy", "/v1/domains/web-1/destroy", #"{"blade":"blade-2"}"#, 200),
            (.POST, domain + "/destroy", "/v1/domains/web-1/destroy", nil, 200), (.POST, domain + "/pause", "/v1/domains/web-1/pause", nil, 200),
            (.POST, domain + "/resume", "/v1/domains/web-1/resume", nil, 200), (.POST, domain + "/reboot", "/v1/domains/web-1/reboot", nil, 200),
            (.POST, domain + "/migrate", "/v1/domains/web-1/migrate", #"{"blade":"blade-2","allowStop":true}"#, 200),
            (.POST, domain + "/adopt", "/v1/domains/\(ExampleFleet.domainID(3))/adopt", nil, 200),
            (.POST, domain + "/adopt", "/v1/domains/web-1/adopt", nil, 409),
            (.POST, domain + "/release", "/v1/domains/web-1/release", nil, 200), (.POST, domain + "/clear", "/v1/domains/web-1/clear", nil, 200),
            (.GET, "/v1/operations", "/v1/operations", nil, 200), (.GET, "/v1/operations", "/v1/operations?state=failed&limit=1", nil, 200),
            (.GET, "/v1/operations", "/v1/operations?limit=none", nil, 400), (.GET, "/v1/operations/{operation}", "/v1/operations/4", nil, 200),
            (.GET, "/v1/operations/{operation}", "/v1/operations/\(operation)", nil, 200),
            (.POST, "/v1/operations/{operation}/cancel", "/v1/operations/4/cancel", nil, 200),
            (.GET, "/v1/plans", "/v1/plans", nil, 200), (.GET, "/v1/plans/{plan}", "/v1/plans/7f3a", nil, 200),
            (.GET, "/v1/plans/{plan}", "/v1/plans/ffff", nil, 404),
            (.PUT, "/v1/policy/survive", "/v1/policy/survive", #"{"survive":[{"zone":"blade"},{"zone":"power","price":2}]}"#, 200),
            (.PUT, "/v1/policy/survive", "/v1/policy/survive", #"{"survive":[{"zone":"rack"}]}"#, 400),
            (.POST, "/v1/plans", "/v1/plans", #"{"goal":"rollback"}"#, 400), (.POST, "/v1/plans", "/v1/plans", #"{"goal":"rollback","plan":"ffff"}"#, 404),
            (.POST, "/v1/plans", "/v1/plans", #"{"goal":"evacuate"}"#, 400), (.POST, "/v1/plans/{plan}/apply", "/v1/plans/7f3a9c/apply", nil, 200),
            (.POST, "/v1/what-if", "/v1/what-if", #"{"question":"lose"}"#, 400), (.POST, "/v1/what-if", "/v1/what-if", #"{"question":"more","count":1}"#, 400),
            (.POST, "/v1/what-if", "/v1/what-if", #"{"question":"lose","blade":"nothing"}"#, 404),
            (.POST, "/v1/what-if", "/v1/what-if", #"{"question":"add","count":1,"cores":8}"#, 400),
            (.POST, "/v1/placement", "/v1/placement", #"{"flatFile":"name = "}"#, 400),
            (.GET, "/v1/events", "/v1/events?after=0&limit=2&severity=info&blade=blade-1&kind=note", nil, 200),
            (.GET, "/v1/events", "/v1/events?severity=bad", nil, 400), (.GET, "/v1/events/stream", "/v1/events/stream?after=-1", nil, 400),
            (.GET, "/v1/tokens", "/v1/tokens", nil, 200), (.POST, "/v1/tokens", "/v1/tokens", #"{"name":"grafana","role":"read","lifetimeSeconds":3600}"#, 201),
            (.POST, "/v1/tokens", "/v1/tokens", #"{"name":"","role":"read"}"#, 400), (.DELETE, "/v1/tokens/{token}", "/v1/tokens/grafana", nil, 200),
            (.DELETE, "/v1/tokens/{token}", "/v1/tokens/nobody", nil, 404),
        ]
    }()

    @Test("every answer of a live server is what the document says, and every path is asked")
    func answersFit() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        fleet.with { $0.verdicts = [Verdict(resource: "cpu", blade: ExampleFleet.bladeID(1), severity: .warning, sentence: "blade-1's CPU is at 93 %")] }
        fleet.log(AuditEntry(at: ExampleFleet.now, kind: "note", blade: ExampleFleet.bladeID(1), domain: ExampleFleet.domainID(1), sentence: "one"))
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                let document = try (await server.send(.GET, "/v1/openapi.json")).json()
                let check = SchemaCheck(document: document)
                var asked: Set<String> = ["get /v1/events/stream", "post /v1/plans", "post /v1/what-if", "post /v1/placement"]
                for (method, template, path, body, status) in Self.requests {
                    let answer = try await server.send(method, path, body)
                    #expect(answer.status == status, "\(method) \(path): \(answer.text)")
                    let operation = document["paths"]?[template]?[method.rawValue.lowercased()]
                    let response = operation?["responses"]?["\(answer.status)"]
                    #expect(response != nil, "\(method) \(template): \(answer.status) is not documented")
                    if let schema = response?["content"]?["application/json"]?["schema"] {
                        #expect(check.violations(try answer.json(), schema) == [], "\(method) \(path)")
                    }
                    if answer.status < 300 { asked.insert("\(method.rawValue.lowercased()) \(template)") }
                }
                // Begun, not done: 202; a plan that the core makes.
                fleet.with { $0.answers = [.operations([OperationID(term: .zero, sequence: 1)]), .plan(ExampleFleet.plan())] }
                let begun = try await server.send(.POST, "/v1/domains/web-1/migrate", "{}")
                #expect(begun.status == 202)
                // The core answers an application with the plan as it stands then.
                fleet.with { state in
                    var plan = ExampleFleet.plan()
                    plan.operations = [OperationID(term: .zero, sequence: 1)]
                    state.answers.insert(.plan(plan), at: 0)
                }
                #expect(try await server.send(.POST, "/v1/plans/7f3a9c/apply", nil).status == 202)
                let made = try await server.send(.POST, "/v1/plans", #"{"goal":"balance"}"#)
                #expect(made.status == 201, "\(made.text)")
                #expect(check.violations(try made.json(), ["$ref": "#/components/schemas/PlanResource"]) == [])
                let load = BladeLoad(blade: ExampleFleet.bladeID(1), name: "blade-1", permille: [500, 600, 0, 0], domains: 2)
                let bounds = [Outlook.Bound(resource: "memory", fits: 4, need: 1 << 20, free: 4 << 20, unit: "KiB")]
                fleet.with { state in
                    state.growth = [Growth(resource: "memory", perDay: 1024, days: 20)]
                    state.answers = [
                        .outlook(
                            Outlook(
                                hypothesis: .more(2, like: ExampleFleet.domainID(1)),
                                places: [.init(domainName: "web-1+1", blade: ExampleFleet.bladeID(1), bladeName: "blade-1")],
                                homeless: [.init(domainName: "web-1+2", reason: "no room")], bounds: bounds, before: [load], after: [load], remarks: ["a"])),
                        .placement(
                            PlacementChoice(
                                domainName: "new", needed: .gibibytes(1), chosen: ExampleFleet.bladeID(1),
                                candidates: [
                                    .init(
                                        blade: ExampleFleet.bladeID(2), name: "blade-2", free: .zero, pressure: .init(resource: "cpu", permille: 620),
                                        reason: "it is draining"),
                                    .init(
                                        blade: ExampleFleet.bladeID(1), name: "blade-1", free: .gibibytes(2), pressure: .init(resource: "cpu", permille: 620),
                                        reason: nil),
                                ])),
                    ]
                }
                let outlook = try await server.send(.POST, "/v1/what-if", #"{"question":"more","count":2,"like":"web-1"}"#)
                #expect(outlook.status == 200, "\(outlook.text)")
                #expect(check.violations(try outlook.json(), ["$ref": "#/components/schemas/OutlookResource"]) == [])
                // 4 GiB are left, 2 are asked for, 1 MiB a day goes.
                #expect(try outlook.json()["bounds"]?.array?.first?["lastsDays"] == 2048)
                let placement = try await server.send(
                    .POST, "/v1/placement", #"{"flatFile":"name = \"new\"\ntype = \"pvh\"\nmemory = 512\nkernel = \"/boot/vmlinuz\"\n"}"#)
                #expect(placement.status == 200, "\(placement.text)")
                #expect(check.violations(try placement.json(), ["$ref": "#/components/schemas/PlacementResource"]) == [])
                #expect(try placement.json()["candidates"]?.array?.first?["name"] == "blade-1")
                let documented = (document["paths"]?.object ?? [:]).flatMap { path, methods in (methods.object ?? [:]).keys.map { "\($0) \(path)" } }
                #expect(Set(documented).subtracting(asked) == [], "documented, but not asked here")
            }
        }
    }

    @Test("growth is the slope of a straight line, and of less than some days none")
    func growth() throws {
        let points = (0...20).map { (day: Double($0), amount: 100 + 3 * Double($0) + ($0.isMultiple(of: 2) ? 1 : -1)) }
        let found = try #require(Growth.perDay(points))
        #expect(abs(found.slope - 3) < 0.05 && found.days == 20)
        #expect(Growth.perDay(Array(points.prefix(3))) == nil && Growth.perDay([]) == nil)
    }

    @Test("the check finds an undocumented field, a missing one, and a wrong type")
    func checkCanFail() throws {
        let check = SchemaCheck(document: .null)
        let schema: JSONThing = ["type": "object", "properties": ["a": ["type": "integer"]], "required": ["a"], "additionalProperties": false]
        #expect(check.violations(["a": 1], schema) == [])
        #expect(check.violations(["a": 1, "b": 1], schema) == ["$: has an undocumented b"])
        #expect(check.violations([:], schema) == ["$: lacks a"])
        #expect(check.violations(["a": "1"], schema) == ["$.a: is no integer"])
        #expect(check.violations(1, schema).contains("$: is no object"))
    }

    @Test("every field of every resource is described, and nothing else is")
    func everythingIsDescribed() throws {
        let schemas = try #require(JSONThingFrom(try OpenAPIDocument.value(version: "1"))["components"]?["schemas"]?.object)
        #expect(schemas.count > 30)
        for (name, schema) in schemas {
            for (field, inner) in schema["properties"]?.object ?? [:] {
                #expect(inner["description"]?.string?.isEmpty == false, "\(name).\(field) has no description")
            }
        }
        for type in [StatusResource.self, BladeResource.self, DomainResource.self, Fault.self, Fault.Problem.self, PlanResource.self] as [any Documented.Type] {
            let properties = schemas[type.schemaName]?["properties"]?.object ?? [:]
            #expect(Set(type.fields.keys) == Set(properties.keys), "\(type.schemaName)")
        }
    }

    private func JSONThingFrom(_ value: JSONValue) -> JSONThing {
        switch value {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .number(Double(value))
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .array(let values): .array(values.map(JSONThingFrom))
        case .object(let values): .object(values.mapValues(JSONThingFrom))
        }
    }
}

extension JSONThing: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(dictionaryLiteral elements: (String, JSONThing)...) { self = .object(Dictionary(uniqueKeysWithValues: elements)) }
    init(arrayLiteral elements: JSONThing...) { self = .array(elements) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
}
