import FoundationEssentials
import Glibc
import PodpPlanner

/// The files that a Ganeti user gives and wants.
enum HtoolsFiles {
    /// The cluster of a dump, and what is odd about the files on standard error.
    static func cluster(_ dump: String, _ file: String, load: String?, _ loadFile: String?) throws -> HtoolsCluster {
        let cluster: HtoolsCluster
        do throws(HtoolsError) {
            cluster = try HtoolsCluster(dump, utilisation: load)
        } catch {
            throw Trouble(.failed, "\(error.isUtilisation ? loadFile ?? "" : file):\(error.line): \(error.reason)")
        }
        if cluster.sections < 5 {
            note("\(file) has \(cluster.sections) of a dump's 5 sections: no policies, so 4 vCPUs per CPU are taken. Was it cut off?")
        }
        if let load, let loadFile { try expectKnown(load, loadFile, cluster, file) }
        return cluster
    }

    private static func note(_ text: String) { Terminal.complain("podp: note: " + SafeText.line(text)) }

    /// Loads that are missing are taken as 1, and those of instances that are gone are passed over, as hbal does both, and said; where no load is of anybody in the dump, they belong to another one.
    private static func expectKnown(_ load: String, _ path: String, _ cluster: HtoolsCluster, _ dump: String) throws {
        let known = Set(cluster.instances.map(\.name))
        let named = load.split(whereSeparator: HtoolsCluster.isLineEnd).compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
        let strangers = named.filter { !known.contains($0) }
        let missing = known.subtracting(named).sorted()
        if let first = missing.first, missing.count < known.count {
            note(
                "\(path) has no loads of \(first)\(missing.count > 1 ? " and \(missing.count - 1) more" : ""): 1 is taken for each, as hbal does. Was it cut off?"
            )
        }
        guard let first = strangers.first else { return }
        let what = "\(path): \(dump) has no instance \(first.prefix(64).filter { $0.isLetter || $0.isNumber || $0.isPunctuation })"
        guard strangers.count < named.count else { throw Trouble(.failed, what, remedy: "these are loads of another dump") }
        note(strangers.count == 1 ? what : "\(what), and \(strangers.count - 1) more: passed over")
    }

    static func text(_ file: String) throws -> String {
        guard let handle = fopen(file == "-" ? "/dev/stdin" : file, "r") else {
            throw Trouble(.failed, "\(file) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(handle) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = fread(&buffer, 1, buffer.count, handle)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= 1 << 28 else { throw Trouble(.failed, "\(file) is longer than 256 MiB: that is no dump") }
        }
        guard ferror(handle) == 0 else { throw Trouble(.failed, "\(file) cannot be read: \(String(cString: strerror(errno)))") }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        guard let handle = fopen(path, "w") else { throw Trouble(.failed, "\(path) cannot be written: \(String(cString: strerror(errno)))") }
        let isWritten = fputs(text, handle) >= 0
        guard fclose(handle) == 0, isWritten else { throw Trouble(.failed, "\(path) cannot be written") }
    }
}
