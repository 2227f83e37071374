import Testing

@testable import PodpRules

@Suite("Amounts in words")
struct AmountTests {
    @Test("are one core where they read as one, and what is free is never told as more than it is, what is needed never as less")
    func words() {
        #expect([1_000, 1_040].map { Amount.text($0, unit: "mCPU", .down) } == ["1 core", "1 core"])
        #expect([960, 1_040].map { Amount.text($0, unit: "mCPU", .up) } == ["1 core", "1.1 cores"])
        #expect(Amount.text(2_097_151, unit: "KiB", .down) == "1.9 GiB")
        #expect(Amount.text(2_097_153, unit: "KiB", .up) == "2.1 GiB")
    }
}
