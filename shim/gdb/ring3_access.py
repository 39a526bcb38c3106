# SPDX-License-Identifier: GPL-2.0
"""ring3_access.py - ring3-break: stop when the driver touches a register

A register on a trapped page is accessed by ring3_io_read() and ring3_io_write(), so that is a
breakpoint with a condition on their arguments, which gdb itself evaluates.  One on a mapped page is a load or
store: a hardware watchpoint at its address.  In a BAR that has both, the load or store of the trapped page
faults, and ring3_trapped() carries it out.
"""
import gdb

import ring3_view

# compat/ring3/decode.h: tagged addresses
TAG = 1 << 63
OFFSET_BITS = 48
DEVICES = "ring3_devs"


def device_number(directory):
    """The hosted kernel's number of a device, by its place."""
    name = directory.rsplit("/", 1)[-1]
    slot, fn = name.rsplit(":", 1)[-1].split(".")
    devfn = int(slot, 16) << 3 | int(fn)
    for i in range(int(gdb.parse_and_eval("ring3_nr_devs"))):
        dev = gdb.parse_and_eval(f"{DEVICES}[{i}]")
        behind = int(dev["behind"]) != 0
        if int(dev["devfn"]) == devfn and behind == (not name.startswith("0000:00:")):
            return i
    raise ring3_view.Trouble(f"the hosted kernel has no device {name}")


def mapped_at(region, offset, width):
    """The address of a register on a mapped page, or None."""
    for i in range(int(region["nr_areas"])):
        area = region["areas"][i]
        if int(area["offset"]) <= offset and offset + width <= int(area["offset"]) + int(area["size"]):
            return int(region["base"]) + offset
    return None


def port_base(dev, bar):
    return int(gdb.parse_and_eval(f"{DEVICES}[{dev}]->bar[{bar}]")) & ~3


class Break(ring3_view.Command):
    """Stop when the driver touches a register: ring3-break [-r|-w] BAR OFFSET [VALUE] [-d DEV]

-r and -w stop for reads or writes only, VALUE for writes of this value.  The stop is in the accessor:
`up` shows the driver, where its access has faulted above the signal handler's frames."""

    def run(self, args):
        reads = writes = True
        where, rest = "", []
        while args:
            word, args = args[0], args[1:]
            if word == "-r":
                writes = False
            elif word == "-w":
                reads = False
            elif word == "-d" and args:
                where, args = args[0], args[1:]
            else:
                rest.append(word)
        if len(rest) not in (2, 3) or not (reads or writes):
            raise ring3_view.Trouble("ring3-break [-r|-w] BAR OFFSET [VALUE] [-d DEV]")
        bar, offset = int(rest[0], 0), int(gdb.parse_and_eval(rest[1]))
        value = int(gdb.parse_and_eval(rest[2])) if len(rest) == 3 else None
        self.set(device_number(ring3_view.device(where)), bar, offset, value,
                 reads and value is None, writes)

    @staticmethod
    def set(dev, bar, offset, value, reads, writes):
        region = gdb.parse_and_eval(f"{DEVICES}[{dev}]->region[{bar}]")
        if not 0 <= offset < int(region["size"]):
            raise ring3_view.Trouble(f"BAR{bar} has {int(region['size'])} bytes")
        at = mapped_at(region, offset, 4)
        if at is not None:
            kind = gdb.WP_ACCESS if reads and writes else gdb.WP_READ if reads else gdb.WP_WRITE
            condition = f"*(unsigned int *){at:#x} == {value:#x}" if value is not None else None
            b = gdb.Breakpoint(f"*(volatile unsigned int *){at:#x}", gdb.BP_WATCHPOINT, kind)
            b.condition = condition
            return
        if int(gdb.parse_and_eval(f"{DEVICES}[{dev}]->bar[{bar}]")) & 1:
            tag = f"(((unsigned long)addr & 0xffff) == {port_base(dev, bar) + offset:#x} && (long)addr >> 62 == -1)"
        else:
            tag = f"(unsigned long)addr == {TAG | (dev * 16 + bar) << OFFSET_BITS | offset:#x}"
        for function, wanted in (("ring3_io_read", reads), ("ring3_io_write", writes)):
            if not wanted:
                continue
            b = gdb.Breakpoint(function)
            b.condition = tag + (f" && value == {value:#x}" if value is not None else "")
        if int(region["nr_areas"]):
            b = gdb.Breakpoint("ring3_trapped")
            b.condition = tag + ("" if reads and writes else f" && write == {int(writes)}") + \
                (f" && *value == {value:#x}" if value is not None else "")


def start():
    Break("ring3-break")
