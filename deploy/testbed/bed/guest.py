"""Guests of a testbed: tiny Linux systems that count aloud, so that nothing they lose goes unnoticed."""
import os
import re
import tempfile

from .fleet import HERE, until
from .settings import Trouble


class Guest:
    """Guest `number` (1 to 99): its name, its sector on the shared disk, its address."""

    def __init__(self, settings, number, words='', disk=True):
        self.settings = settings
        self.number = number
        self.name = f'guest{number}'
        self.sector = 100 + number
        self.words = words
        # Xen's script lets one running domain of a blade have the shared disk for writing, so only one guest a blade can count there.
        self.disk = disk

    def write(self):
        """Its flat file, for `podp domain create`."""
        with open(os.path.join(HERE, 'guest.cfg')) as f:
            text = f.read()
        for word, value in (('@NAME@', self.name), ('@NUMBER@', str(self.sector)), ('@HEX@', f'{self.number:02x}'), ('@WORDS@', self.words)):
            text = text.replace(word, value)
        if not self.disk:
            text = re.sub(r'(?m)^(disk|podp_shared) = .*\n', '', text)
            text = re.sub(r'podp\.count=\S+ ?', '', text)
        path = os.path.join(tempfile.gettempdir(), f'podp-{os.getpid()}-{self.name}.cfg')
        with open(path, 'w') as f:
            f.write(text)
        return path

    def create(self, coordinator, on):
        path = self.write()
        try:
            coordinator.podp('domain', 'create', path, '--on', on)
        finally:
            os.unlink(path)

    def console(self, blade):
        """All that it has said on this blade's console."""
        return blade.ask(f'cat /var/log/xen/console/guest-{self.name}*.log 2>/dev/null || true')

    def ticks(self, blade):
        # The console's shell may have left its prompt on the line.
        return [int(n) for n in re.findall(r'tick (\d+) \d', self.console(blade))]

    def wait_for_tick(self, blade, beyond=0, limit=600):
        until(lambda: max(self.ticks(blade), default=0) > beyond, f'{self.name} counts beyond {beyond} on {blade.name}', limit, every=3)

    def on_disk(self):
        """The number in its sector of the shared disk."""
        with open(self.settings.run('san.raw'), 'rb') as f:
            f.seek(self.sector * 512)
            found = re.match(rb'count (\d+)', f.read(512))
        return int(found.group(1)) if found else 0

    def check_nothing_lost(self, source, target):
        """Its counting, first here and then there, has every number exactly once, and no write came back wrong."""
        before, after = self.ticks(source), self.ticks(target)
        said = self.console(source) + self.console(target)
        if 'lost:' in said or 'failed' in said:
            raise Trouble(f'{self.name} lost a write: ' + ', '.join(line for line in said.splitlines() if 'lost:' in line or 'failed' in line))
        if not after:
            raise Trouble(f'{self.name} does not count on {target.name}')
        # The source's console may have missed what was said while the guest stood still; the target's goes on from there.
        numbers = sorted(set(before) | set(after))
        missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        twice = sorted(set(before) & set(after))
        if missing or len(twice) > 1:
            raise Trouble(f'{self.name} counted {numbers[0]} to {numbers[-1]}; missing {missing}, on both blades {twice}')
        if abs(self.on_disk() - numbers[-1]) > 5 and self.on_disk() < numbers[-1]:
            raise Trouble(f'{self.name} said {numbers[-1]}, but its disk has {self.on_disk()}')
