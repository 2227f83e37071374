import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import PodpAPI

/// `podp-coordinator recover`
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Tells a running coordinator that met a higher term than its own that it is the only one: it adopts what the agents observe.")

    @Option(help: "The Unix socket of the running coordinator's API (PODP_SOCKET).")
    var socket: String = Environment.text("PODP_SOCKET") ?? "/run/podp/podp.sock"

    @Flag(help: "Confirm that no other coordinator of these blades runs: two of them would fight.")
    var iAmTheOnlyOne = false

    func run() async throws {
        guard iAmTheOnlyOne else {
            throw ValidationError("make sure that no other coordinator of these blades runs, then say so with --i-am-the-only-one")
        }
        guard let name = socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) else { throw Failure("\(socket) is no path") }
        var request = HTTPClientRequest(url: "http+unix://\(name)/v1/recover")
        request.method = .POST
        let status: HTTPResponseStatus
        let text: String
        do {
            let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            status = answer.status
            text = String(buffer: try await answer.body.collect(upTo: 64 << 10))
        } catch {
            throw Failure("no coordinator answers at \(socket): \(error) (start podp-coordinator first)")
        }
        guard (200..<300).contains(status.code) else {
            let fault = try? JSONDecoder().decode(Fault.self, from: Data(text.utf8))
            throw Failure("the coordinator refused: \(fault.map { $0.remedy.isEmpty ? $0.message : "\($0.message) (\($0.remedy))" } ?? text)")
        }
        print("recovered: podp decides again; `podp status` shows what it knows")
    }
}
