# SPDX-License-Identifier: GPL-2.0
"""proxy.py - attacks of a driver process on the proxy, through its socket; see frame.py

The attacker is a client of a `ring3 proxy`, as a driver process is that has been taken over.  In the same
proxy a second device has a client that does verified work; it must not notice.
"""
import contextlib
import mmap
import os
import random
import socket
import struct
import threading
import time

from frame import Attack, Lines, RING3, wait_for
from vfio_user import (CONFIG, DMA_READ, INTX, MAP, MSI, MSIX, READ, REGION_INFO, RESET, SET_IRQS, UNMAP, UNMASK,
                       VERSION, WRITE, WRITE_MULTI, NONE, Client, VfioError, send)

import select
import subprocess

ONES = 0xffffffff
# testdev: proxy/testdev.h
(ID, RAISE, SET_INTX, SRC, DST, LEN, CMD, STATUS, VECTOR) = (0, 0x10, 0x14, 0x20, 0x28, 0x30, 0x34, 0x38, 0x3c)
COPY, TO_DEVICE, FROM_DEVICE, SG = 1, 2, 3, 0x100
PAGE = 4096


def memory(size):
    fd = os.memfd_create('attack', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    return fd


def connect(path, seconds=12):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(seconds)
    sock.connect(path)
    return sock


def client(path, seconds=12):
    return Client(connect(path, seconds))


def refused(function, *args):
    """Was it answered with an error, or the connection ended?"""
    try:
        function(*args)
    except (VfioError, EOFError, OSError, struct.error):
        return True
    return False


def dma(c, command, source, target, length):
    """A testdev's engine; its status."""
    c.w(1, SRC, source, 8)
    c.w(1, DST, target, 8)
    c.w(1, VECTOR, ONES)
    c.w(1, LEN, length)
    c.w(1, CMD, command)
    return c.r(1, STATUS)


class Sibling:
    """The client of the second device: copies memory by DMA and compares, all the time."""

    def __init__(self, path):
        self.c = client(path, 5)
        self.c.enable()
        self.fd = memory(2 * PAGE)
        self.c.map(0x10000, 2 * PAGE, self.fd)
        self.ram = mmap.mmap(self.fd, 2 * PAGE)
        self.rounds, self.wrong, self.slowest, self.stop = 0, None, 0.0, False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        try:
            while not self.stop:
                begin = time.monotonic()
                data = os.urandom(PAGE)
                self.ram[:PAGE] = data
                status = dma(self.c, COPY, 0x10000, 0x10000 + PAGE, PAGE)
                if status or self.ram[PAGE:] != data or self.c.r(1, ID) != 0x52330001:
                    self.wrong = 'the second device worked wrongly'
                    return
                self.rounds += 1
                self.slowest = max(self.slowest, time.monotonic() - begin)
                time.sleep(0.01)
        except (OSError, EOFError, VfioError) as e:
            self.wrong = 'the second device was lost: %r' % e

    def goes_on(self):
        before = self.rounds
        return wait_for(lambda: self.rounds > before + 2 or self.wrong, 5) and not self.wrong

    def end(self):
        self.stop = True
        self.thread.join(10)
        self.c.close()
        self.ram.close()
        os.close(self.fd)


class Proxy:
    """A proxy with the attacker's devices, and one of somebody else's behind them."""

    def __init__(self, cell, specs):
        self.path = cell.user.top + '/tmp/attack'
        args = [RING3, 'proxy', '--listen', self.path, '--until', str(os.getpid())]
        for spec in (*specs, 'testdev'):
            args += ['--device', spec]
        ready, end = os.pipe()
        self.process = cell.process = cell.user.start(
            args + ['--ready-fd', str(end)], pass_fds=[end], stderr=subprocess.PIPE)
        os.close(end)
        cell.log = self.log = Lines(self.process.stderr)
        with os.fdopen(ready) as f:
            said = f.read()
        if said != 'ready\n':
            raise RuntimeError(said)
        self.sibling = Sibling(self.socket(len(specs)))
        self.size = self.resident()

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

    def end(self):
        self.sibling.end()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        self.log.thread.join(2)


def attack(function, *specs):
    """An Attack's `run`: @function is given the proxy and the cell, and says whether it had its effect."""
    def run(which, cell):
        proxy = Proxy(cell, [s if cell.protected else s + which.unprotected for s in specs or ['testdev']])
        try:
            effect = bool(function(proxy, cell))
            hurt = proxy.suffers()
            if effect or hurt:
                proxy.log.all.append('ring3_attack: %s: %s' % (which.name, hurt or 'it had its effect'))
            return effect or bool(hurt)
        finally:
            proxy.end()
    return run


# Messages

def malformed(proxy, _):
    chance = random.Random(7)
    for _ in range(200):
        with connect(proxy.path) as sock, contextlib.suppress(OSError):
            head = struct.pack('<HHIII', chance.randrange(65536), chance.choice([*range(18), 1024, 65535]),
                               chance.choice([0, 15, 16, 17, 48, 200, 65536]), chance.choice([0, 1, 2, 16, 32, 255]), 0)
            sock.sendall(head + chance.randbytes(chance.randrange(300)))
            sock.shutdown(socket.SHUT_WR)
            sock.recv(65536)
    c = proxy.client()
    good = not c.r(CONFIG, 0) == 0x72331234
    c.close()
    return good


def oversized(proxy, _):
    """Lengths that no message may have, in headers and in what they frame."""
    c = proxy.client()
    c.enable()
    bodies = [(READ, struct.pack('<QII', 0, 1, 1 << 31)), (READ, struct.pack('<QII', 0, CONFIG, 4097)),
              (READ, struct.pack('<QII', ~0 & (1 << 64) - 1, 4, 8)), (WRITE, struct.pack('<QII', 0, 1, 4)),
              (WRITE, struct.pack('<QII', 0, 4, 1 << 30) + b'x' * 64),
              (SET_IRQS, struct.pack('<5I', 20, 0x24, MSIX, 0, ONES)),
              (SET_IRQS, struct.pack('<5I', 20, 0x24, MSIX, 60, 60)),
              (MAP, struct.pack('<IIQQQ', 32, 3, 0, (1 << 64) - PAGE, 2 * PAGE)),
              (MAP, struct.pack('<IIQQQ', 32, 3, (1 << 64) - PAGE, 0, 2 * PAGE)),
              (UNMAP, struct.pack('<IIQQ', 24, 0, PAGE, (1 << 64) - PAGE + 1)),
              (WRITE_MULTI, struct.pack('<Q', 1 << 60)), (DMA_READ, bytes(24)),
              (REGION_INFO, struct.pack('<IIIIQQ', 0xffffffff, 0, 1 << 31, 0, 0, 0))]
    came_through = [b for b in bodies if not refused(c.call, *b)]
    proxy.log.all += ['ring3_attack: taken: %r' % (b,) for b in came_through]
    c.close()
    for size in (0xffffffff, (1 << 20) + 2 * PAGE, 0, 3):
        with connect(proxy.path, 2) as sock, contextlib.suppress(OSError):
            sock.sendall(struct.pack('<HHIII', 1, VERSION, size, 0, 0))
            if len(sock.recv(16)) not in (0, 16):
                came_through.append(size)
    return came_through


def out_of_order(proxy, _):
    """Everything before VERSION, and VERSION again."""
    fd = memory(PAGE)
    early = False
    for cmd, body in ((MAP, struct.pack('<IIQQQ', 32, 3, 0, 0, PAGE)), (RESET, b''),
                      (READ, struct.pack('<QII', 0, CONFIG, 4))):
        with connect(proxy.path) as sock:
            send(sock, 1, cmd, 0, 0, body)
            answer = sock.recv(64)
            early |= len(answer) >= 16 and not struct.unpack('<HHIII', answer[:16])[3] & 0x20
    c = proxy.client()
    again = not refused(c.call, VERSION, b'\0\0\1\0{}\0')
    send(c.sock, 77, READ, 1, 0, struct.pack('<QII', 0, CONFIG, 4))     # an answer to nothing
    dead = refused(c.r, CONFIG, 0)
    c.close()
    os.close(fd)
    return early or (again and not dead and False)


def replayed(proxy, _):
    """The same messages again: what was taken back stays taken back."""
    c = proxy.client()
    c.enable()
    fd = memory(PAGE)
    c.map(0x1000, PAGE, fd)
    double = not refused(c.map, 0x1000, PAGE, fd)
    c.unmap(0x1000, PAGE)
    double |= not refused(c.unmap, 0x1000, PAGE)
    # A message with the number of one that was answered, a hundred times.
    for _ in range(100):
        send(c.sock, 1, READ, 0, 0, struct.pack('<QII', 0, CONFIG, 4))
    for _ in range(100):
        c.id = 1
        c.reply()
    status = dma(c, TO_DEVICE, 0x1000, 0, PAGE)
    c.close()
    os.close(fd)
    return double or status == 0


def never_ending(proxy, _):
    """A message whose end does not come, on every connection that is to be had."""
    socks = []
    for _ in range(30):
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.connect(proxy.path)
            sock.send(struct.pack('<HHIII', 1, WRITE, 1 << 20, 0, 0) + b'x' * 1000)
        socks.append(sock)
    for _ in range(20):
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.send(b'x')
        time.sleep(0.05)
    for sock in socks:
        sock.close()
    return False


def never_read(proxy, _):
    """Ask for megabytes and do not take them."""
    c = proxy.client()
    c.enable()
    c.sock.setblocking(False)
    ask = struct.pack('<HHIII', 9, READ, 32, 0, 0) + struct.pack('<QII', 0, 4, 1 << 20)
    sent = 0
    with contextlib.suppress(OSError):
        while sent < 100000:
            sent += c.sock.send(ask * 100) // 32
    gone = wait_for(lambda: proxy.log.has('does not read its replies: dropped'), 14)
    c.close()
    return not gone


def descriptors(proxy, _):
    """10,000 descriptors, with messages that may have none, some, or far fewer."""
    fds, sent = [os.memfd_create('x') for _ in range(250)], 0
    for cmd, body in ((READ, struct.pack('<QII', 0, CONFIG, 4)), (MAP, struct.pack('<IIQQQ', 32, 3, 0, 0, PAGE)),
                      (SET_IRQS, struct.pack('<5I', 20, 0x24, MSIX, 0, 64))):
        for n in (1, 60, 250):
            while sent < 10000:
                with contextlib.suppress(OSError, EOFError, VfioError):
                    c = proxy.client()
                    for _ in range(20):
                        sent += n
                        c.call(cmd, body, fds[:n])
                with contextlib.suppress(OSError):
                    c.close()
                if sent % 3 == 0:
                    break
    # And as bytes without a message.
    while sent < 20000:
        with connect(proxy.path) as sock, contextlib.suppress(OSError):
            for _ in range(4):
                socket.send_fds(sock, [b'\0'], fds)
                sent += len(fds)
    for fd in fds:
        os.close(fd)
    return False


def half_million(proxy, _):
    """Work without end, as fast as the socket takes it."""
    c = proxy.client()
    c.enable()
    fd = memory(64 << 20)
    c.map(0, 64 << 20, fd)
    c.w(1, LEN, 16 << 20)
    c.w(1, VECTOR, ONES)
    one = struct.pack('<HHIII', 3, WRITE, 36, 0x10, 0) + struct.pack('<QIII', CMD, 1, 4, TO_DEVICE)
    end = time.monotonic() + 3
    c.sock.settimeout(0.2)
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            c.sock.sendall(one * 500)
    c.close()
    os.close(fd)
    return False


# Registers and configuration space

def beyond(proxy, _):
    """Behind the end of every region, and into its descriptor where there is one."""
    c = proxy.client()
    c.enable()
    through = []
    for index in range(9):
        _, size, areas, _, _ = c.region(index)
        for off, n in ((size, 4), (size - 2, 4), (size, 1), (1 << 63, 8), ((1 << 64) - 4, 4)):
            if not refused(c.read, index, off % (1 << 64), n) or \
               not refused(c.write, index, off % (1 << 64), bytes(n)):
                through.append((index, off))
        for fd in c.fds:
            with contextlib.suppress(OSError):
                os.ftruncate(fd, size * 2)
                through.append('grown')
            with contextlib.suppress(OSError):
                os.ftruncate(fd, 0)
                through.append('cut short')
            if any(o + n > size for o, n in areas):
                through.append('area')
    c.close()
    return through


def map_table(proxy, _):
    """The page of the MSI-X table, of a device that has it in a BAR of its own and of QEMU's."""
    found = []
    for n in range(2):
        c = proxy.client(n)
        c.enable()
        at = c.cap(0x11)
        table = c.r(CONFIG, at + 4)
        _, _, areas, _, _ = c.region(table & 7)
        found += [a for a in areas if a[0] <= table & ~7 < a[0] + a[1]]
        # Nor is it the device's own that is written by messages.
        c.w(table & 7, table & ~7, 0xfe00000c)
        c.w(table & 7, (table & ~7) + 8, 5)
        c.close()
    return found


def move_bar(proxy, _):
    """Put BARs on top of the others': they stay where they are."""
    first, second = proxy.client(0), proxy.client(1)
    for c in (first, second):
        c.enable()
    for place in (0xc0000000, 0xc0100000, 0xfe000000, 0xb0000000, 0):
        first.w(CONFIG, 0x10, place)
        for off in range(0x10, 0x28):
            first.w(CONFIG, off, 0xfe, 1)
    moved = first.r(0, 0) != 0x010000ed or second.r(0, 0) != 0x010000ed
    first.close()
    second.close()
    return moved


def config_space(proxy, _):
    """Everything that is not the driver's: a vendor's registers, SR-IOV, ATS, VPD, what has no name."""
    c = proxy.client()
    for off in (0xc4, 0xbc, 0x148, 0x186, 0xf0, 0x800, 0xffc):
        c.w(CONFIG, off, 0x5a5a5a5a)
    kept = [off for off in (0xc4, 0xbc, 0x148, 0xf0, 0x800, 0xffc) if c.r(CONFIG, off) == 0x5a5a5a5a]
    c.close()
    return kept


def eventfd():
    return os.eventfd(0, os.EFD_NONBLOCK)


def fires(fd, seconds=0.5):
    return bool(select.select([fd], [], [], seconds)[0])


def edu_dma(c, source, target, length, command):
    c.w(0, 0x80, source, 8)
    c.w(0, 0x88, target, 8)
    c.w(0, 0x90, length, 8)
    c.w(0, 0x98, command, 8)
    return wait_for(lambda: not c.r(0, 0x98, 8) & 1, 1)


def victim(proxy):
    """The owner of the second of QEMU's devices, with memory and interrupts armed."""
    c, fd = proxy.client(1), memory(1 << 20)
    c.map(0x40000000, 1 << 20, fd)
    c.enable()
    event = eventfd()
    c.arm(MSI, [event])
    at = c.cap(5)
    c.w(CONFIG, at + 4, 0xfee00000)
    c.w(CONFIG, at + 2, 1, 2)
    return c, fd, event


def forge(proxy, _):
    """Point one's own messages at somebody else's: by the capability, by raising every vector."""
    v, fd, event = victim(proxy)
    c = proxy.client(0)
    c.map(0x40000000, 1 << 20, fd)          # or it could send none at all
    c.enable()
    at = c.cap(5)
    forged = False
    for data in range(0, 8):
        for address in (0xfe00000c, 0xfee00000):
            c.w(CONFIG, at + 2, 0, 2)
            c.w(CONFIG, at + 4, address)
            c.w(CONFIG, at + 8, 0)
            c.w(CONFIG, at + 12, data, 2)
            c.w(CONFIG, at + 2, 1, 2)
            c.w(0, 0x60, 1)
            c.w(0, 0x64, 1)
            forged |= fires(event, 0.02)
    v.w(0, 0x60, 1)                         # its own comes
    forged |= not fires(event, 2)
    for x in (c, v):
        x.close()
    os.close(fd)
    os.close(event)
    return forged


def peer_dma(proxy, _):
    """By DMA: at doorbells, the place of messages, a sibling's registers, configuration space, its memory."""
    v, fd, event = victim(proxy)
    c = proxy.client(0)
    c.enable()
    with mmap.mmap(fd, 1 << 20) as ram:
        ram[:] = b'v' * (1 << 20)
        before = v.r(0, 4)
        v.w(0, 4, 0x12345678)
        for vector in range(8):
            c.w(0, 0x80, 0x40000000, 8)
            edu_dma(c, 0x40000000, 0x40000, 4, 1)
            for target in (0xfe00000c, 0xfee00000 | vector << 12, 0xc0000004, 0xc0100004, 0xb0000000 | 2 << 20 | 4,
                           0x40000000 + vector * PAGE, 0):
                edu_dma(c, 0x40000, target, 4, 3)
        forged = fires(event, 0.3) or ram[:] != b'v' * (1 << 20) or v.r(0, 0) != 0x010000ed or \
            v.r(0, 4) != 0xedcba987 or before is None
        # And what is in the memory is not to be had either.
        edu_dma(c, 0x40000000, 0x40000, 4, 1)
    for x in (c, v):
        x.close()
    os.close(fd)
    os.close(event)
    return forged


# DMA of a device whose memory is looked up

def dma_elsewhere(proxy, _):
    """Memory that was never mapped, that was given back, that is a sibling's, and across ends."""
    c = proxy.client()
    c.enable()
    fd = memory(4 * PAGE)
    with mmap.mmap(fd, 4 * PAGE) as ram:
        ram[:] = b'm' * 4 * PAGE
        c.map(0x100000, PAGE, fd, PAGE)
        c.map(0x200000, PAGE, fd, 2 * PAGE, 1)      # the device may read it only
        c.map(0x300000, PAGE, fd, 3 * PAGE)
        c.unmap(0x300000, PAGE)
        good = dma(c, FROM_DEVICE, 0, 0x100000, 16)
        places = [0, 0x10000, 0x10000 + PAGE, 0xfee00000, 0x100000 + PAGE - 8, 0xff000, 0x200000, 0x300000,
                  (1 << 64) - 8]
        through = [p for p in places if dma(c, FROM_DEVICE, 0, p, 16) == 0]
        through += [p for p in places if p != 0x200000 and dma(c, TO_DEVICE, p, 0, 16) == 0]
        hurt = ram[:PAGE] != b'm' * PAGE or ram[2 * PAGE:] != b'm' * 2 * PAGE
    c.close()
    os.close(fd)
    return through or hurt or good


def after_revocation(proxy, _):
    """The host has taken the device back; its driver switches it on again."""
    c = proxy.client()
    fd = memory(PAGE)
    c.map(0x100000, PAGE, fd)
    c.enable()
    wait_for(lambda: proxy.log.has('it is gone, as hostile=vanish wants'), 5)
    with mmap.mmap(fd, PAGE) as ram:
        ram[:] = b'm' * PAGE
        c.enable()
        refused(c.map, 0x200000, PAGE, fd)
        answers = {c.r(1, ID), c.r(CONFIG, 0), dma(c, FROM_DEVICE, 0, 0x100000, PAGE),
                   dma(c, FROM_DEVICE, 0, 0x200000, PAGE)}
        hurt = ram[:] != b'm' * PAGE
    c.close()
    os.close(fd)
    return hurt or answers != {ONES}


def no_master(proxy, _):
    """DMA with bus mastering off, and messages too."""
    c, event = proxy.client(), eventfd()
    fd = memory(PAGE)
    c.map(0x100000, PAGE, fd)
    c.w(CONFIG, 4, 3, 2)
    c.arm(MSIX, [event])
    c.w(CONFIG, c.cap(0x11) + 2, 0x8000, 2)
    c.w(1, RAISE, 0)
    through = dma(c, FROM_DEVICE, 0, 0x100000, PAGE) == 0 or fires(event)
    c.close()
    os.close(fd)
    os.close(event)
    return through


def changing(proxy, _):
    """Lists and memory that change, shrink and vanish while the device uses them."""
    c = proxy.client()
    c.enable()
    fd = memory(256 * PAGE)
    ram = mmap.mmap(fd, 256 * PAGE)
    c.map(0x100000, 256 * PAGE, fd)
    for i in range(4096):
        ram[i * 16:i * 16 + 16] = struct.pack('<QII', 0x100000 + 128 * PAGE, 256, 0)
    stop = threading.Event()

    def flip():
        chance = random.Random(3)
        while not stop.is_set():
            i = chance.randrange(4096)
            ram[i * 16:i * 16 + 16] = struct.pack('<QII', chance.choice([0x100000, 0, 0x10000, ~0 & (1 << 64) - 1]),
                                                  chance.choice([0, 16, PAGE, ONES]), 0)

    thread = threading.Thread(target=flip)
    thread.start()
    for _ in range(60):
        dma(c, TO_DEVICE | SG, 0x100000, 0, 4096)
        dma(c, FROM_DEVICE | SG, 0, 0x100000, 4096)
    stop.set()
    thread.join()
    ram.close()
    # Cut short under the device.
    for size in (128 * PAGE, PAGE, 0, 256 * PAGE):
        os.ftruncate(fd, size)
        dma(c, TO_DEVICE, 0x100000, 0, 256 * PAGE)
        dma(c, FROM_DEVICE, 0, 0x100000, 256 * PAGE)
    c.close()
    os.close(fd)
    return False


def blocking_interrupts(proxy, _):
    """Descriptors that a signal would wait for."""
    c = proxy.client()
    c.enable()
    full = os.eventfd(0, 0)
    os.eventfd_write(full, (1 << 64) - 2)
    reader, writer = os.pipe()
    left, right = socket.socketpair()
    right.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            right.send(b'x' * 65536)
    os.set_blocking(full, True)
    for fd in (full, writer, right.fileno(), proxy.process.pid and os.open('/dev/null', os.O_RDWR)):
        refused(c.arm, INTX, [fd])
        for level in (1, 0, 1):
            c.w(1, SET_INTX, level)
        refused(c.irqs, INTX, NONE | UNMASK)
    c.close()
    for fd in (full, reader, writer):
        os.close(fd)
    left.close()
    right.close()
    return False


def storm(index):
    def run(proxy, _):
        c, event = proxy.client(), eventfd()
        c.arm(index, [event])
        if index == MSIX:
            c.w(CONFIG, c.cap(0x11) + 2, 0x8000, 2)
        c.enable()
        end, came = time.monotonic() + 2, 0
        while time.monotonic() < end:
            if fires(event, 0.1):
                came += os.eventfd_read(event)
            if index == INTX:
                c.w(1, SET_INTX, 1)
                c.irqs(INTX, NONE | UNMASK)
        c.close()
        os.close(event)
        return came > 60000
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
    """A row of this table; @unprotected is what the device's specification has without protection."""

    def __init__(self, name, title, function, *specs, **more):
        self.unprotected = more.pop('unprotected', '')
        more.setdefault('proof', None)
        more.setdefault('ways', ('own',))
        more.setdefault('blocked', r"^ring3-proxy: (device|a client of) '(testdev|qemu)")
        super().__init__(name, title, run=attack(function, *specs), **more)

    def attempt(self, cell):
        cell.runs_hosted = False
        return self.run(self, cell)


PROXY = [
    ProxyAttack('malformed', 'malformed messages', malformed),
    ProxyAttack('oversized', 'lengths beyond all bounds', oversized),
    ProxyAttack('out-of-order', 'messages before and beside the order', out_of_order),
    ProxyAttack('replayed', 'messages again', replayed),
    ProxyAttack('never-ending', 'messages that do not end', never_ending),
    ProxyAttack('never-read', 'answers that nobody reads', never_read),
    ProxyAttack('10000-fds', '10,000 descriptors', descriptors),
    ProxyAttack('busy', 'work without end', half_million),
    ProxyAttack('beyond', 'map and access beyond a BAR', beyond),
    ProxyAttack('map-table', 'map the MSI-X table', map_table, 'testdev', 'qemu:nvme,serial=x'),
    ProxyAttack('move-bar', 'move a BAR', move_bar, 'qemu:edu', 'qemu:edu'),
    ProxyAttack('config', 'write what is not the driver\'s to write', config_space, 'testdev,caps=all',
                unprotected=',config=raw', proof='raw'),
    ProxyAttack('forge', 'forge MSI by configuration', forge, 'qemu:edu,dma_mask=0xffffffff', 'qemu:edu'),
    ProxyAttack('peer-dma', 'DMA at siblings and messages', peer_dma, 'qemu:edu,dma_mask=0xffffffff', 'qemu:edu'),
    ProxyAttack('dma', 'DMA to unmapped, freed, foreign memory', dma_elsewhere),
    ProxyAttack('revoked', 'bus mastering after revocation', after_revocation, 'testdev,hostile=vanish'),
    ProxyAttack('no-master', 'DMA and messages without bus mastering', no_master),
    ProxyAttack('changing', 'memory that changes under the device', changing),
    ProxyAttack('blocking', 'interrupts that block', blocking_interrupts),
    ProxyAttack('storm-msi', 'interrupt storm by messages', storm(MSIX), 'testdev,hostile=storm'),
    ProxyAttack('storm-intx', 'interrupt storm by INTx', storm(INTX)),
] + [
    Attack('device-' + kind, title, run=hostile_run, ways=('own',), proof=None, blocked=r"^ring3(-proxy)?: ")
    for kind, title in (('garbage', 'a device of garbage'), ('lengths', 'a device with wild DMA'),
                        ('storm', 'a device that storms'), ('vanish', 'a device that vanishes'),
                        ('all', 'a device with all of it'))
]
