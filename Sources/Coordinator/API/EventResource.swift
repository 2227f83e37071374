import PodpModel

/// A line of the audit log: a decision of podp, or an operator's action.
public struct EventResource: Documented {
    /// Grows with every event; what `after` and `Last-Event-ID` take.
    public var id: Int64
    /// When.
    public var at: Timestamp
    /// How bad it is: `info`, `warning` or `critical`.
    public var severity: Severity
    /// Short and stable, for scripts: `blade-connected`, `operation-ended`.
    public var kind: String
    /// Who: `uid 1000 (anna)`, `token grafana`, `podp`.
    public var by: String
    /// The blade that it is about.
    public var blade: BladeID?
    /// The domain that it is about.
    public var domain: DomainID?
    /// The operation that it is about.
    public var operation: OperationID?
    /// In words.
    public var sentence: String

    public init(
        id: Int64, at: Timestamp, severity: Severity, kind: String, by: String, blade: BladeID? = nil, domain: DomainID? = nil,
        operation:
            OperationID? = nil, sentence: String
    ) {
        self.id = id
        self.at = at
        self.severity = severity
        self.kind = kind
        self.by = by
        self.blade = blade
        self.domain = domain
        self.operation = operation
        self.sentence = sentence
    }

    public static let summary = "A line of the audit log: a decision of podp, or an operator's action."
    public static let fields = [
        "id": "Grows with every event; what `after` and `Last-Event-ID` take.",
        "at": "When.",
        "severity": "How bad it is: `info`, `warning` or `critical`.",
        "kind": "Short and stable, for scripts: `blade-connected`, `operation-ended`.",
        "by": "Who: `uid 1000 (anna)`, `token grafana`, `podp`.",
        "blade": "The blade that it is about.",
        "domain": "The domain that it is about.",
        "operation": "The operation that it is about.",
        "sentence": "In words.",
    ]
}
