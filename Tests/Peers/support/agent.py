"""net-snmp's snmpd as an Advanced Management Module, over a BladeCenter in this process, behind a wire that can be faulty."""

import os
import pathlib
import select
import signal
import socket
import subprocess
import threading
import time

from bladecenter import Missing, Refused, dotted, number
from peer import free_port, wait_for

HERE = pathlib.Path(__file__).resolve().parent
READ, WRITE = "public", "private"  # v1 communities
PASSWORD = "synthetic-auth-1"
PRIVACY = "synthetic-priv-1"
USERS = {"sha-aes": ("SHA", "AES"), "sha-des": ("SHA", "DES"), "md5-des": ("MD5", "DES"), "md5-aes": ("MD5", "AES")}


class ChassisSocket:
    """Answers what `pass_persist` hands over."""

    def __init__(self, chassis, path):
        self.chassis = chassis
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        stream = link.makefile("rw", encoding="latin-1", newline="\n")
        for text in stream:
            stream.write(self._answer(*text.rstrip("\n").split("\t")) + "\n")
            stream.flush()

    def _answer(self, word, oid, value=""):
        try:
            oid = number(oid)
            if word == "set":
                kind, _, text = value.partition(" ")
                self.chassis.set(oid, kind, text.strip())
                return "DONE"
            if word == "getnext":
                oid = self.chassis.after(oid)
            kind, found = self.chassis.get(oid)
            return "\t".join(("." + dotted(oid), kind, str(found)))
        except Missing:
            return "NONE"
        except Refused as refused:
            return str(refused)
        except ValueError:
            return "NONE"

    def close(self):
        self.listener.close()


class Wire:
    """A UDP relay before snmpd: loses, spoils and counts datagrams."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked = 0
        self.answered = 0
        self.reset()
        self._clients = {}
        self._running = True
        threading.Thread(target=self._relay, daemon=True).start()

    def reset(self):
        """A good wire again."""
        self.silent = False
        self.silent_after = None  # answers
        self.lose_answers = 0  # the next so many answers
        self.garbage = False

    def _relay(self):
        while self._running:
            ready, _, _ = select.select([self.socket] + list(self._clients.values()), [], [], 0.2)
            for source in ready:
                try:
                    if source is self.socket:
                        data, client = source.recvfrom(65536)
                        self._forward(data, client)
                    else:
                        self._back(source)
                except OSError:
                    continue

    def _forward(self, data, client):
        self.asked += 1
        if self.silent:
            return
        if self.garbage:
            self.socket.sendto(data[:9] + bytes(255 - byte for byte in data[9:]), client)
            self.socket.sendto(b"\x30\x82\xff\xff\x02\x01", client)
            self.socket.sendto(os.urandom(700), client)
            return
        if client not in self._clients:
            upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            upstream.connect(("127.0.0.1", self.server))
            self._clients[client] = upstream
        self._clients[client].send(data)

    def _back(self, upstream):
        data = upstream.recv(65536)
        client = next(client for client, known in self._clients.items() if known is upstream)
        if self.silent or (self.silent_after is not None and self.answered >= self.silent_after):
            return
        if self.lose_answers > 0:
            self.lose_answers -= 1
            return
        self.answered += 1
        self.socket.sendto(data, client)

    def count(self):
        """Datagrams asked since the last count."""
        asked, self.asked, self.answered = self.asked, 0, 0
        return asked

    def close(self):
        self._running = False


class ManagementModule:
    """snmpd with its configuration. `port` is the wire's: ask there."""

    def __init__(self, peer, chassis, name="amm"):
        self.folder = peer.folder / name
        self.folder.mkdir()
        self.chassis = chassis
        self.socket = ChassisSocket(chassis, self.folder / "chassis")
        self.server = free_port(socket.SOCK_DGRAM)
        self.wire = Wire(self.server)
        self.port = self.wire.port
        self.process = None
        (self.folder / "snmpd.conf").write_text(self._configuration())
        peer.at_end(self.close)
        self.start()

    def _configuration(self):
        lines = [
            "agentaddress udp:127.0.0.1:%d" % self.server,
            "sysDescr BladeCenter Advanced Management Module",
            "sysObjectID 1.3.6.1.4.1.2.6.158.5",
            "sysName synthetic",
            # A management module speaks v1 and v3, and no v2c.
            "com2sec reader default " + READ,
            "com2sec writer default " + WRITE,
            "group readers v1 reader",
            "group writers v1 writer",
            "view everything included .1",
            'access readers "" v1 noauth exact everything none none',
            'access writers "" v1 noauth exact everything everything none',
            "pass_persist .1.3.6.1.4.1.2.3.51.2 /usr/bin/python3 -u %s %s" % (HERE / "pass_persist", self.folder / "chassis"),
        ]
        for name, (authentication, privacy) in USERS.items():
            lines.append("createUser %s %s %s %s %s" % (name, authentication, PASSWORD, privacy, PRIVACY))
            lines.append("rwuser %s priv" % name)
        return "\n".join(lines) + "\n"

    def start(self):
        environment = dict(os.environ, SNMP_PERSISTENT_DIR=str(self.folder / "state"), MIBS="", PYTHONDONTWRITEBYTECODE="1")
        log = open(self.folder / "snmpd.log", "ab")
        command = ["/usr/sbin/snmpd", "-f", "-C", "-c", str(self.folder / "snmpd.conf"), "-Lf", str(self.folder / "snmpd.out")]
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self._answers, 60, "snmpd does not answer; see %s" % (self.folder / "snmpd.out"))

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError("snmpd ended: %s" % (self.folder / "snmpd.out").read_text(errors="replace")[-400:])
        command = ["snmpget", "-v1", "-c", READ, "-t", "3", "-r", "0", "127.0.0.1:%d" % self.server, ".1.3.6.1.4.1.2.3.51.2.22.4.19.0"]
        return subprocess.run(command, env=dict(os.environ, MIBS=""), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def restart(self):
        """As at a failover: the engine's boots go up by one, its time begins anew."""
        self.stop()
        self.start()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.stop()
        self.wire.close()
        self.socket.close()

    def url(self, community=WRITE):
        return "amm+snmpv1://%s@127.0.0.1:%d" % (community, self.port)

    def url3(self, user="sha-aes", port=None):
        authentication, privacy = USERS[user]
        return "amm+snmpv3://%s@127.0.0.1:%d?auth=%s&priv=%s" % (user, port or self.port, authentication.lower(), privacy.lower())
