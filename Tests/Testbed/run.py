#!/usr/bin/env python3
"""Proofs on real Xen: two blades of deploy/testbed, which `deploy/testbed/up` has brought up.

  run.py              all of them, in the order of the files
  run.py NAME...      those whose names contain one of the words

A proof is a function `proof_...` of a module proofs/*.py that takes a Bed and raises Trouble when something is not as it must be.
One that `goes_on` works with the guests that the one before it has left.
"""
import importlib
import os
import pkgutil
import re
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', '..', 'deploy', 'testbed')]

from bed.blade import Blade                                     # noqa: E402
from bed.fleet import Coordinator, Programs                     # noqa: E402
from bed.guest import Guest                                     # noqa: E402
from bed.settings import Settings, Trouble, say                 # noqa: E402

import proofs                                                   # noqa: E402


class Bed:
    """What a proof works with."""

    def __init__(self):
        self.settings = Settings()
        self.programs = Programs(self.settings)
        self.coordinator = Coordinator(self.settings, self.programs)
        self.blades = [Blade(self.settings, 1), Blade(self.settings, 2)]

    def guest(self, number, on, words='', disk=True):
        """A running guest that counts, made by podp's own command; one that is left from before is thrown away."""
        guest = Guest(self.settings, number, words, disk)
        self.remove(guest)
        guest.create(self.coordinator, on.name)
        guest.wait_for_tick(on)
        return guest

    def remove(self, guest):
        found = self.coordinator.domain(guest.name)
        if not found:
            return
        if found['state'] not in ('off', 'shutdown'):
            self.coordinator.podp('domain', 'destroy', guest.name, check=False)     # it may have ended meanwhile
        self.coordinator.podp('domain', 'remove', guest.name)
        for blade in self.blades:
            if blade.pid:
                blade.ssh(f'rm -f /var/log/xen/console/guest-{guest.name}*.log', check=False)

    def clear(self):
        """Throws away what a proof that failed has left."""
        for domain in self.coordinator.items('domain', 'list'):
            if number := re.fullmatch(r'guest(\d+)', domain['name']):
                self.remove(Guest(self.settings, int(number.group(1))))

    def blade_of(self, guest):
        """The blade that podp says the guest is on."""
        found = self.coordinator.domain(guest.name)
        return next((b for b in self.blades if found and found.get('bladeName') == b.name), None)

    def runs_on(self, guest):
        """The blades on which Xen itself has the guest."""
        return [b for b in self.blades if b.pid and b.ssh(f'xl domid {guest.name}', check=False, capture_output=True).returncode == 0]


def main():
    wanted = sys.argv[1:]
    bed = Bed()
    if not bed.coordinator.pid or not all(b.pid for b in bed.blades):
        sys.exit('run.py: the testbed is not up: deploy/testbed/up brings it up')
    found = []
    for module in sorted(pkgutil.iter_modules(proofs.__path__), key=lambda m: m.name):
        loaded = importlib.import_module(f'proofs.{module.name}')
        found += [(name[6:], getattr(loaded, name)) for name in vars(loaded) if name.startswith('proof_')]
    chosen = [(name, proof) for name, proof in found if not wanted or any(word in name for word in wanted)]
    if not chosen:
        sys.exit(f'run.py: no proof is called {" or ".join(wanted)}; there are: {", ".join(name for name, _ in found)}')
    failed = 0
    for name, proof in chosen:
        begun = time.monotonic()
        try:
            if not getattr(proof, 'goes_on', False):
                bed.clear()
            proof(bed)
            say(f'passed  {name}  ({time.monotonic() - begun:.0f} s)')
        except Exception as trouble:
            failed += 1
            say(f'FAILED  {name}: {trouble}' if isinstance(trouble, Trouble) else f'FAILED  {name}:\n{traceback.format_exc()}')
            bed.clear()
    bed.clear()
    say(f'{len(chosen) - failed} of {len(chosen)} proofs passed')
    sys.exit(1 if failed else 0)


main()
