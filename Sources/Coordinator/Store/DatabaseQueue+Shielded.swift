import GRDB

extension DatabaseQueue {
    /// Writes to its end even when the calling task is cancelled meanwhile: GRDB would give up in the middle, and nobody would know what was stored.
    func shieldedWrite<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await Task { try await write(body) }.value
    }

    /// The same, without a transaction around it.
    func shieldedWriteWithoutTransaction<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await Task { try await writeWithoutTransaction(body) }.value
    }
}
