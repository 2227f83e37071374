"""Rows of docs/unclear-migrations.md on real Xen: the coordinator and the source's agent die while a domain moves, so that nobody can say how it ended,
and what they find afterwards is made by hand.

What cannot be made here: a copy that is still coming in after its migration's end (libxl takes it away itself), and a crashed one. The rows that say what
an operator's pause changes are the simulator's (Tests/Simulation/MigrationScenarios.swift), as is every other row.
"""
from bed.fleet import until
from bed.guest import Guest
from bed.settings import Trouble

from proofs.d_failures import start

# What is found at the source and at the target; where it runs in the end (nobody knows: held); how the migration ended.
ROWS = (
    ('absent', 'paused', 'target', 'succeeded'),
    ('off', 'running', 'target', 'succeeded'),
    ('paused', 'running', 'target', 'succeeded'),
    ('off', 'paused', 'target', 'succeeded'),
    ('running', 'absent', 'source', 'failed'),
    ('running', 'off', 'source', 'failed'),
    ('running', 'paused', 'source', 'failed'),
    ('paused', 'absent', 'source', 'failed'),
    ('paused', 'off', 'source', 'failed'),
    ('paused', 'paused', 'source', 'failed'),
    ('running', 'running', 'held', None),
    ('absent', 'absent', None, 'failed'),
    ('absent', 'off', None, 'failed'),
    ('off', 'absent', None, 'failed'),
    ('off', 'off', None, 'failed'),
)


def row_of_the_table(row):
    def proof(bed):
        guest = Guest(bed.settings, 12, disk=False)
        running = bed.runs_on(guest)
        if len(running) != 1:
            guest = bed.guest(12, bed.blades[0], disk=False)
            running = bed.blades[:1]
        source = running[0]
        check(bed, guest, source, next(b for b in bed.blades if b is not source), row)
    proof.goes_on = True
    return proof


for row in ROWS:
    globals()[f'proof_unclear_{row[0]}_{row[1]}'] = row_of_the_table(row)


def check(bed, guest, source, target, row):
    at_source, at_target, runs, ended = row
    words = f'{at_source} at the source, {at_target} at the target'
    moving = start(bed, 'domain', 'migrate', guest.name, target.name)
    until(lambda: guest.name in target.ask('xl list'), f'{words}: the target has begun to receive it', 300, every=2)
    bed.coordinator.kill()
    source.ssh('systemctl kill -s KILL podp-agent; systemctl stop podp-agent')
    moving.wait(120)
    until(lambda: bed.runs_on(guest) == [target] and state_of(guest, target) in ('running', 'idle'), f'{words}: it has moved', 600, every=3)
    definition = target.ask(f'virsh -c xen:///system dumpxml --inactive {guest.name}')
    make_target(guest, target, at_target, definition)
    make_source(guest, source, at_source, definition)
    bed.coordinator.start()
    source.ssh('systemctl start --no-block podp-agent')
    if runs == 'held':
        until(lambda: 'both ends' in (bed.coordinator.domain(guest.name) or {}).get('held', ''), f'{words}: an operator is asked', 600, every=3)
        if bed.runs_on(guest) != [source, target] and bed.runs_on(guest) != [target, source]:
            raise Trouble(f'{words}: somebody touched a copy that an operator has to judge')
        take_away(guest, source)
        bed.coordinator.podp('domain', 'clear', guest.name)
        ended, runs = 'succeeded', 'target'
    until(lambda: last_migration(bed, guest)['state'] == ended, f'{words}: the migration has {ended}', 600, every=3)
    until(lambda: not (bed.coordinator.domain(guest.name) or {}).get('operation'), f'{words}: nothing is under way', 300, every=3)
    expected = {'target': [target], 'source': [source], None: []}[runs]
    until(lambda: bed.runs_on(guest) == expected, f'{words}: it runs on {[b.name for b in expected]}', 120, every=3)
    for blade in bed.blades:
        kept = guest.name in blade.ask('virsh -q -c xen:///system list --all --name').split()
        if kept and blade not in expected and runs:
            raise Trouble(f'{words}: {blade.name} keeps a definition of it')
    if runs:
        until(lambda: state_of(guest, expected[0]) != 'paused', f'{words}: it goes on on {expected[0].name}', 120, every=3)


def make_target(guest, blade, state, definition):
    """The target has it running."""
    if state == 'paused':
        # Behind libvirt's back: it goes on believing that the domain runs.
        blade.ask(f'xl pause {guest.name}')
    elif state in ('off', 'absent'):
        take_away(guest, blade)
        if state == 'off':
            define(guest, blade, definition)


def make_source(guest, blade, state, definition):
    """The source has let go of it."""
    if state == 'absent':
        return
    define(guest, blade, definition)
    if state != 'off':
        blade.ask(f'virsh -q -c xen:///system start {"--paused " if state == "paused" else ""}{guest.name}')


def define(guest, blade, definition):
    blade.ask(f"cat > /tmp/{guest.name}.xml <<'XML'\n{definition}\nXML\nvirsh -q -c xen:///system define /tmp/{guest.name}.xml")


def take_away(guest, blade):
    blade.ask(f'virsh -q -c xen:///system destroy {guest.name}; virsh -q -c xen:///system undefine {guest.name} 2>/dev/null || true')


def state_of(guest, blade):
    return {'r': 'running', 'b': 'idle', 'p': 'paused'}.get(blade.ask(f'xl list {guest.name} | tail -1').split()[4].strip('-')[:1], 'idle')


def last_migration(bed, guest):
    return next((o for o in bed.coordinator.items('operation', 'list') if o.get('domainName') == guest.name and o['action'] == 'migrate'), {'state': None})
