import PodpModel

/// libvirt's domain XML, to and from the model.
public enum LibvirtXML {
    /// Bytes of a domain's XML that are read. libvirt's own have a few thousand.
    public static let sizeLimit = 1024 * 1024

    /// The namespace of podp's own element in `<metadata>`, where libvirt keeps what it has no place for. It marks a blade's copy with the
    /// revision that it was made from.
    public static let namespace = "urn:podp:domain:1"

    /// XML for one kind of hypervisor, and what a person should know of it.
    public struct Rendering: Hashable, Sendable {
        public var xml: String
        /// Where the XML says something else than the definition, in words: a disk renamed from `xvda` to `vda`, say.
        public var notes: [String]

        public init(xml: String, notes: [String] = []) {
            self.xml = xml
            self.notes = notes
        }
    }

    /// What a disk is called in a domain on this hypervisor: KVM has no Xen disks, and Xen's libxl no virtio ones. Partitions as disks (`xvda1`) are Xen's alone.
    public static func target(_ target: String, on hypervisor: HypervisorKind) -> String {
        switch hypervisor {
        case .kvm where target.hasPrefix("xvd"): "vd" + target.dropFirst(3)
        case .xen where target.hasPrefix("vd"): "xvd" + target.dropFirst(2)
        default: target
        }
    }
}

/// Writes XML, two spaces a level, everything escaped.
struct XMLWriter {
    private(set) var text = ""
    private var open: [String] = []

    /// An element with nothing in it, or with text.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text content: String? = nil) {
        indent()
        start(name, attributes)
        if let content { text += ">\(Self.escaped(content))</\(name)>\n" } else { text += "/>\n" }
    }

    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], content: (inout XMLWriter) -> Void) {
        indent()
        start(name, attributes)
        text += ">\n"
        open.append(name)
        content(&self)
        open.removeLast()
        indent()
        text += "</\(name)>\n"
    }

    private mutating func start(_ name: String, _ attributes: KeyValuePairs<String, String?>) {
        text += "<\(name)"
        for (key, value) in attributes { if let value { text += " \(key)='\(Self.escaped(value))'" } }
    }

    private mutating func indent() { text += String(repeating: "  ", count: open.count) }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "'": escaped += "&apos;"
            case "\"": escaped += "&quot;"
            // Readers turn these into spaces in attributes.
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
