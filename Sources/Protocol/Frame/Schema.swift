import PodpModel

/// `podp.proto`'s messages with the limits that a `.proto` cannot say. A test holds them against the generated descriptors.
public enum Schema {
    /// The message of each kind.
    public static func rule(_ kind: MessageKind) -> MessageRule {
        switch kind {
        case .hello: hello
        case .inventory: inventory
        case .report: report
        case .update: update
        case .renew: renew
        case .enrol: enrol
        case .pong: pong
        case .description: description
        case .welcome: welcome
        case .refused: refused
        case .command: command
        case .cancel: cancel
        case .acknowledge: acknowledge
        case .observe: observe
        case .certificate: certificate
        case .ping: ping
        case .describe: describe
        case .revocations: revocations
        }
    }

    // MARK: - Identity

    static let term = MessageRule("Term", [.plain(1, "number", .uint64), .required(2, "id", .id)])
    static let operationID = MessageRule("OperationId", [.required(1, "term", .id), .plain(2, "sequence", .uint64)])
    static let bladeIdentity = MessageRule("BladeIdentity", [.required(1, "id", .id), .plain(2, "serial", name), .plain(3, "name", name)])

    // MARK: - What an agent sends

    static let hello = MessageRule(
        "Hello",
        [
            .plain(1, "minimum_version", .uint32),
            .plain(2, "maximum_version", .uint32),
            .required(3, "blade", .message(bladeIdentity)),
            .required(4, "boot_id", .id),
            .required(5, "agent_run", .id),
            .plain(6, "agent_version", name),
            .required(7, "hypervisor", .message(hypervisorFacts)),
            .required(8, "cpu", .message(cpuModel)),
            .optional(9, "highest_term", .message(term)),
            .plain(10, "clock", .int64),
            .plain(11, "boot_time", .int64),
        ])
    static let inventory = MessageRule(
        "Inventory",
        [
            .plain(1, "revision", .uint64),
            .plain(2, "read_at", .int64),
            .required(3, "host", .message(hostInventory)),
            .list(4, "domains", .message(domainInventory), WireLimit.domains),
            .list(5, "findings", .message(finding), WireLimit.hostParts),
            .optional(6, "answers", .uint64),
        ])
    static let report = MessageRule(
        "Report",
        [
            .plain(1, "sequence", .uint64),
            .plain(2, "sampled_at", .int64),
            .plain(3, "interval", .int64),
            .required(4, "host", .message(hostSample)),
            .list(5, "domains", .message(domainSample), WireLimit.domains),
            .optional(6, "invalid", words),
        ])
    static let update = MessageRule(
        "Update",
        [
            .required(1, "operation", .message(operationID)),
            .choice(2, "accepted", empty),
            .choice(3, "progress", progress),
            .choice(4, "ended", outcome),
            .choice(5, "refused", reason),
        ])
    static let renew = MessageRule("Renew", [.plain(1, "request", pem)])
    static let enrol = MessageRule(
        "Enrol",
        [
            .plain(1, "secret", name),
            .plain(2, "request", pem),
            .required(3, "blade", .message(bladeIdentity)),
            .list(4, "addresses", name, WireLimit.names),
        ])
    static let pong = MessageRule("Pong", [.plain(1, "number", .uint64)])
    static let description = MessageRule("Description", [.plain(1, "number", .uint64), .optional(2, "xml", xml), .plain(3, "reason", words)])

    // MARK: - What a coordinator sends

    static let welcome = MessageRule(
        "Welcome",
        [
            .plain(1, "version", .uint32),
            .required(2, "term", .message(term)),
            .plain(3, "report_interval", .int64),
            .plain(4, "clock", .int64),
        ])
    static let refused = MessageRule("Refused", [.plain(1, "reason", words), .plain(2, "permanent", .bool)])
    static let command = MessageRule(
        "Command",
        [
            .required(1, "operation", .message(operationID)),
            .required(2, "term", .message(term)),
            .required(3, "domain", .id),
            .plain(4, "domain_name", name),
            .choice(16, "define", domainImage),
            .choice(17, "start", domainImage),
            .choice(18, "shutdown", shutdown),
            .choice(19, "destroy", empty),
            .choice(20, "pause", empty),
            .choice(21, "resume", empty),
            .choice(22, "reboot", empty),
            .choice(23, "set_memory", setMemory),
            .choice(24, "set_vcpus", setVCPUs),
            .choice(25, "migrate", migration),
            .choice(26, "undefine", empty),
        ])
    static let cancel = MessageRule("Cancel", [.required(1, "operation", .message(operationID))])
    static let acknowledge = MessageRule("Acknowledge", [.required(1, "operation", .message(operationID))])
    static let observe = MessageRule("Observe", [.plain(1, "number", .uint64)])
    static let certificate = MessageRule("Certificate", [.plain(1, "chain", pem), .plain(2, "authorities", pem)])
    static let ping = MessageRule("Ping", [.plain(1, "number", .uint64)])
    static let revocations = MessageRule("Revocations", [.plain(1, "list", pem)])
    static let describe = MessageRule("Describe", [.plain(1, "number", .uint64), .required(2, "domain", .id)])

    // MARK: - Operations

    static let shutdown = MessageRule("Shutdown", [.plain(1, "deadline", .int64)])
    static let setMemory = MessageRule("SetMemory", [.plain(1, "memory", .uint64)])
    static let setVCPUs = MessageRule("SetVcpus", [.plain(1, "vcpus", .int64)])
    static let migration = MessageRule(
        "Migration", [.required(1, "destination", .id), .plain(2, "address", name), .plain(3, "host_name", name), .plain(4, "live", .bool)])
    static let progress = MessageRule("Progress", [.plain(1, "done", .uint64), .plain(2, "remaining", .uint64), .plain(3, "elapsed", .int64)])
    static let outcome = MessageRule("Outcome", [.choice(1, "succeeded", empty), .choice(2, "failed", reason), .choice(3, "indeterminate", reason)])

    // MARK: - Words

    static let empty = MessageRule("Empty", [])
    static let reason = MessageRule("Reason", [.plain(1, "words", words)])
    static let ability = MessageRule("Ability", [.choice(1, "yes", empty), .choice(2, "no", reason)])

    static let name = FieldType.text(WireLimit.name)
    static let word = FieldType.text(WireLimit.word)
    static let path = FieldType.text(WireLimit.path)
    static let words = FieldType.text(WireLimit.words)
    static let pem = FieldType.text(WireLimit.pem)
    static let xml = FieldType.text(WireLimit.xml)

    static func number<Value: WireNumbered>(of type: Value.Type) -> FieldType { .enumeration(Value.highestWireNumber) }
}
