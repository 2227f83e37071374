import PodpModel

extension AgentCore {
    /// What an agent is and how it behaves. All of it may be left at its default but the first lines.
    public struct Settings: Sendable {
        public var facts: HostFacts
        /// Random, new with each start of the process.
        public var run: ID128
        public var version: String
        /// The coordinators' addresses, `host:port`, tried in turn. At least one.
        public var addresses: [String]

        /// Until a coordinator has said another.
        public var reportInterval = Duration.seconds(5)
        /// Reports that are kept while nobody takes them; then the oldest is dropped, and counted.
        public var reportsKept = 120
        /// The inventory is read anew this often even if nothing is said to have changed.
        public var inventoryInterval = Duration.seconds(60)
        /// Changes that come in quick succession are read together.
        public var inventoryQuiet = Duration.milliseconds(200)
        /// After a reading that failed, and after a journal write that failed.
        public var retryInterval = Duration.seconds(5)
        public var backoff = Duration.seconds(1)...Duration.seconds(60)
        /// After a refusal that only somebody's action can end.
        public var permanentBackoff = Duration.seconds(120)
        /// From the connection to the welcome.
        public var handshakeLimit = Duration.seconds(30)
        /// No message for so long from a coordinator that pings means that it is gone.
        public var silenceLimit = Duration.seconds(60)
        /// Final updates are sent again this often on one link, until they are acknowledged.
        public var resendInterval = Duration.seconds(30)
        /// Of one operation's progress no more is told than once in this time.
        public var progressInterval = Duration.milliseconds(500)
        /// A renewed certificate that does not come is asked for again.
        public var renewalLimit = Duration.seconds(300)
        /// The journal is compacted after so many records.
        public var recordsBetweenCompactions = 2048

        public init(facts: HostFacts, run: ID128, version: String, addresses: [String]) {
            self.facts = facts
            self.run = run
            self.version = version
            self.addresses = addresses
        }
    }

    /// A certificate's validity, as it says itself.
    public struct CertificateLife: Hashable, Sendable {
        public var notBefore: WallTime
        public var notAfter: WallTime

        public init(notBefore: WallTime, notAfter: WallTime) {
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    public enum Timer: Hashable, Sendable, CaseIterable {
        case reconnect, handshake, silence, resend, sample, inventory, journal, certificate
    }

    /// Everything that happens to an agent.
    public enum Event: Hashable, Sendable {
        /// First, and once. Operations that a journal was left with are observed now.
        case started
        case timer(Timer)

        // The link. After `linkDown` nothing of that link may follow.
        /// Connected, TLS and all. With the blade's wall clock.
        case linkUp(clock: WallTime)
        /// Ended, or never came up. `random`: 64 fresh random bits, for the back-off's jitter.
        case linkDown(reason: String, random: UInt64)
        /// Whether the link takes more just now. It does when it comes up.
        case linkWritable(Bool)
        case received(CoordinatorMessage)

        // The hypervisor.
        case counters(Counters, use: AgentUse?)
        case countersFailed(HypervisorError)
        case inventory(Inventory)
        case inventoryFailed(HypervisorError)
        /// The set of domains, or a domain's state, may have changed.
        case hypervisorChanged
        case progressed(OperationID, Progress)
        /// What `execute` came to.
        case executed(OperationID, Outcome)
        /// What `observe` found.
        case observed(OperationID, Outcome)

        /// What `describe` found: libvirt's XML, or why there is none.
        case described(number: UInt64, xml: String?, reason: String)

        // The journal.
        /// Every write up to this number is durable.
        case journalled(UInt64)
        /// This write failed. Every `append` after it fails too, until a `replace` succeeds.
        case journalFailed(UInt64, reason: String)

        // The certificate.
        /// The certificate that the link uses, at the start and after each `storeCertificate`.
        case certificate(CertificateLife)
        /// A PEM request, made with a new key.
        case requestMade(String)
        /// No request could be made, or the certificate that came was not good or could not be stored.
        case certificateFailed(reason: String)
    }

    public enum Severity: Hashable, Sendable { case debug, info, notice, warning, error }

    /// Everything that an agent wants. Performed in order; each of the reading ones is answered by one event.
    public enum Effect: Hashable, Sendable {
        /// Answered by `linkUp` or `linkDown`.
        case connect(address: String)
        /// Answered by `linkDown`, unless that was on its way.
        case disconnect(reason: String)
        case send(AgentMessage)
        /// Asks for `timer` at an instant; an earlier wish for the same timer is forgotten.
        case arm(Timer, at: Instant)
        case disarm(Timer)
        /// Answered by `counters` or `countersFailed`.
        case readCounters
        /// Answered by `inventory` or `inventoryFailed`.
        case readInventory
        /// Answered by `journalled` or `journalFailed`.
        case journal(JournalWrite)
        /// Answered by any number of `progressed` and one `executed`. Several may be under way at once.
        case execute(Command)
        /// `executed` follows when it has stopped, and also when it has not.
        case cancel(OperationID)
        /// Looks what became of a command that an earlier process began. Answered by `observed`.
        case observe(Command)
        /// libvirt's XML of a domain. Answered by `described`.
        case describe(number: UInt64, DomainID)
        /// Answered by `requestMade` or `certificateFailed`.
        case makeRequest
        /// Answered by `certificate` or `certificateFailed`.
        case storeCertificate(chain: String, authorities: String)
        /// Give libvirt the authority's list of revoked certificates, PEM.
        case storeRevocations(list: String)
        /// One line for people about how the agent stands.
        case status(String)
        case log(Severity, String)
    }
}
