"""podp on a testbed: its programs, one coordinator on this machine, an enrolled agent on each blade."""
import json
import os
import shutil
import subprocess
import time

from . import process
from .settings import Trouble, say

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROJECT = os.path.dirname(os.path.dirname(HERE))
# What dom0 calls the machine that runs it.
HOST = '10.0.2.2'


class Programs:
    """podp's programs, built from this source. `$PODP_TESTBED_BIN` names a folder that has them already."""

    def __init__(self, settings):
        self.settings = settings
        self.given = os.environ.get('PODP_TESTBED_BIN')

    def path(self, name):
        if self.given:
            return os.path.join(self.given, name)
        return self.settings.path('bin', name)

    def build(self):
        """The agent with Swift's runtime inside, stripped: dom0 has no Swift. The coordinator and the command line for this machine."""
        if self.given:
            return
        os.makedirs(self.settings.path('bin'), exist_ok=True)
        builds = (
            (('podp-agent',), ['--scratch-path', os.path.join(PROJECT, '.build-agent'), '-c', 'release', '--static-swift-stdlib', '-Xlinker', '--gc-sections',
                                '-Xlinker', '--no-export-dynamic']),
            # The same build as the tests': here their speed does not matter, and they are there already.
            (('podp-coordinator', 'podp'), []),
        )
        for products, flags in builds:
            base = ['swift', 'build', '--package-path', PROJECT, *flags]
            say(f'building {", ".join(products)} (minutes, the first time)')
            for product in products:
                subprocess.run([*base, '--product', product], check=True, stdout=subprocess.DEVNULL)
                folder = subprocess.check_output([*base, '--show-bin-path'], text=True).strip()
                subprocess.run(['strip', '-o', self.path(product), os.path.join(folder, product)], check=True)
                for resources in (f for f in os.listdir(folder) if f.endswith('.resources')):
                    shutil.copytree(os.path.join(folder, resources), self.path(resources), dirs_exist_ok=True)


class Coordinator:
    """podp-coordinator as a process of the testbed. Its store persists until `down`."""

    def __init__(self, settings, programs):
        self.settings = settings
        self.programs = programs
        self.port = settings.port + 471
        self.socket = settings.run('podp.sock')
        self.data = settings.run('coordinator')

    @property
    def pid(self):
        return process.pid_of(self.settings.run(), 'coordinator')

    def start(self):
        if self.pid:
            return
        if not os.path.exists(self.data):
            subprocess.run([self.programs.path('podp-coordinator'), 'init', '--data', self.data], check=True, stdout=subprocess.DEVNULL)
        try:
            os.unlink(self.socket)
        except FileNotFoundError:
            pass
        with open(self.settings.run('coordinator.log'), 'a') as log:
            started = subprocess.Popen(
                [self.programs.path('podp-coordinator'), 'run', '--data', self.data, '--listen', f'0.0.0.0:{self.port}', '--name', HOST,
                 '--socket', self.socket, '--metrics', f'127.0.0.1:{self.port + 1}', '--planning-window', '60s'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        process.remember(self.settings.run(), 'coordinator', started.pid)
        until(lambda: os.path.exists(self.socket), 'the coordinator listens', 60, alive=lambda: started.poll() is None)

    def kill(self):
        """As `kill -9` does it."""
        process.stop(self.settings.run(), 'coordinator')

    def podp(self, *words, check=True, timeout=900):
        """Runs the command line; returns what it printed."""
        done = subprocess.run([self.programs.path('podp'), *words, '--coordinator', self.socket], capture_output=True, text=True, timeout=timeout)
        if check and done.returncode:
            raise Trouble(f'`podp {" ".join(words)}` ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}')
        return done.stdout if check else done

    def ask(self, *words):
        """The API's own answer."""
        return json.loads(self.podp(*words, '--output', 'json'))

    def items(self, *words):
        return self.ask(*words)['items']

    def blade(self, name):
        return next((b for b in self.items('blade', 'list') if b['name'] == name), None)

    def domain(self, name):
        return next((d for d in self.items('domain', 'list') if d['name'] == name), None)


def enrol(blade, coordinator, programs):
    """Installs podp-agent on a blade as its systemd service, enrols it, and opens libvirt to the other blades."""
    blade.set_clock()
    blade.ssh('mkdir -p /etc/podp; systemctl stop podp-agent 2>/dev/null; true')
    blade.put([programs.path('podp-agent')], '/usr/bin/')
    blade.put([os.path.join(PROJECT, 'deploy', 'systemd', 'podp-agent.service')], '/etc/systemd/system/')
    settings = 'PODP_MIGRATION_INTERFACE=xenbr0\n'
    blade.ssh(f"printf '{settings}' > /etc/podp/agent.env")
    if blade.ssh('test -f /var/lib/podp-agent/identity.pem', check=False).returncode:
        token = coordinator.podp('blade', 'token', '--note', blade.name).strip()
        blade.ask(f'set -a; . /etc/podp/agent.env; podp-agent enrol --libvirt-pki {token}')
    blade.ask('podp-migration')
    blade.ask('systemctl daemon-reload; systemctl enable --quiet --now --no-block podp-agent')


def until(test, what, limit=600, alive=lambda: True, every=1.0):
    """Waits until something is so; says what was waited for when it does not come."""
    begun = time.monotonic()
    while time.monotonic() - begun < limit:
        if test():
            return time.monotonic() - begun
        if not alive():
            raise Trouble(f'{what}: the process has ended')
        time.sleep(every)
    raise Trouble(f'{what}: not within {limit} s')


def up(settings, blades):
    """Everything: programs, coordinator, agents. The blades run already."""
    programs = Programs(settings)
    programs.build()
    coordinator = Coordinator(settings, programs)
    coordinator.start()
    for blade in blades:
        begun = time.monotonic()
        enrol(blade, coordinator, programs)
        until(lambda: (coordinator.blade(blade.name) or {}).get('link') == 'connected', f'{blade.name} is online')
        say(f'{blade.name}: enrolled and online after {time.monotonic() - begun:.0f} s')
    return coordinator
