"""An Advanced Management Module's command line over ssh, with the algorithms of 2008, over a BladeCenter in this process.

It proves how podp handles the protocol: prompts, echoes, refusals. Its sentences other than "OK", "On" and "Off" are ours, not a real module's.
"""

import asyncio
import re
import threading
import time

import asyncssh

OLD = {
    "kex_algs": ["diffie-hellman-group1-sha1"], "encryption_algs": ["3des-cbc", "aes128-cbc"], "mac_algs": ["hmac-sha1", "hmac-md5"],
    "signature_algs": ["ssh-rsa"], "compression_algs": ["none"],
}


class CommandLine:
    """The server. `logins` counts those that failed; `stray` prompts come late and unasked for."""

    def __init__(self, chassis, user="USERID", password="PASSW0RD", port=0):
        self.chassis, self.user, self.password = chassis, user, password
        self.stray = False
        self.answer = None  # to `power -state`, whatever is true
        self.failed_logins = 0
        self.commands = []
        self.holders = set()  # bays whose console somebody else has
        self.port = port
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True).start()
        if not started.wait(30):
            raise RuntimeError("the command line does not start")

    async def _serve(self, started):
        outer = self

        class Server(asyncssh.SSHServer):
            def begin_auth(self, _):
                return True

            def password_auth_supported(self):
                return True

            def validate_password(self, user, password):
                good = (user, password) == (outer.user, outer.password)
                outer.failed_logins += not good
                return good

        key = asyncssh.generate_private_key("ssh-rsa", key_size=1024)
        server = await asyncssh.create_server(
            Server, "127.0.0.1", self.port, server_host_keys=[key], process_factory=self._session, line_editor=False, encoding="latin-1", **OLD)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await asyncio.Event().wait()

    # ---- What it answers

    def _target(self, path):
        found = re.fullmatch(r"(?:system:)?blade\[(\d+)\]", path)
        if found:
            blade = self.chassis.blades.get(int(found[1]))
            return blade if blade and blade.present else None
        return "system" if path in ("system", "system:mm[1]", "mm[1]") else None

    def run(self, place, line):
        """(place, answer) of a command at a place: "system", or a blade."""
        self.commands.append(line)
        words = line.split()
        target = place
        if "-T" in words:
            at = words.index("-T")
            target = self._target(words[at + 1] if at + 1 < len(words) else "")
            words = words[:at] + words[at + 2:]
            if target is None:
                return place, "The target bay is empty."
        if not words:
            return place, ""
        if words[0] == "env":
            return target, "OK"
        if words[0] == "list":
            names = ["\tblade[%d]  %s" % (blade.bay, blade.name) for blade in self.chassis.blades.values() if blade.present]
            return place, "\n".join(["system", "\tmm[1]     primary"] + names)
        if words[0] == "power" and target != "system":
            return place, self._power(target, words[1] if len(words) > 1 else "-state")
        return place, "Unknown command: %s" % words[0]

    def _power(self, blade, option):
        with self.chassis.lock:
            now = time.monotonic()
            blade.settle(now)
            if option == "-state":
                return self.answer or ("On" if blade.running else "Off")
            if option in ("-on", "-off", "-softoff"):
                blade.order({"-on": 1, "-off": 0, "-softoff": 2}[option], now)
                return "OK"
        return "Unknown option: %s" % option

    # ---- Sessions

    async def _session(self, process):
        try:
            if process.command:
                _, answer = self.run("system", process.command)
                if self.stray:
                    process.stdout.write("system> \r\n")
                process.stdout.write("system> %s\r\n%s\r\n" % (process.command, answer.replace("\n", "\r\n")))
                if self.stray:
                    process.stdout.write("system> ")
                process.exit(0)
                return
            await self._shell(process)
        except (asyncssh.TerminalSizeChanged, asyncssh.BreakReceived, BrokenPipeError, ConnectionError):
            pass
        process.exit(0)

    async def _shell(self, process):
        write = process.stdout.write
        prompt = lambda: "system> " if place == "system" else "system:blade[%d]> " % place.bay
        place, typed, after_return = "system", "", False
        write("\r\nHostname:              MM000000000000\r\nStatic IP address:     192.0.2.125\r\n\r\n" + prompt())
        if self.stray:
            await asyncio.sleep(0.3)
            write("\r\n" + prompt())
        while True:
            data = await process.stdin.read(256)
            if not data:
                return
            for character in data:
                # CR LF ends one line, not two.
                if after_return and character == "\n":
                    after_return = False
                    continue
                after_return = character == "\r"
                if character not in "\r\n":
                    typed += character
                    write(character)
                    continue
                write("\r\n")
                line, typed = typed.strip(), ""
                if line == "exit":
                    return
                console = re.fullmatch(r"console (-o )?-T (?:system:)?blade\[(\d+)\]", line)
                if console:
                    self.commands.append(line)
                    bay = int(console[2])
                    if bay in self.holders and not console[1]:
                        write("SOL session is already active\r\n" + prompt())
                        continue
                    self.holders.discard(bay)
                    await self._console(process, bay)
                    write("\r\n" + prompt())
                    continue
                place, answer = self.run(place, line)
                write((answer.replace("\n", "\r\n") + "\r\n" if answer else "") + prompt())

    async def _console(self, process, bay):
        """The blade's own console: it answers what is typed; ESC ( leaves it."""
        process.stdout.write("\r\nblade%02d login: " % bay)
        seen = ""
        while True:
            data = await process.stdin.read(256)
            if not data:
                return
            seen += data
            if "\x1b(" in seen:
                return
            process.stdout.write(data.replace("\r", "\r\nblade%02d heard you\r\n" % bay))
            seen = seen[-1:]
