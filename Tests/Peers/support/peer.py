"""What every peer's script shares: podp's program, checks that are counted, a folder and processes that go away at the end."""

import atexit
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
PODP = ROOT / ".build" / "debug" / "podp"
SKIPPED = 77


def skip(reason):
    """Ends the script: it cannot run here, and why, on the last line."""
    print(reason, flush=True)
    sys.exit(SKIPPED)


def need(*programs):
    """`program: package` of Debian, looked for in the usual places."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for program, package in programs:
        if not shutil.which(program, path=path):
            skip("there is no %s: apt-get install %s" % (program, package))


def free_port(kind=socket.SOCK_STREAM):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, otherwise):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise RuntimeError(otherwise)


class Result:
    """How a program ended."""

    def __init__(self, code, out, err, begun, ended):
        self.code, self.out, self.err, self.begun, self.ended = code, out, err, begun, ended
        self.seconds = ended - begun

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            return None

    def __str__(self):
        return "status %s after %.1f s\n%s%s" % (self.code, self.seconds, self.out[-3000:], self.err[-2000:])


class Peer:
    """One run of a peer's script."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0
        self.ends = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="podp-peer-"))
        atexit.register(self._close)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        if not PODP.exists():
            print("error: %s is not built: swift build --product podp" % PODP)
            sys.exit(1)

    def at_end(self, body):
        self.ends.append(body)

    def _close(self):
        for body in reversed(self.ends):
            with contextlib.suppress(Exception):
                body()
        self.ends = []
        if self.failed:
            print("what was made is in %s" % self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- Running

    def run(self, *command, environment=None, seconds=120, text=None):
        begun = time.time()
        process = subprocess.Popen(
            [str(part) for part in command], env=dict(os.environ, MIBS="", **(environment or {})), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL, start_new_session=True)
        try:
            out, err = process.communicate(text.encode() if text is not None else None, timeout=seconds)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            code = "none: killed after %d s" % seconds
        return Result(code, out.decode(errors="replace"), err.decode(errors="replace"), begun, time.time())

    def podp(self, *words, environment=None, seconds=120):
        return self.run(PODP, *words, environment=environment, seconds=seconds)

    def background(self, *command, environment=None, log="log"):
        """A program that is ended with the script."""
        sink = open(self.folder / log, "ab")
        process = subprocess.Popen(
            [str(part) for part in command], env=dict(os.environ, **(environment or {})), stdout=sink, stderr=sink, stdin=subprocess.DEVNULL,
            start_new_session=True)

        def end():
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

        self.at_end(end)
        return process

    # ---- Checking

    def check(self, what, condition, detail=""):
        if condition:
            self.passed += 1
            print("passed: %s" % what, flush=True)
        else:
            self.failed += 1
            print("FAIL: %s\n    %s" % (what, str(detail).replace("\n", "\n    ")), flush=True)
        return bool(condition)

    def equal(self, what, found, wanted, detail=""):
        return self.check(what, found == wanted, "found %r, wanted %r\n%s" % (found, wanted, detail))

    def note(self, text):
        print("note: %s" % text, flush=True)

    def end(self):
        print("%s: %d checks passed, %d failed" % (self.name, self.passed, self.failed), flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)
