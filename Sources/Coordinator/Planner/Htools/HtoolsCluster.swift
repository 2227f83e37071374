/// A cluster as Ganeti's htools write it (`-t FILE`, `hscan`, `gnt-cluster`; htools 2.12 to 3.1).
///
/// Five sections with one empty line between them, fields between bars: groups, nodes, instances, cluster tags, instance policies. Units are MiB.
/// Not read: forthcoming instances, exclusive storage, MonD.
public struct HtoolsCluster: Hashable, Sendable {
    /// The tag of nodes that Ganeti may switch off.
    public static let standby = "htools:standby:auto"

    public struct Node: Hashable, Sendable {
        public var name: String
        public var totalMemory: Int
        public var dom0Memory: Int
        /// As the node reported it; what is missing against the books is held back.
        public var freeMemory: Int
        public var totalDisk: Int
        public var freeDisk: Int
        public var cpus: Int
        public var isOffline: Bool
        public var group: String
        public var spindles: Int
        public var tags: [String]
        public var dom0CPUs: Int
        public var cpuSpeed: Double
    }

    public struct Instance: Hashable, Sendable {
        public var name: String
        public var memory: Int
        public var disk: Int
        public var vcpus: Int
        public var status: String
        public var autoBalance: Bool
        /// Index into `nodes`.
        public var primary: Int
        /// Index into `nodes`; `nil` unless its disks are mirrored by DRBD.
        public var secondary: Int?
        public var template: String
        public var tags: [String]
        public var spindles: Int
        /// CPU, memory, disk, network as `-U` gives them; 1 each where it does not.
        public var load: [Double] = [1, 1, 1, 1]

        /// Down ones hold no memory.
        public var usesMemory: Bool { !["down", "offline", "ERROR_down", "ADMIN_down", "USER_down"].contains(status) }
        /// Whether it can go to any node of its group: its disks are reached from all.
        public var isShared: Bool { ["diskless", "blockdev", "ext", "rbd", "sharedfile", "gluster"].contains(template) && secondary == nil }
    }

    public var nodes: [Node] = []
    public var instances: [Instance] = []
    public var tags: [String] = []
    /// By group's uuid.
    public var vcpuRatio: [String: Double] = [:]
    public var spindleRatio: [String: Double] = [:]
    /// Sections that the dump has, the last one perhaps in part; Ganeti writes five.
    public private(set) var sections = 1
    /// Whether a load was given (`-U`).
    public var hasLoad = false

