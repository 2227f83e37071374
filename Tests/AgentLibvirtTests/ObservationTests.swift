import PodpModel
import Testing

@testable import AgentLibvirt

@Suite struct ObservationTests {
    private enum Verdict { case succeeded, failed, indeterminate }

    private static let image = DomainImage(
        definition: DomainDefinition(id: DomainID(.zero), name: "d", type: .pvh, memory: .mebibytes(128), vcpus: 1, boot: .firmware(order: "c")), libvirtXML: ""
    )

    private func judge(_ action: Action, _ state: DomainState?, persistent: Bool = true, memory: UInt64 = 128, vcpus: Int = 1) -> Verdict {
        let command = Command(
            operation: OperationID(term: .zero, sequence: 1), term: Term(number: 1, id: .zero), domain: DomainID(.zero), domainName: "d", action: action)
        switch LibvirtActuator.judge(command, .init(state: state, isPersistent: persistent, memory: .mebibytes(memory), vcpus: vcpus)) {
        case .succeeded: return .succeeded
        case .failed: return .failed
        case .indeterminate: return .indeterminate
        }
    }

    @Test func `an operation that was cut off is judged by what is there`() {
        #expect(judge(.define(Self.image), .off) == .succeeded)
        #expect(judge(.define(Self.image), nil, persistent: false) == .failed)
        #expect(judge(.start(Self.image), .running) == .succeeded)
        #expect(judge(.start(Self.image), .paused) == .succeeded)
        #expect(judge(.start(Self.image), .off) == .failed)
        #expect(judge(.start(Self.image), nil) == .failed)
        #expect(judge(.shutdown(deadline: .zero), .off) == .succeeded)
        #expect(judge(.shutdown(deadline: .zero), nil) == .succeeded)
        #expect(judge(.shutdown(deadline: .zero), .running) == .indeterminate)
        #expect(judge(.destroy, .off) == .succeeded)
        #expect(judge(.destroy, .running) == .failed)
        #expect(judge(.pause, .paused) == .succeeded)
        #expect(judge(.pause, .running) == .failed)
        #expect(judge(.resume, .running) == .succeeded)
        #expect(judge(.resume, .paused) == .failed)
        #expect(judge(.reboot, .running) == .indeterminate)
        #expect(judge(.setMemory(.mebibytes(256)), .running, memory: 256) == .succeeded)
        #expect(judge(.setMemory(.mebibytes(256)), .running, memory: 128) == .failed)
        #expect(judge(.setVCPUs(2), .running, vcpus: 2) == .succeeded)
        #expect(judge(.setVCPUs(2), .running, vcpus: 1) == .failed)
        #expect(judge(.undefine, nil, persistent: false) == .succeeded)
        #expect(judge(.undefine, .off) == .failed)
    }

    @Test(arguments: [DomainState.running, .paused, .incoming, .off, .shutdown, nil])
    func `a migration that was cut off is never judged by one end alone`(_ state: DomainState?) {
        #expect(judge(.migrate(Migration(destination: BladeID(.zero), address: "", hostName: "blade2", live: true)), state) == .indeterminate)
    }

    @Test func `a destination is its certificate's name where that resolves, else its address`() {
        func target(_ name: String, _ address: String) -> [String] {
            let target = LibvirtActuator.target(Migration(destination: BladeID(.zero), address: address, hostName: name, live: true), scheme: "xen")
            return [target.libvirtd, target.stream ?? ""]
        }
        #expect(target("localhost", "10.77.0.2") == ["xen+tls://localhost/system", "tcp://10.77.0.2"])
        #expect(target("nowhere.invalid", "10.77.0.2") == ["xen+tls://10.77.0.2/system", "tcp://10.77.0.2"])
        #expect(target("nowhere.invalid", "fd00::2") == ["xen+tls://[fd00::2]/system", "tcp://[fd00::2]"])
        #expect(target("nowhere.invalid", "") == ["xen+tls://nowhere.invalid/system", ""])
    }
}
