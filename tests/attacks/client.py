# SPDX-License-Identifier: GPL-2.0
"""client.py - a client of a device, as an attacker has it, and as somebody whom no attack may reach"""
import mmap
import os
import socket
import struct
import threading
import time

from frame import wait_for
from vfio_user import Client, VfioError

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
    """Wait for a place in the queue as well, which a socket with a timeout of Python's does not."""
    sock = socket.socket(socket.AF_UNIX)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('@ll', seconds, 0))
    sock.connect(path)
    sock.settimeout(seconds)
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
