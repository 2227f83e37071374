import PodpFrame
import PodpModel

/// Random messages of every shape that the limits allow, from a seed.
struct Generator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }
    mutating func bool() -> Bool { next() & 1 == 0 }

    /// Small, large, extreme and zero alike.
    mutating func uint64() -> UInt64 { [0, 1, .max, next(), next() >> UInt64(below(64))][below(5)] }
    mutating func int64() -> Int64 { [0, -1, .min, .max, Int64(bitPattern: next()) >> Int64(below(64))][below(5)] }
    mutating func int() -> Int { Int(int64()) }
    mutating func uint32() -> UInt32 { UInt32(truncatingIfNeeded: uint64()) }
    mutating func bytes() -> Bytes { Bytes(uint64()) }
    mutating func instant() -> Instant { Instant(nanoseconds: int64()) }
    mutating func wall() -> WallTime { WallTime(milliseconds: int64()) }
    mutating func id() -> ID128 { below(10) == 0 ? .zero : ID128(high: next(), low: next()) }

    /// Whole nanoseconds: the protocol's resolution.
    mutating func duration() -> Duration { .nanoseconds(max(int64(), -Int64.max)) }

    mutating func text(_ longest: Int = 40) -> String {
        var text = ""
        for _ in 0..<below(below(4) == 0 ? longest + 1 : 12) {
            text.unicodeScalars.append(["a", "7", "-", "/", "é", "€", "😀", "\n", "\u{1}", "\u{10FFFF}"][below(10)])
        }
        while text.utf8.count > longest { text.unicodeScalars.removeLast() }
        return text
    }

    mutating func maybe<Value>(_ make: (inout Generator) -> Value) -> Value? { bool() ? make(&self) : nil }
    mutating func list<Value>(_ most: Int, _ make: (inout Generator) -> Value) -> [Value] { (0..<below(most + 1)).map { _ in make(&self) } }
    mutating func one<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    // MARK: - Messages

    mutating func agentMessage() -> AgentMessage {
        switch below(8) {
        case 0: .hello(hello())
        case 1: .inventory(inventory())
        case 2: .report(report())
        case 3: .update(update())
        case 4: .renew(request: text(2000))
        case 5: .enrol(secret: text(), request: text(1000), blade: blade(), addresses: list(5) { $0.text() })
        case 6: .pong(uint64())
        default: .description(number: uint64(), xml: maybe { $0.text(3000) }, reason: text())
        }
    }

    mutating func coordinatorMessage() -> CoordinatorMessage {
        switch below(10) {
        case 0: .welcome(Welcome(version: uint32(), term: term(), reportInterval: duration(), clock: wall()))
        case 1: .refused(reason: text(500), permanent: bool())
        case 2: .cancel(operation())
        case 3: .acknowledge(operation())
        case 4: .observe(uint64())
        case 5: .certificate(chain: text(3000), authorities: text(3000))
        case 6: .ping(uint64())
        case 7: .describe(number: uint64(), DomainID(id()))
        case 8: .revocations(list: text(3000))
        default:
            .command(Command(operation: operation(), term: term(), domain: DomainID(id()), domainName: text(), action: action()))
        }
    }

    mutating func term() -> Term { Term(number: uint64(), id: id()) }
    mutating func operation() -> OperationID { OperationID(term: id(), sequence: uint64()) }
    mutating func blade() -> BladeIdentity { BladeIdentity(id: BladeID(id()), serial: text(), name: text()) }

    mutating func hello() -> Hello {
        var abilities: [VirtualisationType: Ability] = [:]
        for type in VirtualisationType.allCases where bool() { abilities[type] = ability() }
        return Hello(
            minimumVersion: uint32(), maximumVersion: uint32(), blade: blade(), bootID: id(), agentRun: id(), agentVersion: text(),
            hypervisor: HypervisorFacts(kind: one(HypervisorKind.allCases), version: text(), libvirtVersion: text(), liveMigration: abilities),
            cpu: CPUModel(vendor: text(), model: text(), features: list(30) { $0.text(20) }), highestTerm: maybe { $0.term() }, clock: wall(),
            bootTime: instant())
    }

    mutating func ability() -> Ability { bool() ? .yes : .no(reason: text()) }

    mutating func inventory() -> Inventory {
        let host = HostInventory(
            cpus: int(), threadsPerCore: int(), sockets: int(), cpuMegahertz: int(), memory: bytes(), dom0Memory: bytes(), dom0VCPUs: int(),
            bridges: list(4) { $0.text() }, storage: list(5) { BlockDevice(path: $0.text(300), size: $0.bytes(), serial: $0.text()) },
            nics: list(4) { HostNIC(name: $0.text(), mac: $0.text(), isUp: $0.bool(), megabitsPerSecond: $0.int()) }, migrationAddress: text(),
            migrationEncrypted: bool())
        return Inventory(
            revision: uint64(), readAt: instant(), host: host, domains: list(below(4) == 0 ? 60 : 4) { $0.domainInventory() },
            findings: list(3) { Finding(code: $0.text(30), severity: $0.one(Finding.Severity.allCases), what: $0.text(), remedy: $0.text()) },
            answers: maybe { $0.uint64() })
    }

    mutating func domainInventory() -> DomainInventory {
        DomainInventory(
            id: DomainID(id()), name: text(), number: maybe { $0.uint32() }, state: one(DomainState.allCases), type: one(VirtualisationType.allCases),
            vcpus: int(), maxVCPUs: int(), memory: bytes(), maxMemory: bytes(), disks: list(3) { $0.disk() }, nics: list(3) { $0.nic() },
            liveMigration: ability(), autostart: bool(), persistent: bool())
    }

    mutating func disk() -> Disk {
        Disk(target: text(), source: text(300), isFile: bool(), readOnly: bool(), shared: bool(), isCDROM: bool())
    }

    mutating func nic() -> NIC { NIC(mac: maybe { $0.text() }, bridge: text(), model: maybe { $0.text() }) }

    mutating func report() -> Report {
        let host = HostSample(
            cpu: uint32(), dom0CPU: maybe { $0.uint32() }, memoryFree: bytes(), dom0MemoryFree: maybe { $0.bytes() }, disk: maybe { $0.diskRates() },
            network: maybe { $0.networkRates() }, agentCPU: maybe { $0.uint32() }, agentMemory: maybe { $0.bytes() })
        return Report(
            sequence: uint64(), sampledAt: instant(), interval: duration(), host: host, domains: list(below(4) == 0 ? 100 : 5) { $0.domainSample() },
            invalid: maybe { $0.text() })
    }

    mutating func domainSample() -> DomainSample {
        DomainSample(
            id: DomainID(id()), state: one(DomainState.allCases), cpu: uint32(), ready: maybe { $0.uint32() }, memory: bytes(),
            disk: maybe { $0.diskRates() }, network: maybe { $0.networkRates() })
    }

    mutating func diskRates() -> DiskRates {
        DiskRates(readBytes: uint64(), writtenBytes: uint64(), reads: uint64(), writes: uint64(), outOfRequests: uint64())
    }

    mutating func networkRates() -> NetworkRates { NetworkRates(receivedBytes: uint64(), sentBytes: uint64()) }

    mutating func update() -> Update {
        let phase: Update.Phase
        switch below(6) {
        case 0: phase = .accepted
        case 1: phase = .progress(Progress(done: bytes(), remaining: bytes(), elapsed: duration()))
        case 2: phase = .ended(.succeeded)
        case 3: phase = .ended(.failed(reason: text()))
        case 4: phase = .ended(.indeterminate(reason: text()))
        default: phase = .refused(reason: text())
        }
        return Update(operation: operation(), phase: phase)
    }

    mutating func action() -> Action {
        switch below(11) {
        case 0: .define(image())
        case 1: .start(image())
        case 2: .shutdown(deadline: duration())
        case 3: .destroy
        case 4: .pause
        case 5: .resume
        case 6: .reboot
        case 7: .setMemory(bytes())
        case 8: .setVCPUs(int())
        case 9: .migrate(Migration(destination: BladeID(id()), address: text(), hostName: text(), live: bool()))
        default: .undefine
        }
    }

    mutating func image() -> DomainImage { DomainImage(definition: definition(), libvirtXML: text(5000)) }

    mutating func definition() -> DomainDefinition {
        let boot: DomainBoot =
            switch below(3) {
            case 0: .kernel(path: text(200), ramdisk: maybe { $0.text(200) }, commandLine: text(500))
            case 1: .bootloader(text(200))
            default: .firmware(order: text())
            }
        var definition = DomainDefinition(
            id: DomainID(id()), name: text(), type: one(VirtualisationType.allCases), memory: bytes(), maxMemory: bytes(), vcpus: int(), maxVCPUs: int(),
            boot: boot)
        let exits: [DomainExit] = [.destroy, .restart, .preserve]
        definition.revision = uint64()
        definition.disks = list(4) { $0.disk() }
        definition.nics = list(4) { $0.nic() }
        definition.onPowerOff = one(exits)
        definition.onReboot = one(exits)
        definition.onCrash = one(exits)
        definition.cpuWeight = int()
        definition.cpuCap = int()
        definition.policy.allowedDowntime = maybe { $0.duration() }
        definition.policy.stays = bool()
        definition.policy.apart = list(3) { $0.text() }
        definition.policy.together = list(3) { $0.text() }
        definition.policy.onlyOn = list(3) { $0.text() }
        definition.policy.priority = int()
        definition.policy.neverOn = list(3) { $0.text() }
        definition.policy.spread = list(3) { $0.text() }
        definition.policy.near = list(3) { $0.text() }
        definition.policy.exclusive = list(3) { $0.text() }
        definition.policy.prices = list(3) { $0.text() }
        return definition
    }
}
