#!/usr/bin/env python3
"""Runs a testbed's blades: QEMU (TCG) machines, each a real Xen with a Debian dom0. `up` does all of it at once.

  testbed.py up [--podp]        switch the blades on: the first time from their stored states (made when there are none),
                                later as cold boots on the disks that they had; --podp: with a coordinator and enrolled agents
  testbed.py on B | off B       one blade: plug in (a cold boot), pull the plug. Its disks stay.
  testbed.py pause B | resume B a blade that hangs
  testbed.py cut B | join B     the blade's cable to the other blades
  testbed.py ssh B COMMAND...   run a command in its dom0
  testbed.py put B FILE... DIR  copy files into its dom0
  testbed.py status
  testbed.py down               stop everything, throw the disks away: the next `up` begins anew

Its folder is $PODP_TESTBED or ~/.cache/podp-testbed. $PODP_TESTBED_PORT (22000) moves the ports.
"""
import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

from bed import fleet, process
from bed.blade import READY, Blade
from bed.settings import Settings, Trouble, say


def digest_of_states(settings, blades):
    """What a stored state fits to: the image, QEMU and its command line."""
    version = subprocess.check_output(['qemu-system-x86_64', '--version'], text=True)
    with open(settings.path('image.digest')) as f:
        image = f.read()
    return hashlib.sha256(repr((version, image, [b.arguments() for b in blades])).encode()).hexdigest()


def up(settings, blades):
    begun = time.monotonic()
    note = settings.path('states.digest')
    digest = digest_of_states(settings, blades)
    if not os.path.exists(note) or open(note).read() != digest:
        for blade in blades:
            blade.forget_state()
        if os.path.exists(note):
            os.unlink(note)
    waiting = [b for b in blades if not b.pid]
    new = [b for b in waiting if not os.path.exists(b.disk) and not os.path.exists(b.stored_state)]
    restored = [b for b in waiting if b.power_on()]
    for blade in waiting:
        blade.wait('true' if blade in restored else 'xl list')
        say(f'{blade.name}: {"restored" if blade in restored else "xl list answers"} after {time.monotonic() - begun:.0f} s')
        blade.set_clock()
    for blade in waiting:
        blade.wait(READY)
        say(f'{blade.name}: virsh list answers after {time.monotonic() - begun:.0f} s')
    for blade in new:
        blade.store()
        blade.set_clock()
    if len(new) == len(blades):
        with open(note, 'w') as f:
            f.write(digest)


def down(settings):
    run = settings.run()
    for file in sorted(os.listdir(run)) if os.path.isdir(run) else []:
        if file.endswith('.pid'):
            process.stop(run, file[:-4], signal.SIGTERM if file == 'switch.pid' else signal.SIGKILL)
    for file in os.listdir(run) if os.path.isdir(run) else []:
        if file.endswith(('.qcow2', '.raw', '.qmp', '.pid', '.sock')):
            os.unlink(os.path.join(run, file))
    shutil.rmtree(os.path.join(run, 'coordinator'), ignore_errors=True)


def status(settings):
    run = settings.run()
    for file in sorted(os.listdir(run)) if os.path.isdir(run) else []:
        if not file.endswith('.pid'):
            continue
        pid = process.pid_of(run, file[:-4])
        resident = ''
        if pid:
            with open(f'/proc/{pid}/status') as f:
                resident = ', '.join(f'{int(line.split()[1]) >> 10} MiB' for line in f if line.startswith('VmRSS'))
        print(file[:-4], pid or 'off', resident)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('-n', '--blades', type=int, default=2)
    parser.add_argument('command')
    parser.add_argument('arguments', nargs=argparse.REMAINDER)
    options = parser.parse_args()
    settings = Settings()
    command, rest = options.command, options.arguments

    if command == 'up':
        blades = [Blade(settings, n) for n in range(1, options.blades + 1)]
        up(settings, blades)
        if '--podp' in rest:
            coordinator = fleet.up(settings, blades)
            print(f'export PODP_COORDINATOR={coordinator.socket}')
        return
    if command == 'down':
        return down(settings)
    if command == 'status':
        return status(settings)
    if not rest or not rest[0].isdigit():
        parser.error(f'{command} needs the number of a blade')
    blade = Blade(settings, int(rest[0]))
    if command == 'on':
        blade.power_on()
        say(f'{blade.name}: ready after {blade.wait():.0f} s')
    elif command == 'off':
        blade.power_off()
    elif command == 'pause':
        blade.qmp('stop')
    elif command == 'resume':
        blade.qmp('cont')
    elif command in ('cut', 'join'):
        blade.qmp('set_link', name='nic1', up=command == 'join')
    elif command == 'ssh':
        os.execvp('ssh', ['ssh', *blade.ssh_options(), '-p', str(settings.port + blade.number), 'root@127.0.0.1', *rest[1:]])
    elif command == 'put':
        blade.put(rest[1:-1], rest[-1])
    else:
        parser.error(f'there is no command {command}')


if __name__ == '__main__':
    try:
        main()
    except Trouble as trouble:
        sys.exit(f'testbed: {trouble}')
    except subprocess.CalledProcessError as failure:
        sys.exit(f'testbed: {failure}')
