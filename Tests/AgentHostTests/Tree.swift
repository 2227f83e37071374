import AgentHost
import Glibc
import Testing

/// A folder that stands for a host's root in one test, and goes with it.
final class Tree {
    let root: String

    init() throws {
        var template = Array("/tmp/podp-tree-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } }
        root = try #require(made)
    }

    deinit { Tree.remove(root) }

    var files: HostFiles { HostFiles(root: root) }

    func write(_ path: String, _ text: String) throws {
        makeFolders(path)
        let file = try #require(fopen(root + path, "w"))
        fputs(text, file)
        fclose(file)
    }

    func folder(_ path: String) { makeFolders(path + "/x") }

    func link(_ path: String, to target: String) {
        makeFolders(path)
        symlink(target, root + path)
    }

    private func makeFolders(_ path: String) {
        var made = root
        for part in path.split(separator: "/").dropLast() {
            made += "/" + part
            mkdir(made, 0o755)
        }
    }

    func remove(_ path: String) { Tree.remove(root + path) }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in HostFiles(root: path).names(in: "/") { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
