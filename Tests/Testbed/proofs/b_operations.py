"""Every operation on a domain, by podp's own commands, and Xen's word that it was done."""
from bed.fleet import until
from bed.guest import Guest
from bed.settings import Trouble


def proof_operations(bed):
    blade, podp = bed.blades[0], bed.coordinator.podp
    guest = bed.guest(2, blade)

    podp('domain', 'pause', guest.name)
    expect(state(blade, guest)[2:3] == 'p', 'paused')
    podp('domain', 'resume', guest.name)
    expect(state(blade, guest)[2:3] != 'p', 'running again')

    podp('domain', 'set', guest.name, '--memory', '112')
    until(lambda: blade.ask(f'xl list {guest.name} | tail -1').split()[2] == '112', 'Xen has given 112 MiB', 120)

    podp('domain', 'set', guest.name, '--vcpus', '1')
    expect(blade.ask(f'xl list {guest.name} | tail -1').split()[3] == '1', 'one vCPU')

    podp('domain', 'release', guest.name)
    expect(not bed.coordinator.domain(guest.name)['managed'], 'released')
    podp('domain', 'adopt', guest.name)
    expect(bed.coordinator.domain(guest.name)['managed'], 'adopted')

    number = blade.ask(f'xl domid {guest.name}')
    podp('domain', 'reboot', guest.name)
    until(lambda: blade.ssh(f'xl domid {guest.name} | grep -qvx {number}', check=False, capture_output=True).returncode == 0, 'it has rebooted', 300, every=3)
    until(lambda: blade.ask(f'grep -c "podp-guest: up" /var/log/xen/console/guest-{guest.name}.log') == '2', 'its system is up again', 300, every=3)

    podp('domain', 'stop', guest.name)
    until(lambda: not bed.runs_on(guest), 'Xen has it no more', 60)     # libvirt says "off" while Xen still takes it apart
    podp('domain', 'start', guest.name, '--on', blade.name)
    expect(bed.runs_on(guest) == [blade], 'started')
    podp('domain', 'destroy', guest.name)
    expect(not bed.runs_on(guest), 'destroyed')
    podp('domain', 'remove', guest.name)
    expect(guest.name not in blade.ask('virsh -q -c xen:///system list --all --name'), 'undefined')


def proof_the_real_reason(bed):
    """What libvirt hides ("libxenlight failed to create new domain") podp says."""
    blade = bed.blades[0]
    guest = Guest(bed.settings, 3)
    path = guest.write()
    with open(path) as f:
        text = f.read().replace('/boot/guest.vmlinux', '/boot/nothing')
    with open(path, 'w') as f:
        f.write(text)
    done = bed.coordinator.podp('domain', 'create', path, '--on', blade.name, check=False)
    expect(done.returncode != 0 and '/boot/nothing' in done.stderr + done.stdout, f'the reason is told: {done.stderr}{done.stdout}')
    bed.remove(guest)


def proof_weight_and_cap(bed):
    """A file's `cpu_weight` and `cap` are what Xen's scheduler has."""
    blade = bed.blades[0]
    guest = Guest(bed.settings, 4, disk=False)
    path = guest.write()
    with open(path, 'a') as f:
        f.write('cpu_weight = 512\ncap = 50\n')
    bed.coordinator.podp('domain', 'create', path, '--on', blade.name)
    name, _, weight, cap = blade.ask(f'xl sched-credit2 -d {guest.name} | tail -1').split()[:4]
    expect((name, weight, cap) == (guest.name, '512', '50'), f'weight and cap are {weight} and {cap}')
    bed.remove(guest)


def state(blade, guest):
    return blade.ask(f'xl list {guest.name} | tail -1').split()[4]


def expect(condition, what):
    if not condition:
        raise Trouble(f'it is not so: {what}')
