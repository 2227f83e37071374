/// What to change of a blade; absent: leave it.
public struct BladeChange: Documented {
    /// What its disks do together, in MiB/s; 0: not known, no limit.
    public var diskMebibytesPerSecond: Int?

    public init(diskMebibytesPerSecond: Int? = nil) {
        self.diskMebibytesPerSecond = diskMebibytesPerSecond
    }

    public static let summary = "What to change of a blade; absent: leave it."
    public static let fields = [
        "diskMebibytesPerSecond": "What its disks do together, in MiB/s, measured by you; plans keep below it. 0: not known, no limit."
    ]
}
