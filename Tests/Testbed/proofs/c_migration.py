"""A live domain moves, by podp's command and by podp itself."""
from bed.fleet import until
from bed.guest import Guest
from bed.settings import Trouble


def proof_migration(bed):
    """A guest that counts aloud and on the shared disk moves while it runs: nothing is lost, nothing happens twice."""
    source, target = bed.blades
    guest = bed.guest(4, source)
    bed.coordinator.podp('domain', 'migrate', guest.name, target.name)
    guest.wait_for_tick(target, max(guest.ticks(source)))
    if bed.runs_on(guest) != [target]:
        raise Trouble(f'it runs on {[b.name for b in bed.runs_on(guest)]}')
    left = source.ask('virsh -q -c xen:///system list --all --name')
    if guest.name in left.split():
        raise Trouble(f'{source.name} keeps a definition of it')
    until(lambda: bed.blade_of(guest) == target, 'podp shows it there', 60)
    guest.check_nothing_lost(source, target)
    bed.remove(guest)


def proof_a_pv_domain_is_refused_by_name(bed):
    source, target = bed.blades
    guest = Guest(bed.settings, 5)
    path = guest.write()
    with open(path) as f:
        text = f.read().replace('type = "pvh"', 'type = "pv"')
    with open(path, 'w') as f:
        f.write(text)
    bed.coordinator.podp('domain', 'create', path, '--on', source.name)
    done = bed.coordinator.podp('domain', 'migrate', guest.name, target.name, check=False)
    said = done.stdout + done.stderr
    if done.returncode == 0 or 'shadow paging' not in said:
        raise Trouble(f'podp did not say why a PV domain cannot move live: {said}')
    if bed.runs_on(guest) != [source]:
        raise Trouble('it does not run on its blade any more')
    bed.coordinator.podp('domain', 'migrate', guest.name, target.name, '--allow-stop')
    until(lambda: bed.runs_on(guest) == [target], 'it was stopped and goes on on the other blade', 600, every=5)
    until(lambda: bed.blade_of(guest) == target, 'podp shows it there', 60)
    bed.remove(guest)


def proof_podp_balances_by_itself(bed):
    """Two busy guests on one blade, none on the other: in `automatic` podp moves one of them, with its reason."""
    source, target = bed.blades
    guests = [bed.guest(n, source, 'podp.burn=1', disk=False) for n in (6, 7)]
    bed.coordinator.podp('policy', 'set', 'automatic')
    try:
        until(lambda: any(bed.runs_on(g) == [target] for g in guests), 'podp has moved one of them', 1200, every=10)
    finally:
        bed.coordinator.podp('policy', 'set', 'manual')
    for guest in guests:
        bed.remove(guest)
