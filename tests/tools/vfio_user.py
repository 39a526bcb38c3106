# SPDX-License-Identifier: GPL-2.0
"""vfio_user.py - a small vfio-user client and a small server, for tests

The server is a device of its own making; a test changes its attributes to make it slow, wrong or gone.
"""
import array
import json
import mmap
import os
import select
import socket
import struct
import threading

(VERSION, MAP, UNMAP, INFO, REGION_INFO, IO_FDS, IRQ_INFO, SET_IRQS, READ, WRITE, DMA_READ, DMA_WRITE,
 RESET) = range(1, 14)
WRITE_MULTI = 15
REPLY, NO_REPLY, ERROR = 1, 0x10, 0x20
CONFIG = 7
INTX, MSI, MSIX = 0, 1, 2
NONE, EVENTFD, MASK, UNMASK, TRIGGER = 1, 4, 8, 0x10, 0x20
CAPS = b'{"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576}}\0'


class VfioError(Exception):
    """An error reply; its first argument is the errno."""


def send(sock, ident, cmd, flags, err, data, fds=()):
    anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
    head = struct.pack('<HHIII', ident, cmd, 16 + len(data), flags, err)
    sock.sendmsg([head + data], anc, socket.MSG_NOSIGNAL)


def receive(sock, n, fds):
    data = b''
    while len(data) < n:
        part, anc, _, _ = sock.recvmsg(n - len(data), 1024)
        if not part:
            raise EOFError
        for _, _, raw in anc:
            got = array.array('i')
            got.frombytes(raw[:len(raw) - len(raw) % 4])
            fds.extend(got)
        data += part
    return data


class Client:
    """One connection; .fds has the descriptors of the last reply."""

    def __init__(self, sock, version=(0, 1), caps=CAPS):
        if isinstance(sock, str):
            path, sock = sock, socket.socket(socket.AF_UNIX)
            sock.connect(path)
        self.sock, self.id, self.fds = sock, 0, []
        body = self.call(VERSION, struct.pack('<HH', *version) + caps)
        self.version, self.caps = struct.unpack('<HH', body[:4]), body[4:-1].decode()

    def post(self, cmd, data=b'', fds=(), flags=NO_REPLY):
        self.id = (self.id + 1) & 0xffff
        send(self.sock, self.id, cmd, flags, 0, data, fds)

    def reply(self):
        for fd in self.fds:
            os.close(fd)
        self.fds = []
        ident, _, size, flags, err = struct.unpack('<HHIII', receive(self.sock, 16, self.fds))
        body = receive(self.sock, size - 16, self.fds)
        if flags & ERROR:
            raise VfioError(err)
        assert ident == self.id and flags & 0xf == REPLY
        return body

    def call(self, cmd, data=b'', fds=()):
        self.post(cmd, data, fds, 0)
        return self.reply()

    def close(self):
        for fd in self.fds:
            os.close(fd)
        self.sock.close()

    def info(self):
        return struct.unpack('<4I', self.call(INFO, struct.pack('<4I', 16, 0, 0, 0)))

    def region(self, index, argsz=1024):
        """(flags, size, areas, argsz of the answer, cap_offset)"""
        body = self.call(REGION_INFO, struct.pack('<IIIIQQ', argsz, 0, index, 0, 0, 0))
        size, flags, ident, caps, length, _ = struct.unpack('<IIIIQQ', body[:32])
        assert ident == index
        areas = []
        if flags & 8 and len(body) > caps:
            assert struct.unpack('<HH', body[caps:caps + 4]) == (1, 1)
            n = struct.unpack('<I', body[caps + 8:caps + 12])[0]
            areas = [struct.unpack('<QQ', body[caps + 16 + 16 * i:caps + 32 + 16 * i])
                     for i in range(n)]
        return flags, length, areas, size, caps

    def irq(self, index):
        """(flags, count)"""
        return struct.unpack('<4I', self.call(IRQ_INFO, struct.pack('<4I', 16, 0, index, 0)))[1::2]

    def map(self, iova, size, fd=None, offset=0, flags=3):
        self.call(MAP, struct.pack('<IIQQQ', 32, flags, offset, iova, size),
                  [fd] if fd is not None else [])

    def unmap(self, iova, size):
        self.call(UNMAP, struct.pack('<IIQQ', 24, 0, iova, size))

    def read(self, region, offset, n):
        return self.call(READ, struct.pack('<QII', offset, region, n))[16:]

    def write(self, region, offset, data):
        self.call(WRITE, struct.pack('<QII', offset, region, len(data)) + data)

    def r(self, region, offset, width=4):
        return int.from_bytes(self.read(region, offset, width), 'little')

    def w(self, region, offset, value, width=4):
        self.write(region, offset, value.to_bytes(width, 'little'))

    def arm(self, index, fds, start=0):
        self.call(SET_IRQS, struct.pack('<5I', 20, EVENTFD | TRIGGER, index, start, len(fds)), fds)

    def irqs(self, index, flags, start=0, count=1):
        self.call(SET_IRQS, struct.pack('<5I', 20, flags, index, start, count))

    def cap(self, wanted):
        config = self.read(CONFIG, 0, 256)
        at = config[0x34]
        while at and config[at] != wanted:
            at = config[at + 1]
        assert at, 'capability %#x' % wanted
        return at

    def enable(self):
        self.w(CONFIG, 4, 7, 2)


