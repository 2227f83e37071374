"""Where a testbed lives, and what its machines are made of."""
import os
import sys
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """One testbed. All of it lies in `folder`: what image.sh made, stored states, and `run` for what runs now."""

    folder: str = field(default_factory=lambda: os.path.abspath(
        os.environ.get('PODP_TESTBED') or os.path.expanduser('~/.cache/podp-testbed')))
    # Blade N answers SSH on 127.0.0.1, on port + N.
    port: int = field(default_factory=lambda: int(os.environ.get('PODP_TESTBED_PORT', 22000)))
    memory: int = 1280          # MiB a blade
    dom0_memory: int = 448      # MiB of them for dom0
    cpus: int = 2
    # QEMU's TCG emulates AMD's SVM with nested paging, so that Xen has HAP and PVH domains work (and migrate live).
    # Intel models give PV only; EPYC's mwait stops Xen.
    cpu: str = 'qemu64,+npt,+ssse3,+sse4.1,+sse4.2,+popcnt'
    shared_disk: str = '256M'   # the LUN that every blade sees as /dev/vdb

    def path(self, *parts):
        """A file of the testbed that outlives `down`."""
        return os.path.join(self.folder, *parts)

    def run(self, *parts):
        """A file of what runs now."""
        return os.path.join(self.folder, 'run', *parts)

    @property
    def xen_words(self):
        return (f'console=com1 com1=115200 dom0_mem={self.dom0_memory}M,max:{self.dom0_memory}M dom0_max_vcpus={self.cpus} '
                'loglvl=all guest_loglvl=all noreboot vga=none bootscrub=0 xpti=no spec-ctrl=no sched=credit2')

    @property
    def linux_words(self):
        return 'console=hvc0 root=/dev/vda net.ifnames=0 mitigations=off swiotlb=4096 audit=0 quiet'


def say(*words):
    print(time.strftime('%H:%M:%S'), *words, file=sys.stderr, flush=True)


class Trouble(Exception):
    """What went wrong, in words for the person at the terminal."""
