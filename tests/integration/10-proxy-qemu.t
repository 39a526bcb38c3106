#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""10-proxy-qemu.t - ring3-proxy with real QEMU models, driven by a small vfio-user client"""
import array
import mmap
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tools'))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from taprun import TOP, main
from vfio_user import CONFIG, EVENTFD, INTX, MSI, MSIX, NONE, TRIGGER, UNMASK, VfioError, eventfd, fires, raises

PROXY = os.environ.get('RING3_PROXY', TOP + '/build/ring3-proxy')
IOVA = 0x40000000
VERSION, MAP, UNMAP, REGION_INFO, IRQ_INFO, SET_IRQS, READ, WRITE, RESET = 1, 2, 3, 5, 7, 8, 9, 10, 13


class Client:
    """One vfio-user connection."""

    def __init__(self, sock):
        self.sock, self.id = sock, 0
        self.call(VERSION, struct.pack('<HH', 0, 1) + b'{"capabilities":{}}\0')

    def call(self, cmd, data=b'', fds=()):
        self.id = (self.id + 1) & 0xffff
        anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
        self.sock.sendmsg([struct.pack('<HHIII', self.id, cmd, 16 + len(data), 0, 0) + data], anc)
        ident, _, size, flags, err = struct.unpack('<HHIII', self.receive(16))
        body = self.receive(size - 16)
        if flags & 0x20:
            raise VfioError(err)
        assert ident == self.id and flags & 1
        return body

    def receive(self, n):
        data = b''
        while len(data) < n:
            part, anc, _, _ = self.sock.recvmsg(n - len(data), 64)
            if not part:
                raise EOFError
            for _, _, raw in anc:
                fds = array.array('i')
                fds.frombytes(raw)
                for fd in fds:
                    os.close(fd)
            data += part
        return data

    def region_size(self, index):
        return struct.unpack('<Q', self.call(REGION_INFO, struct.pack(
            '<IIIIQQ', 32, 0, index, 0, 0, 0))[16:24])[0]

    def irq_count(self, index):
        return struct.unpack('<I', self.call(IRQ_INFO, struct.pack('<4I', 16, 0, index, 0))[12:16])[0]

    def map(self, iova, size, fd, offset=0):
        self.call(MAP, struct.pack('<IIQQQ', 32, 3, offset, iova, size), [fd])

    def read(self, region, offset, n):
        return self.call(READ, struct.pack('<QII', offset, region, n))[16:]

    def write(self, region, offset, data):
        self.call(WRITE, struct.pack('<QII', offset, region, len(data)) + data)

    def r32(self, region, offset):
        return struct.unpack('<I', self.read(region, offset, 4))[0]

    def w16(self, region, offset, value):
        self.write(region, offset, struct.pack('<H', value))

    def w32(self, region, offset, value):
        self.write(region, offset, struct.pack('<I', value))

    def w64(self, region, offset, value):
        self.write(region, offset, struct.pack('<Q', value))

    def arm(self, index, fds, start=0):
        self.call(SET_IRQS, struct.pack('<5I', 20, EVENTFD | TRIGGER, index, start, len(fds)), fds)

    def unmask_intx(self):
        self.call(SET_IRQS, struct.pack('<5I', 20, NONE | UNMASK, INTX, 0, 1))

    def cap(self, wanted):
        config = self.read(CONFIG, 0, 256)
        at = config[0x34]
        while at and config[at] != wanted:
            at = config[at + 1]
        assert at, 'capability %#x' % wanted
        return at

    def enable(self):
        self.w16(CONFIG, 4, 7)


