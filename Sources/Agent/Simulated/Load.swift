import PodpModel

/// What a simulated domain wants to do: a day's curve with noise and bursts, a function of its id and the wall clock alone.
///
/// Half of the domains work in office hours, a fifth at night, a fifth evenly, a tenth in spikes. The curve is made of parabolas, so that
/// it is the same on every machine's arithmetic.
public struct Load: Hashable, Sendable {
    enum Habit: Hashable, Sendable { case office, night, even, spiky }

    /// How long a simulated day lasts; 24 h is real time, minutes make a demonstration.
    public let dayLength: Duration
    let domain: DomainID
    let habit: Habit
    /// All in thousandths of what the domain's vCPUs can do.
    let base: Int
    let peak: Int
    /// The day's busiest moment and half the width around it, in thousandths of a day.
    let peakAt: Int
    let width: Int

    public init(domain: DomainID, dayLength: Duration) {
        self.domain = domain
        self.dayLength = max(dayLength, .seconds(1))
        let h = Self.hash(domain.uuid.high, domain.uuid.low)
        func draw(_ shift: UInt64, _ range: ClosedRange<Int>) -> Int { range.lowerBound + Int((h >> shift) % UInt64(range.count)) }
        switch h % 10 {
        case 0...4:
            (habit, base, peak, peakAt, width) = (.office, draw(8, 30...120), draw(16, 350...900), draw(24, 420...660), draw(32, 160...240))
        case 5, 6:
            (habit, base, peak, peakAt, width) = (.night, draw(8, 10...60), draw(16, 500...1000), draw(24, 40...160), draw(32, 60...110))
        case 7, 8:
            (habit, base, peak, peakAt, width) = (.even, draw(8, 80...300), draw(8, 80...300) + 60, 500, 500)
        default:
            (habit, base, peak, peakAt, width) = (.spiky, draw(8, 10...50), draw(16, 100...200), draw(24, 300...800), 200)
        }
    }

    /// The part of its vCPUs that the domain wants to use, 0...1000.
    public func demand(at time: WallTime) -> Int {
        let day = max(1, dayLength.nanoseconds / 1_000_000)
        let since = time.milliseconds >= 0 ? time.milliseconds : 0
        let number = since / day
        let moment = Int((since % day) * 1000 / day)
        // 96 slots a day: a burst or a mood lasts a quarter of an hour.
        let slot = UInt64(number) &* 96 &+ UInt64(moment * 96 / 1000)
        let mood = Self.hash(domain.uuid.low ^ 0x5EED, slot)
        var wanted = base + (peak - base) * bump(moment) / 1000
        wanted += wanted * (Int(mood % 21) - 10) / 100
        let burst = habit == .spiky ? 12 : 4
        if Int(mood >> 16) & 127 < burst { wanted += 350 + Int(mood >> 32) & 255 }
        return min(1000, max(0, wanted))
    }

    /// 1000 at the peak, falling to 0 half a width away, with no corner.
    private func bump(_ moment: Int) -> Int {
        let raw = abs(moment - peakAt)
        let distance = min(raw, 1000 - raw)
        guard distance < width else { return 0 }
        let x = distance * 1000 / width
        let y = 1000 - x * x / 1000
        return y * y / 1000
    }

    /// How much of the domain's work goes to disk and network: bytes a second at full use of one CPU.
    var diskBytes: UInt64 { 200_000 + Self.hash(domain.uuid.low, 1) % 8_000_000 }
    var networkBytes: UInt64 { 100_000 + Self.hash(domain.uuid.low, 2) % 6_000_000 }

    /// MurmurHash3's 64-bit finaliser over both.
    static func hash(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var h = a ^ (b &* 0x9E37_79B9_7F4A_7C15)
        h = (h ^ h >> 33) &* 0xFF51_AFD7_ED55_8CCD
        h = (h ^ h >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return h ^ h >> 33
    }
}
