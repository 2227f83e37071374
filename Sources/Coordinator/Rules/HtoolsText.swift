/// Ganeti's text dump as the checker reads it: sections, lines, fields; no more than the rules need.
struct HtoolsText {
    private let sections: [[[Substring]]]

    init?(_ dump: String) {
        var sections: [[[Substring]]] = [[]]
        for line in dump.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            if line.isEmpty {
                sections.append([])
            } else {
                sections[sections.count - 1].append(line.split(separator: "|", omittingEmptySubsequences: false))
            }
        }
        guard sections.count > 2, !sections[1].isEmpty else { return nil }
        self.sections = sections
    }

    private static func number(_ row: [Substring], _ index: Int, otherwise: Int = 0) -> Int {
        guard row.indices.contains(index), let value = Double(row[index]), value.isFinite, abs(value) < 1e12 else { return otherwise }
        return Int(value)
    }

    private static func text(_ row: [Substring], _ index: Int) -> String { row.indices.contains(index) ? String(row[index]) : "" }
    private static func words(_ row: [Substring], _ index: Int) -> [String] { text(row, index).split(separator: ",").map(String.init) }

    private var clusterTags: [String] { sections.count > 3 ? sections[3].filter { $0.count == 1 }.map { String($0[0]) } : [] }

    private func suffixes(_ prefix: String) -> [String] { clusterTags.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) } }

    /// vCPUs per CPU by group's uuid.
    private var ratios: [String: Double] {
        var names: [String: String] = [:]
        for row in sections[0] { names[Self.text(row, 0)] = Self.text(row, 1) }
        var ratios: [String: Double] = [:]
        for row in sections.dropFirst(3).joined() where row.count > 4 {
            if let uuid = names[Self.text(row, 0)] { ratios[uuid] = Double(row[4]) }
        }
        return ratios
    }

    func cluster(offline: Set<String>) -> (nodes: [HtoolsReplay.Node], instances: [String: HtoolsReplay.Instance], nodeIndex: [String: Int])? {
        let exclusion = suffixes("htools:iextags:")
        let migration = suffixes("htools:migration:").map { $0 + ":" }
        let allowed = suffixes("htools:allowmigration:").compactMap { text -> (String, String)? in
            guard let middle = text.firstRange(of: "::") else { return nil }
            return (String(text[..<middle.lowerBound]), String(text[middle.upperBound...]))
        }
        let ratios = ratios
        var nodes: [HtoolsReplay.Node] = []
        var reported: [Int] = []
        var nodeIndex: [String: Int] = [:]
        for row in sections[1] {
            let name = Self.text(row, 0)
            let group = Self.text(row, 8)
            var node = HtoolsReplay.Node(
                name: name, group: group,
                isOffline: Self.text(row, 7) == "Y" || row.dropFirst().prefix(6).contains("?") || offline.contains(name))
            node.room = Self.number(row, 1) - Self.number(row, 2)
            node.vcpus = Self.number(row, 13, otherwise: 1)
            node.mostVCPUs = (ratios[group] ?? 4) * Double(Self.number(row, 6))
            node.migration = Set(Self.words(row, 10).filter { tag in migration.contains { tag.hasPrefix($0) } })
            node.receives = node.migration.union(allowed.filter { node.migration.contains($0.1) }.map(\.0))
            guard nodeIndex.updateValue(nodes.count, forKey: name) == nil else { return nil }
            nodes.append(node)
            reported.append(Self.number(row, 3))
        }
        var instances: [String: HtoolsReplay.Instance] = [:]
        var held: [[Int: Int]] = Array(repeating: [:], count: nodes.count)
        for row in sections[2] {
            guard let home = nodeIndex[Self.text(row, 6)] else { return nil }
            let status = Self.text(row, 4)
            let isDown = ["down", "offline", "ERROR_down", "ADMIN_down", "USER_down"].contains(status)
            let memory = Self.number(row, 1)
            let secondary = nodeIndex[Self.text(row, 7)]
            let instance = HtoolsReplay.Instance(
                memory: isDown ? 0 : memory, vcpus: status == "offline" ? 0 : Self.number(row, 3), node: home,
                isShared: secondary == nil && ["ext", "rbd", "sharedfile", "gluster", "blockdev", "diskless"].contains(Self.text(row, 8)),
                tags: Self.words(row, 9).filter { tag in exclusion.contains { tag.hasPrefix($0) } })
            guard instances.updateValue(instance, forKey: Self.text(row, 0)) == nil else { return nil }
            nodes[home].used += instance.memory
            nodes[home].vcpus += instance.vcpus
            for tag in instance.tags { nodes[home].tags[tag, default: 0] += 1 }
            if instance.isShared { nodes[home].restartable.append(instance.memory) }
            if let secondary, Self.text(row, 5) == "Y", status != "offline" { held[secondary][home, default: 0] += memory }
        }
        for index in nodes.indices {
            nodes[index].room -= max(0, nodes[index].room - nodes[index].used - reported[index])
            nodes[index].reserved = held[index].values.max() ?? 0
        }
        return (nodes, instances, nodeIndex)
    }
}
