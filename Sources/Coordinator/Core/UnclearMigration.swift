import PodpModel

/// What to do about a migration that ended without a clear answer, when both ends have told what they have
/// (the table stands in `docs/unclear-migrations.md`).
enum UnclearMigration {
    /// A domain at one end, as that end's inventory tells it after the migration's end.
    enum End: String, Hashable, Sendable, Codable, CaseIterable {
        case absent, off, running, paused, incoming, crashed

        init(_ inventory: DomainInventory?) {
            switch inventory?.state {
            case nil: self = .absent
            case .off, .shutdown: self = .off
            case .running: self = .running
            case .paused: self = .paused
            case .incoming: self = .incoming
            case .crashed, .unknown: self = .crashed
            }
        }

        /// No copy that could run is here.
        var isGone: Bool { self == .absent || self == .off }
    }

    enum Resolution: Hashable, Sendable {
        /// It is at the target, and only there.
        case succeeded
        /// It is at the source, and only there.
        case failed
        /// It is nowhere: off at both ends.
        case lost
        /// Do this at one end, then look at both again.
        case act(at: Place, Step)
        /// An operator decides.
        case incident(String)
    }

    enum Place: Hashable, Sendable { case source, target }
    enum Step: String, Hashable, Sendable, Codable { case destroy, resume, undefine }

    /// - Parameter wasPaused: an operator had paused it before; then a paused copy is whole and stays paused.
    static func resolve(source: End, target: End, wasPaused: Bool) -> Resolution {
        switch (source, target) {
        case (.running, .running):
            .incident("it runs at both ends: end the wrong copy with `podp domain destroy --on BLADE`, then `podp domain clear`")
        case (.crashed, _), (_, .crashed):
            .incident("an end says that it crashed, or in what state it is cannot be told: look at both consoles")
        case (.running, .absent): .failed
        case (.running, .off): .act(at: .target, .undefine)
        case (.running, .paused), (.running, .incoming): .act(at: .target, .destroy)
        case (.absent, .running): .succeeded
        case (.off, .running): .act(at: .source, .undefine)
        case (.paused, .running), (.incoming, .running): .act(at: .source, .destroy)
        case (.paused, .absent), (.paused, .off):
            if wasPaused { target == .off ? .act(at: .target, .undefine) : .failed } else { .act(at: .source, .resume) }
        // The target's copy may lack pages; the source's is whole.
        case (.paused, .paused), (.paused, .incoming): .act(at: .target, .destroy)
        // The source let go of it, which it does only when the target has all of it.
        case (.absent, .paused), (.off, .paused):
            if wasPaused { source == .off ? .act(at: .source, .undefine) : .succeeded } else { .act(at: .target, .resume) }
        case (.absent, .incoming), (.off, .incoming), (.incoming, _):
            .incident("the source has let go of it and the target has not taken it over: whether the copy is whole cannot be told")
        case (.absent, .absent), (.absent, .off), (.off, .absent), (.off, .off): .lost
        }
    }
}
