import PodpModel
import PodpPower

/// What becomes of a request that a service answers with 202: a task, or its monitor (DSP0266, "Asynchronous operations").
extension RedfishDriver {
    /// How long a task is followed, and how often it is looked at meanwhile.
    private static let taskPatience = Duration.seconds(8)
    private static let taskInterval = Duration.milliseconds(500)

    private enum TaskEnd {
        case done
        case failed(String)
        case running
    }

    /// A hard off that is queued is not accepted yet as what takes back a start that was queued before: its task must have ended well. Others are accepted; what
    /// they come to is read.
    func outcome(ofTask reply: RedfishClient.Reply, _ request: PowerRequest) async -> RequestOutcome {
        guard request == .hardOff else { return .accepted }
        guard let path = RedfishClient.path(of: reply.location) ?? reply.node["@odata.id"]?.text else {
            return .lost("\(client.place) has queued it, and names no task that could be followed")
        }
        let end = clock.now() + Self.taskPatience
        repeat {
            switch await taskEnd(at: path) {
            case .done: return .accepted
            case .failed(let why): return .lost(why)
            case .running: break
            }
            do { try await clock.sleep(clock.now() + Self.taskInterval) } catch { break }
        } while clock.now() < end && !Task.isCancelled
        return .lost("\(client.place) has queued it, and after \(Self.taskPatience.components.seconds) s its task \(path) has not ended")
    }

    private func taskEnd(at path: String) async -> TaskEnd {
        guard let reply = try? await client.get(path) else { return .running }
        switch reply.status {
        case 202: return .running
        case 200..<300: break
        case 404, 410: return .failed("\(path) is gone before it has said how it ended")
        case 500...: return .running
        default: return .failed("\(path) has ended with \(reply.status): \(Self.message(reply))")
        }
        // The monitor of a task that has ended answers as the request itself would have.
        guard let state = reply.node["TaskState"]?.text else { return .done }
        switch state {
        case "Completed":
            let status = reply.node["TaskStatus"]?.text
            return status == nil || status == "OK" ? .done : .failed("\(path) has ended, and not well: \(status ?? "")")
        case "Exception", "Killed", "Cancelled":
            return .failed("\(path) has ended as \(state): \(reply.node["Messages"]?.elements.last?["Message"]?.text?.prefix(200) ?? "no words")")
        default: return .running
        }
    }
}
