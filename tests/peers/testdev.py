# SPDX-License-Identifier: GPL-2.0
"""testdev.py DIR - registers, memory and DMA of a testdev, from the user space of a real kernel

DIR is the device's in sysfs.  What is done here by hand is told in proxy/testdev.h.
"""
import ctypes
import mmap
import os
import struct
import sys

DIR = sys.argv[1]
PAGE = 4096


def bar(index):
    fd = os.open('%s/resource%d' % (DIR, index), os.O_RDWR | os.O_SYNC)
    size = os.fstat(fd).st_size
    return mmap.mmap(fd, size)


def reg32(mem, off):
    return ctypes.c_uint32.from_buffer(mem, off)


def physical(mem):
    """Where the page at the start of an anonymous mapping is."""
    where = ctypes.addressof(ctypes.c_char.from_buffer(mem))
    with open('/proc/self/pagemap', 'rb') as f:
        f.seek(where // PAGE * 8)
        entry, = struct.unpack('<Q', f.read(8))
    assert entry >> 63 and entry & (1 << 55) - 1, hex(entry)
    return (entry & (1 << 55) - 1) * PAGE


with open(DIR + '/enable', 'w', encoding='ascii') as enable:
    enable.write('1')
with open(DIR + '/config', 'r+b', buffering=0) as config:
    config.seek(4)
    command, = struct.unpack('<H', config.read(2))
    config.seek(4)
    config.write(struct.pack('<H', command | 4))        # bus mastering

regs = bar(1)
print('id %#x' % reg32(regs, 0).value)

mem = bar(4)
for at in (0, 0x1000, 0x2000000, 0x2000008, 0x2001000):    # the third and fourth are trapped
    reg32(mem, at).value = at ^ 0x5a5a1234
assert all(reg32(mem, at).value == at ^ 0x5a5a1234 for at in (0, 0x1000, 0x2000000, 0x2000008, 0x2001000))
print('memory same')

one, two = (mmap.mmap(-1, PAGE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE) for _ in range(2))
ctypes.CDLL(None).mlockall(3)
one[:] = os.urandom(PAGE)
two[:] = bytes(PAGE)
for off, value in ((0x20, physical(one)), (0x28, physical(two))):
    reg32(regs, off).value = value & 0xffffffff
    reg32(regs, off + 4).value = value >> 32
reg32(regs, 0x3c).value = 0xffffffff            # no interrupt
reg32(regs, 0x30).value = PAGE
reg32(regs, 0x34).value = 1                     # copy
assert reg32(regs, 0x38).value == 0, 'a fault of DMA'
assert two[:] == one[:]
print('dma same')
