/// What to change of a blade; absent: leave it.
public struct BladeChange: Documented {
    /// What its disks do together, in MiB/s; 0: not known, no limit.
    public var diskMebibytesPerSecond: Int?

    /// The switch module that its domains' network goes through; empty: not known.
    public var switchModule: String?

    public init(diskMebibytesPerSecond: Int? = nil, switchModule: String? = nil) {
        self.diskMebibytesPerSecond = diskMebibytesPerSecond
        self.switchModule = switchModule
    }

    public static let summary = "What to change of a blade; absent: leave it."
    public static let fields = [
        "diskMebibytesPerSecond": "What its disks do together, in MiB/s, measured by you; plans keep below it. 0: not known, no limit.",
        "switchModule": "The switch module that its domains' network goes through; empty: not known.",
    ]
}
