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
    stored = {line.split(' = ')[0].rsplit('/', 1)[1]: line.split(' = ')[1].strip('"') for line in tree.splitlines()}
    check('disk', [d['source'] for d in told['disks']], [stored['params']])
    check('network interface', [(n['mac'].lower(), n['bridge']) for n in told['nics']], [(stored['mac'].lower(), stored['bridge'])])
    host = bed.coordinator.blade(blade.name)
    facts = dict(line.split(':', 1) for line in blade.ask('xl info').splitlines() if ':' in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    check('processors', host['cpus'], int(facts['nr_cpus']))
    check('memory of the blade', host['memoryBytes'] >> 20, int(facts['total_memory']))
    check('blade', told['bladeName'], blade.name)
    bed.remove(guest)


def proof_counters(bed):
    """A guest that burns CPU and writes: what podp says of its processor and its disk, and of dom0's processor, agrees with Xen's tools over the same
    half minute, within a quarter."""
    blade = bed.blades[0]
    guest = bed.guest(1, blade, 'podp.burn=1')
    said, wrote, dom0 = [], [], []
    dom0_before, begun = dom0_seconds(blade), time.monotonic()
    with ThreadPoolExecutor() as aside:
        running = aside.submit(blade.ask, 'xentop -b -d 30 -i 2')
        while not running.done():
            told = bed.coordinator.domain(guest.name)
            if told.get('cpuMillicpus') is not None:
                said.append(told['cpuMillicpus'])
                wrote.append((told.get('disk') or {}).get('writtenBytesPerSecond', 0))
                dom0.append(bed.coordinator.blade(blade.name)['dom0CPUMillicpus'])
            time.sleep(1)
    dom0_used = (dom0_seconds(blade) - dom0_before) / (time.monotonic() - begun) * 1000
    seen = [line.split() for line in running.result().splitlines() if line.split()[:1] == [guest.name]]
    xentop = float(seen[-1][3]) * 10            # percent of one processor, in thousandths of one
    # Sectors of 512 bytes: sysfs, where podp reads them, and xentop count the same.
    sectors = int(seen[-1][17]) - int(seen[0][17])
    half = said[len(said) // 4:]                # xentop's first pass, and the time it takes to start, are not in its figure
    podp = sum(half) / max(len(half), 1)
    if not half or abs(podp - xentop) > max(xentop / 4, 100):
        raise Trouble(f'podp says {podp:.0f}, xentop {xentop} (thousandths of a processor)')
    near('bytes written a second', sum(wrote) / max(len(wrote), 1), sectors * 512 / 30, 2048)
    near('dom0, thousandths of a processor', sum(dom0) / max(len(dom0), 1), dom0_used, 100)
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


def dom0_seconds(blade):
    return float(blade.ask('xl list Domain-0 | tail -1').split()[-1])


def near(what, told, actual, slack):
    if abs(told - actual) > max(actual / 4, slack):
        raise Trouble(f'{what}: podp says {told:.0f}, Xen {actual:.0f}')


def check(what, told, actual):
    if told != actual:
        raise Trouble(f'{what}: podp says {told}, Xen {actual}')
