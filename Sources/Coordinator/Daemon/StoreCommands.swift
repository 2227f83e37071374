import ArgumentParser
import Foundation
import PodpModel
import PodpServer
import PodpStore

/// `podp-coordinator init`
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "init", abstract: "Makes the data folder, the certificate authority and an empty store.")

    @OptionGroup var files: DataOptions

    func run() throws {
        do {
            try FileManager.default.createDirectory(atPath: files.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
            try FileManager.default.createDirectory(atPath: files.authority, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let authority = try CertificateAuthority.create(in: files.authority, now: Clock.wall)
            _ = try Store(file: files.store, build: Release.version)
            print("made \(files.data): the authority's SHA-256 is \(authority.hash.map { String(format: "%02x", $0) }.joined())")
            print("keep a copy of \(files.authority) where nobody else can read it: whoever has it can name blades")
        } catch {
            throw Failure("\(error)")
        }
    }
}

/// `podp-coordinator backup FILE`
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "backup", abstract: "Copies the store, consistent, also while the coordinator runs.")

    @OptionGroup var files: DataOptions
    @Argument(help: "The copy; must not exist.") var copy: String

    func run() throws {
        do { try StoreBackup.make(of: files.store, to: copy) } catch { throw Failure("\(error)") }
        print("\(files.store) is copied to \(copy)")
    }
}

/// `podp-coordinator restore FILE`
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Puts a backup in the store's place; the coordinator must not run. What was there is kept aside.")

    @OptionGroup var files: DataOptions
    @Argument(help: "A file that `backup` made.") var copy: String

    func run() throws {
        do {
            let restoration = try StoreBackup.restore(copy, to: files.store, build: Release.version)
            print("\(files.store) is restored from \(copy)\(restoration.kept.map { "; what was there is \($0)" } ?? "")")
            for sentence in restoration.sentences { print("  \(sentence)") }
            print("start the coordinator: it decides nothing, but can be frozen and can revoke, until `podp-coordinator recover`")
        } catch {
            throw Failure("\(error)")
        }
    }
}

/// `podp-coordinator check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "check", abstract: "Reads the whole store and says what is wrong with it.")

    @OptionGroup var files: DataOptions

    func run() throws {
        let findings: [StoreCheck.Finding]
        do { findings = try StoreCheck.run(files.store, build: Release.version) } catch { throw Failure("\(error)") }
        for finding in findings { print(finding) }
        print(findings.isEmpty ? "\(files.store) is sound" : "\(findings.count) findings")
        if findings.contains(where: { $0.severity == .damage }) { throw ExitCode(1) }
    }
}

/// An error for people, without a stack of names.
struct Failure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
