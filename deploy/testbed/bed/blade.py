"""One blade: a QEMU machine that runs Xen and its dom0."""
import json
import os
import shutil
import socket
import subprocess
import time
import uuid

from . import process
from .settings import Settings, Trouble, say

# Answers when Xen and libvirt both do.
READY = 'xl list >/dev/null && virsh -q -c xen:///system list --all >/dev/null'


class Blade:
    """Blade `number` of a testbed. Its disks lie in the testbed's `run` folder and persist until `down`."""

    def __init__(self, settings: Settings, number: int):
        self.settings = settings
        self.number = number
        self.name = f'blade{number}'
        # The same in every testbed: a blade keeps its identity, as real ones do.
        self.uuid = uuid.uuid5(uuid.NAMESPACE_DNS, f'{self.name}.testbed.podp')
        self.serial = f'PODP-{number:05d}'
        self.address = f'10.77.0.{number}'
        self.disk = settings.run(f'{self.name}.qcow2')
        self.agent_disk = settings.run(f'{self.name}.agent.raw')
        self.stored_state = settings.path(f'{self.name}.state')
        self.stored_disk = settings.path(f'{self.name}.qcow2')
        self.stored_agent_disk = settings.path(f'{self.name}.agent.raw')

    # ---- the machine ---------------------------------------------------------------------

    @property
    def pid(self):
        return process.pid_of(self.settings.run(), self.name)

    def arguments(self):
        """QEMU's command line: a stored state fits only the same one."""
        s, n = self.settings, self.number
        return [
            'qemu-system-x86_64', '-name', self.name, '-machine', 'q35,usb=off,vmport=off', '-nodefaults', '-display', 'none', '-no-reboot',
            '-accel', 'tcg,thread=multi,tb-size=256', '-cpu', s.cpu, '-smp', str(s.cpus), '-m', str(s.memory),
            '-uuid', str(self.uuid),
            '-smbios', f'type=1,manufacturer=podp,product=testbed blade,serial={self.serial},uuid={self.uuid}',
            '-kernel', s.path('xen'), '-append', s.xen_words,
            '-initrd', f'{s.path("vmlinux")} {s.linux_words},{s.path("initrd.dom0")}',
            # The blade's own disk, the shared LUN, and the agent's: there a flush is a flush.
            '-drive', f'file={self.disk},if=none,id=d0,cache=writeback,discard=unmap',
            '-device', 'virtio-blk-pci,drive=d0',
            '-drive', f'file={s.run("san.raw")},if=none,id=d1,format=raw,cache=writethrough,file.locking=off',
            '-device', 'virtio-blk-pci,drive=d1,share-rw=on,serial=san0',
            '-drive', f'file={self.agent_disk},if=none,id=d2,format=raw,cache=writethrough',
            '-device', f'virtio-blk-pci,drive=d2,serial=agent{n}',
            '-netdev', f'user,id=n0,hostfwd=tcp:127.0.0.1:{s.port + n}-:22',
            '-device', f'virtio-net-pci,netdev=n0,mac=52:54:00:76:00:{n:02x},romfile=',
            '-netdev', f'vde,id=n1,sock={s.run("switch")}',
            '-device', f'virtio-net-pci,id=nic1,netdev=n1,mac=52:54:00:77:00:{n:02x},romfile=',
            '-device', 'virtio-rng-pci', '-serial', f'file:{s.run(self.name + ".serial")}',
            '-qmp', f'unix:{s.run(self.name + ".qmp")},server=on,wait=off',
        ]

    def power_on(self, words=()):
        """Switches the blade on, with more words for QEMU. Returns True when it goes on from a stored state: only its first power-on does."""
        s = self.settings
        if self.pid:
            raise Trouble(f'{self.name} is on already')
        os.makedirs(s.run(), exist_ok=True)
        start_switch(s)
        if not os.path.exists(s.run('san.raw')):
            subprocess.check_call(['truncate', '-s', s.shared_disk, s.run('san.raw')])
        arguments = [*self.arguments(), *words]
        restored = False
        if not os.path.exists(self.disk):
            restored = os.path.exists(self.stored_state)
            base, kind = (self.stored_disk, 'qcow2') if restored else (s.path('dom0.raw'), 'raw')
            copy(self.stored_agent_disk if restored else s.path('state.raw'), self.agent_disk)
            subprocess.check_call(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', kind, self.disk])
            if restored:
                arguments += ['-incoming', f'exec:lz4 -dc {self.stored_state}']
        with open(s.run(self.name + '.log'), 'w') as log:
            machine = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        process.remember(s.run(), self.name, machine.pid)
        # libxl gives its device scripts 40 seconds, and a busy host's emulation would miss them.
        try:
            os.setpriority(os.PRIO_PROCESS, machine.pid, -10)
        except PermissionError:
            pass
        if restored:
            while self.qmp('query-migrate').get('status') != 'completed':
                time.sleep(0.1)
            self.qmp('cont')    # it was stored stopped
        return restored

    def power_off(self):
        """Pulls the plug: QEMU is killed. The disks stay."""
        process.stop(self.settings.run(), self.name)
        try:
            os.unlink(self.settings.run(self.name + '.qmp'))
        except FileNotFoundError:
            pass

    def qmp(self, command, timeout=300, **arguments):
        """One command to QEMU."""
        path = self.settings.run(self.name + '.qmp')
        deadline = time.monotonic() + timeout
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout)
            while True:
                try:
                    link.connect(path)
                    break
                except (FileNotFoundError, ConnectionRefusedError):
                    if not self.pid:
                        raise Trouble(f'{self.name} has ended: see {self.settings.run(self.name + ".log")}') from None
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
            stream = link.makefile('rw')
            stream.readline()
            answer = {}
            for request in ({'execute': 'qmp_capabilities'}, {'execute': command, 'arguments': arguments}):
                stream.write(json.dumps(request))
                stream.flush()
                while not ('return' in answer or 'error' in answer):
                    answer = json.loads(stream.readline())
                if request['execute'] == 'qmp_capabilities':
                    answer = {}
        if 'error' in answer:
            raise Trouble(f'{self.name}: {command}: {answer["error"]["desc"]}')
        return answer['return']

    # ---- dom0 ----------------------------------------------------------------------------

    def ssh_options(self):
        return ['-i', self.settings.path('id_ed25519'), '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
                '-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=30', '-o', 'ServerAliveInterval=30', '-o', 'ServerAliveCountMax=20']

    def ssh(self, command, check=True, timeout=600, **kinds):
        """Runs a shell command in dom0."""
        return subprocess.run(['ssh', *self.ssh_options(), '-p', str(self.settings.port + self.number), 'root@127.0.0.1', command],
                              check=check, timeout=timeout, **kinds)

    def ask(self, command, timeout=600):
        """What a shell command in dom0 prints."""
        done = self.ssh(command, check=False, timeout=timeout, capture_output=True, text=True)
        if done.returncode:
            raise Trouble(f'{self.name}: `{command}` ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}')
        return done.stdout.strip()

    def put(self, files, folder):
        """Copies files into dom0."""
        subprocess.run(['scp', '-q', *self.ssh_options(), '-P', str(self.settings.port + self.number), *files, f'root@127.0.0.1:{folder}'],
                       check=True, timeout=900)

    def wait(self, test=READY, limit=900):
        """Waits until a shell command succeeds in dom0."""
        begun = time.monotonic()
        while time.monotonic() - begun < limit:
            if not self.pid:
                raise Trouble(f'{self.name} has ended: see {self.settings.run(self.name + ".log")} and .serial')
            try:
                if self.ssh(test, check=False, timeout=120, capture_output=True).returncode == 0:
                    return time.monotonic() - begun
            except subprocess.TimeoutExpired:
                pass
            time.sleep(1)
        raise Trouble(f'{self.name} did not answer `{test}` in {limit} s')

    def set_clock(self):
        """After a stored state dom0's wall clock is as old as the state."""
        self.ssh(f'date -s @{time.time():.0f} >/dev/null')

    # ---- stored states -------------------------------------------------------------------

    def store(self):
        """Stores the running blade's state beside copies of its disks, and lets it run on."""
        begun = time.monotonic()
        self.ssh('systemctl is-system-running --wait >/dev/null; sync; echo 3 > /proc/sys/vm/drop_caches; sync', check=False)
        self.qmp('stop')
        self.qmp('migrate-set-parameters', **{'max-bandwidth': 1 << 34})
        part = self.stored_state + '.part'
        self.qmp('migrate', uri='exec:lz4 -1 > ' + part)
        while (status := self.qmp('query-migrate')['status']) != 'completed':
            if status in ('failed', 'cancelled'):
                raise Trouble(f'{self.name}: storing the state {status}')
            time.sleep(0.2)
        copy(self.disk, self.stored_disk)
        copy(self.agent_disk, self.stored_agent_disk)
        os.rename(part, self.stored_state)
        self.qmp('cont')
        say(f'{self.name}: state stored in {time.monotonic() - begun:.0f} s, {os.path.getsize(self.stored_state) >> 20} MiB')

    def forget_state(self):
        for file in (self.stored_state, self.stored_disk, self.stored_agent_disk):
            if os.path.exists(file):
                os.unlink(file)


def copy(source, target):
    subprocess.check_call(['cp', '--sparse=always', '--reflink=auto', source, target])


def start_switch(settings):
    """The blades' own network: an unprivileged learning switch. It carries frames of at most 1514 bytes."""
    run = settings.run()
    if process.pid_of(run, 'switch'):
        return
    shutil.rmtree(settings.run('switch'), ignore_errors=True)
    subprocess.check_call(['vde_switch', '-d', '-s', settings.run('switch'), '-M', settings.run('switch.mgmt'), '-p', settings.run('switch.pid')],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not (process.pid_of(run, 'switch') and os.path.exists(settings.run('switch', 'ctl'))):
        time.sleep(0.05)
