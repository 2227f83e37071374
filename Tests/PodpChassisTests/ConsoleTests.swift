import PodpPower
import Testing

@testable import PodpChassis

@Suite struct ConsoleTests {
    @Test("The command line's word on power is the one line after the echo")
    func power() {
        #expect(CommandLine.power("system> power -state -T blade[3]\r\nOn\r\n", bay: 3) == .on)
        #expect(CommandLine.power("\r\nHostname: MM\r\nsystem> power -state -T blade[3]\nOff\n", bay: 3) == .off)
    }

    @Test("A stray prompt, an empty bay and another bay's answer are no answer")
    func strays() {
        for text in [
            "system> \r\nsystem> \r\n", "system> power -state -T blade[3]\r\nsystem> \r\n", "system> power -state -T blade[3]\r\nThe target bay is empty.\r\n",
            "system> power -state -T blade[4]\r\nOff\r\n", "Off\r\n", "system> power -state -T blade[3]\r\nOff\r\nOn\r\n", "",
            "system> power -state -T blade[3]\r\nOffline",
        ] { #expect(CommandLine.power(text, bay: 3) == nil, "\(text)") }
        #expect(CommandLine.power("system> \r\nsystem> power -state -T blade[3]\r\nsystem> \r\nOn\r\n", bay: 3) == .on)
    }

    @Test("Lines are typed one a prompt, and never more of them than there are")
    func opening() {
        var opening = ConsoleOpening(["console -T blade[3]"])
        #expect(opening.saw(Array("\r\nWelcome\r\nsys".utf8)) == nil)
        #expect(opening.saw(Array("tem> ".utf8)) == "console -T blade[3]\r")
        #expect(opening.saw(Array("\r\nsystem> ".utf8)) == nil)
        var quiet = ConsoleOpening(["console -T blade[3]"])
        #expect(quiet.saw(Array("mail system>x".utf8)) == nil && quiet.saw(Array("\r\nfilesystem> ".utf8)) == nil)
    }

    @Test("Old algorithms are allowed on one command line, which holds no secret")
    func ssh() throws {
        let ssh = try OldSSH(try ChassisURL("amm+snmpv3://oper@10.0.0.9?console=USERID@10.0.0.9:2222"))
        let arguments = ssh.arguments(command: nil, askpass: false)
        #expect(arguments.contains("KexAlgorithms=+diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1"))
        #expect(arguments.suffix(4) == ["-l", "USERID", "--", "10.0.0.9"] && arguments.contains("2222"))
        #expect(throws: ChassisError.self) { try OldSSH(try ChassisURL("amm+snmpv1://public@h?console=-oProxyCommand=x@h")) }
    }
}