    /// Reads a text dump, and the load of its instances (`-U FILE`) if there is one.
    public init(_ text: String, utilisation: String? = nil) throws(HtoolsError) {
        var section = 0
        var groups: [(name: String, uuid: String)] = []
        var nodeIndex: [String: Int] = [:]
        var instanceIndex: [String: Int] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: Self.isLineEnd)
        for (number, line) in lines.enumerated() {
            if line.isEmpty {
                // What the last line end is followed by is no line.
                guard number < lines.count - 1 else { break }
                section += 1
                continue
            }
            let fields = Fields(line, number + 1)
            switch section {
            case 0:
                groups.append((try fields.text(0), try fields.text(1)))
                vcpuRatio[try fields.text(1)] = 4
                spindleRatio[try fields.text(1)] = 32
            case 1:
                let node = try Self.node(fields)
                guard nodeIndex.updateValue(nodes.count, forKey: node.name) == nil else { throw fields.error("node \(node.name) stands here twice") }
                // Nothing could move to or from it, and its policy would be made up.
                guard vcpuRatio[node.group] != nil else { throw fields.error("its group, \(node.group), is not in the group section") }
                nodes.append(node)
            case 2:
                let instance = try Self.instance(fields, nodeIndex)
                guard instanceIndex.updateValue(instances.count, forKey: instance.name) == nil else {
                    throw fields.error("instance \(instance.name) stands here twice")
                }
                instances.append(instance)
            case 3: tags.append(String(line))
            default:
                let owner = try fields.text(0)
                for group in groups where group.name == owner {
                    vcpuRatio[group.uuid] = try fields.real(4)
                    spindleRatio[group.uuid] = try fields.real(5)
                }
            }
        }
        guard !nodes.isEmpty else { throw HtoolsError(line: 1, reason: "there are no nodes: the second section is empty or missing") }
        guard section > 1 else {
            let last = lines.count - (lines.last?.isEmpty == true ? 1 : 0)
            throw HtoolsError(line: last, reason: "the dump ends in its second section, the nodes, and has no instances: was it cut off?")
        }
        sections = section + 1
        hasLoad = utilisation != nil
        for (number, line) in (utilisation ?? "").split(omittingEmptySubsequences: false, whereSeparator: Self.isLineEnd).enumerated() {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let name = words.first, let instance = instanceIndex[String(name)] else { continue }
            let given = words.dropFirst().prefix(4)
            let loads = given.compactMap { Double($0) }.filter { $0.isFinite && $0 >= 0 && $0 < 1e12 }
            guard loads.count == 4 else {
                let odd = given.first { word in !(Double(word).map { $0 >= 0 && $0 < 1e12 } ?? false) }
                let what = odd.map { "'\($0.prefix(64))' is none" } ?? "there \(given.count == 1 ? "is 1" : "are \(given.count)")"
                throw HtoolsError(line: number + 1, reason: "the load of \(name) is not four numbers from 0 to 1e12: \(what)", isUtilisation: true)
            }
            instances[instance].load = loads
        }
    }

    /// Unix's, or Windows'.
    public static func isLineEnd(_ character: Character) -> Bool { character == "\n" || character == "\r\n" }

    private static func node(_ fields: Fields) throws(HtoolsError) -> Node {
        let flag = try fields.text(7)
        let isOffline = flag == "Y" || (1...6).contains { fields.isUnknown($0) }
        return Node(
            name: try fields.text(0), totalMemory: try fields.count(1), dom0Memory: try fields.count(2), freeMemory: try fields.count(3),
            totalDisk: try fields.count(4), freeDisk: try fields.count(5), cpus: try fields.count(6), isOffline: isOffline,
            group: try fields.text(8), spindles: try fields.count(9, otherwise: 1), tags: fields.list(10), dom0CPUs: try fields.count(13, otherwise: 1),
            cpuSpeed: try fields.real(14, otherwise: 1))
    }

    private static func instance(_ fields: Fields, _ nodes: [String: Int]) throws(HtoolsError) -> Instance {
        let (primary, secondary) = (try fields.text(6), try fields.text(7))
        guard let home = nodes[primary] else { throw fields.error("its primary node, \(primary), is not in the node section") }
        if !secondary.isEmpty, nodes[secondary] == nil { throw fields.error("its secondary node, \(secondary), is not in the node section") }
        return Instance(
            name: try fields.text(0), memory: try fields.count(1), disk: try fields.count(2), vcpus: try fields.count(3), status: try fields.text(4),
            autoBalance: try fields.text(5) == "Y", primary: home, secondary: nodes[secondary], template: try fields.text(8), tags: fields.list(9),
            spindles: try fields.count(10, otherwise: 1))
    }
}

/// What is wrong with a dump, and where.
public struct HtoolsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    public var line: Int
    public var reason: String
    /// Of the file of loads, not of the dump.
    public var isUtilisation = false

    public var description: String { "line \(line): \(reason)" }
}

/// One line's fields.
private struct Fields {
    private let fields: [Substring]
    private let line: Int

    init(_ text: Substring, _ line: Int) {
        fields = text.split(separator: "|", omittingEmptySubsequences: false)
        self.line = line
    }

    func error(_ reason: String) -> HtoolsError { HtoolsError(line: line, reason: reason) }

    func text(_ index: Int) throws(HtoolsError) -> String {
        guard fields.indices.contains(index) else { throw error("field \(index + 1) is missing, there are \(fields.count)") }
        return String(fields[index])
    }

    func isUnknown(_ index: Int) -> Bool { fields.indices.contains(index) && fields[index] == "?" }
    func list(_ index: Int) -> [String] { fields.indices.contains(index) ? fields[index].split(separator: ",").map(String.init) : [] }

    func real(_ index: Int, otherwise: Double? = nil) throws(HtoolsError) -> Double {
        if !fields.indices.contains(index), let otherwise { return otherwise }
        let field = try text(index)
        if field == "?" { return 0 }
        guard let value = Double(field), value.isFinite, value >= 0, value < 1e12 else {
            throw error("field \(index + 1), '\(field)', is no number from 0 to 1e12")
        }
        return value
    }

    func count(_ index: Int, otherwise: Int? = nil) throws(HtoolsError) -> Int {
        Int(try real(index, otherwise: otherwise.map(Double.init)))
    }
}
