import PodpModel

/// Why a request was not done: the body of every answer that is no success.
public struct Fault: Error, Documented, CustomStringConvertible {
    /// Short and stable, for scripts: a `Fault.Code`, or one that a later version knows.
    public var code: String
    /// What and where.
    public var message: String
    /// What to do; empty when there is nothing to do.
    public var remedy: String
    /// Of a flat file: every place that is wrong.
    public var problems: [Problem]?
    /// Of a name or prefix that fits several, or of one that an action does not take for a whole name: what it fits.
    public var choices: [Choice]?

    /// A text that a person wrote cannot be read, at one place.
    public init(at problem: Problem) {
        self.init(.invalid, "\(problem.file):\(problem.line):\(problem.column): \(problem.message)", remedy: problem.remedy, problems: [problem])
    }

    public init(_ code: Code, _ message: String, remedy: String = "", problems: [Problem]? = nil, choices: [Choice]? = nil) {
        self.code = code.rawValue
        self.message = message
        self.remedy = remedy
        self.problems = problems
        self.choices = choices
    }

    /// The codes of this version, each with one HTTP status (`httpStatus`).
    public enum Code: String, StringChoice {
        /// There is no such thing, or no such path.
        case notFound
        /// It does not go together with what is.
        case conflict
        /// The request itself is wrong.
        case invalid
        /// The token may not do this.
        case forbidden
        /// The coordinator, or what it needs, is not there now.
        case unavailable
        /// The coordinator decides nothing at present.
        case readOnly
        /// Something else is under way on it.
        case busy
        /// A blade's one-time token is used, unknown or expired.
        case tokenInvalid
        /// The fleet is not as the plan took it to be.
        case planStale
        /// It cannot be done there, ever.
        case unsupported
        /// No token, or not one that counts.
        case unauthenticated
        /// A name or prefix fits several.
        case ambiguous
        /// The body is longer than it may be.
        case tooLarge
        /// Too many requests; the header `Retry-After` says when.
        case rateLimited
        /// The path is there, and does not know this method.
        case methodNotAllowed
        /// The answer took too long.
        case timeout
        /// A mistake of podp's own; its log says more.
        case internalError

        public var httpStatus: Int {
            switch self {
            case .invalid: 400
            case .unauthenticated, .tokenInvalid: 401
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .conflict, .busy, .planStale, .ambiguous: 409
            case .tooLarge: 413
            case .unsupported: 422
            case .rateLimited: 429
            case .internalError: 500
            case .unavailable, .readOnly: 503
            case .timeout: 504
            }
        }
    }

    /// A place in a flat file, and what is wrong there.
    public struct Problem: Documented {
        /// The file's name, as the request gave it.
        public var file: String
        /// From 1; 0 when it is about the whole file.
        public var line: Int
        /// From 1; 0 when it is about the whole line.
        public var column: Int
        /// What is wrong.
        public var message: String
        /// What to do; empty when there is nothing to do.
        public var remedy: String

        public init(file: String, line: Int, column: Int, message: String, remedy: String = "") {
            self.file = file
            self.line = line
            self.column = column
            self.message = message
            self.remedy = remedy
        }

        public static let schemaName = "FaultProblem"
        public static let summary = "A place in a flat file, and what is wrong there."
        public static let fields = [
            "file": "The file's name, as the request gave it.",
            "line": "From 1; 0 when it is about the whole file.",
            "column": "From 1; 0 when it is about the whole line.",
            "message": "What is wrong.",
            "remedy": "What to do; empty when there is nothing to do.",
        ]
    }

    /// One of several that a name or prefix fits.
    public struct Choice: Documented {
        public var id: String
        public var name: String

        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }

        public static let schemaName = "FaultChoice"
        public static let summary = "One of several that a name or prefix fits."
        public static let fields = ["id": "Its id.", "name": "Its name."]
    }

    public var description: String { remedy.isEmpty ? message : "\(message) (\(remedy))" }

    public static let summary = "Why a request was not done, and what to do."
    public static let fields = [
        "code": "Short and stable, for scripts; later versions may have more.",
        "message": "What and where.",
        "remedy": "What to do; empty when there is nothing to do.",
        "problems": "Of a flat file: every place that is wrong.",
        "choices": "Of a name or prefix that fits several, or of one that an action does not take for a whole name: what it fits.",
    ]
}
