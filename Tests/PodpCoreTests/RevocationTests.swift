import PodpModel
import Testing

@testable import PodpCore

struct RevocationTests {
    @Test func `every agent hears of a revoked certificate, and one that comes later too, until it has expired`() throws {
        var fixture = CoreFixture(blades: 3)
        let (first, greeted) = fixture.hello(1)
        #expect(told(greeted).map(\.serials) == [[]])
        _ = fixture.hello(2)
        let effects = fixture.tell(.request(RequestID(900), .revokeBlade(CoreFixture.blade(2).id), by: Actor(name: "operator", mayOperate: true)))
        #expect(told(effects).map(\.links) == [[first]])
        #expect(told(effects).map(\.serials) == [["02"]])
        let (third, later) = fixture.hello(3)
        #expect(told(later).map(\.links) == [[third]])
        #expect(told(later).map(\.serials) == [["02"]])
    }

    @Test func `the certificates of a blade that was removed are on the list, too`() {
        var fixture = CoreFixture(blades: 2)
        let (first, _) = fixture.hello(1)
        _ = fixture.hello(2)
        let effects = fixture.tell(.request(RequestID(900), .removeBlade(CoreFixture.blade(2).id), by: Actor(name: "operator", mayOperate: true)))
        #expect(told(effects).map(\.links) == [[first]])
        #expect(told(effects).map(\.serials) == [["02"]])
    }

    private func told(_ effects: [Effect]) -> [(links: [LinkID], serials: [String])] {
        effects.compactMap { if case .revocations(let links, let serials) = $0 { (links, serials) } else { nil } }
    }
}