class Proxy:
    """A ring3-proxy with a connected client for each device."""

    def __init__(self, specs, ram_size=64 << 20, give_ram=True):
        self.ram_fd = os.memfd_create('ram')
        os.ftruncate(self.ram_fd, ram_size)
        self.ram = mmap.mmap(self.ram_fd, ram_size)
        ready, ready_end = os.pipe()
        args, ends, socks = [PROXY, '--ready-fd', str(ready_end)], [], []
        if give_ram:
            args += ['--ram-fd', str(self.ram_fd)]
        for spec in specs:
            mine, its = socket.socketpair()
            socks.append(mine)
            ends.append(its)
            args += ['--device', spec, '--client-fd', str(its.fileno())]
        keep = [ready_end, self.ram_fd] + [s.fileno() for s in ends]
        self.process = subprocess.Popen(args, pass_fds=keep, stderr=subprocess.DEVNULL)
        os.close(ready_end)
        for s in ends:
            s.close()
        with os.fdopen(ready) as f:
            self.said = f.read()
        if self.said != 'ready\n':
            self.process.wait()
            raise RuntimeError(self.said)
        self.clients = [Client(s) for s in socks]
        for c in self.clients:
            c.map(IOVA, ram_size, self.ram_fd)

    def qemu(self):
        path = '/proc/%d/task/%d/children' % (self.process.pid, self.process.pid)
        with open(path) as f:
            return int(f.read().split()[0])

    def end(self):
        """Disconnect; the proxy must end by itself."""
        for c in self.clients:
            c.sock.close()
        return self.process.wait(timeout=5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for c in self.clients:
            c.sock.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ram_fd)


def gone(pid):
    try:
        with open('/proc/%d/stat' % pid) as f:
            return f.read().rsplit(')', 1)[1].split()[0] in 'ZX'
    except FileNotFoundError:
        return True


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def silent(fd):
    return not select.select([fd], [], [], 0.05)[0]


def edu_dma(edu, ram, event):
    """Memory to device and back; MSI at the end of each."""
    ram[0x1000:0x1010] = os.urandom(16)
    for source, target, command in ((IOVA + 0x1000, 0x40000, 5), (0x40000, IOVA + 0x2000, 7)):
        edu.w64(0, 0x80, source)
        edu.w64(0, 0x88, target)
        edu.w64(0, 0x90, 16)
        edu.w64(0, 0x98, command)
        assert fires(event)
        edu.w32(0, 0x64, 0x100)
    assert ram[0x1000:0x1010] == ram[0x2000:0x2010]


def test_edu():
    with Proxy(['qemu:edu']) as p:
        edu, event = p.clients[0], eventfd()
        assert edu.r32(0, 0) == 0xffffffff      # decoding is off
        edu.enable()
        assert edu.r32(0, 0) == 0x010000ed
        edu.w32(0, 4, 0x12345678)
        assert edu.r32(0, 4) == 0xedcba987
        edu.arm(INTX, [event])
        edu.w32(0, 0x60, 1)
        assert fires(event) and silent(event)   # automasked
        edu.unmask_intx()
        assert fires(event)                     # still asserted
        edu.w32(0, 0x64, 1)
        edu.unmask_intx()
        assert silent(event)
        msi, event = edu.cap(5), eventfd()
        edu.arm(MSI, [event])
        edu.w16(CONFIG, msi + 2, 1)
        edu.w32(0, 0x60, 1)
        assert fires(event)
        edu.w32(0, 0x64, 1)
        edu_dma(edu, p.ram, event)
        edu.call(RESET)
        assert edu.read(CONFIG, 4, 2) == b'\0\0'
        edu.enable()
        assert edu.r32(0, 0) == 0x010000ed
        assert p.end() == 0


