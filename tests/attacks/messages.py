# SPDX-License-Identifier: GPL-2.0
"""messages.py - attacks on a proxy by what messages are, whatever they ask for; see proxy.py

Each is a function of the proxy and the cell, and says whether it had its effect.  Where that is
the harm alone that it does to others, it says no, and whoever called it looks at them.
"""
import contextlib
import os
import random
import socket
import struct
import time

from client import (CMD, LEN, ONES, PAGE, TO_DEVICE, VECTOR, connect, dma, memory, refused)
from frame import wait_for
from vfio_user import (CONFIG, DMA_READ, MAP, MSIX, READ, REGION_INFO, RESET, SET_IRQS, UNMAP, VERSION, WRITE,
                       WRITE_MULTI, VfioError, send)


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
    answered = False
    try:
        refused(c.r, CONFIG, 0)
    except AssertionError:              # this is not the answer to what was asked
        answered = True
    c.close()
    os.close(fd)
    return early or again or answered


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
    for _ in range(40):
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
            while sent < 10000 and proxy.process.poll() is None:
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
    while sent < 20000 and proxy.process.poll() is None:
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
