#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""32-peers.t - `ring3 proxy` as other people's clients use it: one test for each habit of theirs"""
import json
import mmap
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tools'))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from taprun import RING3, Directory, Listening, main
from vfio_user import (
    CONFIG, INTX, IRQ_INFO, MAP, MSIX, NO_REPLY, NONE, READ, REGION_INFO, RESET, UNMASK, UNMAP, VERSION, WRITE,
    WRITE_MULTI, Client, eventfd, fires, raises, receive, send)

TD_ID = 0x52330001
# What QEMU 10.1 sends, so many bytes that the whole message has 214.
QEMU_CAPS = json.dumps({'capabilities': {
    'max_msg_fds': 8, 'max_data_xfer_size': 1048576, 'pgsizes': 4096, 'max_dma_maps': 65535,
    'migration': {'pgsize': 4096, 'max_bitmap_size': 268435456}, 'write_multiple': True}}).encode()


class Device:
    """One `ring3 proxy` of a testdev."""

    def __init__(self, *specs, options=()):
        self.directory = Directory()
        self.proxy = Listening(self.directory.__enter__() + '/sock', *(specs or ['testdev']),
                               options=options)

    def __enter__(self):
        return self.proxy

    def __exit__(self, *what):
        status = self.proxy.end()
        self.directory.__exit__(*what)
        assert what[0] or status == 0, status


