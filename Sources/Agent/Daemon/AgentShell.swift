import AgentCore
import Glibc
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PodpFrame
import PodpModel
import PodpWireC
import ServiceLifecycle
import Synchronization

/// Performs what `AgentCore` wants and tells it what happened: the only place where the core meets clocks, sockets, files and threads.
actor AgentShell: Service {
    enum Message: Sendable {
        case core(AgentCore.Event)
        /// Of the link with this number: what an older one still says is not heard.
        case link(Int, Link.Event)
        case timer(AgentCore.Timer, Int)
        /// The event loop's beat: heard here, both the loop and this actor live.
        case beat
        case stop
    }

    let options: Options
    let folder: StateFolder
    let log: Logger
    let systemd: Systemd
    let hypervisor: HypervisorChoice
    let loop: any EventLoop
    /// Journal writes, in order.
    let journalThread = NIOThreadPool(numberOfThreads: 1)
    /// Subprocesses.
    let chores = NIOThreadPool(numberOfThreads: 2)
    let journal: SharedJournal
    let verification: PeerVerification
    let (inbox, post) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .unbounded)
    private let codec = WireCodecC()
    private let facts: HostFacts
    /// libvirt's own copy of the blade's certificate, where the agent keeps one.
    private let libvirt: LibvirtCertificates?

    private var core: AgentCore
    private var identity: Identity
    private var tls: NIOSSLContext
    private var link: Link?
    private var linkNumber = 0
    private var timers: [AgentCore.Timer: (number: Int, task: Scheduled<Void>)] = [:]
    private var timerNumber = 0
    /// The key of a request that is on its way.
    private var pendingKey: String?

    /// Everything that must be there before the agent can begin. Throws what is missing.
    init(
        options: Options, folder: StateFolder, identity: Identity, hypervisor: HypervisorChoice, facts: HostFacts, log: Logger, systemd: Systemd,
        loop: any EventLoop
    ) throws(AgentFailure) {
        self.options = options
        self.folder = folder
        self.identity = identity
        self.hypervisor = hypervisor
        self.facts = facts
        libvirt = try folder.libvirtCertificates(options)
        self.log = log
        self.systemd = systemd
        self.loop = loop
        tls = try identity.context(protocols: [Link.applicationProtocol(.work)])
        verification = PeerVerification(.authorities(file: folder.authorities))
        let (file, content) = try JournalFile.open(folder.journal)
        if content.torn > 0 { log.notice("cut \(content.torn) bytes of a torn write off the journal's end") }
        journal = SharedJournal(file)
        let addresses = options.coordinators.isEmpty ? identity.coordinators : options.coordinators
        guard !addresses.isEmpty else {
            throw AgentFailure(.configuration, "no coordinator's address is known", remedy: "set PODP_COORDINATORS, or enrol this blade again")
        }
        var generator = SystemRandomNumberGenerator()
        let settings = AgentCore.Settings(
            facts: facts, run: ID128(high: generator.next(), low: generator.next()), version: Release.version, addresses: addresses)
        do throws(JournalError) {
            core = AgentCore(settings: settings, journal: try OperationJournal(replaying: content.records))
        } catch {
            throw AgentFailure(
                .file, "the journal \(folder.journal) contradicts itself: \(error)",
                remedy:
                    "make sure that no operation of podp runs on this blade, move the file away (`mv \(folder.journal) \(folder.journal).damaged`) and start the agent again"
            )
        }
    }

    func run() async throws {
        journalThread.start()
        chores.start()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                await work(&group)
            }
        } onGracefulShutdown: {
            self.post.yield(.stop)
        }
    }

    private func work(_ group: inout DiscardingTaskGroup) async {
        if let companion = hypervisor.companion { group.addTask { await companion() } }
        let post = post
        let changes = hypervisor.telemetry.changes()
        group.addTask { for await _ in changes { post.yield(.core(.hypervisorChanged)) } }
        startBeat()
        startReleasing()
        if let life = try? identity.life() { take(.certificate(life), &group) }
        take(.started, &group)
        systemd.notify("READY=1")
        log.notice(
            "podp-agent \(Release.version) for blade \(facts.identity.name) (\(facts.identity.id)), \(facts.hypervisor.kind.rawValue) \(facts.hypervisor.version)"
        )
        for await message in inbox {
            switch message {
            case .core(let event): take(event, &group)
            case .link(let number, let event): heard(event, from: number, &group)
            case .timer(let timer, let number):
                guard timers[timer]?.number == number else { continue }
                timers[timer] = nil
                take(.timer(timer), &group)
            case .beat: systemd.notify("WATCHDOG=1")
            case .stop: leave()
            }
        }
    }

    /// Operations that run go on in the hypervisor; the next agent looks what became of them. Their threads are not waited for.
    private func leave() {
        let running = core.journal.running.count
        log.notice("stopping\(running > 0 ? "; \(running) operations go on without the agent, which looks after them when it starts again" : "")")
        systemd.notify("STOPPING=1")
        link?.close(reason: "the agent stops")
        // A write that is under way is finished first: there is one thread, and it takes them in order.
        journalThread.submit { _ in exit(0) }
    }

    private func startReleasing() {
        let chores = chores
        loop.scheduleRepeatedTask(initialDelay: .seconds(30), delay: .hours(1)) { _ in chores.submit { _ in StartupPages.release() } }
    }

    private func startBeat() {
        guard let period = systemd.watchdog else { return }
        let post = post
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: .nanoseconds(max(1, period.nanoseconds / 4))) { _ in post.yield(.beat) }
    }

    // MARK: - Events in, effects out

    private func take(_ event: AgentCore.Event, _ group: inout DiscardingTaskGroup) {
        for effect in core.handle(event, at: Self.now) { perform(effect, &group) }
    }

    private func heard(_ event: Link.Event, from number: Int, _ group: inout DiscardingTaskGroup) {
        guard number == linkNumber else { return }
        switch event {
        case .up: take(.linkUp(clock: Self.wall), &group)
        case .writable(let isWritable): take(.linkWritable(isWritable), &group)
        case .message(let message):
            link?.taken()
            take(.received(message), &group)
        case .down(let reason):
            link = nil
            linkNumber += 1
            var generator = SystemRandomNumberGenerator()
            take(.linkDown(reason: reason, random: generator.next()), &group)
        }
    }

    private func perform(_ effect: AgentCore.Effect, _ group: inout DiscardingTaskGroup) {
        let post = post
        let telemetry = hypervisor.telemetry
        let actuator = hypervisor.actuator
        switch effect {
        case .connect(let address): dial(address)
        case .disconnect(let reason): link?.close(reason: reason)
        case .send(let message): send(message)
        case .arm(let timer, let at): arm(timer, at: at)
        case .disarm(let timer): timers.removeValue(forKey: timer)?.task.cancel()
        case .readCounters:
            group.addTask {
                do throws(HypervisorError) {
                    let counters = try await telemetry.counters()
                    post.yield(.core(.counters(counters, use: Self.use)))
                } catch {
                    post.yield(.core(.countersFailed(error)))
                }
            }
        case .readInventory:
            group.addTask {
                do throws(HypervisorError) {
                    post.yield(.core(.inventory(try await telemetry.inventory())))
                } catch {
                    post.yield(.core(.inventoryFailed(error)))
                }
            }
        case .journal(let write): self.write(write)
        case .execute(let command):
            log.info("\(command.action.verb) \(command.domainName) (\(command.operation))")
            group.addTask {
                let outcome = await actuator.execute(command) { post.yield(.core(.progressed(command.operation, $0))) }
                post.yield(.core(.executed(command.operation, outcome)))
            }
        case .observe(let command): group.addTask { post.yield(.core(.observed(command.operation, await actuator.observe(command)))) }
        case .cancel(let operation): group.addTask { _ = await actuator.cancel(operation) }
        case .describe(let number, let domain):
            group.addTask {
                do throws(HypervisorError) {
                    post.yield(.core(.described(number: number, xml: try await actuator.describe(domain), reason: "")))
                } catch {
                    post.yield(.core(.described(number: number, xml: nil, reason: error.message)))
                }
            }
        case .makeRequest: group.addTask { await self.makeRequest() }
        case .storeCertificate(let chain, let authorities): group.addTask { await self.storeCertificate(chain: chain, authorities: authorities) }
        case .storeRevocations(let list): group.addTask { await self.storeRevocations(list) }
        case .status(let text): systemd.notify("STATUS=\(text.filter { !$0.isNewline })")
        case .log(let severity, let text): log.log(level: severity.level, "\(text)")
        }
    }

    // MARK: - The link

    private func dial(_ text: String) {
        linkNumber += 1
        let number = linkNumber
        guard let address = Address(text) else {
            post.yield(.link(number, .down(reason: "'\(text)' is no host:port")))
            return
        }
        log.debug("connecting to \(text)")
        let post = post
        link = Link.open(to: address, purpose: .work, tls: tls, verification: verification, loop: loop, pool: chores) { post.yield(.link(number, $0)) }
    }

    private func send(_ message: AgentMessage) {
        do throws(WireError) {
            link?.send(try codec.encode(message), kind: message.kind)
        } catch {
            // The coordinator would refuse it: better one message lost, and told, than the link.
            log.error("a \(message.kind) cannot be sent: \(error)")
        }
    }

    private func arm(_ timer: AgentCore.Timer, at instant: Instant) {
        timers.removeValue(forKey: timer)?.task.cancel()
        timerNumber += 1
        let number = timerNumber
        let post = post
        let delay = max(0, (instant - Self.now).nanoseconds)
        let task = loop.scheduleTask(in: .nanoseconds(delay)) { _ = post.yield(.timer(timer, number)) }
        timers[timer] = (number, task)
    }

    // MARK: - The journal

    private func write(_ write: JournalWrite) {
        let post = post
        let journal = journal
        journalThread.submit { _ in
            do throws(AgentFailure) {
                try journal.write(write.content)
                post.yield(.core(.journalled(write.number)))
            } catch {
                post.yield(.core(.journalFailed(write.number, reason: error.message)))
            }
        }
    }

    // MARK: - The certificate

    private func makeRequest() async {
        let name = facts.identity.id.description
        let hosts = [facts.identity.name] + options.addresses
        do {
            let (key, request) = try await chores.runIfActive {
                let key = try OpenSSL.makeKey()
                return (key, try OpenSSL.makeRequest(key: key, name: name, hosts: hosts))
            }
            pendingKey = key
            post.yield(.core(.requestMade(request)))
        } catch {
            post.yield(.core(.certificateFailed(reason: "\(error)")))
        }
    }

    private func storeCertificate(chain: String, authorities: String) async {
        guard let key = pendingKey else {
            post.yield(.core(.certificateFailed(reason: "a certificate came for a key that is not here")))
            return
        }
        pendingKey = nil
        let renewed = Identity(key: key, chain: chain, authorities: authorities, coordinators: identity.coordinators)
        let (folder, blade, libvirt, log) = (folder, facts.identity.id, libvirt, log)
        do {
            try await chores.runIfActive {
                if let refusal = try renewed.refusal(for: blade, folder: folder) { throw AgentFailure(.refused, refusal, remedy: "") }
                try renewed.store(folder)
                if let libvirt { do throws(AgentFailure) { try libvirt.install(renewed) } catch { log.error("\(error)") } }
            }
            tls = try renewed.context(protocols: [Link.applicationProtocol(.work)])
            identity = renewed
            post.yield(.core(.certificate(try renewed.life())))
        } catch {
            post.yield(.core(.certificateFailed(reason: "\(error)")))
        }
    }

    private func storeRevocations(_ list: String) async {
        guard let libvirt else { return }
        do {
            try await chores.runIfActive { try libvirt.install(revocations: list) }
        } catch {
            log.error("libvirtd does not hear of revoked certificates: \(error)")
        }
    }

    // MARK: - Clocks and the agent's own use

    /// `CLOCK_BOOTTIME`.
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    static var wall: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
    }

    /// This process' CPU time and resident memory.
    static var use: AgentUse? {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, let bytes = try? StateFolder.read("/proc/self/statm", limit: 4096) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return nil }
        let cpu = UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
        return AgentUse(cpuNanoseconds: cpu, memory: Bytes(pages).times(UInt64(max(1, getpagesize()))))
    }
}

/// The journal's file behind a lock; only the journal's thread writes.
final class SharedJournal: Sendable {
    private let file: Mutex<JournalFile>

    init(_ file: JournalFile) { self.file = Mutex(file) }

    func write(_ content: JournalWrite.Content) throws(AgentFailure) {
        try file.withLock { file throws(AgentFailure) in
            switch content {
            case .append(let records): try file.append(records)
            case .replace(let records): try file.replace(records)
            }
        }
    }
}

extension AgentCore.Severity {
    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
