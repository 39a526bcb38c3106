#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""naive.py - a vfio-user server that trusts its clients: what the attacks of proxy.py do where nobody looks

naive.py PATH READY-FD KIND...: a device of each KIND, on PATH, PATH.1 and so on

It does what the protocol asks for, and an honest client has all that it needs.  It believes every length, number
and descriptor, waits for whoever is slow, goes on with one client for as long as that has messages, and has
one address space for all its devices, as a machine without an IOMMU.  What it did not expect ends it.

  testdev   the registers of proxy/testdev.h that the attacks use; vanish and storm are as with hostile=
  edu       the registers of QEMU's edu, and MSI
"""
import mmap
import os
import select
import socket
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, HERE + '/../tools']
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from client import CMD, COPY, FROM_DEVICE, ID, ONES, PAGE, RAISE, SET_INTX, SG, SRC, STATUS, VECTOR     # noqa: E402
from vfio_user import (CAPS, CONFIG, ERROR, EVENTFD, INFO, INTX, IRQ_INFO, MAP, MSI, MSIX,              # noqa: E402
                       NO_REPLY, READ, REGION_INFO, REPLY, RESET, SET_IRQS, TRIGGER, UNMAP, UNMASK,
                       VERSION, WRITE, receive, send)

AT_MSIX, AT_MSI = 0x40, 0x50        # capabilities
TABLE, PBA = 0x8000, 0x9000         # in BAR0
EOPNOTSUPP = 95


class Bus:
    """Addresses, as all devices see them: BARs, messages, and the memory of all clients."""

    def __init__(self):
        self.devices, self.pages = [], {}

    def add(self, at, memory, size):
        for off in range(0, size, PAGE):
            self.pages[(at + off) // PAGE] = memory, off

    def device(self, at):
        return next((d for d in self.devices if 0 <= at - d.bar0() < d.SIZES[0]), None)

    @staticmethod
    def parts(at, n):
        while n > 0:
            size = min(n, PAGE - at % PAGE)
            yield at, size
            at, n = at + size, n - size

    def read(self, at, n):
        """KeyError: there is nothing."""
        data = []
        for place, size in self.parts(at, n):
            device = self.device(place)
            if device:
                data.append(device.peek(place - device.bar0(), size))
            else:
                memory, off = self.pages[place // PAGE]
                off += place % PAGE
                data.append(memory[off:off + size])
        return b''.join(data)

    def write(self, at, data):
        for place, size in self.parts(at, len(data)):
            part, device = data[place - at:place - at + size], self.device(place)
            if device:
                device.poke(place - device.bar0(), part)
            elif place >> 20 == 0xfee:
                self.message(place, int.from_bytes(part, 'little'))
            else:
                memory, off = self.pages[place // PAGE]
                off += place % PAGE
                memory[off:off + size] = part

    def message(self, at, value):
        """To whoever has said that such a message is his."""
        for device in self.devices:
            if device.message() == (at, value):
                device.signal(MSI, 0)


class Device:
    """One on a socket: configuration space, regions, interrupts, and the messages for them."""

    SIZES, MAPPABLE, ID = {0: 0x10000, 1: 0x2000, 4: 64 << 20}, (0, 4), 0x72331234

    def __init__(self, bus, path, kind):
        self.bus, self.kind, self.events, self.level, self.vanishes = bus, kind, {}, 0, None
        self.place = 0xc0000000 + (len(bus.devices) << 20)
        bus.devices.append(self)
        # What a client may map is a file's.
        self.files = {i: os.memfd_create('bar%d' % i) for i in self.MAPPABLE}
        self.reset()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)

    def reset(self):
        self.regions = {i: bytearray(self.SIZES.get(i, 0)) for i in range(9) if i not in self.files}
        for i, fd in self.files.items():
            os.ftruncate(fd, self.SIZES[i])
            self.regions[i] = mmap.mmap(fd, self.SIZES[i])
        self.regions[CONFIG] = config = bytearray(4096)
        struct.pack_into('<I', config, 0, self.ID)
        struct.pack_into('<I', config, 0x10, self.place)
        config[6], config[0x34], config[0x3d] = 0x10, AT_MSIX, 1
        struct.pack_into('<BBHII', config, AT_MSIX, 0x11, AT_MSI, 63, TABLE, PBA)
        struct.pack_into('<BBH', config, AT_MSI, 5, 0, 0x80)

    def bar0(self):
        """Where BAR0 is; a client may write it."""
        return struct.unpack_from('<I', self.regions[CONFIG], 0x10)[0] & ~0xf

    def message(self):
        """(address, data) of its MSI; None: it is off."""
        config = self.regions[CONFIG]
        return struct.unpack_from('<QH', config, AT_MSI + 4) if config[AT_MSI + 2] & 1 else None

    def signal(self, index, vector):
        fd = self.events.get((index, vector))
        if fd is not None:
            os.write(fd, struct.pack('<Q', 1))

    def peek(self, off, n):
        return self.regions[0][off:off + n]

    def poke(self, off, data):
        self.regions[0][off:off + len(data)] = data

    def read(self, region, off, n):
        if region == 0 and off < self.SIZES[0]:
            try:
                return self.bus.read(self.place + off, n)
            except KeyError:
                return b'\xff' * n
        return bytes(self.regions[region][off:off + n])

    def write(self, region, off, data):
        if region == 0 and off < self.SIZES[0]:
            self.bus.write(self.place + off, data)
        else:
            self.regions[region][off:off + len(data)] = data

    def region_info(self, index):
        size, fd = self.SIZES.get(index, 4096 if index == CONFIG else 0), self.files.get(index)
        if fd is None:
            return struct.pack('<IIIIQQ', 32, 3 if size else 0, index, 0, size, 0), ()
        area = struct.pack('<HHIIIQQ', 1, 1, 0, 1, 0, 0, size)
        return struct.pack('<IIIIQQ', 32 + len(area), 15, index, 32, size, 0) + area, (fd,)

    def set_irqs(self, fds, flags, index, start, count):
        if flags & EVENTFD:
            for i in range(count):
                self.events[index, start + i] = fds[i]
        elif flags & TRIGGER and not count:
            self.events = {key: fd for key, fd in self.events.items() if key[0] != index}
        elif flags & UNMASK and index == INTX and self.level:
            self.signal(INTX, 0)

    # A line for each request is how it reads best.
    def answer(self, cmd, body, fds):       # pylint: disable=too-many-return-statements
        """Body, descriptors and errno of the answer."""
        if cmd == VERSION:
            return body[:4] + CAPS, (), 0
        if cmd == MAP:
            _, _, offset, at, size = struct.unpack('<IIQQQ', body)
            if fds:
                self.bus.add(at, mmap.mmap(fds[0], size, offset=offset), size)
            return b'', (), 0
        if cmd == UNMAP:                # the memory may be needed again
            return body, (), 0
        if cmd == INFO:
            return struct.pack('<4I', 16, 3, 9, 5), (), 0
        if cmd == REGION_INFO:
            return *self.region_info(struct.unpack('<III', body[:12])[2]), 0
        if cmd == IRQ_INFO:
            index = struct.unpack('<4I', body)[2]
            count = {INTX: 1, MSI: 1, MSIX: 64}.get(index, 0)
            return struct.pack('<4I', 16, 7 if index == INTX else 1, index, count), (), 0
        if cmd == SET_IRQS:
            self.set_irqs(fds, *struct.unpack('<5I', body[:20])[1:])
            return b'', (), 0
        if cmd == READ:
            off, region, n = struct.unpack('<QII', body)
            return body + self.read(region, off, n), (), 0
        if cmd == WRITE:
            self.write(struct.unpack('<I', body[8:12])[0], struct.unpack('<Q', body[:8])[0], body[16:])
            return body[:16], (), 0
        if cmd == RESET:
            self.reset()
            return b'', (), 0
        return b'', (), EOPNOTSUPP

    def one(self, conn):
        fds = []
        ident, cmd, size, flags, _ = struct.unpack('<HHIII', receive(conn, 16, fds))
        body = receive(conn, size - 16, fds)
        body, out, err = self.answer(cmd, body, fds)
        if not flags & NO_REPLY:
            send(conn, ident, cmd, REPLY | (ERROR if err else 0), err, body, out)


class Testdev(Device):
    """Registers in BAR1."""

    def write(self, region, off, data):
        super().write(region, off, data)
        value = int.from_bytes(data, 'little')
        if region == CONFIG and off == 4 and value & 4 and self.kind == 'vanish' and not self.vanishes:
            self.vanishes = time.monotonic() + 1
        if region != 1:
            return
        if off == RAISE:
            self.signal(MSIX, value)
        elif off == SET_INTX:
            self.level = value
            if value:
                self.signal(INTX, 0)
        elif off == CMD:
            regs = self.regions[1]
            try:
                self.engine(value, *struct.unpack_from('<QQI', regs, SRC))
                struct.pack_into('<I', regs, STATUS, 0)
            except KeyError:
                struct.pack_into('<I', regs, STATUS, 1)
            self.signal(MSIX, struct.unpack_from('<I', regs, VECTOR)[0])

    def engine(self, command, source, target, length):
        kind = command & ~SG
        if command & SG:
            items, at = (target, source) if kind == FROM_DEVICE else (source, target)
            for i in range(length):
                place, size, _ = struct.unpack('<QII', self.bus.read(items + 16 * i, 16))
                self.engine(kind, *((at, place) if kind == FROM_DEVICE else (place, at)), size)
                at += size
        elif kind == COPY:
            self.bus.write(target, self.bus.read(source, length))
        elif kind == FROM_DEVICE:
            self.bus.write(target, self.regions[4][source:source + length])
        else:
            self.regions[4][target:target + length] = self.bus.read(source, length)

    def reset(self):
        super().reset()
        struct.pack_into('<I', self.regions[1], ID, 0x52330001)

    def tick(self):
        """What it does by itself; how long until the next time, in seconds."""
        if self.vanishes and self.vanishes < time.monotonic():
            print("naive: it is gone, as hostile=vanish wants", file=sys.stderr, flush=True)
            self.regions[CONFIG][4] &= ~4       # a driver would have to switch it on again
            self.vanishes = ONES
        if self.kind != 'storm' or not self.regions[CONFIG][4] & 4:
            return 0.1
        for which in [*self.events] * 100:
            self.signal(*which)
        return 0


class Edu(Device):
    """Registers in BAR0: what it is, liveness, interrupts, and DMA to and from its buffer."""

    SIZES, MAPPABLE, ID = {0: 1 << 20}, (), 0x11e81234

    def reset(self):
        super().reset()
        struct.pack_into('<I', self.regions[0], 0, 0x010000ed)

    def poke(self, off, data):
        memory = self.regions[0]
        if off == 4:
            data = bytes(~b & 0xff for b in data)
        super().poke(off, data)
        if off == 0x60 and self.message():
            self.bus.message(*self.message())
        elif off == 0x98 and data[0] & 1:
            source, target, n = struct.unpack_from('<QQQ', memory, 0x80)
            try:
                if data[0] & 2:
                    self.bus.write(target, bytes(memory[source:source + n]))
                else:
                    memory[target:target + n] = self.bus.read(source, n)
            except KeyError:
                pass
            memory[0x98] &= ~1

    @staticmethod
    def tick():
        return 0.1


def ready(sock):
    return select.select([sock], [], [], 0)[0]


def main():
    path, ready_fd, kinds = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    bus, conns = Bus(), {}
    for i, kind in enumerate(kinds):
        (Edu if kind == 'edu' else Testdev)(bus, path + ('.%d' % i if i else ''), kind)
    with os.fdopen(ready_fd, 'w') as f:
        f.write('ready\n')
    listeners = {d.listener: d for d in bus.devices}
    while True:
        pause = min(d.tick() for d in bus.devices)
        for sock in select.select([*listeners, *conns], [], [], pause)[0]:
            if sock in listeners:
                conns[sock.accept()[0]] = listeners[sock]
                continue
            try:
                while ready(sock):
                    conns[sock].one(sock)
            except (EOFError, ConnectionError):
                sock.close()
                del conns[sock]


if __name__ == '__main__':
    main()
