import PodpModel

/// xl's flat files, podp's format for domains (xl.cfg(5) of Xen 4.17, with podp's own keys, which xl ignores).
///
/// Pure: nothing is looked up on disk, so a path that ends in no file is found when the domain starts.
public enum FlatFile {
    /// Bytes of a file. Real ones have one or two thousand.
    public static let sizeLimit = 256 * 1024

    /// Reads a flat file.
    ///
    /// - Parameters:
    ///   - text: The file's content.
    ///   - file: What to call it in errors.
    ///   - newID: The domain's UUID if the file gives none.
    /// - Returns: The definition (revision 0, network interfaces without `mac=` still without one: see `withMACs`), and what was left out or looks
    ///   unintended.
    /// - Throws: `.syntax`, `.missing`, `.invalid`, `.refused` or `.tooLarge`, always with a location.
    public static func parse(
        _ text: String, file: String, newID: ID128
    ) throws(FlatFileError) -> (definition: DomainDefinition, warnings: [DefinitionWarning]) {
        try parse(Array(text.utf8), file: file, newID: newID)
    }

    /// The same from a file's bytes, which need not be UTF-8: that too is a located error.
    public static func parse(
        _ bytes: [UInt8], file: String, newID: ID128
    ) throws(FlatFileError) -> (definition: DomainDefinition, warnings: [DefinitionWarning]) {
        let source = try SourceText(file: file, bytes: bytes, limit: sizeLimit)
        var reader = try FlatFileReader(source: source, settings: ConfigParser.parse(source))
        let definition = try reader.definition(newID: newID)
        return (definition, reader.warnings)
    }
}
