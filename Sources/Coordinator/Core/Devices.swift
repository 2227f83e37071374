import PodpModel

/// What a blade reaches, looked up by name: with a LUN for each domain its blades list hundreds, and a plan asks about every disk of the fleet.
struct Devices: Sendable, Codable {
    /// As the blade tells them.
    let told: [BlockDevice]
    /// Storage that other blades may reach, too, as `CoordinatorCore.storageKey` names it; sorted.
    let shared: [String]
    private var positions: [String: Int] = [:]
    /// Directories of image files, and volume groups.
    private let folders: [BlockDevice]

    init(_ told: [BlockDevice]) {
        self.told = told
        shared = Set(told.filter { !$0.serial.isEmpty }.map { CoordinatorCore.storageKey($0.path, serial: $0.serial) }).sorted()
        folders = told.filter { $0.path.hasSuffix("/") }
        positions.reserveCapacity(told.count)
        for (position, device) in told.enumerated() {
            for name in [device.path, CoordinatorCore.plain(device.path)] where positions[name] == nil { positions[name] = position }
        }
    }

    init(from decoder: any Decoder) throws { self.init(try [BlockDevice](from: decoder)) }

    func encode(to encoder: any Encoder) throws { try told.encode(to: encoder) }

    /// The device, or the directory of files, that a disk's path names.
    func device(of source: String) -> BlockDevice? {
        let source = CoordinatorCore.plain(source)
        return positions[source].map { told[$0] }
            ?? folders.filter { source.hasPrefix($0.path) }.max { $0.path.utf8.count < $1.path.utf8.count }
    }
}
