import PodpModel
import PodpSimulator

/// Something came out otherwise than the scenario says.
struct Unexpected: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

extension Plant {
    /// `startDomain`, or the scenario ends here.
    mutating func started(_ name: String, on blade: Int, memory: Bytes = .gibibytes(1), vcpus: Int = 1) throws -> DomainID {
        guard let id = startDomain(name, on: blade, memory: memory, vcpus: vcpus) else {
            throw Unexpected("\(name) did not start: \(trace.tail.suffix(20).joined(separator: "\n"))")
        }
        return id
    }
}