def raw(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect(path)
    return sock


def test_version_fits():
    """QEMU's client has room for an answer as long as its own request, 214 bytes; and for 16 descriptors."""
    with Device() as proxy, raw(proxy.path) as sock:
        assert len(QEMU_CAPS) <= 214 - 16 - 4 - 1
        body = struct.pack('<HH', 0, 1) + QEMU_CAPS.ljust(214 - 16 - 4 - 1) + b'\0'
        send(sock, 1, VERSION, 0, 0, body)
        ident, cmd, size, flags, _ = struct.unpack('<HHIII', receive(sock, 16, []))
        assert (ident, cmd, flags) == (1, VERSION, 1) and size <= 214, size
        answer = receive(sock, size - 16, [])
        assert answer[-1] == 0 and 8 <= json.loads(answer[4:-1])['capabilities']['max_msg_fds'] <= 16


def test_versions():
    """0.0 and 0.1 as asked for, a later minor as ours; without capabilities; another major is refused."""
    with Device() as proxy:
        for asked, got in (((0, 0), (0, 0)), ((0, 1), (0, 1)), ((0, 7), (0, 1))):
            for caps in (b'', b'\0', b'{}\0', QEMU_CAPS + b'\0'):
                client = Client(proxy.path, version=asked, caps=caps)
                assert client.version == got and client.r(CONFIG, 0) == 0x72331234
                client.close()
        assert raises(22, Client, proxy.path, (1, 0))


def test_region_probing():
    """First with room for 32 bytes, then with what the answer asked for."""
    with Device() as proxy:
        client = proxy.client()
        flags, size, areas, argsz, caps = client.region(4, argsz=32)
        assert flags & 12 == 12 and size == 64 << 20 and not areas and not client.fds
        assert caps >= 32 and argsz == 32 + 16 + 2 * 16
        _, _, areas, again, _ = client.region(4, argsz=argsz)
        assert len(areas) == 2 and again == argsz and len(client.fds) == 1
        assert raises(22, client.region, 4, 31)
        client.close()


def test_every_index():
    """Who ignores the error flag and reads fixed lengths finds every region and interrupt."""
    with Device() as proxy, raw(proxy.path) as sock:
        def ask(cmd, body, length):
            send(sock, 9, cmd, 0, 0, body)
            return receive(sock, 16 + length, [])[16:]

        send(sock, 9, VERSION, 0, 0, b'\0\0\1\0{}\0')
        receive(sock, struct.unpack('<HHIII', receive(sock, 16, []))[2] - 16, [])
        _, _, regions, irqs = struct.unpack('<4I', ask(4, struct.pack('<4I', 16, 0, 0, 0), 16))
        assert (regions, irqs) == (9, 5)
        for i in range(regions):
            body = ask(REGION_INFO, struct.pack('<IIIIQQ', 32, 0, i, 0, 0, 0), 32)
            assert struct.unpack('<I', body[8:12])[0] == i
        for i in range(irqs):
            body = ask(IRQ_INFO, struct.pack('<4I', 16, 0, i, 0), 16)
            assert struct.unpack('<I', body[8:12])[0] == i
        body = ask(READ, struct.pack('<QII', 0, CONFIG, 4), 20)
        assert body[16:] == b'\x34\x12\x33\x72'


def test_posted_writes():
    """Writes that want no answer are in order with all else, of whatever kind; errors are silent."""
    with Device() as proxy:
        client = proxy.client()
        client.post(WRITE, struct.pack('<QII', 4, CONFIG, 2) + b'\7\0')
        for i in range(200):
            client.post(WRITE, struct.pack('<QIII', 0x1000, 1, 4, i))
        client.post(WRITE, struct.pack('<QIII', 1 << 40, 1, 4, 0))      # an error
        client.post(WRITE_MULTI, struct.pack('<QQIIQ', 1, 0x1008, 1, 4, 77))
        assert client.r(1, 0x1000) == 199 and client.r(1, 0x1008) == 77
        client.post(RESET)
        assert client.r(CONFIG, 4, 2) == 0
        client.close()


def test_dma_without_descriptor():
    """ROMs and BARs of other devices are mapped without one: taken, remembered, and not reachable."""
    with Device() as proxy:
        client = proxy.client()
        client.enable()
        client.map(0xfe000000, 0x1000)
        assert raises(17, client.map, 0xfe000000, 0x1000)
        client.w(1, 0x20, 0xfe000000, 8)
        client.w(1, 0x30, 4)
        client.w(1, 0x34, 2)
        assert client.r(1, 0x38) == 1           # a fault
        client.unmap(0xfe000000, 0x1000)
        assert raises(2, client.unmap, 0xfe000000, 0x1000)
        client.close()


def test_unmap_all():
    with Device() as proxy:
        client = proxy.client()
        client.map(0, 0x1000)
        client.map(0x10000, 0x1000)
        client.call(UNMAP, struct.pack('<IIQQ', 24, 2, 0, 0))
        client.map(0, 0x20000)
        client.close()


def test_no_table():
    """QEMU and cloud-hypervisor keep the MSI-X table: what was never written counts as unmasked."""
    with Device() as proxy:
        client, event = proxy.client(), eventfd()
        client.enable()
        client.arm(MSIX, [event], 5)
        client.w(CONFIG, client.cap(0x11) + 2, 0x8000, 2)
        client.w(1, 0x10, 5)
        assert fires(event)
        os.close(event)
        client.close()


def test_intx():
    with Device() as proxy:
        client, event = proxy.client(), eventfd()
        client.enable()
        client.arm(INTX, [event])
        client.w(1, 0x14, 1)
        assert fires(event)
        client.irqs(INTX, NONE | UNMASK)
        assert fires(event)
        os.close(event)
        client.close()


def test_pieces():
    """A message in single bytes, and many messages in one."""
    with Device() as proxy:
        client = proxy.client()
        message = struct.pack('<HHIII', 1, READ, 32, 0, 0) + struct.pack('<QII', 0, CONFIG, 4)
        for i in range(len(message)):
            client.sock.send(message[i:i + 1])
        client.id = 1
        assert client.reply()[16:] == b'\x34\x12\x33\x72'
        client.sock.sendall(message * 100)
        for _ in range(100):
            assert client.reply()[16:] == b'\x34\x12\x33\x72'
        client.close()


def test_unknown():
    """What is not offered is refused, and nothing else happens."""
    with Device() as proxy:
        client = proxy.client()
        for cmd in (6, 14, 16, 99):
            assert raises(95, client.call, cmd, b'\0' * 32)
        client.post(99, b'\0' * 32)
        assert client.r(CONFIG, 0) == 0x72331234
        client.close()


def test_one_after_the_other():
    """A second client waits until the first has gone, and finds a device that was reset."""
    with Device() as proxy:
        first = proxy.client()
        first.enable()
        first.w(1, 0x1000, 5)
        with raw(proxy.path) as sock:
            send(sock, 1, VERSION, 0, 0, b'\0\0\1\0{}\0')
            assert first.r(1, 0x1000) == 5
            sock.setblocking(False)
            try:
                sock.recv(1)
                raise AssertionError('two clients at once')
            except BlockingIOError:
                pass
            first.close()
            sock.settimeout(20)
            assert struct.unpack('<HHIII', receive(sock, 16, []))[:2] == (1, VERSION)
        client = proxy.client()
        client.enable()
        assert client.r(1, 0x1000) == 0 and client.r(1, 4) >= 2
        client.close()


def test_view():
    """--view shows the device and its client."""
    if not os.access('/dev/fuse', os.R_OK | os.W_OK):
        raise AssertionError('no /dev/fuse')
    with Directory() as where:
        view = where + '/view'
        os.mkdir(view)
        with Listening(where + '/sock', 'testdev', options=['--view', view]) as proxy:
            client = proxy.client()
            client.enable()
            assert os.listdir(view + '/devices') == ['0000:00:01.0']
            with open(view + '/devices/0000:00:01.0/vendor', encoding='ascii') as f:
                assert f.read() == '0x1234\n'
            with open(view + '/devices/0000:00:01.0/config', 'rb') as f:
                assert f.read(6)[4] == 7
            client.close()
            assert proxy.end() == 0
        assert not os.listdir(view)
        os.rmdir(view)


def test_edu():
    """A device of QEMU's for somebody else's client: registers, and a buffer there and back."""
    fd = os.memfd_create('ram')
    os.ftruncate(fd, 1 << 20)
    with Device('qemu:edu') as proxy, mmap.mmap(fd, 1 << 20) as ram:
        client, event = proxy.client(), eventfd()
        client.map(0x40000000, 1 << 20, fd)
        client.enable()
        assert client.r(0, 0) == 0x010000ed
        client.w(0, 8, 6)
        while client.r(0, 0x20) & 1:
            pass
        assert client.r(0, 8) == 720
        client.arm(INTX, [event])
        ram[0:8] = b'buffered'
        for source, target, command in ((0x40000000, 0x40000, 5), (0x40000, 0x40001000, 7)):
            client.w(0, 0x80, source, 8)
            client.w(0, 0x88, target, 8)
            client.w(0, 0x90, 8, 8)
            client.w(0, 0x98, command, 8)
            assert fires(event)
            client.w(0, 0x64, 0x100)
            client.irqs(INTX, NONE | UNMASK)
        assert ram[0x1000:0x1008] == b'buffered'
        os.close(event)
        client.close()
    os.close(fd)


def test_flat():
    """Memory at address 0, as virtual machines have it: QEMU's devices reach it there; one client's place is all's."""
    fd = os.memfd_create('ram', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 2 << 20)
    with Device('qemu:edu,dma_mask=0xffffffff', 'qemu:edu') as proxy, mmap.mmap(fd, 2 << 20) as ram:
        client = proxy.client()
        client.map(0, 0xa0000, fd)
        client.map(0x100000, 1 << 20, fd, 0x100000)
        client.enable()
        ram[0x2000:0x2008] = b'buffered'
        for source, target, command in ((0x2000, 0x40000, 1), (0x40000, 0x101000, 3)):
            client.w(0, 0x80, source, 8)
            client.w(0, 0x88, target, 8)
            client.w(0, 0x90, 8, 8)
            client.w(0, 0x98, command, 8)
            while client.r(0, 0x98, 8) & 1:
                pass
        assert ram[0x101000:0x101008] == b'buffered'
        other = Client(proxy.path + '.1')
        other.map(0, 1 << 20, fd)
        other.map(0x40100000, 1 << 20, fd, 1 << 20)     # the same file, where others look for it
        assert raises(95, other.map, 0x80000000, 4096, fd)
        other.close()
        client.close()
    os.close(fd)


def test_small_memory():
    """The smallest file at address 0 does not end QEMU."""
    fd = os.memfd_create('ram', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096)
    with Device('qemu:edu') as proxy:
        client = proxy.client()
        assert raises(95, client.map, 0, 4096, fd)
        client.enable()
        assert client.r(0, 0) == 0x010000ed
        os.ftruncate(fd, 1 << 20)
        client.close()
        client = proxy.client()
        client.map(0, 1 << 20, fd)
        client.enable()
        assert client.r(0, 0) == 0x010000ed
        client.close()
    os.close(fd)


def test_command_line():
    """`ring3 proxy` says what is missing."""
    for args, text in (([], 'which device'), (['--device', 'testdev'], '--listen SOCK'),
                       (['--device', 'nothing', '--listen', 'x'], "no backend 'nothing'"),
                       (['--device', 'testdev', '--listen', '/nowhere/x'], 'No such file')):
        run = subprocess.run([RING3, 'proxy', *args], stderr=subprocess.PIPE, text=True, check=False,
                             stdin=subprocess.DEVNULL, timeout=20)
        assert run.returncode == 125 and text in run.stderr, (args, run)
    run = subprocess.run([RING3, 'proxy', '--device', 'vfio-user:help'], stdout=subprocess.PIPE,
                         text=True, check=True, timeout=20)
    assert 'vfio-user:SOCKET' in run.stdout and 'deadline' in run.stdout


if __name__ == '__main__':
    sys.exit(main(__file__, globals()))
