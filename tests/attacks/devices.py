# SPDX-License-Identifier: GPL-2.0
"""devices.py - attacks by what a device has: registers, configuration space, DMA, interrupts; see messages.py"""
import contextlib
import mmap
import os
import random
import select
import socket
import struct
import threading
import time

from client import (FROM_DEVICE, ID, ONES, PAGE, RAISE, SET_INTX, SG, TO_DEVICE, dma, memory, refused)
from frame import wait_for
from vfio_user import CONFIG, INTX, MSI, MSIX, NONE, UNMASK

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
        begin, came, told = time.monotonic(), 0, None
        # On a busy machine it takes a while until it is one.
        while time.monotonic() < (told + 1 if told else begin + 15):
            if told is None and proxy.log.has('interrupts in 100 ms|limited'):
                told, came = time.monotonic(), 0
            if fires(event, 0.1):
                came += os.eventfd_read(event)
            if index == INTX:
                c.w(1, SET_INTX, 1)
                c.irqs(INTX, NONE | UNMASK)
        c.close()
        os.close(event)
        return came > 3000 * (time.monotonic() - (told or begin))      # one in a millisecond is what is left
    return run
