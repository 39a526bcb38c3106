#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""30-vfio-user.t - the backend vfio-user: servers that map, that do not, that are slow, wrong, or gone"""
import os
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tools'))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import mmap
from taprun import Directory, Listening, Proxy, main
from vfio_user import (
    BAR0_SIZE, CONFIG, DMA_READ, DMA_WRITE, ID_VALUE, INTX, MAP, MSI, MSIX, NO_REPLY, NONE,
    REGION_INFO, R_ID, R_INTX, R_MSIX, R_RAISE, R_SCRATCH, RESET, SET_IRQS, TRIGGER, UNMAP, UNMASK,
    VECTORS, VERSION, WRITE, Server, eventfd, fires, pending, raises)

IOVA = 0x40000000
TD_ID = 0x52330001


class Both:
    """A server, and a proxy with a client of it."""

    def __init__(self, extra=(), deadline=None, **changes):
        self.directory = Directory()
        path = self.directory.__enter__() + '/server'
        self.server = Server(path, **changes)
        self.spec = 'vfio-user:' + path + (',deadline=%d' % deadline if deadline else '')
        self.proxy = Proxy([self.spec, *extra])

    def __enter__(self):
        self.proxy.__enter__()
        client = self.proxy.clients[0]
        client.enable()
        return self, self.server, client

    def restart(self, **changes):
        self.server = Server(self.server.path, **changes)
        return self.server

    def __exit__(self, *what):
        try:
            self.proxy.__exit__(*what)
        finally:
            self.server.close()
            self.directory.__exit__(*what)


def memory(size=0x10000):
    fd = os.memfd_create('ram')
    os.ftruncate(fd, size)
    return fd, mmap.mmap(fd, size)


def test_regions():
    """The mapped pages are the server's own; the page of the MSI-X table is never mapped."""
    with Both(areas=[(0, 0x1800), (0x1800, 0x2800)]) as (_, server, client):
        flags, size, areas, _, _ = client.region(0)
        assert (flags & 12, size) == (12, BAR0_SIZE)
        assert areas == [(0x2000, 0x2000)], areas
        with mmap.mmap(client.fds[0], BAR0_SIZE) as bar:
            bar[0x2000:0x2005] = b'hello'
            assert server.bar0[0x2000:0x2005] == b'hello'
            server.bar0[0x3000:0x3005] = b'there'
            assert bar[0x3000:0x3005] == b'there'
        assert client.region(1)[:2] == (0, 0) and client.region(CONFIG)[1] == 256
        assert [client.irq(i)[1] for i in range(5)] == [1, 4, VECTORS, 1, 0]


def test_widths():
    """Each access reaches the server with its width, of memory, ports and configuration space."""
    with Both(mappable=False) as (_, server, client):
        assert client.region(0)[0] & 12 == 0
        assert client.r(0, R_ID) == ID_VALUE
        del server.seen[:]
        for width in (1, 2, 4, 8):
            client.w(0, R_SCRATCH, 0x1122334455667788 & (1 << 8 * width) - 1, width)
            client.r(0, R_SCRATCH, width)
        for width in (1, 2, 4):
            client.w(2, 8, 5, width)
            assert client.r(2, 8, width) == 5
        got = [struct.unpack('<QII', body[:16]) for _, _, body in server.seen]
        want = [(R_SCRATCH, 0, w) for w in (1, 2, 4, 8) for _ in 'rw']
        assert got == want + [(8, 2, w) for w in (1, 2, 4) for _ in 'rw'], got
        assert raises(22, client.r, 2, 8, 8)
        client.w(CONFIG, 4, 0, 2)
        assert client.r(0, R_ID) == 0xffffffff      # decoding is off


def test_odd_sizes():
    """A BAR that is no power of two decodes the next one; what is not there reads as all ones."""
    with Both(mappable=False, sizes={0: 0x1800, 2: 5}) as (_, server, client):
        assert client.region(0)[1] == 0x2000 and client.region(2)[1] == 16
        server.bar0[0x17fc:0x1804] = b'12345678'
        assert client.read(0, 0x17fc, 4) == b'1234'
        assert client.r(0, 0x1800) == 0xffffffff and client.r(2, 5, 1) == 0xff


