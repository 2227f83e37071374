/// What this build of podp calls itself: the one place, for every program, every answer and every file that names a version.
public enum Release {
    public static let version = "0.1.0"
}
