#!/usr/bin/env python3
"""What watching a blade costs: podp-agent, xentop and Debian's prometheus-libvirt-exporter, each once a second, on the same blade of the testbed.

  deploy/testbed/up; Benchmarks/Agent/run.py [--seconds 60] [--domains 1,4]

Each is watched alone for the same time, beside paused domains, which cost nothing themselves. CPU is what dom0's scheduler says the process ran
(/proc/PID/task/*/schedstat), hypercalls included, and libvirtd's beside it. Emulation makes every hypercall dear, so between programs only the ratio
counts. Instructions are those of the whole blade (Xen, kernel, program), counted by a plugin of QEMU, less those of the blade when nothing watches it;
from two numbers of domains follows what 30 cost, and at one instruction a cycle what that is of a 3 GHz core.
"""
import argparse
import os
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', '..', 'deploy', 'testbed')]

from bed.blade import Blade                                     # noqa: E402
from bed.fleet import Coordinator, Programs, until              # noqa: E402
from bed.guest import Guest                                     # noqa: E402
from bed.settings import Settings, Trouble, say                 # noqa: E402

EXPORTER = '/opt/exporter/usr/bin/prometheus-libvirt-exporter'
SCRAPE = ('while sleep 1; do exec 3<>/dev/tcp/127.0.0.1/9177; printf "GET /metrics HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3 >/dev/null; exec 3>&-; done')
# name, how it starts in dom0, how its processes are found, how it ends
SUBJECTS = (
    ('nothing', 'true', None, 'true'),
    ('podp-agent', 'systemctl start podp-agent', 'podp-agent', 'systemctl stop podp-agent'),
    ('xentop -b -d 1', 'setsid xentop -b -d 1 >/dev/null 2>&1 </dev/null &', 'xentop', 'pkill -x xentop'),
    ('prometheus-libvirt-exporter', f'setsid {EXPORTER} --libvirt.uri=xen:///system >/dev/null 2>&1 </dev/null & '
     f"setsid bash -c '{SCRAPE}' scrape >/dev/null 2>&1 </dev/null &", 'prometheus-libv', 'pkill -f "^bash -c while sleep"; pkill prometheus-libv'),
)


class Counter:
    """The blade's instructions, by the plugin's file."""

    def __init__(self, folder):
        self.plugin, self.file = os.path.join(folder, 'instructions.so'), os.path.join(folder, 'counts')

    def build(self):
        subprocess.run(['gcc', '-O2', '-shared', '-fPIC', '-o', self.plugin, os.path.join(HERE, 'instructions.c')], check=True)

    def words(self):
        return ['-plugin', f'file={self.plugin},counts={self.file}']

    def read(self):
        with open(self.file, 'rb') as f:
            counts = f.read()
        return sum(struct.unpack(f'{len(counts) // 8}Q', counts))


def use(blade, name):
    """Nanoseconds on a CPU and resident KiB of the processes called so."""
    text = blade.ask(f'for p in $(pgrep {name}); do cat /proc/$p/task/*/schedstat | sed "s/^/cpu /"; grep VmRSS /proc/$p/status; done')
    rows = [line.split() for line in text.splitlines()]
    return sum(int(r[1]) for r in rows if r[0] == 'cpu'), sum(int(r[1]) for r in rows if r[0] == 'VmRSS:')