def test_message_dma():
    """Memory by message: only what is mapped, as it is mapped, and only for a bus master."""
    fd, ram = memory()
    with Both() as (both, server, client):
        client.map(IOVA, 0x8000, fd)
        client.map(IOVA + 0x8000, 0x4000, fd, 0x8000)
        client.map(IOVA + 0xc000, 0x1000, fd, 0xc000, flags=1)
        ram[0x7ffe:0x8002] = b'span'
        assert server.ask(DMA_READ, IOVA + 0x7ffe, count=4) == (
            0, struct.pack('<QQ', IOVA + 0x7ffe, 4) + b'span')
        assert server.ask(DMA_WRITE, IOVA + 0x100, b'written') == (
            0, struct.pack('<QQ', IOVA + 0x100, 7))
        assert ram[0x100:0x107] == b'written'
        for cmd, addr, data, count, err in (
                (DMA_READ, IOVA - 1, b'', 2, 14), (DMA_READ, IOVA + 0xcfff, b'', 2, 14),
                (DMA_WRITE, IOVA + 0xc000, b'x', 1, 14), (DMA_READ, 0, b'', 8, 14),
                (DMA_READ, IOVA, b'', 0, 22), (DMA_READ, IOVA, b'', (1 << 20) + 1, 7),
                (DMA_READ, 2 ** 64 - 1, b'', 2, 22), (DMA_WRITE, IOVA, b'xx', 3, 22),
                (WRITE, IOVA, b'x', 1, 95)):
            assert server.ask(cmd, addr, data, count)[0] == err, (cmd, hex(addr), count)
        assert 'DMA fault: it reads from bus address' in both.proxy.line()
        client.w(CONFIG, 4, 2, 2)
        assert server.ask(DMA_READ, IOVA, count=4)[0] == 14     # no bus master
        client.enable()
        client.unmap(IOVA, 0x8000)
        assert server.ask(DMA_READ, IOVA, count=4)[0] == 14
        assert server.ask(DMA_READ, IOVA + 0x8000, count=2)[1][16:] == b'an'
    ram.close()
    os.close(fd)


def test_dma_in_between():
    """A server may ask for memory before it answers."""
    fd, ram = memory()
    with Both() as (_, server, client):
        client.map(IOVA, 0x1000, fd)
        ram[0:4] = b'1234'
        got = []

        def ask(body):
            # What comes next is the answer to this, not a request.
            threading.Thread(target=lambda: got.append(server.ask(DMA_READ, IOVA, count=4))).start()
            server.one()
            return body + b'abcd', (), 0

        server.lie = {9: ask}
        assert client.read(0, R_SCRATCH, 4) == b'abcd'
        server.lie = None
        assert server.wait(lambda: not server.replies) and client.r(0, R_ID) == ID_VALUE
        assert got[0][1][16:] == b'1234'
    ram.close()
    os.close(fd)


def test_dma_forwarded():
    """The server gets the memory itself, and loses it before its owner is told so."""
    fd, ram = memory()
    with Both() as (_, server, client):
        client.map(IOVA, 0x8000, fd, 0x2000)
        client.map(IOVA + 0x8000, 0x1000, fd)
        offset, flags, got = server.maps[IOVA, 0x8000]
        assert (offset, flags) == (0x2000, 3)
        os.pwrite(got, b'direct', offset)
        assert ram[0x2000:0x2006] == b'direct'
        assert raises(17, client.map, IOVA + 0x7000, 0x1000, fd)
        client.map(IOVA + 0x10000, 0x1000)          # without a descriptor: nothing to hand on
        assert server.count(MAP) == 2
        assert raises(22, client.unmap, IOVA, 0x1000)
        client.unmap(IOVA, 0x20000)
        assert not server.maps and server.count(UNMAP) == 2
        client.map(IOVA, 0x1000, fd)
        client.call(UNMAP, struct.pack('<IIQQ', 24, 2, 0, 0))
        assert not server.maps
    ram.close()
    os.close(fd)


def test_unmap_refused():
    """A server that does not let go of memory is not kept."""
    fd, ram = memory()
    with Both() as (both, server, client):
        client.map(IOVA, 0x1000, fd)
        server.lie = {UNMAP: lambda body: (b'', (), 16)}
        client.unmap(IOVA, 0x1000)
        assert 'does not let go' in both.proxy.line()
        assert client.r(0, R_ID) == 0xffffffff
    ram.close()
    os.close(fd)


