import PodpModel

extension Schema {
    // MARK: - Blades

    static let hypervisorFacts = MessageRule(
        "HypervisorFacts",
        [
            .required(1, "kind", number(of: HypervisorKind.self)),
            .plain(2, "version", name),
            .plain(3, "libvirt_version", name),
            .list(4, "live_migration", .message(liveMigration), WireLimit.types),
        ])
    static let liveMigration = MessageRule(
        "LiveMigration", [.required(1, "type", number(of: VirtualisationType.self)), .required(2, "ability", .message(ability))])
    static let cpuModel = MessageRule("CpuModel", [.plain(1, "vendor", name), .plain(2, "model", name), .list(3, "features", word, WireLimit.cpuFeatures)])
    static let hostInventory = MessageRule(
        "HostInventory",
        [
            .plain(1, "cpus", .int64),
            .plain(2, "threads_per_core", .int64),
            .plain(3, "sockets", .int64),
            .plain(4, "cpu_megahertz", .int64),
            .plain(5, "memory", .uint64),
            .plain(6, "dom0_memory", .uint64),
            .plain(7, "dom0_vcpus", .int64),
            .list(8, "bridges", name, WireLimit.hostParts),
            .list(9, "storage", .message(blockDevice), WireLimit.storage),
            .list(10, "nics", .message(hostNIC), WireLimit.hostParts),
            .plain(11, "migration_address", name),
            .plain(12, "migration_encrypted", .bool),
        ])
    static let blockDevice = MessageRule("BlockDevice", [.plain(1, "path", path), .plain(2, "size", .uint64), .plain(3, "serial", name)])
    static let hostNIC = MessageRule(
        "HostNic", [.plain(1, "name", name), .plain(2, "mac", name), .plain(3, "is_up", .bool), .plain(4, "megabits_per_second", .int64)])
    static let finding = MessageRule(
        "Finding",
        [.plain(1, "code", word), .required(2, "severity", number(of: Finding.Severity.self)), .plain(3, "what", words), .plain(4, "remedy", words)])

    // MARK: - Domains

    static let domainInventory = MessageRule(
        "DomainInventory",
        [
            .required(1, "id", .id),
            .plain(2, "name", name),
            .optional(3, "number", .uint32),
            .required(4, "state", number(of: DomainState.self)),
            .required(5, "type", number(of: VirtualisationType.self)),
            .plain(6, "vcpus", .int64),
            .plain(7, "max_vcpus", .int64),
            .plain(8, "memory", .uint64),
            .plain(9, "max_memory", .uint64),
            .list(10, "disks", .message(disk), WireLimit.devices),
            .list(11, "nics", .message(nic), WireLimit.devices),
            .required(12, "live_migration", .message(ability)),
            .plain(13, "autostart", .bool),
            .plain(14, "persistent", .bool),
        ])
    static let disk = MessageRule(
        "Disk",
        [
            .plain(1, "target", name),
            .plain(2, "source", path),
            .plain(3, "is_file", .bool),
            .plain(4, "read_only", .bool),
            .plain(5, "shared", .bool),
            .plain(6, "is_cdrom", .bool),
        ])
    static let nic = MessageRule("Nic", [.optional(1, "mac", name), .plain(2, "bridge", name), .optional(3, "model", name)])

    // MARK: - Definitions

    static let domainImage = MessageRule(
        "DomainImage", [.required(1, "definition", .message(domainDefinition)), .plain(2, "libvirt_xml", xml)])
    static let domainDefinition = MessageRule(
        "DomainDefinition",
        [
            .required(1, "id", .id),
            .plain(2, "name", name),
            .required(3, "type", number(of: VirtualisationType.self)),
            .plain(4, "revision", .uint64),
            .plain(5, "memory", .uint64),
            .plain(6, "max_memory", .uint64),
            .plain(7, "vcpus", .int64),
            .plain(8, "max_vcpus", .int64),
            .choice(9, "kernel", kernelBoot),
            .choice(10, "bootloader", bootloaderBoot),
            .choice(11, "firmware", firmwareBoot),
            .list(12, "disks", .message(disk), WireLimit.devices),
            .list(13, "nics", .message(nic), WireLimit.devices),
            .required(14, "on_power_off", number(of: DomainExit.self)),
            .required(15, "on_reboot", number(of: DomainExit.self)),
            .required(16, "on_crash", number(of: DomainExit.self)),
            .plain(17, "cpu_weight", .int64),
            .plain(18, "cpu_cap", .int64),
            .required(19, "policy", .message(domainPolicy)),
        ])
    static let kernelBoot = MessageRule("KernelBoot", [.plain(1, "path", path), .optional(2, "ramdisk", path), .plain(3, "command_line", path)])
    static let bootloaderBoot = MessageRule("BootloaderBoot", [.plain(1, "path", path)])
    static let firmwareBoot = MessageRule("FirmwareBoot", [.plain(1, "order", name)])
    static let domainPolicy = MessageRule(
        "DomainPolicy",
        [
            .optional(1, "allowed_downtime", .int64),
            .plain(2, "stays", .bool),
            .list(3, "apart", name, WireLimit.names),
            .list(4, "together", name, WireLimit.names),
            .list(5, "only_on", name, WireLimit.names),
            .plain(6, "priority", .int64),
            .list(7, "never_on", name, WireLimit.names),
            .optional(8, "zone_rules", .message(zoneRules)),
        ])
    static let zoneRules = MessageRule(
        "ZoneRules",
        [
            .list(1, "spread", name, WireLimit.names),
            .list(2, "near", name, WireLimit.names),
            .list(3, "exclusive", name, WireLimit.names),
            .list(4, "prices", name, WireLimit.names),
        ])

    // MARK: - Samples

    static let hostSample = MessageRule(
        "HostSample",
        [
            .plain(1, "cpu", .uint32),
            .optional(2, "dom0_cpu", .uint32),
            .plain(3, "memory_free", .uint64),
            .optional(4, "dom0_memory_free", .uint64),
            .optional(5, "disk", .message(diskRates)),
            .optional(6, "network", .message(networkRates)),
            .optional(7, "agent_cpu", .uint32),
            .optional(8, "agent_memory", .uint64),
        ])
    static let domainSample = MessageRule(
        "DomainSample",
        [
            .required(1, "id", .id),
            .required(2, "state", number(of: DomainState.self)),
            .plain(3, "cpu", .uint32),
            .optional(4, "ready", .uint32),
            .plain(5, "memory", .uint64),
            .optional(6, "disk", .message(diskRates)),
            .optional(7, "network", .message(networkRates)),
        ])
    static let diskRates = MessageRule(
        "DiskRates",
        [
            .plain(1, "read_bytes", .uint64),
            .plain(2, "written_bytes", .uint64),
            .plain(3, "reads", .uint64),
            .plain(4, "writes", .uint64),
            .plain(5, "out_of_requests", .uint64),
        ])
    static let networkRates = MessageRule("NetworkRates", [.plain(1, "received_bytes", .uint64), .plain(2, "sent_bytes", .uint64)])
}
