"""What podp says is what Xen's own tools say."""
import re
import time
from concurrent.futures import ThreadPoolExecutor

from bed.settings import Trouble


def proof_inventory(bed):
    """Names, numbers, memory, vCPUs, devices: as `xl list`, `xenstore-ls` and `virsh` have them."""
    blade = bed.blades[0]
    guest = bed.guest(1, blade)
    told = bed.coordinator.domain(guest.name)
    listed = blade.ask(f'xl list {guest.name} | tail -1').split()
    check('memory', told['memoryBytes'] >> 20, int(listed[2]))
    check('vCPUs', told['vcpus'], int(listed[3]))
    uuid = blade.ask(f'xenstore-read /local/domain/{listed[1]}/vm').split('/')[-1]
    check('UUID', told['id'], uuid)
    check('libvirt\'s UUID', blade.ask(f'virsh -q -c xen:///system domuuid {guest.name}'), uuid)
    tree = blade.ask(f'xenstore-ls -f /local/domain/0/backend | grep -E "/{listed[1]}/.*(params|mac|bridge) = "')
    for wanted in ('/dev/vdb', f'00:16:3e:77:00:{guest.number:02x}', 'xenbr0'):
        if wanted not in tree:
            raise Trouble(f'xenstore does not have {wanted}: {tree}')
    check('blade', told['bladeName'], blade.name)
    bed.remove(guest)


def proof_counters(bed):
    """A guest that burns CPU: podp's share of a processor agrees with xentop's over the same half minute, within a quarter."""
    blade = bed.blades[0]
    guest = bed.guest(1, blade, 'podp.burn=1')
    said = []
    with ThreadPoolExecutor() as aside:
        running = aside.submit(blade.ask, 'xentop -b -d 30 -i 2')
        while not running.done():
            told = bed.coordinator.domain(guest.name)
            if told.get('cpuMillicpus') is not None:
                said.append(told['cpuMillicpus'])
            time.sleep(1)
    seen = [line.split() for line in running.result().splitlines() if line.split()[:1] == [guest.name]]
    xentop = float(seen[-1][3]) * 10            # percent of one processor, in thousandths of one
    half = said[len(said) // 4:]                # xentop's first pass, and the time it takes to start, are not in its figure
    podp = sum(half) / max(len(half), 1)
    if not half or abs(podp - xentop) > max(xentop / 4, 100):
        raise Trouble(f'podp says {podp:.0f}, xentop {xentop} (thousandths of a processor)')
    bed.remove(guest)


def proof_findings(bed):
    """`podp-agent check` names what would start domains by itself."""
    blade = bed.blades[0]
    blade.ssh('mkdir -p /etc/xen/auto && touch /etc/xen/auto/ghost.cfg')
    try:
        found = blade.ssh('set -a; . /etc/podp/agent.env; podp-agent check', check=False, capture_output=True, text=True)
        if not re.search(r'ghost\.cfg', found.stdout):
            raise Trouble(f'podp-agent check does not name /etc/xen/auto/ghost.cfg: {found.stdout}{found.stderr}')
    finally:
        blade.ssh('rm -f /etc/xen/auto/ghost.cfg')


def check(what, told, actual):
    if told != actual:
        raise Trouble(f'{what}: podp says {told}, Xen {actual}')
