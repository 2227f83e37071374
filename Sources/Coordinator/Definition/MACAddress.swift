import PodpModel

/// Six bytes that name a network interface.
struct MACAddress: Hashable, CustomStringConvertible {
    /// Always six.
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Six pairs of hexadecimal digits in either case, with colons (or, all five of them, hyphens) between. `nil` for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: text.contains("-") ? "-" : ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part -> UInt8? in
            guard part.utf8.count == 2, part.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else { return nil }
            return UInt8(part, radix: 16)
        }
        guard parts.count == 6, bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    var description: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}

extension DomainDefinition {
    /// The same domain with an address for every network interface that had none.
    ///
    /// Addresses lie in Xen's range, `00:16:3e:00:00:00` to `00:16:3e:7f:ff:ff`, and follow from the domain's UUID, the interface's place and the seed alone:
    /// the same file gives the same addresses again. The range has 2²³ addresses: who keeps all domains checks them against each other, and
    /// asks again with another seed (or says what is taken).
    ///
    /// - Parameters:
    ///   - seed: Any bytes; empty for the first attempt.
    ///   - taken: Addresses, in lower case, that must not be given.
    public func withMACs(seed: [UInt8] = [], avoiding taken: Set<String> = []) -> DomainDefinition {
        var definition = self
        var used = taken.union(nics.compactMap(\.mac))
        for index in nics.indices where nics[index].mac == nil {
            var attempt: UInt64 = 0
            var mac: String
            repeat {
                mac = Self.mac(uuid: id.uuid, seed: seed, index: UInt64(index), attempt: attempt)
                attempt += 1
            } while used.contains(mac) && attempt < 1 << 16
            used.insert(mac)
            definition.nics[index].mac = mac
        }
        return definition
    }

    /// FNV-1a over all that counts, then the finaliser of SplitMix64, since FNV alone leaves the high bits alike.
    private static func mac(uuid: ID128, seed: [UInt8], index: UInt64, attempt: UInt64) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let tail = [index, attempt].flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) } }
        for byte in uuid.bytes + tail + seed { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        hash ^= hash >> 31
        let low = [UInt8(truncatingIfNeeded: hash >> 16) & 0x7F, UInt8(truncatingIfNeeded: hash >> 8), UInt8(truncatingIfNeeded: hash)]
        return MACAddress(bytes: [0x00, 0x16, 0x3e] + low).description
    }
}
