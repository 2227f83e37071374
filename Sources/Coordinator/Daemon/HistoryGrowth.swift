import PodpModel
import PodpStore
import PodpWeb

extension History {
    /// How fast the blades' CPU and memory in use have grown over the last four weeks: each blade's own trend, summed.
    ///
    /// A blade that came meanwhile adds no growth by coming. Empty where History does not answer, or no blade has some days of it.
    func growth(of blades: [BladeID], at now: WallTime) async -> [Growth] {
        let begin = WallTime(milliseconds: now.milliseconds - 28 * 86_400_000)
        var found: [Growth] = []
        // Of a blade History has what is free of memory: its use grows as that shrinks.
        for (metric, resource, factor) in [(Metric.cpu, Resource.cpu, 1.0), (.memory, .memory, -1.0 / 1024)] {
            var sum: Growth?
            for blade in blades {
                guard let points = try? await chart(.blade(blade), metric, .hour, from: begin, to: now),
                    let trend = Growth.perDay(points.map { (Double($0.at.milliseconds - begin.milliseconds) / 86_400_000, Double($0.mean) * factor) })
                else { continue }
                sum = Growth(resource: resource.name, perDay: (sum?.perDay ?? 0) + trend.slope, days: max(sum?.days ?? 0, trend.days))
            }
            if let sum { found.append(sum) }
        }
        return found
    }
}
