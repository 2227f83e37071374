import PodpModel

/// One durable line of the operation journal. Replayed in order they make an `OperationJournal`.
public enum JournalRecord: Hashable, Sendable, Codable {
    /// The highest term that this agent obeys.
    case term(Term)
    /// Accepted; executed once this is durable.
    case accepted(Command)
    case ended(OperationID, Outcome)
    /// The coordinator holds the end durably.
    case acknowledged(OperationID)
    /// Not begun, and never will be.
    case refused(ClosedOperation)
    /// An operation that is over, as a compacted journal keeps it.
    case kept(ClosedOperation)
    /// Operations of this term up to this sequence are forgotten: what is unknown and not above it is refused.
    case forgotten(term: ID128, through: UInt64)
}

/// What is left of an operation that has ended or was refused.
public struct ClosedOperation: Hashable, Sendable, Codable {
    public enum End: Hashable, Sendable, Codable {
        /// Ended; the coordinator has not acknowledged it.
        case ended(Outcome)
        case acknowledged(Outcome)
        case refused(reason: String)
    }

    public var operation: OperationID
    public var content: Fingerprint
    public var end: End

    public init(operation: OperationID, content: Fingerprint, end: End) {
        self.operation = operation
        self.content = content
        self.end = end
    }
}

/// A write of the journal. Writes are made durable in the order of their numbers.
public struct JournalWrite: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// After what is there.
        case append([JournalRecord])
        /// Instead of all that is there, atomically: compaction, or recovery from a failed write.
        case replace([JournalRecord])
    }

    public var number: UInt64
    public var content: Content

    public init(number: UInt64, content: Content) {
        self.number = number
        self.content = content
    }
}

/// A journal whose records contradict each other: not written by this program, or damaged where no checksum sees it.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// What a command asks for, as a number that tells same from other: FNV-1a, 128 bits, over the canonical text of domain and action.
///
/// Not against forgers: commands come from the coordinator alone. The term is not part of it, for a later coordinator repeats what an
/// earlier one decided.
public struct Fingerprint: Hashable, Sendable, Codable {
    public var value: ID128

    public init(_ value: ID128) { self.value = value }

    public init(_ command: Command) {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
        for byte in "\(command.domain) \(JSONTree.text(of: command.action))".utf8 {
            hash = (hash ^ UInt128(byte)) &* prime
        }
        value = ID128(high: UInt64(truncatingIfNeeded: hash >> 64), low: UInt64(truncatingIfNeeded: hash))
    }

    public init(from decoder: any Decoder) throws { value = try ID128(from: decoder) }
    public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