def test_nvme():
    disk = tempfile.NamedTemporaryFile(suffix=',odd name.img')
    disk.truncate(16 << 20)
    with Proxy(['qemu:nvme,disk=' + disk.name.replace(',', ',,')]) as p:
        nvme, ram = p.clients[0], p.ram
        events = [eventfd() for _ in range(nvme.irq_count(MSIX))]
        nvme.enable()
        for i in range(0, len(events), 64):
            nvme.arm(MSIX, events[i:i + 64], i)
        nvme.w16(CONFIG, nvme.cap(0x11) + 2, 0x8000)
        nvme.w32(0, 0x24, 31 << 16 | 31)
        nvme.w64(0, 0x28, IOVA + 0x1000)
        nvme.w64(0, 0x30, IOVA + 0x2000)
        nvme.w32(0, 0x14, 0x460001)
        assert within(5, lambda: nvme.r32(0, 0x1c) & 1)
        data = os.urandom(4096)
        ram[0x6000:0x7000] = data
        queues = {'admin': [0x1000, 0x2000, 0x1000, 0], 'io': [0x5000, 0x4000, 0x1008, 1]}

        def submit(queue, opcode, prp, dw10, dw11=0, dw12=0):
            sq, cq, bell, vector = queue[:4]
            n = queue[4] = queue[4] + 1 if len(queue) > 4 else (queue.append(1) or 1)
            ram[sq + 64 * (n - 1):sq + 64 * n] = struct.pack(
                '<BBHI16xQQ6I', opcode, 0, n, 1 if queue is queues['io'] else 0, IOVA + prp, 0,
                dw10, dw11, dw12, 0, 0, 0)
            nvme.w32(0, bell, n)
            assert fires(events[vector])
            status = struct.unpack('<H', ram[cq + 16 * n - 2:cq + 16 * n])[0]
            assert status == 1, hex(status)     # phase 1, success
            nvme.w32(0, bell + 4, n)

        submit(queues['admin'], 6, 0x3000, 1)
        assert bytes(ram[0x3018:0x3027]) == b'QEMU NVMe Ctrl '
        submit(queues['admin'], 5, 0x4000, 31 << 16 | 1, 1 << 16 | 3)
        submit(queues['admin'], 1, 0x5000, 31 << 16 | 1, 1 << 16 | 1)
        submit(queues['io'], 1, 0x6000, 8, 0, 7)
        submit(queues['io'], 2, 0x7000, 8, 0, 7)
        assert ram[0x7000:0x8000] == data
        assert p.end() == 0
    with open(disk.name, 'rb') as f:
        assert f.read()[4096:8192] == data


def test_e1000e():
    with Proxy(['qemu:e1000e,net=user']) as p:
        nic, events = p.clients[0], [eventfd() for _ in range(5)]
        nic.enable()
        assert nic.region_size(CONFIG) == 4096 and nic.region_size(6) == 0x40000
        assert nic.read(6, 0, 2) == b'\x55\xaa'
        nic.arm(MSIX, events)
        msix = nic.cap(0x11)
        table = nic.r32(CONFIG, msix + 4)
        nic.w16(CONFIG, msix + 2, 0x8000)
        nic.w32(table & 7, (table & ~7) + 12, 1)        # masked
        nic.w32(0, 0xe4, 0x80088888)                    # IVAR: everything to vector 0
        nic.w32(0, 0xd0, 0x01f00004)
        nic.w32(0, 0xc8, 0x01f00004)
        assert silent(events[0])
        nic.w32(table & 7, (table & ~7) + 12, 0)
        assert fires(events[0])
        assert p.end() == 0


def test_shared_lines():
    """Nine devices on four lines: each is told of its own interrupts and no others."""
    with Proxy(['qemu:edu'] * 9) as p:
        events = [eventfd() for _ in p.clients]
        for c, e in zip(p.clients, events):
            c.enable()
            c.arm(INTX, [e])
        for c, e in zip(p.clients, events):
            c.w32(0, 0x60, 1)
            assert fires(e)
        for c in p.clients[::2]:
            c.w32(0, 0x64, 1)
        for c in p.clients:
            c.unmask_intx()
        for i, e in enumerate(events):
            assert fires(e) if i % 2 else silent(e)


def test_other_memory():
    """Without --ram-fd the first client's memory counts, and only as long as nothing was done."""
    with Proxy(['qemu:edu', 'qemu:edu'], give_ram=False) as p:
        edu, event = p.clients[0], eventfd()
        edu.enable()
        edu.arm(MSI, [event])
        edu.w16(CONFIG, edu.cap(5) + 2, 1)
        edu_dma(edu, p.ram, event)
        other = os.memfd_create('other')
        os.ftruncate(other, 1 << 20)
        assert raises(95, edu.map, 0x80000000, 1 << 20, other)
        edu.call(UNMAP, struct.pack('<IIQQ', 24, 2, 0, 0))
        assert raises(95, edu.map, IOVA, 1 << 20, other)
        os.close(other)
        assert edu.r32(0, 0) == 0x010000ed


def stop(pid):
    """SIGSTOP is done when the process is stopped, not when it is sent."""
    os.kill(pid, signal.SIGSTOP)
    assert within(2, lambda: open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()[0] == 'T')


