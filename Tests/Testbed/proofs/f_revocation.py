"""A revoked blade's certificate opens no other blade's libvirtd."""
from bed.fleet import enrol, until
from bed.settings import Trouble

LIST = 'openssl crl -in /etc/pki/CA/cacrl.pem -noout -text -CAfile /etc/pki/CA/cacert.pem 2>&1'


def proof_a_revoked_certificate_opens_no_libvirtd(bed):
    here, there = bed.blades
    reach = f'virsh -q -c xen+tls://{here.name}/system list'
    if there.ssh(reach, check=False, capture_output=True).returncode:
        raise Trouble(f'{there.name} does not reach the libvirtd of {here.name}')
    bed.coordinator.podp('blade', 'revoke', there.name)
    try:
        until(lambda: 'Serial Number' in here.ask(LIST), f'{here.name} has a list with the certificate of {there.name}', 60)
        if 'verify OK' not in here.ask(LIST):
            raise Trouble(f'the list is not signed by the authority: {here.ask(LIST)}')
        answer = there.ssh(reach, check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            raise Trouble(f'{there.name} is revoked, and reaches the libvirtd of {here.name}')
        refusals = here.ask('journalctl -u libvirtd --since -2min --no-pager')
        if 'revoked' not in refusals:
            raise Trouble(f'{here.name} refused for another reason: {refusals}')
    finally:
        there.ssh('systemctl stop podp-agent; rm -f /var/lib/podp-agent/identity.pem')
        enrol(there, bed.coordinator, bed.programs)
        until(lambda: bed.coordinator.blade(there.name)['link'] == 'connected', f'{there.name} is enrolled again', 300)
    until(lambda: not there.ssh(reach, check=False, capture_output=True).returncode, f'{there.name} reaches {here.name} again', 60, every=3)
