"""What breaks in the middle: an agent, a coordinator, a blade. Never two copies, and every operation ends."""
import subprocess
import time

from bed.fleet import until
from bed.settings import Trouble


def proof_agent_killed_in_the_middle_of_an_operation(bed):
    """A start is under way when its agent is killed: the agent that comes after it looks, does not start again, and the operation ends."""
    blade = bed.blades[0]
    guest = bed.guest(9, blade)
    bed.coordinator.podp('domain', 'destroy', guest.name)
    begun = start(bed, 'domain', 'start', guest.name, '--on', blade.name)
    until(lambda: bed.coordinator.domain(guest.name).get('operation'), 'its start is under way', 60, every=0.2)
    operation = bed.coordinator.domain(guest.name)['operation']
    blade.ssh('systemctl kill -s KILL podp-agent')
    stood = next(o for o in bed.coordinator.items('operation', 'list') if o['id'] == operation)
    if stood['state'] in ('succeeded', 'failed'):
        raise Trouble(f'its start had ended before its agent was killed: {stood}')
    begun.wait(900)
    until(lambda: len(bed.runs_on(guest)) == 1, 'it runs once', 300, every=5)
    until(lambda: not bed.coordinator.domain(guest.name).get('operation'), 'its operation has ended', 300, every=5)
    bed.remove(guest)


def proof_libvirtd_gone_and_back(bed):
    """Without libvirtd podp still sees the guest, says that it cannot act, and why; when libvirtd is back it acts again."""
    blade = bed.blades[0]
    guest = bed.guest(13, blade, disk=False)
    blade.ssh('systemctl stop libvirtd')
    try:
        until(lambda: any(f['code'] == 'libvirt' for f in bed.coordinator.blade(blade.name)['findings']), 'podp says that libvirt does not answer', 120, every=2)
        done = bed.coordinator.podp('domain', 'pause', guest.name, check=False)
        if done.returncode == 0 or 'libvirt' not in done.stdout + done.stderr:
            raise Trouble(f'without libvirtd podp says: {done.stdout}{done.stderr}')
        if bed.coordinator.domain(guest.name)['state'] != 'running':
            raise Trouble('podp does not see the guest any more')
    finally:
        blade.ssh('systemctl start libvirtd')
    until(lambda: not any(f['code'] == 'libvirt' for f in bed.coordinator.blade(blade.name)['findings']), 'libvirt answers again', 300, every=3)
    bed.coordinator.podp('domain', 'pause', guest.name)
    bed.coordinator.podp('domain', 'resume', guest.name)
    bed.remove(guest)


def proof_coordinator_killed_in_the_middle_of_a_migration(bed):
    """kill -9 while a domain moves; the next coordinator resolves it by what both ends say."""
    source, target = bed.blades
    guest = bed.guest(10, source)
    moving = start(bed, 'domain', 'migrate', guest.name, target.name)
    until(lambda: guest.name in target.ask('xl list'), 'the target has begun to receive it', 300, every=2)
    bed.coordinator.kill()
    moving.wait(120)
    time.sleep(10)
    bed.coordinator.start()
    until(lambda: len(bed.runs_on(guest)) == 1, 'it is on one blade', 900, every=5)
    runs = bed.runs_on(guest)[0]
    until(lambda: bed.blade_of(guest) == runs and not bed.coordinator.domain(guest.name).get('operation'), 'podp knows where', 300, every=5)
    guest.wait_for_tick(runs, max(guest.ticks(source), default=0))
    bed.remove(guest)


def proof_blade_killed(bed):
    """A blade's plug is pulled: it is unknown, not dead, and nothing is restarted; it comes back with another boot id, its disks and its identity."""
    blade = bed.blades[1]
    boot = blade.ask('cat /proc/sys/kernel/random/boot_id')
    guest = bed.guest(11, blade)
    blade.power_off()
    until(lambda: bed.coordinator.blade(blade.name)['link'] == 'unknown', 'podp does not know what it does', 120)
    if bed.runs_on(guest):
        raise Trouble('its guest was started elsewhere, though nobody has read back that the blade is off')
    if blade.power_on():
        raise Trouble('it came back from a stored state')
    blade.wait()
    if blade.ask('cat /proc/sys/kernel/random/boot_id') == boot:
        raise Trouble('it has the boot id that it had')
    until(lambda: bed.coordinator.blade(blade.name)['link'] == 'connected', 'it is back under podp', 600, every=5)
    until(lambda: bed.coordinator.domain(guest.name)['state'] == 'off', 'podp knows that its guest is off', 120, every=2)
    bed.remove(guest)


def start(bed, *words):
    """A command of podp's that runs beside us."""
    return subprocess.Popen([bed.programs.path('podp'), *words, '--coordinator', bed.coordinator.socket], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