def test_intx():
    """A level: masked as it is signalled, and signalled again if it is still there."""
    with Both() as (_, server, client):
        event = eventfd()
        client.arm(INTX, [event])
        client.w(0, R_INTX, 1)
        assert fires(event)
        assert not pending(event)
        client.irqs(INTX, NONE | UNMASK)
        assert fires(event)
        client.w(0, R_INTX, 0)
        client.irqs(INTX, NONE | UNMASK)
        client.r(0, R_ID)
        assert not pending(event) and not server.masked
        client.w(0, R_INTX, 1)
        assert fires(event)
        os.close(event)


def test_intx_edge():
    """A server that signals edges only: Interrupt Status tells the level."""
    with Both(intx_flags=1, automask=False) as (_, server, client):
        event = eventfd()
        client.arm(INTX, [event])
        client.w(0, R_INTX, 1)
        assert fires(event)
        client.irqs(INTX, NONE | UNMASK)
        assert fires(event)
        client.w(0, R_INTX, 0)
        client.irqs(INTX, NONE | UNMASK)
        client.r(0, R_ID)
        assert not pending(event)
        assert not any(struct.unpack('<I', b[4:8])[0] & UNMASK for c, _, b in server.seen if c == SET_IRQS)
        os.close(event)


def test_messages():
    """MSI and MSI-X, and no kind of interrupt while another is on."""
    with Both() as (_, server, client):
        events = [eventfd() for _ in range(VECTORS)]
        msi, msix = client.cap(5), client.cap(0x11)
        client.arm(MSI, events)
        client.w(CONFIG, msi + 2, 0x20 | 1, 2)
        for i, event in enumerate(events):
            client.w(0, R_RAISE, i)
            assert fires(event)
        assert {k[0] for k in server.events} == {MSI}
        client.w(CONFIG, msi + 2, 0, 2)
        assert not server.events
        client.arm(MSIX, events[:2])
        client.w(CONFIG, msix + 2, 0x8000, 2)
        assert sorted(server.events) == [(MSIX, 0), (MSIX, 1)]
        client.arm(MSIX, events[2:], 2)
        assert len(server.events) == VECTORS
        for i, event in enumerate(events):
            assert server.bar0[R_MSIX + 16 * i + 12] == 0       # unmasked there
            client.w(0, R_RAISE, i)
            assert fires(event)
        for i in range(VECTORS):
            client.w(0, R_MSIX + 16 * i + 12, int(i == 1))       # masked here
        client.w(0, R_RAISE, 1)
        client.w(0, R_RAISE, 0)
        assert fires(events[0])
        assert not pending(events[1]) and client.r(0, 0xc00) == 2
        client.w(0, R_MSIX + 16 + 12, 0)
        assert fires(events[1])
        client.call(RESET)
        assert not server.events and server.resets >= 2
        for event in events:
            os.close(event)


def test_few_descriptors():
    """A server that takes one descriptor in a message gets them one by one."""
    with Both(max_fds=1) as (_, server, client):
        events = [eventfd() for _ in range(VECTORS)]
        client.arm(MSIX, events)
        client.w(CONFIG, client.cap(0x11) + 2, 0x8000, 2)
        assert len(server.events) == VECTORS
        assert [struct.unpack('<5I', b[:20])[4] for c, _, b in server.seen if c == SET_IRQS] == [1] * VECTORS
        client.w(0, R_RAISE, 3)
        assert fires(events[3])
        for event in events:
            os.close(event)


def test_posted():
    """Where the server bears it, writes of memory are not waited for, and keep their order."""
    with Both(caps='"posted_writes":true,') as (_, server, client):
        for i in range(100):
            client.w(0, R_SCRATCH, i)
        assert client.r(0, R_SCRATCH) == 99
        client.w(2, 0, 7, 1)
        assert server.count(WRITE, NO_REPLY) == 100