def watch(blade, counter, subject, seconds):
    """One row: shares of a CPU for the program and for libvirtd, KiB, instructions a second of the whole blade."""
    name, start, process, end = subject
    blade.ssh(start, check=False)
    time.sleep(15)
    try:
        if process and blade.ssh(f'pgrep {process}', check=False, capture_output=True).returncode:
            raise Trouble(f'{name} does not run in dom0')
        own, libvirt = use(blade, process)[0] if process else 0, use(blade, 'libvirtd')[0]
        instructions, begun = counter.read(), time.monotonic()
        time.sleep(seconds)
        instructions, took = counter.read() - instructions, time.monotonic() - begun
        after, resident = use(blade, process) if process else (0, 0)
        # The two looks at the process lie a little outside the counted time; they are as far apart as the counts to a percent or so.
        return (after - own) / took / 1e9, (use(blade, 'libvirtd')[0] - libvirt) / took / 1e9, resident, instructions / took
    finally:
        blade.ssh(end, check=False)
        time.sleep(3)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument('--seconds', type=int, default=60)
    arguments.add_argument('--domains', default='1,4')
    given = arguments.parse_args()
    counts = [int(n) for n in given.domains.split(',')]
    settings = Settings()
    coordinator = Coordinator(settings, Programs(settings))
    blade = Blade(settings, 1)
    if not coordinator.pid or not blade.pid:
        sys.exit('run.py: the testbed is not up: deploy/testbed/up brings it up')
    folder = settings.path('agent-bench')
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(os.path.join(folder, 'exporter')):
        subprocess.run('apt-get download -qq prometheus-libvirt-exporter && dpkg -x prometheus-libvirt-exporter_*.deb exporter', shell=True, cwd=folder,
                       check=True)
    counter = Counter(folder)
    with open(f'/proc/{blade.pid}/cmdline') as f:
        counted = os.path.realpath(counter.file) in f.read()
    if not counted:
        say('blade1 starts again, with its instructions counted')
        counter.build()
        blade.ssh('sync', check=False)
        blade.power_off()
        blade.power_on(counter.words())
        blade.wait()
    blade.ssh('mkdir -p /opt/exporter/usr/bin')
    blade.put([os.path.join(folder, 'exporter/usr/bin/prometheus-libvirt-exporter')], EXPORTER)
    connected = lambda: coordinator.blade(blade.name)['link'] == 'connected'    # noqa: E731
    until(connected, 'blade1 is back under podp', 600, every=3)
    rows, guests = {}, []
    for wanted in counts:
        blade.ssh('systemctl start podp-agent')
        until(connected, 'blade1 is back under podp', 600, every=3)
        while len(guests) < wanted:
            guest = Guest(settings, 21 + len(guests), disk=False)
            guests.append(guest)
            if not coordinator.domain(guest.name):
                guest.create(coordinator, blade.name)
                time.sleep(20)
            if coordinator.domain(guest.name)['state'] != 'paused':
                coordinator.podp('domain', 'pause', guest.name)
        blade.ssh('systemctl stop podp-agent')
        for subject in SUBJECTS:
            rows[wanted, subject[0]] = watch(blade, counter, subject, given.seconds)
            say(f'{wanted} domains, {subject[0]}: measured')
    blade.ssh('systemctl start podp-agent')
    until(connected, 'blade1 is back under podp', 600, every=3)
    for guest in guests:
        coordinator.podp('domain', 'destroy', guest.name)
        coordinator.podp('domain', 'remove', guest.name)
    show(rows, counts)
    say('blade1 still counts; `deploy/testbed/testbed.py down` and `up` bring an uncounted one')


def show(rows, counts):
    print(f'{"domains":>7}  {"who watches":<28} {"CPU":>8} {"libvirtd":>9} {"of xentop":>9} {"resident":>9}  {"instructions/s":>14}')
    for (domains, name), (own, libvirt, resident, instructions) in rows.items():
        if name == 'nothing':
            continue
        xentop = sum(rows[domains, 'xentop -b -d 1'][:2]) - rows[domains, 'nothing'][1]
        cost = own + libvirt - rows[domains, 'nothing'][1]
        extra = instructions - rows[domains, 'nothing'][3]
        print(f'{domains:>7}  {name:<28} {own:>8.2%} {libvirt:>9.2%} {cost / xentop:>9.2f} {resident / 1024:>5.1f} MiB  {extra:>14,.0f}')
    low, high = counts[0], counts[-1]
    if low == high:
        return
    for name in ('podp-agent', 'xentop -b -d 1', 'prometheus-libvirt-exporter'):
        at = [rows[n, name][3] - rows[n, 'nothing'][3] for n in (low, high)]
        each = (at[1] - at[0]) / (high - low)
        scaled = at[0] + each * (30 - low)
        print(f'{name}, 30 domains: {scaled / 1e6:.1f} million instructions a second, {scaled / 3e9:.2%} of a 3 GHz core at one a cycle')


main()
