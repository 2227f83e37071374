import PodpModel

/// SplitMix64: the same seed, the same cases.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func pick<T>(_ choices: [T], or fallback: T) -> T { choices.randomElement(using: &self) ?? fallback }
    mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &self) == 0 }

    mutating func word(_ alphabet: String, _ count: ClosedRange<Int>) -> String {
        let letters = Array(alphabet)
        return String((0..<Int.random(in: count, using: &self)).map { _ in pick(letters, or: "a") })
    }
}

extension SeededGenerator {
    private static let names = "abcxyzABZ0189._-+"

    mutating func path() -> String {
        let roots = ["/dev/", "/dev/vg0/", "/srv/images/", "/boot/"]
        return pick(roots, or: "/") + word("abc.,:=-_é'\"\\ &<>#;[]()w!", 1...24) + "z"
    }

    mutating func bytes(atLeast: UInt64 = 1024) -> Bytes {
        chance(4)
            ? .kibibytes(UInt64.random(in: atLeast...(16 << 20), using: &self)) : .mebibytes(UInt64.random(in: (atLeast + 1023) / 1024...16_384, using: &self))
    }

    mutating func names(_ count: ClosedRange<Int>) -> [String] {
        var names: [String] = []
        for _ in 0..<Int.random(in: count, using: &self) {
            let name = word(Self.names, 1...12)
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Any definition within the limits.
    mutating func definition(type: VirtualisationType? = nil, targets: [String]? = nil) -> DomainDefinition {
        let type = type ?? pick([.pv, .pvh, .hvm, .kvm], or: .pv)
        let memory = bytes()
        let maxMemory = chance(2) ? memory : max(memory, bytes(atLeast: memory.kibibytes))
        let vcpus = Int.random(in: 1...32, using: &self)
        let kernel = DomainBoot.kernel(
            path: path(), ramdisk: chance(2) ? path() : nil, commandLine: chance(3) ? "" : "a" + word(#"abc =/"'\#(#"\"#)<>&é,;#[]"#, 0...60) + "z")
        let boot: DomainBoot =
            switch type {
            case .pv, .pvh: chance(2) ? kernel : .bootloader(pick(["pygrub", "/usr/lib/xen/bin/pygrub"], or: "pygrub"))
            default: chance(3) ? kernel : .firmware(order: pick(["c", "cd", "dc", "ncd", "acdn"], or: "c"))
            }
        var definition = DomainDefinition(
            id: DomainID(ID128(high: next(), low: next() | 1)), name: "d" + word(Self.names, 0...40), type: type, memory: memory, maxMemory: maxMemory,
            vcpus: vcpus,
            maxVCPUs: chance(2) ? vcpus : Int.random(in: vcpus...512, using: &self), boot: boot)
        for target in (targets ?? ["xvda", "xvdb1", "hdc", "sda", "vdaa"]).shuffled(using: &self).prefix(Int.random(in: 0...4, using: &self)) {
            let isCDROM = chance(4)
            let source = isCDROM && chance(2) ? "" : path()
            definition.disks.append(
                Disk(target: target, source: source, isFile: !source.isEmpty && chance(2), readOnly: isCDROM || chance(3), shared: chance(4), isCDROM: isCDROM))
        }
        for index in 0..<Int.random(in: 0...3, using: &self) {
            let mac = "00:16:3e:00:\(index)a:\(word("0123456789abcdef", 2...2))"
            definition.nics.append(
                NIC(mac: chance(3) ? nil : mac, bridge: word("abcxyz0189.-_", 1...15), model: pick([nil, "e1000", "netfront", "rtl8139"], or: nil)))
        }
        definition.onPowerOff = pick([.destroy, .restart, .preserve], or: .destroy)
        definition.onReboot = pick([.destroy, .restart, .preserve], or: .destroy)
        definition.onCrash = pick([.destroy, .restart, .preserve], or: .destroy)
        definition.cpuWeight = chance(2) ? 256 : Int.random(in: 1...65_535, using: &self)
        definition.cpuCap = chance(2) ? 0 : Int.random(in: 0...51_200, using: &self)
        if chance(2) { definition.policy.allowedDowntime = .nanoseconds(Int64.random(in: 0...3_000_000_000, using: &self) * pick([1, 1_000_000], or: 1)) }
        definition.policy.stays = chance(2)
        definition.policy.apart = names(0...3)
        definition.policy.together = names(0...2)
        definition.policy.onlyOn = names(0...2)
        definition.policy.neverOn = names(0...2)
        definition.policy.exclusive = names(0...1)
        definition.policy.spread = names(0...2).map { $0 + pick(["", ":power", ":chassis:3"], or: "") }
        definition.policy.near = names(0...2).map { $0 + pick(["", ":power", ":blade"], or: "") }
        definition.policy.prices = (definition.policy.apart + ["only_on"]).prefix(2).map { $0 + pick(["=2", "=0.5", "=1e3"], or: "=1") }
        definition.policy.priority = chance(2) ? 0 : Int.random(in: -1_000_000...1_000_000, using: &self)
        return definition
    }

    /// A text with a few random edits: bytes lost, doubled, swapped, replaced, or a stretch moved.
    mutating func mutated(_ text: [UInt8]) -> [UInt8] {
        var text = text
        let marks = Array("[]'\"\\=,;#\n\r\t +-:.(){}<>&!/?x0\u{e9}".utf8) + [0, 1, 0x7F, 0xC3, 0xFF]
        for _ in 0..<Int.random(in: 1...4, using: &self) where !text.isEmpty {
            let index = Int.random(in: 0..<text.count, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: text.remove(at: index)
            case 1: text.insert(text[index], at: index)
            case 2: text[index] = pick(marks, or: 0)
            case 3: text.insert(pick(marks, or: 0), at: index)
            case 4: text.removeSubrange(index..<min(text.count, index + Int.random(in: 1...40, using: &self)))
            default:
                let stretch = text[index..<min(text.count, index + Int.random(in: 1...40, using: &self))]
                text.insert(contentsOf: Array(stretch), at: Int.random(in: 0...text.count, using: &self))
            }
        }
        return text
    }
}

let anID = ID128(high: 0x8cb6_f79b_0ab4_11dc, low: 0x8314_0800_200c_9a66)