def test_slow():
    """A server that stops: all ones in time, others are served meanwhile, and it comes back."""
    with Both(extra=['testdev'], deadline=1000) as (both, server, client):
        other = both.proxy.clients[1]
        other.enable()
        server.go.clear()
        start = time.monotonic()
        client.post(9, struct.pack('<QII', R_ID, 0, 4), flags=0)
        assert server.wait(lambda: server.seen[-1][0] == 9)
        for _ in range(50):
            assert other.r(1, 0) == TD_ID
        assert time.monotonic() - start < 0.9
        assert client.reply()[16:] == b'\xff' * 4
        assert 0.9 < time.monotonic() - start < 3
        assert 'does not answer within 1000 ms' in both.proxy.line()
        start = time.monotonic()
        assert client.r(0, R_ID) == 0xffffffff
        assert time.monotonic() - start < 0.5
        server.go.set()
        end = time.monotonic() + 5
        while client.r(0, R_ID) != ID_VALUE:
            assert time.monotonic() < end
        assert 'answers again' in both.proxy.line()
        assert client.r(0, R_ID) == ID_VALUE and other.r(1, 0) == TD_ID


def test_slow_and_leaving():
    """The client of a stopped server leaves: the proxy is done with it within a bound."""
    fd, ram = memory()
    with Both(deadline=500) as (both, server, client):
        for i in range(16):
            client.map(IOVA + i * 0x1000, 0x1000, fd, i * 0x1000)
        server.go.clear()
        start = time.monotonic()
        client.close()
        assert both.proxy.process.wait(10) == 0
        assert time.monotonic() - start < 2.5
    ram.close()
    os.close(fd)


def test_slow_and_ended():
    """SIGTERM while an answer is waited for: the proxy does not wait as long as a driver would."""
    with Both(deadline=30000) as (both, server, client):
        server.go.clear()
        client.post(9, struct.pack('<QII', R_ID, 0, 4), flags=0)
        assert server.wait(lambda: server.seen[-1][0] == 9)
        start = time.monotonic()
        both.proxy.process.terminate()
        assert both.proxy.process.wait(10) == 0
        assert time.monotonic() - start < 2.5


def test_dies():
    """A server that dies: all ones and a line; a reset gets it back when no page is mapped."""
    fd, ram = memory()
    with Both(mappable=False) as (both, server, client):
        event = eventfd()
        client.map(IOVA, 0x10000, fd)
        server.close()
        assert 'has gone' in both.proxy.line()
        assert client.r(0, R_ID) == 0xffffffff and client.r(2, 0, 1) == 0xff
        client.w(0, R_SCRATCH, 1)
        client.arm(INTX, [event])
        client.call(RESET)          # too early
        server = both.restart(mappable=False)
        client.call(RESET)
        assert 'is back' in both.proxy.line()
        client.enable()
        assert client.r(0, R_ID) == ID_VALUE and (IOVA, 0x10000) in server.maps
        client.w(0, R_INTX, 1)
        assert fires(event)
        server.close()
        assert 'has gone' in both.proxy.line()
        both.restart(mappable=False, device_id=0x9999)
        client.call(RESET)
        assert 'another device' in both.proxy.line()
        client.enable()
        assert client.r(0, R_ID) == 0xffffffff
        os.close(event)
    ram.close()
    os.close(fd)


def test_dies_mapped():
    """With mapped pages it is the next client that gets the new server."""
    with Directory() as where:
        server = Server(where + '/server')
        with Listening(where + '/listen', 'vfio-user:' + server.path) as proxy:
            client = proxy.client()
            client.enable()
            client.region(0)
            server.close()
            assert 'has gone' in proxy.process.stderr.readline()
            server = Server(server.path)
            client.call(RESET)
            client.enable()
            assert client.r(0, R_ID) == 0xffffffff
            client.close()
            assert 'is back' in proxy.process.stderr.readline()
            client = proxy.client()
            client.enable()
            assert client.r(0, R_ID) == ID_VALUE
            client.region(0)
            with mmap.mmap(client.fds[0], BAR0_SIZE) as bar:
                server.bar0[0x1000] = 0x5a
                assert bar[0x1000] == 0x5a
            # And once more, with nobody connected, and a client that comes too early.
            client.close()
            client = proxy.client()
            client.r(CONFIG, 0)
            client.close()
            server.close()
            assert 'has gone' in proxy.process.stderr.readline()
            client = proxy.client()
            assert 'all ones' in proxy.process.stderr.readline()
            client.enable()
            assert client.r(0, R_ID) == 0xffffffff
            server = Server(server.path)
            client.close()
            client = proxy.client()
            client.enable()
            assert client.r(0, R_ID) == ID_VALUE
            client.close()
            assert proxy.end() == 0
        server.close()


