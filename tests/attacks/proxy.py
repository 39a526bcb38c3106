# SPDX-License-Identifier: GPL-2.0
"""proxy.py - attacks of a driver process on the proxy, through its socket; see frame.py

The attacker is a client of a `ring3 proxy`, as a driver process is that has been taken over.  In the same
proxy a second device has a client that does verified work; it must not notice.

Without protection means here: at a server that trusts its clients, naive.py.  The proxy's own checks cannot
be switched off, but for config=raw.
"""
import contextlib
import os
import re
import shutil
import subprocess
import sys

import devices as dev
import messages as msg
from client import PAGE, Sibling, client, memory
from frame import Attack, Lines, RING3, wait_for
from vfio_user import CONFIG, INTX, MSIX, NONE, TRIGGER, VfioError

NAIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'naive.py')
GONE = (OSError, EOFError, VfioError)


class Proxy:
    """A proxy with the attacker's devices, and one of somebody else's behind them."""

    def __init__(self, cell, specs, traced=False):
        self.path = cell.user.top + '/tmp/attack'
        self.trace = self.path + '.trace' if traced else None
        ready, end = os.pipe()
        self.process = cell.process = cell.user.start(
            self.command([*specs, 'testdev'], end), pass_fds=[end], stderr=subprocess.PIPE)
        os.close(end)
        cell.log = self.log = Lines(self.process.stderr)
        with os.fdopen(ready) as f:
            said = f.read()
        if said != 'ready\n':
            raise RuntimeError(said)
        self.sibling = Sibling(self.socket(len(specs)))
        self.size = self.resident()

    def command(self, specs, ready):
        devices = [word for spec in specs for word in ('--device', spec)]
        if self.trace:
            devices += ['--trace', self.trace]
        return [RING3, 'proxy', '--listen', self.path, '--until', str(os.getpid()), '--ready-fd', str(ready), *devices]

    def socket(self, n):
        return self.path + ('.%d' % n if n else '')

    def client(self, n=0):
        return client(self.socket(n))

    def resident(self):
        with open('/proc/%d/status' % self.process.pid, encoding='ascii') as f:
            return next(int(line.split()[1]) for line in f if line.startswith('VmRSS:'))

    def descriptors(self):
        return len(os.listdir('/proc/%d/fd' % self.process.pid))

    def suffers(self, slow=1.0):
        """Why the attack counts as one that came through, or None."""
        if self.process.poll() is not None:
            return 'the proxy ended'
        if not self.sibling.goes_on():
            return self.sibling.wrong or 'the second device does not go on'
        if self.sibling.slowest > slow:
            return 'the second device waited %.2f s' % self.sibling.slowest
        if self.resident() > self.size + 65536:
            return 'the proxy grew from %d to %d KiB' % (self.size, self.resident())
        if self.descriptors() > 700:
            return 'the proxy has %d descriptors' % self.descriptors()
        return None

    def traced(self, expression):
        """The first such line of the trace, which is whole when the proxy has ended."""
        with open(self.trace, encoding='utf-8', errors='replace') as f:
            line = next((line for line in f if re.search(expression, line)), None)
        os.unlink(self.trace)
        return line and line.strip()

    def end(self):
        self.sibling.end()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        self.log.thread.join(2)


class Naive(Proxy):
    """The same with a server that trusts its clients."""

    def command(self, specs, ready):
        python = shutil.which('python3', path='/usr/bin:/bin') or sys.executable     # that every user has
        kinds = [re.sub('^qemu:|^.*hostile=|,.*$', '', spec) for spec in specs]
        return ['setpriv', '--pdeathsig', 'KILL', python, NAIVE, self.path, str(ready), *kinds]

    def serves(self):
        """It must serve who means well, or that it does not stand an attack would say nothing."""
        c = self.client()
        c.enable()
        fd = memory(PAGE)
        c.map(0x10000000, PAGE, fd)
        c.arm(MSIX, [fd])
        good = c.info()[2] == 9 and [c.region(i)[1] > 0 for i in range(9)].count(True) > 1 and c.cap(0x11) and \
            c.r(CONFIG, 4, 2) == 7 and c.irq(INTX)[1] == 1
        c.irqs(MSIX, NONE | TRIGGER, 0, 0)
        c.unmap(0x10000000, PAGE)
        c.close()
        os.close(fd)
        if not good or not self.sibling.goes_on():
            raise RuntimeError('naive.py does not serve an honest client: ' + self.log.text())

    def end(self):
        super().end()
        directory, name = os.path.split(self.path)
        for entry in os.listdir(directory):
            if entry.startswith(name):
                os.unlink(os.path.join(directory, entry))


def attack(function, *specs):
    """An Attack's `run`: @function is given the proxy and the cell, and says whether it had its effect."""
    def run(which, cell):
        naive = not cell.protected and which.proof == 'naive'
        words = [s if cell.protected or naive else s + which.unprotected for s in specs or ['testdev']]
        traced = which.traced if cell.protected else None
        proxy = Naive(cell, words) if naive else Proxy(cell, words, bool(traced))
        try:
            if naive:
                proxy.serves()
            effect = False
            # What has harmed the server may end the attacker's connection, too; then it is seen by others.
            with contextlib.suppress(*(GONE if naive else ())):
                effect = bool(function(proxy, cell))
            hurt = proxy.suffers()
            if effect or hurt:
                proxy.log.all.append('ring3_attack: %s: %s' % (which.name, hurt or 'it had its effect'))
            return effect or bool(hurt)
        finally:
            proxy.end()
            if traced:
                cell.trace = proxy.traced(traced)
    return run


