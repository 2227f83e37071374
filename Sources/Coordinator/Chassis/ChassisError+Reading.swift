import PodpModel
import PodpPower

extension ChassisError {
    /// For so long a refused login is not tried again.
    static let deniedPause = Duration.seconds(300)

    /// What a look comes to that failed so.
    func reading(bay: Int, source: PowerSource, at now: Instant) -> PowerReading {
        code == .denied ? .denied(message, bay: bay, source: source, at: now) : .silent(message, bay: bay, source: source, at: now)
    }
}