def refused(where, text, **changes):
    """The proxy does not start, and says why in one line."""
    with Directory() as directory:
        server = Server(directory + '/server', **changes)
        proxy = Proxy(['vfio-user:' + server.path + ',deadline=300'])
        server.close()
    assert proxy.said != 'ready\n', where
    assert proxy.status == 125 and proxy.said.count('\n') == 1, proxy.said
    assert text in proxy.said, proxy.said


def test_wrong_servers():
    refused('config', '256', config_size=64)
    refused('bar5', 'cannot place', mappable=False, bar_types={5: 4}, sizes={5: 0x1000})
    refused('halves', 'upper half', bar_types={0: 4, 1: 0}, sizes={0: 0x4000, 1: 0x1000})
    refused('huge', 'cannot place', mappable=False, bar_types={0: 0}, sizes={0: 1 << 32})
    refused('silent', 'does not answer within 300 ms', greets=False)
    refused('version', 'no vfio-user server', lie={VERSION: lambda b: (b'\1\0\0\0{}\0', (), 0)})
    refused('short', 'keep to the protocol', lie={REGION_INFO: lambda b: (b'', (), 0)})
    refused('table', 'MSI-X', mappable=False, sizes={0: 0x100, 2: 32})
    refused('areas', 'keep to the protocol', areas=[(0x3000, 0x2000)])


def test_no_server():
    for name, text in (('none', 'No such file'), ('dead', 'Connection refused'), ('x' * 120, '120')):
        with Directory() as where:
            path = '%s/%s' % (where, name) if len(name) < 100 else name
            if name == 'dead':
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.bind(path)
            proxy = Proxy(['vfio-user:' + path])
            assert proxy.said.count('\n') == 1 and text in proxy.said, proxy.said
            assert proxy.status == 125
            if name == 'dead':
                os.unlink(path)
    for spec in ('vfio-user', 'vfio-user:', 'vfio-user:/x,deadline=0', 'vfio-user:/x,deadline=1s',
                 'vfio-user:/x,deadlin=5'):
        proxy = Proxy([spec])
        assert proxy.status == 125 and proxy.said.count('\n') == 1, (spec, proxy.said)


def test_stays_alive():
    """Wrong answers in the middle of a conversation end that device, and no other."""
    for body in (b'', b'x' * 15, b'x' * 5000):
        with Both(extra=['testdev']) as (both, server, client):
            other = both.proxy.clients[1]
            other.enable()
            server.lie = {9: lambda _, b=body: (b, (), 0)}
            assert client.r(0, R_ID) == 0xffffffff
            assert 'does not keep to the protocol' in both.proxy.line()
            assert client.r(0, R_ID) == 0xffffffff and other.r(1, 0) == TD_ID


def test_chain():
    """Our own proxy as the server, twice in a row: registers, DMA, messages."""
    fd, ram = memory()
    with Directory() as where, Listening(where + '/a', 'testdev') as a, \
            Listening(where + '/b', 'vfio-user:' + a.path) as b, \
            Proxy(['vfio-user:' + b.path]) as proxy:
        client, event = proxy.clients[0], eventfd()
        client.enable()
        assert client.r(1, 0) == TD_ID
        client.map(IOVA, 0x10000, fd)
        client.arm(MSIX, [event])
        client.w(CONFIG, client.cap(0x11) + 2, 0x8000, 2)
        client.w(3, 12, 0)
        client.w(1, 0x10, 0)
        assert fires(event)
        ram[0:8] = b'chained!'
        client.w(1, 0x20, IOVA, 8)
        client.w(1, 0x28, IOVA + 0x100, 8)
        client.w(1, 0x30, 8)
        client.w(1, 0x34, 1)
        assert client.r(1, 0x38) == 0 and ram[0x100:0x108] == b'chained!'
        client.region(0)
        with mmap.mmap(client.fds[0], 0x10000) as bar:
            bar[0:4] = b'abcd'
            assert client.read(0, 0, 4) == b'abcd'
        os.close(event)
    ram.close()
    os.close(fd)


if __name__ == '__main__':
    sys.exit(main(__file__, globals()))
