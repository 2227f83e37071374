import Logging
import NIOCore
import PodpCore
import PodpFrame
import PodpModel
import PodpWireSwift
import Synchronization

/// What all links of a listener share.
final class LinkContext: Sendable {
    let authority: CertificateAuthority
    let mailbox: any CoreMailbox
    let table: LinkTable
    let limits: ListenerLimits
    let codec: any WireCodec = WireCodecSwift()
    let log: Logger
    /// Judges certificates.
    let clock: @Sendable () -> WallTime
    /// For a blade whose certificate has expired and that may only renew. `nil`: the coordinator has no term yet.
    let welcome: @Sendable () -> Welcome?
    private let gate: Mutex<ConnectionGate>
    private let counts = Mutex(ListenerCounts())

    init(
        authority: CertificateAuthority, mailbox: any CoreMailbox, table: LinkTable, limits: ListenerLimits, log: Logger,
        clock: @escaping @Sendable () -> WallTime, welcome: @escaping @Sendable () -> Welcome?
    ) {
        self.authority = authority
        self.mailbox = mailbox
        self.table = table
        self.limits = limits
        self.log = log
        self.clock = clock
        self.welcome = welcome
        gate = Mutex(ConnectionGate(limits: limits))
    }

    var currentCounts: ListenerCounts { counts.withLock { $0 } }

    func count(_ what: WritableKeyPath<ListenerCounts, UInt64>) { counts.withLock { $0[keyPath: what] += 1 } }

    func withGate<Result: Sendable>(_ body: (inout ConnectionGate) -> Result) -> Result { gate.withLock { body(&$0) } }
}
