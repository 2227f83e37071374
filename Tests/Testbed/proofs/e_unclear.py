"""Rows of docs/unclear-migrations.md on real Xen: the coordinator and the source's agent die while a domain moves, so that nobody can say how it ended,
and what they find afterwards is made by hand.

What cannot be made here: a copy that is still coming in after its migration's end (libxl takes it away itself), and a crashed one.
"""
from bed.fleet import until
from bed.settings import Trouble

from proofs.d_failures import start


def proof_unclear_migrations_end_as_the_table_says(bed):
    here, there = bed.blades
    guest = bed.guest(12, here, disk=False)

    # source, target as they are found; what is done to make them so; where it runs in the end; how the migration ended
    rows = (
        ('absent', 'paused', lambda s, t: t.ask(f'xl pause {guest.name}'), 'target', 'succeeded'),
        ('off', 'running', lambda s, t: define(bed, guest, t, s), 'target', 'succeeded'),
        ('paused', 'running', lambda s, t: (define(bed, guest, t, s), s.ask(f'virsh -q -c xen:///system start --paused {guest.name}')), 'target', 'succeeded'),
        ('running', 'absent', lambda s, t: (define(bed, guest, t, s), take_away(guest, t), s.ask(f'virsh -q -c xen:///system start {guest.name}')), 'source',
         'failed'),
        ('absent', 'absent', lambda s, t: take_away(guest, t), None, 'failed'),
    )
    source, target = here, there
    for at_source, at_target, make, runs, ended in rows:
        row = f'{at_source} at the source, {at_target} at the target'
        moving = start(bed, 'domain', 'migrate', guest.name, target.name)
        until(lambda: guest.name in target.ask('xl list'), f'{row}: the target has begun to receive it', 300, every=2)
        bed.coordinator.kill()
        source.ssh('systemctl kill -s KILL podp-agent; systemctl stop podp-agent')
        moving.wait(120)
        until(lambda: bed.runs_on(guest) == [target] and state_of(guest, target) in ('running', 'idle'), f'{row}: it has moved', 600, every=3)
        make(source, target)
        bed.coordinator.start()
        source.ssh('systemctl start --no-block podp-agent')
        until(lambda: last_migration(bed, guest)['state'] == ended, f'{row}: the migration has {ended}', 600, every=3)
        until(lambda: not (bed.coordinator.domain(guest.name) or {}).get('operation'), f'{row}: nothing is under way', 300, every=3)
        expected = {'target': [target], 'source': [source], None: []}[runs]
        until(lambda: bed.runs_on(guest) == expected, f'{row}: it runs on {[b.name for b in expected]}', 120, every=3)
        for blade in bed.blades:
            kept = guest.name in blade.ask('virsh -q -c xen:///system list --all --name').split()
            if kept and blade not in expected and runs:
                raise Trouble(f'{row}: {blade.name} keeps a definition of it')
        if runs == 'target':
            until(lambda: state_of(guest, target) != 'paused', f'{row}: it goes on on {target.name}', 120, every=3)
            source, target = target, source
    bed.remove(guest)


def define(bed, guest, of, on):
    """Gives a blade the definition that another has."""
    xml = of.ask(f'virsh -c xen:///system dumpxml --inactive {guest.name}')
    on.ask(f"cat > /tmp/{guest.name}.xml <<'XML'\n{xml}\nXML\nvirsh -q -c xen:///system define /tmp/{guest.name}.xml")


def take_away(guest, blade):
    blade.ask(f'virsh -q -c xen:///system destroy {guest.name}; virsh -q -c xen:///system undefine {guest.name} 2>/dev/null || true')


def state_of(guest, blade):
    return {'r': 'running', 'b': 'idle', 'p': 'paused'}.get(blade.ask(f'xl list {guest.name} | tail -1').split()[4].strip('-')[:1], 'idle')


def last_migration(bed, guest):
    return next((o for o in bed.coordinator.items('operation', 'list') if o.get('domainName') == guest.name and o['action'] == 'migrate'), {'state': None})