def test_stopped():
    """A QEMU that is stopped reads as all ones within a bound, and comes back."""
    with Proxy(['qemu:edu', 'testdev']) as p:
        edu, td = p.clients
        edu.enable()
        td.enable()
        stop(p.qemu())
        start = time.monotonic()
        assert edu.r32(0, 0) == 0xffffffff
        assert 1 < time.monotonic() - start < 4
        start = time.monotonic()
        assert edu.r32(0, 0) == 0xffffffff and td.r32(1, 0) == 0x52330001
        assert time.monotonic() - start < 0.5
        os.kill(p.qemu(), signal.SIGCONT)
        assert within(5, lambda: edu.r32(0, 0) == 0x010000ed)
        stop(p.qemu())
        start = time.monotonic()
        assert p.end() == 0
        assert time.monotonic() - start < 1


def test_deaths():
    with Proxy(['qemu:edu']) as p:
        os.kill(p.qemu(), signal.SIGKILL)
        assert p.process.wait(timeout=1) == 1
    with Proxy(['qemu:edu']) as p:
        qemu = p.qemu()
        p.process.kill()
        p.process.wait()
        assert within(1, lambda: gone(qemu))
    with Proxy(['qemu:edu', 'testdev']) as p:
        qemu = p.qemu()
        p.process.terminate()
        assert p.process.wait(timeout=1) == 0
        assert gone(qemu)


def test_listen():
    """One client after the other; the second finds a device that was reset."""
    directory = tempfile.mkdtemp()
    path = directory + '/sock'
    args = [PROXY, '--device', 'qemu:edu', '--device', 'testdev', '--listen', path]
    process = subprocess.Popen(args)
    try:
        assert within(5, lambda: os.path.exists(path + '.1'))
        for _ in range(2):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            edu = Client(sock)
            assert edu.read(CONFIG, 4, 2) == b'\0\0'
            edu.enable()
            assert edu.r32(0, 0) == 0x010000ed
            sock.close()
        process.terminate()
        assert process.wait(timeout=2) == 0
        os.rmdir(directory)
    finally:
        process.kill()
        process.wait()


def cpu_ticks(pid):
    with open('/proc/%d/stat' % pid, encoding='ascii') as f:
        words = f.read().rsplit(')', 1)[1].split()
    return int(words[11]) + int(words[12])


def test_no_descriptor_left():
    """A client that cannot be accepted waits; the proxy does not spin, and serves it later."""
    directory = tempfile.mkdtemp()
    path = directory + '/sock'
    ready, end = os.pipe()
    process = subprocess.Popen([PROXY, '--device', 'testdev', '--listen', path, '--ready-fd', str(end)],
                               stderr=subprocess.PIPE, pass_fds=[end])
    os.close(end)
    sock = socket.socket(socket.AF_UNIX)
    try:
        with os.fdopen(ready) as f:
            assert f.read() == 'ready\n'
        limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        used = os.listdir('/proc/%d/fd' % process.pid)
        free = next(n for n in range(1000) if str(n) not in used)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (free, limits[1]))
        sock.connect(path)
        assert b'cannot accept a client: Too many open files' in process.stderr.readline()
        before = cpu_ticks(process.pid)
        assert not select.select([sock, process.stderr], [], [], 1)[0]
        assert cpu_ticks(process.pid) - before < 20     # of 100 in that second
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limits)
        assert Client(sock).read(CONFIG, 0, 2) == b'\x34\x12'
        process.kill()
        process.wait()
        assert within(5, lambda: os.listdir(directory) == [])   # its keeper removes what it made
        os.rmdir(directory)
    finally:
        sock.close()
        process.kill()
        process.wait()
        process.stderr.close()


def test_many_starts():
    for _ in range(20):
        with Proxy(['qemu:edu', 'qemu:nvme']) as p:
            assert p.end() == 0


if __name__ == '__main__':
    if not shutil.which('qemu-system-x86_64'):
        print('1..0 # SKIP no qemu-system-x86_64')
        sys.exit(1 if os.environ.get('RING3_NO_SKIP') else 0)
    sys.exit(main(__file__, globals()))
