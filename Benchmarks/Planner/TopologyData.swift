/// The topology-aware placement data set (Huawei Cloud, CC0), as `Benchmarks/Data/topology.py` writes it.
struct TopologyData {
    struct Host {
        /// Free, by NUMA node.
        var cpus: [Int64]
        var gibibytes: [Int64]
        var rack: Int
    }

    enum Strategy: String { case none = "-", faultDomain = "fault_domain", antiAffinity = "anti-affinity", affinity }

    struct Request {
        var cpus: Int64
        var gibibytes: Int64
        /// NUMA nodes that it is split over evenly: 1 or 2.
        var nodes: Int64
        var strategy: Strategy
        /// Of its strategy's groups.
        var group: Int
        /// The part of a fault domain group.
        var part: Int
    }

    struct Fault: Error, CustomStringConvertible { var description: String }

    private(set) var hosts: [Host] = []
    private(set) var sequences: [(name: String, requests: [Request])] = []

    init(_ text: String) throws {
        var racks: [Int] = []
        for (index, line) in text.split(whereSeparator: \.isNewline).enumerated() {
            let words = line.split(separator: " ")
            let numbers = words.map { Int64($0) }
            func fault(_ what: String) -> Fault { Fault(description: "line \(index + 1): \(what): \(line.prefix(80))") }
            func amount(_ position: Int) throws -> Int64 {
                guard words.indices.contains(position), let number = numbers[position], (0...1_000_000).contains(number) else {
                    throw fault("word \(position + 1) is no amount from 0 to 1,000,000")
                }
                return number
            }
            switch words.first {
            case "rack": racks.append(Int(try amount(2)))
            case "host":
                guard racks.indices.contains(hosts.count) else { throw fault("no rack was given for this host") }
                hosts.append(Host(cpus: [try amount(1), try amount(3)], gibibytes: [try amount(2), try amount(4)], rack: racks[hosts.count]))
            case "sequence": sequences.append((words.dropFirst().first.map(String.init) ?? "", []))
            case "request":
                guard words.count == 7, let strategy = Strategy(rawValue: String(words[4])) else {
                    throw fault("not `request CPU GiB NUMA STRATEGY GROUP DOMAIN`")
                }
                let nodes = try amount(3)
                guard nodes == 1 || nodes == 2 else { throw fault("1 or 2 NUMA nodes can be asked for") }
                guard !sequences.isEmpty else { throw fault("no sequence has begun") }
                let request = Request(
                    cpus: try amount(1), gibibytes: try amount(2), nodes: nodes, strategy: strategy, group: strategy == .none ? 0 : Int(try amount(5)),
                    part: strategy == .faultDomain ? Int(try amount(6)) : 0)
                sequences[sequences.count - 1].requests.append(request)
            default: throw fault("not a rack, host, sequence or request")
            }
        }
        guard !hosts.isEmpty, !sequences.isEmpty else { throw Fault(description: "there is no host, or no sequence, in it") }
    }

    /// All sequences, one after the other, each with groups of its own.
    var together: [Request] {
        var requests: [Request] = []
        for (index, sequence) in sequences.enumerated() {
            requests += sequence.requests.map { request in
                var request = request
                request.group += index * 1_000_000
                return request
            }
        }
        return requests
    }
}
