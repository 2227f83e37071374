import Foundation
import Logging
import PodpModel
import PodpStore
import PodpWeb
import Testing

@testable import podp_coordinator

/// Growth, from a History that was written as the daemon writes it: report after report.
@Suite struct HistoryGrowthTests {
    private static let hour: Int64 = 3_600_000
    /// A whole hour.
    private static let start = WallTime(milliseconds: 1_800_000_000_000 / hour * hour)

    private func blade(_ number: UInt64) -> BladeID { BladeID(ID128(high: 1, low: number)) }

    private func report(_ sequence: UInt64, cpu: MilliCPU, free: Bytes) -> Report {
        Report(
            sequence: sequence, sampledAt: .zero, interval: .seconds(10), host: HostSample(cpu: cpu, memoryFree: free), domains: [])
    }

    @Test("three weeks of reports give each blade's own trend, summed, whatever the time of day; a blade of two days gives none")
    func threeWeeks() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("podp-growth-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let history = try History(file: folder.appendingPathComponent("history.db").path, log: quiet)
        let hours: Int64 = 21 * 24
        for number in 0..<hours {
            let at = WallTime(milliseconds: Self.start.milliseconds + number * Self.hour + 5_000)
            // By day and by night, the same every day.
            let wave = MilliCPU(number % 24 < 12 ? 600 : 0)
            let sequence = UInt64(number)
            history.record(report(sequence, cpu: 1000 + MilliCPU(2 * number) + wave, free: .mebibytes(UInt64(20_000 - 10 * number))), of: blade(1), at: at)
            history.record(report(sequence, cpu: 3000 - MilliCPU(number) + wave, free: .mebibytes(UInt64(10_000 + 4 * number))), of: blade(2), at: at)
            if hours - number <= 48 { history.record(report(sequence, cpu: MilliCPU(100 * (hours - number)), free: .mebibytes(100)), of: blade(3), at: at) }
            if number % 24 == 23 { await history.flush(at: at) }
        }
        let end = WallTime(milliseconds: Self.start.milliseconds + hours * Self.hour)
        await history.flush(at: end)
        let growth = await history.growth(of: [blade(1), blade(2), blade(3), blade(4)], at: end)
        #expect(growth.map(\.resource) == ["cpu", "memory"])
        let cpu = try #require(growth.first)
        // 48 a day and -24 a day; half a wave at either end tilts the line by a little.
        #expect(abs(cpu.perDay - 24) < 8, "\(cpu)")
        #expect(abs(cpu.days - 21) < 0.1, "\(cpu)")
        let memory = try #require(growth.last)
        // 240 MiB less free a day, and 96 MiB more.
        #expect(abs(memory.perDay - 144 * 1024) < 1024, "\(memory)")
        // A week later the first week has left the window of four weeks only in part: the trend is the same.
        let later = await history.growth(of: [blade(1)], at: WallTime(milliseconds: end.milliseconds + 14 * 24 * Self.hour))
        #expect(later.count == 2 && later.allSatisfy { $0.days < 15 }, "\(later)")
        #expect(await history.growth(of: [blade(3)], at: end).isEmpty)
        #expect(await history.growth(of: [], at: end).isEmpty)
    }
}