# A device that means harm, and its driver

def hostile_run(attack_row, cell):
    """`ring3 run` with it: whatever becomes of the driver, the run ends and leaves nothing."""
    kind = attack_row.name[len('device-'):]
    driver = os.path.dirname(os.path.dirname(RING3 if os.path.isabs(RING3) else os.path.abspath(RING3)))
    module = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../testdev/ring3_testdev.ko')
    cell.runs_hosted = True
    del driver
    cell.process = cell.user.start(
        [RING3, 'run', '--name', cell.name, '--mem', '64M', '--timeout', '8', '--device', 'testdev,hostile=' + kind,
         '--driver', os.path.realpath(module), '--', 'sh', '-c', 'cat /proc/ring3_testdev/*/all > /dev/null'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    cell.log = Lines(cell.process.stdout)
    try:
        ended = wait_for(lambda: cell.process.poll() is not None, 25)
        left = not wait_for(lambda: not cell.members(), 1)
        return not ended or left
    finally:
        attack_row.clean(cell)


class ProxyAttack(Attack):
    """A row of this table

    proof        'naive': without protection is at naive.py; 'raw': at a proxy that checks less
    unprotected  what the device's specification then has
    traced       what a driver may do and reaches nothing: there is no line but in the proxy's trace, this one
    """

    def __init__(self, name, title, function, *specs, **more):
        self.unprotected = more.pop('unprotected', '')
        self.traced = more.pop('traced', None)
        more.setdefault('proof', 'naive')
        more.setdefault('ways', ('own',))
        more.setdefault('blocked', r"^ring3-proxy: (device|a client of) '(testdev|qemu)")
        super().__init__(name, title, run=attack(function, *specs), **more)

    def attempt(self, cell):
        cell.runs_hosted = False
        return self.run(self, cell)


# What it came to, or, where nothing came of it, that such a device is in use.
HARM = (r"^ring3-proxy: (?!device '[^']*': it is in use and means harm)", r'^ring3: (?!.*--timeout)',
        r"^ring3-proxy: device 'testdev,hostile=")
STORM = r"^ring3-proxy: device 'testdev.*(interrupts in 100 ms|limited)"

PROXY = [
    ProxyAttack('malformed', 'malformed messages', msg.malformed),
    ProxyAttack('oversized', 'lengths beyond all bounds', msg.oversized),
    ProxyAttack('out-of-order', 'messages before and beside the order', msg.out_of_order),
    ProxyAttack('replayed', 'messages again', msg.replayed),
    ProxyAttack('never-ending', 'messages that do not end', msg.never_ending),
    ProxyAttack('never-read', 'answers that nobody reads', msg.never_read),
    ProxyAttack('10000-fds', '10,000 descriptors', msg.descriptors),
    ProxyAttack('busy', 'work without end', msg.half_million,
                traced=r'^W 4 .* BAR1\+0x34'),
    ProxyAttack('beyond', 'map and access beyond a BAR', dev.beyond),
    ProxyAttack('map-table', 'map the MSI-X table', dev.map_table, 'testdev', 'qemu:nvme,serial=x',
                traced=r'^W 4 .* 0xfe00000c .* BAR'),
    ProxyAttack('move-bar', 'move a BAR', dev.move_bar, 'qemu:edu', 'qemu:edu',
                traced=r'config write 4 0x10 0xfe000000'),
    ProxyAttack('config', 'write what is not the driver\'s to write', dev.config_space, 'testdev,caps=all',
                unprotected=',config=raw', proof='raw'),
    ProxyAttack('forge', 'forge MSI by configuration', dev.forge, 'qemu:edu,dma_mask=0xffffffff', 'qemu:edu',
                traced=r'config write 4 0x\w+ 0xfe00000c'),
    ProxyAttack('peer-dma', 'DMA at siblings and messages', dev.peer_dma, 'qemu:edu,dma_mask=0xffffffff', 'qemu:edu',
                traced=r'^W 8 .* 0xfe00000c .* BAR0\+0x88'),
    ProxyAttack('dma', 'DMA to unmapped, freed, foreign memory', dev.dma_elsewhere),
    ProxyAttack('revoked', 'bus mastering after revocation', dev.after_revocation, 'testdev,hostile=vanish',
                blocked=r"^ring3-proxy: device 'testdev.*: it is gone, as hostile=vanish wants"),
    ProxyAttack('no-master', 'DMA and messages without bus mastering', dev.no_master),
    ProxyAttack('changing', 'memory that changes under the device', dev.changing),
    ProxyAttack('blocking', 'interrupts that block', dev.blocking_interrupts),
    ProxyAttack('storm-msi', 'interrupt storm by messages', dev.storm(MSIX), 'testdev,hostile=storm', blocked=STORM),
    ProxyAttack('storm-intx', 'interrupt storm by INTx', dev.storm(INTX), blocked=STORM),
] + [
    # Nothing to compare with: without protection such a device has the kernel of the machine for its driver's host.
    Attack('device-' + kind, title, run=hostile_run, ways=('own',), proof=None, blocked=HARM)
    for kind, title in (('garbage', 'a device of garbage'), ('lengths', 'a device with wild DMA'),
                        ('storm', 'a device that storms'), ('vanish', 'a device that vanishes'),
                        ('all', 'a device with all of it'))
]
