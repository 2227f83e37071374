import Foundation
import PodpDefinition
import PodpModel
import Testing

/// The files under deploy/examples, which users copy.
@Suite struct ExampleTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("deploy/examples")

    @Test(arguments: ["web-1", "db-1", "legacy-1"])
    func `every example is read without a warning and runs on Xen`(name: String) throws {
        let text = try String(contentsOf: Self.folder.appendingPathComponent(name + ".cfg"), encoding: .utf8)
        let (definition, warnings) = try FlatFile.parse(text, file: name + ".cfg", newID: .zero)
        #expect(definition.name == name && warnings.isEmpty, "\(warnings)")
        #expect(try LibvirtXML.render(definition, for: .xen).notes.isEmpty)
        #expect(try FlatFile.parse(FlatFile.write(definition), file: name, newID: .zero).definition == definition)
    }
}
