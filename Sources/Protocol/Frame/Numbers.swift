import PodpModel

/// An enumeration of the Model with its values' numbers in `podp.proto`. 0 is never one of them.
public protocol WireNumbered: Sendable {
    /// The highest number.
    static var highestWireNumber: Int { get }
    /// `nil` for a number that is none of this build's.
    init?(wireNumber: Int)
    var wireNumber: Int { get }
}

extension HypervisorKind: WireNumbered {
    public static let highestWireNumber = 4

    public init?(wireNumber: Int) {
        switch wireNumber {
        case 1: self = .xen
        case 2: self = .kvm
        case 3: self = .test
        case 4: self = .simulated
        default: return nil
        }
    }

    public var wireNumber: Int {
        switch self {
        case .xen: 1
        case .kvm: 2
        case .test: 3
        case .simulated: 4
        }
    }
}

extension VirtualisationType: WireNumbered {
    public static let highestWireNumber = 5

    public init?(wireNumber: Int) {
        switch wireNumber {
        case 1: self = .pv
        case 2: self = .pvh
        case 3: self = .hvm
        case 4: self = .kvm
        case 5: self = .unknown
        default: return nil
        }
    }

    public var wireNumber: Int {
        switch self {
        case .pv: 1
        case .pvh: 2
        case .hvm: 3
        case .kvm: 4
        case .unknown: 5
        }
    }
}

extension DomainState: WireNumbered {
    public static let highestWireNumber = 7

    public init?(wireNumber: Int) {
        switch wireNumber {
        case 1: self = .running
        case 2: self = .paused
        case 3: self = .shutdown
        case 4: self = .crashed
        case 5: self = .off
        case 6: self = .incoming
        case 7: self = .unknown
        default: return nil
        }
    }

    public var wireNumber: Int {
        switch self {
        case .running: 1
        case .paused: 2
        case .shutdown: 3
        case .crashed: 4
        case .off: 5
        case .incoming: 6
        case .unknown: 7
        }
    }
}

extension DomainExit: WireNumbered {
    public static let highestWireNumber = 3

    public init?(wireNumber: Int) {
        switch wireNumber {
        case 1: self = .destroy
        case 2: self = .restart
        case 3: self = .preserve
        default: return nil
        }
    }

    public var wireNumber: Int {
        switch self {
        case .destroy: 1
        case .restart: 2
        case .preserve: 3
        }
    }
}

extension Finding.Severity: WireNumbered {
    public static let highestWireNumber = 3

    public init?(wireNumber: Int) {
        switch wireNumber {
        case 1: self = .note
        case 2: self = .warning
        case 3: self = .critical
        default: return nil
        }
    }

    public var wireNumber: Int {
        switch self {
        case .note: 1
        case .warning: 2
        case .critical: 3
        }
    }
}
