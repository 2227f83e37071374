import Glibc

/// The IP addresses that a name stands for.
enum HostAddresses {
    /// As `getaddrinfo` has them; empty: none. It may wait for a name server.
    static func of(_ host: String) -> Set<String> {
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, nil, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: Set<String> = []
        var next = first
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                found.insert(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            next = entry.pointee.ai_next
        }
        return found
    }

    /// Whether two names are of one host, by what they say or stand for.
    static func isOne(_ one: String, _ other: String) -> Bool {
        one.lowercased() == other.lowercased() || !of(one).isDisjoint(with: of(other))
    }
}