# The server's device: BAR0 has registers and the MSI-X table in page 0, memory in pages 1 to 3; BAR2
# has ports.
ID_VALUE = 0x76667564
R_ID, R_SCRATCH, R_RAISE, R_INTX, R_MISC, R_MSIX, R_PBA = 0, 0x100, 8, 0xc, 0x10, 0x800, 0xc00
VECTORS = 4
BAR0_SIZE, BAR2_SIZE = 0x4000, 32


class Server:
    """A device on a socket; each connection is one thread's."""

    def __init__(self, path, **changes):
        self.path, self.caps, self.intx_flags, self.automask = path, '', 7, True
        self.device_id, self.mappable, self.areas = 0x7566, True, [(0x1000, 0x3000)]
        self.bar_types, self.config_size, self.sizes = {0: 4, 2: 1}, 256, {0: BAR0_SIZE, 2: BAR2_SIZE}
        self.greets, self.lie, self.max_fds = True, None, 8
        self.__dict__.update(changes)
        self.fd = os.memfd_create('bar0')
        os.ftruncate(self.fd, BAR0_SIZE)
        self.bar0, self.ports = mmap.mmap(self.fd, BAR0_SIZE), bytearray(BAR2_SIZE)
        self.resets, self.seen, self.maps, self.replies = 0, [], {}, {}
        self.events, self.level, self.masked, self.conn = {}, 0, False, None
        self.go, self.changed = threading.Event(), threading.Condition()
        self.go.set()
        self.reset()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def reset(self):
        self.config = bytearray(256)
        struct.pack_into('<HHHHBBBB', self.config, 0, 0x1234, self.device_id, 0, 0x10, 1, 0, 0, 0xff)
        for bar, kind in self.bar_types.items():
            struct.pack_into('<I', self.config, 0x10 + 4 * bar, kind)
        self.config[0x34], self.config[0x3d] = 0x40, 1
        struct.pack_into('<BBHII', self.config, 0x40, 0x11, 0x50, VECTORS - 1, R_MSIX, R_PBA)
        struct.pack_into('<BBH', self.config, 0x50, 5, 0, 0x84)     # MSI, 64 bit, 4 vectors
        self.level = 0

    def close(self):
        """Die: nothing is said, the connection ends."""
        self.go.set()
        for sock in (self.listener, self.conn):
            if sock:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.thread.join()
        self.listener.close()
        os.unlink(self.path)
        self.drop()
        self.bar0.close()
        os.close(self.fd)

    def drop(self):
        for fd in list(self.events.values()) + [m[2] for m in self.maps.values()]:
            if fd is not None:
                os.close(fd)
        self.events, self.maps = {}, {}

    def run(self):
        while True:
            try:
                self.conn, _ = self.listener.accept()
            except OSError:
                return
            with self.conn:
                try:
                    while True:
                        self.one()
                except (EOFError, OSError):
                    self.drop()
            self.conn = None

    def wait(self, condition, seconds=5):
        """Until the condition holds; it is looked at after each message."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def one(self):
        fds = []
        ident, cmd, size, flags, err = struct.unpack('<HHIII', receive(self.conn, 16, fds))
        body = receive(self.conn, size - 16, fds)
        with self.changed:
            if flags & 0xf == REPLY:
                self.replies[ident] = err, body
            else:
                self.seen.append((cmd, flags, body))
            self.changed.notify_all()
        if flags & 0xf == REPLY:
            return
        self.go.wait()
        if cmd == VERSION and not self.greets:
            return
        try:
            body, out, err = self.answer(cmd, body, fds)
        except VfioError as e:
            body, out, err = b'', (), e.args[0]
        for fd in fds:
            os.close(fd)
        if not flags & NO_REPLY:
            send(self.conn, ident, cmd, REPLY | (ERROR if err else 0), err, body, out)

    def answer(self, cmd, body, fds):
        if self.lie and cmd in self.lie:
            return self.lie[cmd](body)
        out = ()
        if cmd == VERSION:
            body = body[:4] + json.dumps({'capabilities': {'max_msg_fds': self.max_fds}}).encode()
            body = body.replace(b'{"max', b'{' + self.caps.encode() + b'"max') + b'\0'
        elif cmd == MAP:
            _, flags, offset, iova, size = struct.unpack('<IIQQQ', body)
            self.maps[iova, size] = offset, flags, fds.pop() if fds else None
            body = b''
        elif cmd == UNMAP:
            fd = self.maps.pop(struct.unpack('<QQ', body[8:]))[2]
            if fd is not None:
                os.close(fd)
        elif cmd == INFO:
            body = struct.pack('<4I', 16, 3, 9, 5)
        elif cmd == REGION_INFO:
            body, out = self.region_info(*struct.unpack('<III', body[:12]))
        elif cmd == IRQ_INFO:
            index = struct.unpack('<4I', body)[2]
            body = struct.pack('<4I', 16, self.intx_flags if index == INTX else 1, index,
                               {INTX: 1, MSI: 4, MSIX: VECTORS}.get(index, 0))
        elif cmd == SET_IRQS:
            self.set_irqs(fds, *struct.unpack('<5I', body[:20]))
            body = b''
        elif cmd == READ:
            body += self.read(*struct.unpack('<QII', body))
        elif cmd == WRITE:
            self.write(*struct.unpack('<QII', body[:16]), body[16:])
            body = body[:16]
        elif cmd == RESET:
            self.resets += 1
            self.reset()
            body = b''
        else:
            raise VfioError(95)
        return body, out, 0

    def region_info(self, argsz, _, index):
        size = self.config_size if index == CONFIG else self.sizes.get(index, 0)
        flags = 3 if size else 0
        if index or not self.mappable:
            return struct.pack('<IIIIQQ', 32, flags, index, 0, size, 0), ()
        cap = struct.pack('<HHIII', 1, 1, 0, len(self.areas), 0)
        cap += b''.join(struct.pack('<QQ', *a) for a in self.areas)
        full = struct.pack('<IIIIQQ', 32 + len(cap), flags | 12, index, 32, size, 0)
        return (full + cap, (self.fd,)) if argsz >= 32 + len(cap) else (full, ())

    def set_irqs(self, fds, _, flags, index, start, count):
        if flags & EVENTFD:
            for i in range(count):
                old = self.events.pop((index, start + i), None)
                if old is not None:
                    os.close(old)
                self.events[index, start + i] = fds[i]
            fds.clear()
        elif flags & TRIGGER and not count:
            for key in [k for k in self.events if k[0] == index]:
                os.close(self.events.pop(key))
        elif flags & UNMASK:
            self.masked = False
            self.intx()

    def intx(self):
        self.config[6] = self.config[6] & ~8 | (8 if self.level else 0)
        if self.level and not self.masked and (INTX, 0) in self.events:
            self.masked = self.automask
            os.eventfd_write(self.events[INTX, 0], 1)

    def read(self, offset, region, n):
        if region == CONFIG:
            return bytes(self.config[offset:offset + n])
        if region == 2:
            return bytes(self.ports[offset:offset + n])
        if region != 0 or offset + n > BAR0_SIZE:
            raise VfioError(22)
        if (offset, n) == (R_ID, 4):
            return struct.pack('<I', ID_VALUE)
        return self.bar0[offset:offset + n]

    def write(self, offset, region, n, data):
        value = int.from_bytes(data, 'little')
        if region == CONFIG:
            self.config[offset:offset + n] = data
        elif region == 2:
            self.ports[offset:offset + n] = data
        elif region != 0 or offset + n > BAR0_SIZE:
            raise VfioError(22)
        elif (offset, n) == (R_RAISE, 4):
            index = MSIX if self.config[0x43] & 0x80 else MSI
            if (index, value) in self.events:
                os.eventfd_write(self.events[index, value], 1)
        elif (offset, n) == (R_INTX, 4):
            self.level = value
            self.intx()
        else:
            self.bar0[offset:offset + n] = data

    def ask(self, cmd, addr, data=b'', count=None, ident=0x1111):
        """A request to the client: (errno, body)"""
        self.replies.pop(ident, None)
        count = len(data) if count is None else count
        send(self.conn, ident, cmd, 0, 0, struct.pack('<QQ', addr, count) + data)
        assert self.wait(lambda: ident in self.replies)
        return self.replies.pop(ident)

    def count(self, cmd, flags=0):
        return sum(1 for c, f, _ in self.seen if c == cmd and f & flags == flags)


def eventfd():
    return os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)


def fires(fd, timeout=5):
    if not select.select([fd], [], [], timeout)[0]:
        return False
    os.eventfd_read(fd)
    return True


def pending(fd):
    return bool(select.select([fd], [], [], 0)[0])


def raises(err, call, *args):
    try:
        call(*args)
    except VfioError as e:
        return e.args[0] == err
    return False
